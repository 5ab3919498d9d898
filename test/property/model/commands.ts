/** Sequences of commands: what is likely often, what ends the run seldom. */

import fc from 'fast-check';
import type { Isolation } from '../../helpers/thread-pool.ts';
import type { Death } from '../../helpers/thread-tap.ts';
import { Advance } from './commands/advance.ts';
import { Answer } from './commands/answer.ts';
import { Await } from './commands/await.ts';
import { Break } from './commands/break.ts';
import { CallerCompletes } from './commands/caller-completes.ts';
import { CallerDies } from './commands/caller-dies.ts';
import { Cancel } from './commands/cancel.ts';
import type { ChunkKind } from './commands/chunk.ts';
import { Close, Destroy } from './commands/close.ts';
import { End } from './commands/end.ts';
import { EndSource } from './commands/end-source.ts';
import { Feed, type FeedKind } from './commands/feed.ts';
import { Finish } from './commands/finish.ts';
import { Goaway } from './commands/goaway.ts';
import { Grant } from './commands/grant.ts';
import { KillThread } from './commands/kill-thread.ts';
import { KillWorker } from './commands/kill-worker.ts';
import { LeaveLoop } from './commands/leave-loop.ts';
import { Loop } from './commands/loop.ts';
import { LoseConnections } from './commands/lose-connections.ts';
import { Pause, Resume } from './commands/pause.ts';
import { Receive } from './commands/receive.ts';
import { ReceiverDies } from './commands/receiver-dies.ts';
import { Respond } from './commands/respond.ts';
import { Send } from './commands/send.ts';
import { ReadOn, Stall } from './commands/stall.ts';
import { Start } from './commands/start.ts';
import type { Command } from './commands/step.ts';
import { Trickle } from './commands/trickle.ts';
import { Write } from './commands/write.ts';
import { bufferedSpec, sourceSpec, streamedSpec, stuckSpec, uploadSpec } from './spec.ts';

const which = fc.nat(99);
const maybe = fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined });
const status = fc.constantFrom(200, 200, 307, 413, 500);
const bytes = fc.constantFrom(1, 99, 100, 101, 1_000, 5_000);
const length = fc.constantFrom(undefined, undefined, 150, 5_000);
const chunk: fc.Arbitrary<ChunkKind> = fc.constantFrom(
  ...(['empty', 'text', 'binary', 'binary', 'rest', 'rest', 'excess', 'large', 'huge'] as const),
);
const fed: fc.Arbitrary<FeedKind> = fc.constantFrom(
  ...(['empty', 'text', 'binary', 'binary', 'rest', 'rest', 'excess', 'large', 'bad'] as const),
);
const sourceEnd = fc.constantFrom('end' as const, 'end' as const, 'fail' as const);
const few = fc.constantFrom(0, 3, 3_000);
const patience = fc.constantFrom(0, 3, undefined);
const breaks = fc.constantFrom('reset' as const, 'truncate' as const);
const death = fc.constantFrom<Death>(
  ...(['throw', 'exit', 'unclonable', 'terminate', 'loop', 'loop', 'memory'] as const),
);
const how = fc.constantFrom('call' as const, 'twice' as const, 'signal' as const);

type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Command> };

const often = (weight: number, arbitrary: fc.Arbitrary<Command>): Weighted => ({
  weight,
  arbitrary,
});

const STARTS: readonly Weighted[] = [
  often(
    8,
    uploadSpec.map((spec) => new Start(spec)),
  ),
  often(
    4,
    sourceSpec.map((spec) => new Start(spec)),
  ),
  often(
    4,
    bufferedSpec.map((spec) => new Start(spec)),
  ),
  often(
    5,
    streamedSpec.map((spec) => new Start(spec)),
  ),
  often(
    2,
    stuckSpec.map((spec) => new Start(spec)),
  ),
];

const CALLS: readonly Weighted[] = [
  often(
    12,
    fc.tuple(which, chunk).map(([choice, kind]) => new Send(choice, kind)),
  ),
  often(
    6,
    which.map((choice) => new Finish(choice)),
  ),
  often(
    4,
    fc.tuple(which, maybe).map(([choice, units]) => new Await(choice, units)),
  ),
  often(
    6,
    fc.tuple(which, patience).map(([choice, units]) => new Receive(choice, units)),
  ),
  often(
    4,
    which.map((choice) => new Loop(choice)),
  ),
  often(
    4,
    which.map((choice) => new LeaveLoop(choice)),
  ),
  often(
    5,
    fc.tuple(which, bytes).map(([choice, count]) => new Grant(choice, count)),
  ),
  often(
    2,
    fc.tuple(which, how).map(([choice, by]) => new Cancel(choice, by)),
  ),
  often(
    3,
    which.map((choice) => new CallerDies(choice)),
  ),
  often(
    2,
    fc.tuple(which, fc.boolean()).map(([choice, leaves]) => new CallerCompletes(choice, leaves)),
  ),
  often(
    3,
    which.map((choice) => new ReceiverDies(choice)),
  ),
];

/** What gives a body that is read from somewhere. */
const SOURCES: readonly Weighted[] = [
  often(
    10,
    fc.tuple(which, fed).map(([choice, kind]) => new Feed(choice, kind)),
  ),
  often(
    5,
    fc.tuple(which, sourceEnd).map(([choice, how]) => new EndSource(choice, how)),
  ),
];

const PEERS: readonly Weighted[] = [
  often(
    12,
    fc
      .tuple(which, status, length)
      .map(([choice, code, declared]) => new Respond(choice, code, declared)),
  ),
  often(
    12,
    fc.tuple(which, bytes).map(([choice, count]) => new Write(choice, count)),
  ),
  often(
    8,
    which.map((choice) => new End(choice)),
  ),
  often(
    6,
    fc.tuple(which, status, few).map(([choice, code, count]) => new Answer(choice, code, count)),
  ),
  often(
    3,
    fc.tuple(which, breaks).map(([choice, by]) => new Break(choice, by)),
  ),
  often(
    14,
    which.map((choice) => new Stall(choice)),
  ),
  often(
    8,
    which.map((choice) => new ReadOn(choice)),
  ),
  often(
    2,
    which.map((choice) => new Trickle(choice)),
  ),
  often(2, fc.constant(new Goaway())),
  often(1, fc.constant(new LoseConnections())),
];

const POOL: readonly Weighted[] = [
  often(
    6,
    fc.constantFrom(1, 6, 11, 21).map((units) => new Advance(units)),
  ),
  often(
    2,
    which.map((choice) => new KillWorker(choice)),
  ),
  often(
    5,
    fc.nat(9).map((one) => (one === 0 ? new Pause() : new Resume())),
  ),
  often(
    1,
    fc
      .tuple(fc.nat(9), maybe)
      .map(([one, units]) => (one === 0 ? new Destroy() : new Close(units))),
  ),
];

const THREADS: readonly Weighted[] = [
  often(
    4,
    fc.tuple(which, death).map(([choice, by]) => new KillThread(choice, by)),
  ),
];

const COMMANDS = [...STARTS, ...CALLS, ...SOURCES, ...PEERS, ...POOL];
const COMMAND: Readonly<Record<Isolation, fc.Arbitrary<Command>>> = {
  inline: fc.oneof(...COMMANDS),
  thread: fc.oneof(...COMMANDS, ...THREADS),
};

/** A sequence of commands; `replayPath` is printed with a failure. */
export function commands(
  isolation: Isolation,
  replayPath: string | undefined,
): fc.Arbitrary<Iterable<Command>> {
  const path = replayPath === undefined ? {} : { replayPath };
  return fc.commands([COMMAND[isolation]], { maxCommands: 60, size: 'max', ...path });
}
