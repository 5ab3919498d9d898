/**
 * The callers of a run, living and dead, of every kind there is (clause C1).
 *
 * Owns what it makes: `dispose` ends them all, and fails when the pool still listens to one.
 */

import { AssertionError } from 'node:assert';
import { isDead } from '../../../src/actors/caller-monitor.ts';
import type { Caller } from '../../../src/index.ts';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import type { LivingCaller } from '../../helpers/callers.ts';
import type { ServerCaller } from '../../helpers/server-callers.ts';
import { until } from '../../helpers/until.ts';
import { CALLER_KINDS } from './spec.ts';

/** One caller, living or dead. */
interface RealCaller {
  readonly name: string;
  readonly caller: Caller;
  die(): void;
  /** Completes it, after which its end is no death; `undefined` for one that only dies. */
  readonly complete: ((leaves: boolean) => Promise<void>) | undefined;
  /** Listeners for its death that the pool has added; while it ends there are others. */
  listeners(): number;
  dispose(): Promise<void>;
}

export class RealCallers {
  readonly #pool: RequestPool;
  readonly #all: RealCaller[] = [];

  constructor(pool: RequestPool) {
    this.#pool = pool;
  }

  /** One more of this kind, alive; resolves to whether it can be completed. */
  async add(kind: number): Promise<boolean> {
    const known = CALLER_KINDS[kind];
    const caller = known === undefined ? this.#scope() : real(known[0], await known[1]());
    this.#all.push(caller);
    return caller.complete !== undefined;
  }

  /** As an option of a request. */
  at(index: number): Caller | undefined {
    return this.#all[index]?.caller;
  }

  /** One dies; it can be seen to be dead when this resolves. */
  async end(index: number): Promise<void> {
    const caller = this.#all[index];
    if (caller === undefined) return;
    caller.die();
    await until(() => isDead(caller.caller), `${caller.name} does not die`);
  }

  /** A request that a server is answered for is answered; then its client may leave. */
  async complete(index: number, leaves: boolean): Promise<void> {
    await this.#all[index]?.complete?.(leaves);
  }

  async dispose(): Promise<void> {
    const watched = this.#all.filter((caller) => caller.listeners() > 0);
    for (const caller of this.#all) await caller.dispose();
    if (watched.length === 0) return;
    const names = watched.map(({ name }) => name).join(', ');
    throw new AssertionError({ message: `C1 listeners left on ${names}` });
  }

  #scope(): RealCaller {
    const scoped = this.#pool.withCaller();
    return {
      name: 'a scope',
      caller: scoped.scope,
      die: () => scoped[Symbol.dispose](),
      complete: undefined,
      listeners: () => 0,
      dispose: async () => scoped[Symbol.dispose](),
    };
  }
}

function real(name: string, living: LivingCaller | ServerCaller): RealCaller {
  // Somebody of its own may listen to it.
  const own = living.listeners();
  let ending = false;
  const complete = async (server: ServerCaller, leaves: boolean): Promise<void> => {
    ending = true;
    await server.answer();
    if (leaves) await server.disconnect();
  };
  return {
    name,
    caller: living.caller,
    die: () => {
      ending = true;
      living.die();
    },
    complete: 'answer' in living ? (leaves) => complete(living, leaves) : undefined,
    listeners: () => (ending ? 0 : living.listeners() - own),
    dispose: async () => living[Symbol.asyncDispose](),
  };
}
