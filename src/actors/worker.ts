/**
 * A worker as an actor: it owns one carrier, dies with it, and comes back with a fresh one.
 *
 *     up ── kill, fault, error of its connections ──▶ restarting ── backoff ──▶ up
 *
 * The work itself does not pass through here: exchanges are records of the pool, driven by the
 * carrier's reports. The actor is for what lives long and fails as a whole (architecture, 1).
 *
 * Invariant: between two `up` of a worker lies exactly one `down`, and the carrier of the first
 * has been retired before the second exists.
 */

import { assign, fromCallback, sendParent, setup } from 'xstate';
import type { Carrier } from './carrier.ts';

/** How a worker acts on the pool; the pool implements it. */
export interface WorkerPorts {
  /** A fresh carrier; may throw, which counts as a death. */
  create(id: number): Carrier;
  /** The worker takes work. */
  up(id: number, carrier: Carrier): void;
  /** The worker is gone: every exchange it held has to be answered now. */
  down(id: number, error: unknown): void;
  /** The same of one whose machine broke, which may not have retired its carrier. */
  broken(id: number, error: unknown): void;
  /** Closes what the worker's carrier still holds open. */
  retire(carrier: Carrier): void;
  /** In [0, 1), for the jitter. */
  random(): number;
  /** Monotonic milliseconds. */
  now(): number;
}

export interface WorkerInput {
  readonly id: number;
  readonly ports: WorkerPorts;
  /** Up for this long, and earlier deaths are forgotten. */
  readonly calmMs: number;
}

export type WorkerEvent =
  /** An operator, or a test, wants it dead. */
  | { readonly type: 'kill'; readonly error: unknown }
  /** Its carrier failed. */
  | { readonly type: 'fault'; readonly error: unknown };

/** What a worker tells its supervisor. */
export interface WorkerDied {
  readonly type: 'worker.died';
  readonly id: number;
  readonly error: unknown;
}

/** First restart after 25 to 50 ms (W3 allows 100), then twice as long each time, up to 5 s. */
const BACKOFF_BASE_MS = 50;
const BACKOFF_CAP_MS = 5_000;

export interface WorkerContext extends WorkerInput {
  /** Deaths in a row, with no calm between them. */
  readonly deaths: number;
  readonly upSinceMs: number;
  readonly error: unknown;
}

const connections = fromCallback<{ type: never }, Omit<WorkerInput, 'calmMs'>>(({ input }) => {
  const carrier = input.ports.create(input.id);
  input.ports.up(input.id, carrier);
  return () => input.ports.retire(carrier);
});

export const workerMachine = setup({
  types: {
    context: {} as WorkerContext,
    input: {} as WorkerInput,
    events: {} as WorkerEvent,
  },
  actors: { connections },
  delays: {
    backoff: ({ context }) => backoffMs(context.deaths, context.ports.random()),
  },
}).createMachine({
  id: 'worker',
  context: ({ input }) => ({ ...input, deaths: 0, upSinceMs: 0, error: undefined }),
  initial: 'up',
  states: {
    up: {
      entry: assign({ upSinceMs: ({ context }) => context.ports.now() }),
      invoke: {
        src: 'connections',
        input: ({ context }) => ({ id: context.id, ports: context.ports }),
        onError: {
          target: 'restarting',
          actions: assign({ error: ({ event }) => event.error }),
        },
      },
      on: {
        kill: { target: 'restarting', actions: assign({ error: ({ event }) => event.error }) },
        fault: { target: 'restarting', actions: assign({ error: ({ event }) => event.error }) },
      },
    },
    restarting: {
      // Its exchanges are answered before the supervisor hears of it: that may fail the pool, and
      // they died of the worker, not of the pool (W1, W3).
      entry: [
        assign({ deaths: ({ context }) => (wasCalm(context) ? 1 : context.deaths + 1) }),
        ({ context }) => context.ports.down(context.id, context.error),
        sendParent(
          ({ context }): WorkerDied => ({
            type: 'worker.died',
            id: context.id,
            error: context.error,
          }),
        ),
      ],
      after: { backoff: 'up' },
    },
  },
});

/** By time and not by a timer, which would keep the process alive. */
function wasCalm({ ports, upSinceMs, calmMs }: WorkerContext): boolean {
  return ports.now() - upSinceMs >= calmMs;
}

/** Exponential with jitter: between half of the step and all of it. */
export function backoffMs(deaths: number, random: number): number {
  const step = Math.min(BACKOFF_BASE_MS * 2 ** Math.max(0, deaths - 1), BACKOFF_CAP_MS);
  return step / 2 + (step / 2) * random;
}
