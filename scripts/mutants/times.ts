/** Faults in the timeouts of an exchange and in the wheel that they lie on. */

import { DEADLINES, MODEL, type Mutant } from './mutant.ts';

const wheel = 'src/pool/deadlines.ts';
const clock = 'src/pool/flight-clock.ts';
const due = 'src/pool/flight-deadlines.ts';
const real = 'src/clock.ts';
const TIMEOUTS = 'test/unit/clauses/timeouts.test.ts';
const UPLOAD_STEPS = 'test/unit/clauses/min-throughput-steps.test.ts';
const CLOCK = 'test/unit/clock.test.ts';

export const times: readonly Mutant[] = [
  {
    id: 'deadlines: fires a tick early',
    file: wheel,
    find: 'Math.max(Math.ceil(dueMs / TICK_MS), this.#sweptTick + 1)',
    replace: 'Math.max(Math.floor(dueMs / TICK_MS), this.#sweptTick + 1)',
    breaks: 'T2',
    owner: DEADLINES,
  },
  {
    id: 'deadlines: loses what a leap of the clock went over',
    file: wheel,
    find: 'const first = Math.max(this.#sweptTick + 1, nowTick - SLOTS + 1);',
    replace: 'const first = nowTick;',
    breaks: 'T2',
    owner: DEADLINES,
  },
  {
    id: 'deadlines: keeps its timer when nothing is due any more',
    file: wheel,
    find: 'if (this.#size === 0) this.#disarm();',
    replace: '',
    breaks: 'P2',
    owner: DEADLINES,
  },
  {
    id: 'deadlines: puts off a deadline that was set earlier',
    file: wheel,
    find: 'if (dueMs >= entry.dueMs) return;',
    replace: '',
    breaks: 'T2',
    owner: DEADLINES,
  },
  {
    id: 'flight-clock: takes a body that moves for an idle one',
    file: clock,
    find: `  moved(): void {
    this.begun.movedMs = this.now();`,
    replace: '  moved(): void {',
    breaks: 'T1',
    owner: MODEL,
  },
  {
    id: 'flight-clock: sets no timeout for the queue',
    file: clock,
    find: 'if (queueTimeoutMs !== Number.POSITIVE_INFINITY) this.#ask',
    replace: 'if (queueTimeoutMs === Number.POSITIVE_INFINITY) this.#ask',
    breaks: 'H6',
    owner: MODEL,
  },
  {
    id: 'flight-clock: drains for ever what nobody wants',
    file: clock,
    find: `    this.begun.drainUntilMs = this.now() + DRAIN_MS;
    this.#ask(this.drainUntilMs);`,
    replace: '    this.begun.drainUntilMs = Number.POSITIVE_INFINITY;',
    breaks: 'C2',
    owner: MODEL,
  },
  {
    id: 'flight-deadlines: calls late headers an idle peer',
    file: due,
    find: "consider(times.sentMs + request.headersTimeoutMs, 'ERR_HEADERS_TIMEOUT');",
    replace: "consider(times.sentMs + request.headersTimeoutMs, 'ERR_IDLE_TIMEOUT');",
    breaks: 'T2',
    owner: MODEL,
  },
  {
    id: 'flight-deadlines: forgets the timeout of the connect',
    file: due,
    find: "consider(times.dispatchedMs + request.connectTimeoutMs, 'ERR_CONNECT_TIMEOUT');",
    replace: '',
    breaks: 'T1',
    owner: MODEL,
  },
  {
    id: 'flight-clock: takes a trickle for enough',
    file: clock,
    find: 'if (bytesMoved + allowedLagBytes < dueBytes) return false;',
    replace: 'if (bytesMoved + allowedLagBytes < this.throughputBytes) return false;',
    breaks: 'T4',
    owner: MODEL,
  },
  {
    id: 'flight: calls a peer slow that is not read',
    file: 'src/pool/flight.ts',
    find: 'if (this.incoming.isPaused) return Number.POSITIVE_INFINITY;',
    replace: '',
    breaks: 'T4',
    owner: MODEL,
  },
  {
    id: 'flight-clock: forgives a peer what it is behind with an upload',
    file: clock,
    find: 'isOwed ? Math.max(bytesMoved, dueBytes) : bytesMoved',
    replace: 'bytesMoved',
    breaks: 'T4',
    owner: UPLOAD_STEPS,
  },
  {
    id: 'flight-upload: wants an upload to leave without steps',
    file: 'src/pool/flight-upload.ts',
    find: 'this.body.isBackedUp ? STEP_BYTES :',
    replace: 'this.body.isBackedUp ? 0 :',
    breaks: 'T4',
    owner: UPLOAD_STEPS,
  },
  {
    id: 'flight-clock: times out what its thread was too busy to hear',
    file: clock,
    find: 'const dueMs = due.dueMs > nowMs ? due.dueMs : this.#listenedDueMs(due.dueMs);',
    replace: 'const { dueMs } = due;',
    breaks: 'T2',
    owner: TIMEOUTS,
  },
  {
    id: 'flight-clock: gives back all the time in which its thread was busy',
    file: clock,
    find: 'Math.max(this.createdMs, dueMs - WATCHED_MS)',
    replace: 'this.createdMs',
    breaks: 'T2',
    owner: TIMEOUTS,
  },
  {
    id: 'flight-clock: gives back what its thread missed before there was a request',
    file: clock,
    find: 'Math.max(this.createdMs, dueMs - WATCHED_MS)',
    replace: 'dueMs - WATCHED_MS',
    breaks: 'T2',
    owner: TIMEOUTS,
  },
  {
    id: 'clock: has missed what was over before',
    file: real,
    find: 'Math.max(0, toMs - Math.max(fromMs, sinceMs))',
    replace: 'toMs - fromMs',
    breaks: 'T2',
    owner: CLOCK,
  },
  {
    id: 'clock: has missed the same for each timer that was late',
    file: real,
    find: 'Math.max(dueMs, lookedMs) + LATE_MS',
    replace: 'dueMs + LATE_MS',
    breaks: 'T2',
    owner: CLOCK,
  },
  {
    id: 'clock: does not look whether its thread listens before a timer is due',
    file: real,
    find: 'const isFar = restMs > WATCHED_MS;\n    const pauseMs = isFar ? Math.min(restMs - WATCHED_MS, LONGEST_MS)',
    replace: 'const pauseMs = restMs > WATCHED_MS ? Math.min(restMs, LONGEST_MS)',
    breaks: 'T2',
    owner: CLOCK,
  },
  {
    id: 'clock: fires a late timer before what came first is heard',
    file: real,
    find: 'else if (nowMs - this.#dueMs > BUSY_MS) this.#immediate = setImmediate(this.#heard);',
    replace: '',
    breaks: 'T2',
    owner: CLOCK,
  },
];
