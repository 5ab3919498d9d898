/**
 * The root actor: it keeps the workers, counts their deaths, and gives up when they are too many.
 *
 *     running ── more than maxRestarts deaths within restartWindow ──▶ failed
 *        └───── stop ──▶ stopped
 *
 * Invariants: it survives every error of a child, a child that errors is stopped and replaced;
 * leaving `running` stops all workers, and each then retires its carrier.
 */

import { assign, createActor, enqueueActions, setup } from 'xstate';
import { type WorkerDied, type WorkerPorts, workerMachine } from '../actors/worker.ts';
import type { Clock } from '../clock.ts';

export interface SupervisorInput {
  readonly workers: number;
  readonly maxRestarts: number;
  readonly restartWindowMs: number;
  readonly clock: Clock;
  readonly ports: WorkerPorts;
  /** The pool cannot go on: its workers died too often (W3). */
  readonly failed: (error: unknown) => void;
}

type SupervisorEvent =
  | WorkerDied
  | { readonly type: 'kill'; readonly id: number; readonly error: unknown }
  | { readonly type: 'fault'; readonly id: number; readonly error: unknown }
  | { readonly type: 'stop' };

interface SupervisorContext extends SupervisorInput {
  /** Times of the deaths within the window. */
  readonly deathsMs: readonly number[];
  readonly lastError: unknown;
}

const supervisorMachine = setup({
  types: {
    context: {} as SupervisorContext,
    input: {} as SupervisorInput,
    events: {} as SupervisorEvent,
  },
  actors: { worker: workerMachine },
  guards: {
    isTooOften: ({ context }) => {
      const sinceMs = context.clock.now() - context.restartWindowMs;
      const recent = context.deathsMs.filter((atMs) => atMs > sinceMs);
      return recent.length + 1 > context.maxRestarts;
    },
  },
}).createMachine({
  id: 'supervisor',
  context: ({ input }) => ({ ...input, deathsMs: [], lastError: undefined }),
  initial: 'running',
  states: {
    running: {
      entry: enqueueActions(({ context, enqueue }) => {
        for (let id = 1; id <= context.workers; id += 1) {
          enqueue.spawnChild('worker', {
            id: workerName(id),
            input: { id, ports: context.ports, calmMs: context.restartWindowMs },
          });
        }
      }),
      on: {
        'worker.died': [
          {
            guard: 'isTooOften',
            target: 'failed',
            actions: assign({ lastError: ({ event }) => event.error }),
          },
          {
            actions: assign({
              deathsMs: ({ context }) => {
                const nowMs = context.clock.now();
                const sinceMs = nowMs - context.restartWindowMs;
                return [...context.deathsMs.filter((atMs) => atMs > sinceMs), nowMs];
              },
            }),
          },
        ],
        kill: { actions: enqueueActions(forward) },
        fault: { actions: enqueueActions(forward) },
        // A worker machine that itself broke: its exchanges are answered, a new one takes its place.
        'xstate.error.actor.*': {
          actions: enqueueActions(({ context, event, enqueue }) => {
            const { actorId, error } = event as unknown as { actorId: string; error: unknown };
            const id = Number(actorId.slice(actorId.indexOf('-') + 1));
            enqueue.stopChild(actorId);
            enqueue(() => context.ports.broken(id, error));
            const { ports, restartWindowMs: calmMs } = context;
            enqueue.spawnChild('worker', { id: actorId, input: { id, ports, calmMs } });
            enqueue.raise({ type: 'worker.died', id, error } as WorkerDied & AnyFields);
          }),
        },
        stop: 'stopped',
      },
    },
    failed: {
      entry: [enqueueActions(stopWorkers), ({ context }) => context.failed(context.lastError)],
      on: { stop: 'stopped' },
    },
    stopped: { type: 'final', entry: enqueueActions(stopWorkers) },
  },
});

/** The running supervisor. */
export interface Supervisor {
  /** The worker dies now and is restarted; nothing happens to one that is restarting. */
  kill(id: number, error: unknown): void;
  /** The worker's carrier failed. */
  fault(id: number, error: unknown): void;
  /** Stops all workers for good. */
  stop(): void;
}

/** Starts the workers; they are up when this returns. */
export function startSupervisor(input: SupervisorInput): Supervisor {
  const { clock } = input;
  const root = createActor(supervisorMachine, {
    input,
    clock: {
      setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
  });
  // Without an observer an error of the root would be thrown where nobody can catch it.
  root.subscribe({ error: (error) => input.failed(error) });
  root.start();
  // After the end there is nobody to tell; xstate warns of an event for a stopped actor.
  const tell = (event: SupervisorEvent): void => {
    if (root.getSnapshot().status === 'active') root.send(event);
  };
  return {
    kill: (id, error) => tell({ type: 'kill', id, error }),
    fault: (id, error) => tell({ type: 'fault', id, error }),
    stop: () => {
      tell({ type: 'stop' });
      root.stop();
    },
  };
}

function workerName(id: number): string {
  return `worker-${id}`;
}

/** `raise` wants an event with open fields. */
type AnyFields = Record<string, unknown>;

interface EnqueueScope {
  readonly context: SupervisorContext;
  readonly event: SupervisorEvent;
  readonly enqueue: {
    sendTo(actor: string, event: { type: 'kill' | 'fault'; error: unknown }): void;
    stopChild(actor: string): void;
  };
}

function forward({ event, enqueue }: EnqueueScope): void {
  if (event.type !== 'kill' && event.type !== 'fault') return;
  enqueue.sendTo(workerName(event.id), { type: event.type, error: event.error });
}

function stopWorkers({ context, enqueue }: EnqueueScope): void {
  for (let id = 1; id <= context.workers; id += 1) enqueue.stopChild(workerName(id));
}
