/**
 * One dispatch without a network: whoever drives the simulation plays the peer on it. It behaves as
 * undici does where the pool relies on it: a paused response waits, an abort is answered by
 * `onResponseError` within the call, a body that a response overtook is closed without an error.
 *
 * Invariant: a wire is over once, and then calls nobody.
 */

import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

/** What a peer can do on a wire once it has started. */
type Act = (controller: Dispatcher.DispatchController) => void;

/** What happens on a wire, told just before the pool is. */
export type WireEvent =
  | { readonly type: 'started' | 'taken' | 'whole' | 'head' | 'resumed' | 'end' }
  | { readonly type: 'data'; readonly bytes: number };

interface Dispatched {
  readonly options: Dispatcher.DispatchOptions;
  readonly handler: Dispatcher.DispatchHandler;
  readonly worker: number;
  /** Called when it is over. */
  readonly left: (wire: Wire) => void;
}

export class Wire {
  readonly options: Dispatcher.DispatchOptions;
  /** The worker it was dispatched to. */
  readonly worker: number;
  started = false;
  headed = false;
  over = false;
  paused = false;
  /** The pool has given it up. */
  aborted = false;
  /** Whether it obeys a pause; undici's HTTP/2 may let something through. */
  polite = true;
  /** What the peer has read of the request body, and whether it saw its proper end. */
  readonly arrived: Uint8Array[] = [];
  arrivedWhole = false;
  /** Called just before the pool hears of it. */
  onEvent: (event: WireEvent) => void = () => {};
  readonly #handler: Dispatcher.DispatchHandler;
  readonly #left: (wire: Wire) => void;
  readonly #waiting: Act[] = [];
  #busy = false;

  constructor({ options, handler, worker, left }: Dispatched) {
    this.options = options;
    this.worker = worker;
    this.#handler = handler;
    this.#left = left;
  }

  /** Events that wait for the pool to read on. */
  get backlog(): number {
    return this.#waiting.length;
  }

  /** A connection is there, the request begins. */
  start(): void {
    if (this.over || this.started) return;
    this.started = true;
    this.onEvent(STARTED);
    this.#handler.onRequestStart?.(this.#controller, {});
    const { body } = this.options;
    if (this.over) return;
    if (body instanceof Readable) {
      // A stream that was destroyed may still tell of its end; the connection is gone by then.
      body.once('end', () => {
        if (this.over) return;
        this.arrivedWhole = true;
        this.onEvent(WHOLE);
      });
      return;
    }
    if (body instanceof Uint8Array) this.arrived.push(body);
    else if (typeof body === 'string') this.arrived.push(Buffer.from(body));
    this.arrivedWhole = true;
  }

  /** The peer begins to read the request body, or reads on. */
  read(): void {
    const { body } = this.options;
    if (!this.started || this.over || !(body instanceof Readable)) return;
    if (body.listenerCount('data') === 0) {
      body.on('data', (chunk: Uint8Array) => {
        if (this.over) return;
        this.arrived.push(chunk);
        this.onEvent(TAKEN);
      });
    } else {
      body.resume();
    }
  }

  /** The peer reads no further for now. */
  stall(): void {
    const { body } = this.options;
    if (this.started && body instanceof Readable) body.pause();
  }

  head(status = 200, headers: Record<string, string> = {}): void {
    if (!this.started || this.headed) return;
    this.headed = true;
    this.#act((controller) => {
      this.onEvent(HEAD);
      this.#handler.onResponseStart?.(controller, status, headers);
    });
  }

  data(bytes: Uint8Array): void {
    if (!this.headed) return;
    this.#act((controller) => {
      this.onEvent({ type: 'data', bytes: bytes.byteLength });
      // A chunk of its own: the receiver may keep it, and do with it what it likes (M6).
      this.#handler.onResponseData?.(controller, Buffer.from(bytes));
    });
  }

  end(): void {
    if (!this.headed) return;
    this.#act((controller) => {
      this.onEvent(END);
      this.#leave();
      this.#handler.onResponseEnd?.(controller, {});
      this.#closeBody();
    });
  }

  /** The connection breaks, or is never made. A paused response hides it: nobody reads. */
  fail(error: Error): void {
    if (this.over) return;
    const controller = this.started ? this.#controller : null;
    this.#leave();
    // undici's own type forbids the `null` that it passes for a request that never started.
    this.#handler.onResponseError?.(controller as Dispatcher.DispatchController, error);
    this.#closeBody();
  }

  #act(act: Act): void {
    if (this.over) return;
    if (this.polite && (this.paused || this.#busy)) {
      this.#waiting.push(act);
      return;
    }
    this.#run(act);
  }

  #run(act: Act): void {
    this.#busy = true;
    act(this.#controller);
    this.#busy = false;
    while (!this.paused && !this.over) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#busy = true;
      next(this.#controller);
      this.#busy = false;
    }
  }

  #leave(): void {
    this.over = true;
    this.#left(this);
  }

  #closeBody(): void {
    const { body } = this.options;
    if (body instanceof Readable && !body.readableEnded) body.destroy();
  }

  readonly #controller: Dispatcher.DispatchController = this.#makeController();

  #makeController(): Dispatcher.DispatchController {
    const wire = this;
    return {
      get paused() {
        return wire.paused;
      },
      get aborted() {
        return wire.aborted;
      },
      reason: null,
      rawHeaders: [],
      rawTrailers: null,
      pause: () => {
        wire.paused = true;
      },
      resume: () => {
        wire.paused = false;
        if (!wire.over) wire.onEvent(RESUMED);
        if (!wire.#busy) wire.#run(() => {});
      },
      abort: (reason) => {
        if (wire.over) return;
        wire.aborted = true;
        wire.fail(reason);
      },
    };
  }
}

const STARTED: WireEvent = { type: 'started' };
const TAKEN: WireEvent = { type: 'taken' };
const WHOLE: WireEvent = { type: 'whole' };
const HEAD: WireEvent = { type: 'head' };
const RESUMED: WireEvent = { type: 'resumed' };
const END: WireEvent = { type: 'end' };
