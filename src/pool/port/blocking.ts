/**
 * Waits for the pool without giving the thread back: what `port.on('message')` does for a thread
 * that has an event loop to return to.
 *
 * The pool rings a bell (an `Int32` that both threads see) whenever it has posted something.
 *
 * Invariant: it returns when it may, also when the thread of the pool is gone: nobody rings then,
 * so every `LOOK_MS` it looks whether the port is still open.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';

/** What is done while it waits. */
export interface Meanwhile {
  /** What had come before and was not heard yet. */
  catchUp(): void;
  /** What the pool has posted. */
  receive(batch: unknown): void;
  /** Posts what is to be posted. */
  flush(): void;
  /** The port is closed at the other end. */
  gone(): void;
}

const LOOK_MS = 50;

export class Blocking {
  readonly #port: MessagePort;
  readonly #bell: Int32Array;
  readonly #meanwhile: Meanwhile;

  constructor(port: MessagePort, bell: SharedArrayBuffer, meanwhile: Meanwhile) {
    this.#port = port;
    this.#bell = new Int32Array(bell);
    this.#meanwhile = meanwhile;
  }

  /** Blocks until `ready`, which is asked again after whatever has come. */
  until(ready: () => boolean): void {
    this.#meanwhile.catchUp();
    for (;;) {
      // Read before the port is: what is posted afterwards has rung by the time we sleep.
      const rung = Atomics.load(this.#bell, 0);
      this.#receiveAll();
      const isReady = ready();
      this.#meanwhile.flush();
      if (isReady) return;
      const waking = Atomics.wait(this.#bell, 0, rung, LOOK_MS);
      if (waking === 'timed-out' && isClosed(this.#port)) this.#meanwhile.gone();
    }
  }

  #receiveAll(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#meanwhile.receive(received.message);
    }
  }
}

/**
 * Whether a port is closed: to its owner it says so only from the event loop, but one that is closed
 * cannot be transferred, which is found out before the function is found to be no message.
 */
function isClosed(port: MessagePort): boolean {
  const { port1 } = new MessageChannel();
  try {
    port1.postMessage(() => {}, [port]);
  } catch (error) {
    return error instanceof Error && error.message.includes('detached');
  } finally {
    port1.close();
  }
  return false;
}
