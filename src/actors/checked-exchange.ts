/**
 * One dispatch to a transport of the user's own, which may be written in plain JavaScript: what it
 * says of the response is checked where it enters. Everything behind takes undici's types at their
 * word, and other threads can be told nothing but plain data.
 *
 * Invariants: header values are text, or arrays of text (N12), and copies that the transport does
 * not hold; what is no response breaks off this one exchange (`ERR_PROTOCOL`), and nothing is thrown
 * at the transport for it, which may keep that to itself (H3).
 */

import { types } from 'node:util';
import type { Dispatcher } from 'undici';
import { Exchange } from './exchange.ts';
import { isHttp2Headers } from './plain-headers.ts';
import { decodeRawHeaders, setHeader } from './raw-headers.ts';

type Controller = Dispatcher.DispatchController;
type RawHeaders = Pick<Controller, 'rawHeaders'>;
type Headers = Record<string, string | string[]>;

export class CheckedExchange extends Exchange {
  #hasHead = false;

  override onResponseStart(controller: RawHeaders, status: unknown, headers: unknown): void {
    this.#check(() => {
      const code = statusOf(status);
      const plain = headersOf(headers);
      const raw = rawHeadersOf(controller);
      return () => {
        this.#hasHead ||= code >= 200;
        super.onResponseStart(raw, code, plain);
      };
    });
  }

  override onResponseData(controller: Controller, chunk: unknown): void {
    this.#check(() => {
      this.#assertHead();
      const bytes = bytesOf(chunk);
      return () => super.onResponseData(controller, bytes);
    });
  }

  override onResponseEnd(controller: Controller, trailers: unknown): void {
    this.#check(() => {
      this.#assertHead();
      const plain = headersOf(trailers ?? NO_TRAILERS);
      return () => super.onResponseEnd(controller, plain);
    });
  }

  /** Takes what `read` has made sure of; what that throws breaks the exchange off. */
  #check(read: () => () => void): void {
    let take: () => void;
    try {
      take = read();
    } catch (error) {
      this.breakOff(faultOf(error));
      return;
    }
    take();
  }

  #assertHead(): void {
    if (!this.#hasHead) throw new BadResponse('it does not begin with a head');
  }
}

/** Called so for `actors/foreign-errors`, as undici calls what else is wrong there. */
class BadResponse extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(`bad response: ${what}`, options);
  }
}

/** Of what the transport's own code throws nothing is read, which may throw as well. */
function faultOf(error: unknown): Error {
  if (types.isNativeError(error) && Object.getPrototypeOf(error) === BadResponse.prototype) {
    return error;
  }
  return new BadResponse('the dispatcher threw when it was read', { cause: error });
}

const NO_TRAILERS = Object.freeze({});

function statusOf(status: unknown): number {
  if (typeof status === 'number' && Number.isInteger(status) && status >= 100) return status;
  throw new BadResponse(`its status is ${kindOf(status)}`);
}

function headersOf(headers: unknown): Headers {
  if (typeof headers !== 'object' || headers === null) {
    throw new BadResponse(`its headers are ${kindOf(headers)}`);
  }
  const plain: Headers = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    setHeader(plain, name, Array.isArray(value) ? value.map(textOf) : textOf(value));
  }
  return plain;
}

/** A number has one text only, and those who write a mock rely on it. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  throw new BadResponse(`the value of a header is ${kindOf(value)}`);
}

/** Read once, as text, but where their form tells of HTTP/2. */
function rawHeadersOf({ rawHeaders }: RawHeaders): RawHeaders {
  if (isHttp2Headers(rawHeaders)) return { rawHeaders: headersOf(rawHeaders) };
  return { rawHeaders: [...decodeRawHeaders(rawHeaders)] };
}

/** Text is UTF-8, as it is for undici's own `request`, `stream` and `fetch`. */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === 'string') return Buffer.from(chunk, 'utf8');
  throw new BadResponse(`a part of its body is ${kindOf(chunk)}`);
}

/** A number is its own name; of anything else only the type is told, which is no secret (S3). */
function kindOf(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return value === null || value === undefined ? String(value) : `of type ${typeof value}`;
}
