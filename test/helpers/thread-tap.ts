/**
 * The threads of one pool as a test gets hold of them: it waits until they have done what they were
 * told, and makes them die.
 *
 * Orders go the way of the pool's own commands, so they are obeyed after all that was sent before.
 * The threads run `fixtures/mortal-thread`.
 */

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { settled } from './leaks.ts';

/** How a thread may be told to die; only `loop` leaves it alive, and deaf. */
export const DEATHS = ['throw', 'exit', 'unclonable', 'memory', 'terminate', 'loop'] as const;
export type Death = (typeof DEATHS)[number];

/** What a thread is told by its test. */
export type Order =
  | { readonly order: Exclude<Death, 'terminate'> }
  /** Turn the event loop some times, then answer. */
  | { readonly order: 'echo'; readonly port: MessagePort };

/** One thread, from its start to its exit. */
export class TappedThread {
  readonly #worker: Worker;
  readonly exited: Promise<void>;
  isAlive = true;
  /** Whether it will not answer, and nobody has put an end to it yet. */
  isDeaf = false;
  /** Whether it has said anything yet. */
  isUp = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    const terminate = worker.terminate.bind(worker);
    worker.terminate = () => {
      this.isDeaf = false;
      return terminate();
    };
    worker.once('message', () => {
      this.isUp = true;
    });
    this.exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.isAlive = false;
        resolve();
      });
    });
  }

  /** Resolves when it has done what it was told so far; at once if it is dead, or will not answer. */
  async echo(): Promise<void> {
    if (!this.isAlive || this.isDeaf) return;
    const { port1, port2 } = new MessageChannel();
    const answered = new Promise((resolve) => port1.once('message', resolve));
    this.#worker.postMessage({ order: 'echo', port: port2 }, [port2]);
    await Promise.race([answered, this.exited]);
    port1.close();
  }

  /** Resolves when it is dead, or deaf. */
  async die(how: Death): Promise<void> {
    if (how === 'loop') this.isDeaf = true;
    if (how === 'terminate') await this.#worker.terminate();
    else this.#worker.postMessage({ order: how });
    if (how !== 'loop') await this.exited;
  }
}

export class ThreadTap implements Disposable {
  readonly #threads = new Map<string, TappedThread>();
  readonly #all: TappedThread[] = [];
  readonly #name: string;
  readonly #note = (worker: Worker): void => {
    const { threadName } = worker;
    if (!threadName?.startsWith(`${this.#name}-`)) return;
    const thread = new TappedThread(worker);
    this.#threads.set(threadName, thread);
    this.#all.push(thread);
  };

  /** `name`: of the pool's threads, and of no other's. To be made before the pool. */
  constructor(name: string) {
    this.#name = name;
    process.on('worker', this.#note);
  }

  [Symbol.dispose](): void {
    process.off('worker', this.#note);
  }

  /** The one that runs the worker with this id. */
  of(id: number): TappedThread | undefined {
    return this.#threads.get(`${this.#name}-${id}`);
  }

  get deaf(): readonly TappedThread[] {
    return this.#all.filter(({ isAlive, isDeaf }) => isAlive && isDeaf);
  }

  /** Resolves when all threads, or those that are up, have done what they were told so far. */
  async echo(which: 'all' | 'up'): Promise<void> {
    const asked = [...this.#threads.values()].filter(({ isUp }) => isUp || which === 'all');
    await Promise.all(asked.map((thread) => thread.echo()));
    await settled(1);
  }
}
