/** Sequences of commands that chance seldom finds, and that have to be gone through each time. */

import { DEATHS } from '../../helpers/thread-tap.ts';
import { admissionScenes, type Scene } from './admission-scenes.ts';
import { callerScenes } from './caller-scenes.ts';
import { Advance } from './commands/advance.ts';
import { Await } from './commands/await.ts';
import { CallerDies } from './commands/caller-dies.ts';
import { Cancel } from './commands/cancel.ts';
import { Close, Destroy } from './commands/close.ts';
import { End } from './commands/end.ts';
import { Finish } from './commands/finish.ts';
import { Goaway } from './commands/goaway.ts';
import { Grant } from './commands/grant.ts';
import { KillThread } from './commands/kill-thread.ts';
import { KillWorker } from './commands/kill-worker.ts';
import { LoseConnections } from './commands/lose-connections.ts';
import { Receive } from './commands/receive.ts';
import { Respond } from './commands/respond.ts';
import { Send } from './commands/send.ts';
import { Start } from './commands/start.ts';
import type { Command } from './commands/step.ts';
import { Write } from './commands/write.ts';
import { type ModelKind, type ModelOptions, TURNS } from './model-options.ts';
import type { Spec } from './spec.ts';

const NEVER = Number.POSITIVE_INFINITY;

const GET: Spec = {
  tenant: 0,
  priority: 0,
  stream: true,
  window: 100,
  reply: 'mailbox',
  body: 'none',
  source: undefined,
  contentLength: undefined,
  caller: undefined,
  onCallerDeath: 'finish',
  signal: false,
  stuck: false,
  limits: {
    timeout: NEVER,
    queueTimeout: NEVER,
    connectTimeout: NEVER,
    headersTimeout: NEVER,
    idleTimeout: NEVER,
    minThroughput: undefined,
  },
};
/** Somebody else receives, who does not die. */
const UPLOAD: Spec = { ...GET, body: 'upload', reply: 'function', caller: { kind: 0 } };

/** A peer that has to be fast. */
const FAST: Spec = {
  ...GET,
  reply: 'sender',
  limits: { ...GET.limits, minThroughput: { bytes: 1_000, interval: 7 * 1024 } },
};

const SCENES: readonly (readonly Command[])[] = [
  // Its caller dies while nobody reads the response: it is read to its end all the same (C2).
  [
    new Start(UPLOAD),
    new Send(0, 'text'),
    new Respond(0, 200, undefined),
    new Write(0, 1_000),
    new CallerDies(0),
    new End(0),
  ],
  // The same, and the head comes when nobody is there for it.
  [new Start(UPLOAD), new Send(0, 'text'), new CallerDies(0), new Respond(0, 200, undefined)],
  // A declared length that was reached, and nobody to finish the body (C2).
  [
    new Start({ ...UPLOAD, contentLength: 70 }),
    new Send(0, 'rest'),
    new CallerDies(0),
    new Respond(0, 200, undefined),
    new End(0),
  ],
  // One byte too many; one too few (U5).
  [new Start({ ...UPLOAD, contentLength: 70 }), new Send(0, 'excess')],
  [new Start({ ...UPLOAD, contentLength: 70 }), new Send(0, 'binary'), new Finish(0)],
  // A response that never ends, and nobody who wants it (C2).
  [
    new Start(UPLOAD),
    new Send(0, 'text'),
    new CallerDies(0),
    new Respond(0, 200, undefined),
    new Advance(31),
  ],
  // An await that gives up no longer lifts the window (A2).
  [
    new Start(GET),
    new Respond(0, 200, undefined),
    new Await(0, 1),
    new Write(0, 99),
    new Advance(2),
    new Write(0, 1_000),
    new Write(0, 1_000),
    new Receive(0, 0),
    new Receive(0, 0),
  ],
  // A receive that gives up takes no message (M1).
  [
    new Start(GET),
    new Receive(0, 3),
    new Advance(6),
    new Respond(0, 200, undefined),
    new Receive(0, 0),
  ],
  // Unread data does not outlive a cancel (X1).
  [new Start(GET), new Respond(0, 200, undefined), new Write(0, 99), new Cancel(0, 'twice')],
  // What was not on a connection moves to another worker, with its first clock (W2, H7).
  [
    new Start({ ...GET, stuck: true, limits: { ...GET.limits, timeout: 40 * 1024 } }),
    new Advance(21),
    new KillWorker(0),
    new Advance(21),
  ],
  // Who waits when the pool is closed still has its turn (P1).
  [
    new Start(GET),
    new Start(GET),
    new Close(undefined),
    new Respond(0, 200, undefined),
    new End(0),
    new Respond(0, 200, undefined),
    new End(0),
  ],
  // Finished twice before it is on a connection, and sent too late (U3, U4).
  [
    new Start({ ...UPLOAD, stuck: true }),
    new Send(0, 'text'),
    new Finish(0),
    new Finish(0),
    new Send(0, 'text'),
  ],
  // Enough has to move in every interval while it is read, and not when the reader waits (T4).
  [
    new Start({ ...FAST, window: 1_000 }),
    new Respond(0, 200, undefined),
    new Write(0, 1_000),
    new Advance(8),
    new Write(0, 5_000),
    new Advance(21),
    new Grant(0, 5_000),
    new Advance(6),
    new Write(0, 1),
    new Advance(6),
  ],
  [new Start(FAST), new Respond(0, 200, undefined), new Write(0, 99), new Advance(8)],
  // When it is read again its time begins anew.
  [
    new Start({ ...FAST, window: 1_000 }),
    new Respond(0, 200, undefined),
    new Write(0, 1_000),
    new Write(0, 5_000),
    new Advance(4),
    new Grant(0, 5_000),
    new Advance(21),
  ],
  // Credit comes by and by, and the end behind it (F1, F3).
  [
    new Start({ ...GET, reply: 'sender' }),
    new Respond(0, 200, undefined),
    new Write(0, 1_000),
    new End(0),
    new Grant(0, 1),
    new Grant(0, 1_000),
  ],
  // A response that has come whole outlives its connection (F3).
  [
    new Start({ ...GET, reply: 'sender' }),
    new Goaway(),
    new Respond(0, 200, undefined),
    new Write(0, 101),
    new Write(0, 1_000),
    new Write(0, 1_000),
    new End(0),
    new LoseConnections(),
    new Grant(0, 1_000),
    new Grant(0, 5_000),
  ],
];

/** A thread dies with an upload on it, in each of the ways there are, comes back and serves (W1). */
const DYING: readonly (readonly Command[])[] = DEATHS.map((how) => [
  new Start(UPLOAD),
  new Send(0, 'text'),
  new KillThread(0, how),
  new Advance(6),
  new Start(GET),
  new Respond(0, 200, undefined),
]);

const DEAF: readonly (readonly Command[])[] = [
  // Who is sent to a thread that has gone deaf moves to the next one, with the body whole (W2, W4).
  [
    new Start(GET),
    new KillThread(0, 'loop'),
    new Start({ ...GET, body: 'bytes' }),
    new Cancel(0, 'call'),
    new Advance(6),
    new Respond(0, 200, undefined),
  ],
  // A pool that is destroyed does not wait for one (P1).
  [new Start(GET), new KillThread(0, 'loop'), new Destroy()],
];

const OPTIONS = {
  ...{ workers: 1, maxInFlight: 1, queueLimit: 1, maxRestarts: 5 },
  admission: TURNS,
} as const;

/** A worker dies once more than it may, and the pool gives up (W3). */
const FAILING: Scene = {
  options: { maxRestarts: 1 },
  commands: [
    ...[new Start(GET), new KillWorker(0), new Advance(1)],
    // The second death is one too many: what comes then is refused.
    ...[new Start(GET), new KillWorker(0), new Start(GET)],
  ],
};

/** As examples of the property. */
export function scenes(kind: ModelKind): [ModelOptions, Iterable<Command>][] {
  // Who asks and who is let in is decided before a thread hears of it, and threads begin slowly.
  const more =
    kind.isolation === 'thread'
      ? [...DYING, ...DEAF].map(plain)
      : [...callerScenes(UPLOAD).map(plain), ...admissionScenes(GET)];
  return [...SCENES.map(plain), FAILING, ...more].map(({ options, commands }) => [
    { ...kind, ...OPTIONS, ...options },
    commands,
  ]);
}

function plain(commands: readonly Command[]): Scene {
  return { options: {}, commands };
}
