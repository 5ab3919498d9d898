/**
 * What undici is told of one request.
 *
 * Invariant: undici finds on it what stands here and nothing else. It asks its options for a dozen
 * more (`query`, `upgrade`, `reset` …), which a polluted `Object.prototype` would answer (N11); so
 * the prototype of this class has none behind it. A class, because V8 keeps its instances fast,
 * which it does not for objects on a null prototype.
 */

import type { Dispatcher } from 'undici';
import type { DispatchedRequest } from './carrier.ts';

type Body = Dispatcher.DispatchOptions['body'] & object;

export class DispatchOptions implements Dispatcher.DispatchOptions {
  readonly origin: string;
  readonly path: string;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: string[];
  readonly body: Body;
  // Ours is the only clock: undici's fire neither while paused nor during an upload.
  readonly headersTimeout = 0;
  readonly bodyTimeout = 0;

  constructor(request: DispatchedRequest, body: object | string | null) {
    this.origin = request.origin;
    this.path = request.path;
    // undici sends any token as a method; its type lists only the common ones.
    this.method = request.method as Dispatcher.HttpMethod;
    // Read only: undici copies them.
    this.headers = request.headers as string[];
    // Text, bytes or a stream of ours, all of which undici's type names; `null` is none.
    this.body = body as Body;
  }
}

Object.setPrototypeOf(DispatchOptions.prototype, null);
