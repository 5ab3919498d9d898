/**
 * What lets the waiting in: p-queue, whose queue is our waiting line.
 *
 * p-queue is paused but for the moment in which somebody could run; then it takes one after the
 * other out of its queue until it is paused again. Nobody is put there with p-queue's `add`: for
 * each task that keeps a promise, an async scope, five closures and two records, measured 1 050 of
 * the 1 536 bytes an exchange may cost that waits, 3.5 µs to add and 6 µs to leave. Those who wait
 * come into the line itself, which p-queue reads through `queueClass`; what it runs is over when it
 * returns, so that for p-queue nothing is ever pending.
 */

import PQueue, { type Queue, type QueueAddOptions } from 'p-queue';

type Task = () => Promise<unknown>;

/** The line behind the turnstile. */
export interface Entrance {
  /** How many wait. */
  readonly queued: number;
  /** Whether the next of them could run now. */
  readonly isOpen: boolean;
  /** Takes the next one out of the line; `false` when that could not be. */
  enter(): boolean;
}

export class Turnstile {
  readonly #entrance: Entrance;
  readonly #queue: PQueue<LineQueue, QueueAddOptions>;
  #turning = false;

  /** While nobody waits: p-queue looks into its queue when it is made. */
  constructor(entrance: Entrance) {
    this.#entrance = entrance;
    const enterOne: Task = () => {
      if (!entrance.enter() || !entrance.isOpen) this.#queue.pause();
      return OVER;
    };
    const queueClass = class extends LineQueue {
      constructor() {
        super(entrance, enterOne);
      }
    };
    this.#queue = new PQueue({ queueClass, autoStart: false });
  }

  /** Lets in all that could run now; nothing when it is doing that already. */
  turn(): void {
    if (this.#turning || !this.#entrance.isOpen) return;
    this.#turning = true;
    try {
      this.#queue.start();
    } finally {
      this.#queue.pause();
      this.#turning = false;
    }
  }
}

const OVER = Promise.resolve();

/** The line as p-queue sees it: it asks how many there are, and takes one. */
class LineQueue implements Queue<Task, QueueAddOptions> {
  readonly #entrance: Entrance;
  readonly #enterOne: Task;

  constructor(entrance: Entrance, enterOne: Task) {
    this.#entrance = entrance;
    this.#enterOne = enterOne;
  }

  get size(): number {
    return this.#entrance.queued;
  }

  dequeue(): Task {
    return this.#enterOne;
  }

  enqueue(): void {
    throw new Error('those who wait come into the line, not into p-queue');
  }

  // p-queue looks up by these what was added to it, and nothing is.
  filter(): Task[] {
    return [];
  }

  setPriority(): void {}

  remove(): void {}
}
