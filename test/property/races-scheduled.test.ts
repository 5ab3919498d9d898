/**
 * Several exchanges on one pool, each with a caller and a peer of its own, beside a clock and
 * somebody who kills workers: fast-check's scheduler decides in which order their steps, and the
 * microtasks between them, happen, and shrinks the order of a failure.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAtRest, checkEnded } from './invariants.ts';
import { RaceStage, type Step } from './simulation/race.ts';
import { data, end, head, reset, serve, start, take } from './simulation/scenes/steps.ts';
import { turn } from './simulation/turn.ts';

const HOUR_MS = 3_600_000;

const KINDS = ['buffered', 'streamed', 'upload', 'mailbox'] as const;
const PEERS = ['well', 'reset', 'early', 'silent'] as const;
const CALLERS = ['patient', 'cancels', 'busy'] as const;

const part = fc.record({
  kind: fc.constantFrom(...KINDS),
  peer: fc.constantFrom(...PEERS),
  caller: fc.constantFrom(...CALLERS),
  mortal: fc.boolean(),
});
type Part = typeof part extends fc.Arbitrary<infer T> ? T : never;

function launch(stage: RaceStage, { kind, mortal }: Part): void {
  const caller = mortal ? { caller: stage.caller.signal } : {};
  const stream = kind === 'streamed' || kind === 'mailbox';
  const upload = kind === 'upload' ? { method: 'POST', streamBody: true, uploadBuffer: 3 } : {};
  stage.launch(
    { stream, ...(stream ? { window: 3 } : {}), ...upload, ...caller },
    kind === 'mailbox',
  );
}

function peerSteps({ peer }: Part, index: number): readonly Step[] {
  const steps: Record<Part['peer'], readonly Step[]> = {
    well: [start(index), take(index), head(200, index), data('abcdef', index), end(index)],
    reset: [start(index), take(index), head(200, index), reset(index)],
    early: [start(index), head(413, index), data('no', index), end(index)],
    silent: [start(index), take(index)],
  };
  return steps[peer];
}

function callerSteps({ kind, caller }: Part, index: number): readonly Step[] {
  const step = (name: string, run: (stage: RaceStage) => unknown): Step => [name, run];
  const cancel = step('cancel', (stage) => stage.exchange(index).cancel('enough'));
  const send = step('send', (stage) => void stage.exchange(index).send(Buffer.from('abcd')));
  const finish = step('finish', (stage) => stage.exchange(index).finish());
  const grant = step('grant', (stage) => stage.exchange(index).grant(2));
  const read = step('read', (stage) => stage.exchange(index).read());
  const acts: Record<Part['kind'], readonly Step[]> = {
    buffered: [],
    streamed: [grant, grant],
    upload: [send, send, finish],
    mailbox: [read, read, read],
  };
  if (caller === 'patient') return acts[kind].slice(0, 1);
  return caller === 'busy' ? acts[kind] : [...acts[kind].slice(0, 2), cancel];
}

const WORLD: readonly Step[] = [
  ['kill', (stage) => stage.pool.killWorker(1)],
  ['time', (stage) => stage.clock.advance(100)],
  ['death', (stage) => stage.caller.abort(new Error('left'))],
  ['more time', (stage) => stage.clock.advance(12_000)],
];

const TURNS = ['first turn', 'second turn', 'third turn'];

/** Plays everything on, until all timeouts are over. */
async function playOut(stage: RaceStage): Promise<void> {
  for (const [index, exchange] of stage.exchanges.entries()) {
    for (const [, run] of serve(index)) {
      run(stage);
      await turn();
    }
    if (exchange.stream && !exchange.mailbox) exchange.grant(1_000);
  }
  for (let hours = 0; hours < 3; hours += 1) {
    stage.clock.advance(HOUR_MS);
    await turn();
  }
  for (const exchange of stage.exchanges) {
    for (let reads = 0; exchange.mailbox && reads < 12; reads += 1) exchange.read(0);
  }
  await turn();
}

describe('scheduled races', () => {
  test('H3 every exchange ends once in whatever order callbacks, timers and calls occur', async () => {
    const outcomes = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 2 }),
        async (scheduler, parts, maxInFlight) => {
          const stage = new RaceStage({ workers: 2, maxInFlight });
          // The scheduler keeps what a step throws to itself.
          const thrown: unknown[] = [];
          const take = (run: Step[1]): void => {
            try {
              run(stage);
              stage.check();
            } catch (error) {
              thrown.push(error);
            }
          };
          const schedule = (who: string, steps: readonly Step[]): void => {
            scheduler.scheduleSequence(
              steps.map(([name, run]) => ({
                label: `${who}: ${name}`,
                builder: async () => take(run),
              })),
            );
          };
          for (const [index, one] of parts.entries()) {
            launch(stage, one);
            schedule(`caller ${index}`, callerSteps(one, index));
            schedule(`peer ${index}`, peerSteps(one, index));
          }
          schedule('world', WORLD);
          // What is admitted leaves in the next turn, which may be that of any step.
          scheduler.scheduleSequence(TURNS.map((label) => ({ label, builder: turn })));
          while (scheduler.count() > 0) await scheduler.waitNext(1);
          if (thrown.length > 0) throw thrown[0];
          await playOut(stage);
          for (const exchange of stage.exchanges) {
            checkEnded(exchange);
            const outcome = exchange.outcome ?? '';
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          }
          await stage.pool.destroy();
          checkAtRest(stage.pool, stage.clock);
        },
      ),
      { numRuns: 400 },
    );
    console.info('scheduled races:', Object.fromEntries(outcomes));
    const ends = ['done', 'ERR_CANCELLED', 'ERR_CALLER_DIED', 'ERR_WORKER_DIED'];
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(ends));
  });
});
