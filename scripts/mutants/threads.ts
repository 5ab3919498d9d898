/** Faults in how the threads of workers are watched, and in what goes to those of callers. */

import type { Mutant } from './mutant.ts';

const watch = 'src/actors/start-watch.ts';
const WATCH = 'test/unit/actors/start-watch.test.ts';
const START = 'test/unit/clauses/threads-start.test.ts';
const upload = 'src/actors/thread-upload.ts';
const hosted = 'src/actors/hosted-body.ts';
const offers = 'src/actors/shared-offers.ts';
const PASSAGE = 'test/property/thread-upload.property.test.ts';
const UPLOAD = 'test/unit/actors/thread-upload.test.ts';
const HOSTED = 'test/unit/actors/hosted-body.test.ts';
const HOSTED_EXCHANGE = 'test/unit/actors/hosted-exchange.test.ts';

export const threads: readonly Mutant[] = [
  {
    id: 'start-watch: finds no thread that nobody waits for',
    file: watch,
    find: 'if (!this.#isOver) this.#expect(Math.max(wedgeMs, startMs));',
    replace: '',
    breaks: 'W4',
    owner: WATCH,
  },
  {
    id: 'start-watch: keeps the process alive to see a thread hang',
    file: watch,
    find: 'new Silence(clock, { ref: false })',
    replace: 'new Silence(clock)',
    breaks: 'P2',
    owner: WATCH,
  },
  {
    id: 'silence: does not hear what has come while this thread was busy',
    file: 'src/actors/silence.ts',
    find: 'else this.#looking = setImmediate(over(silent));',
    replace: 'else over(silent)();',
    breaks: 'W4',
    owner: WATCH,
  },
  {
    id: 'silence: blames a thread for the time in which the process was stopped',
    file: 'src/actors/silence.ts',
    find: 'if (clock.now() - dueMs > withinMs / 4) over(again)();',
    replace: 'if (false) over(again)();',
    breaks: 'W4',
    owner: WATCH,
  },
  {
    id: 'supervised-workers: gives each start the same time, however many were too slow',
    file: 'src/pool/supervised-workers.ts',
    find: 'slot.failedStarts = carrier.isReady ? 0 : slot.failedStarts + 1;',
    replace: '',
    breaks: 'W4',
    owner: START,
  },
  {
    id: 'thread-carrier: lets the process end under those who wait for a thread',
    file: 'src/actors/thread-carrier.ts',
    find: 'if (!this.#isOver && !this.#isStalled) this.#worker.unref();',
    replace: 'if (!this.#isOver) this.#worker.unref();',
    breaks: 'H3',
    owner: START,
  },
  {
    id: 'thread-upload: offers a piece ahead of one that is posted and not taken',
    file: upload,
    find: 'const isAlone = this.heldBytes === 0;',
    replace: 'const isAlone = true;',
    breaks: 'U1',
    owner: PASSAGE,
  },
  {
    id: 'thread-upload: offers a block that the thread does not know yet',
    file: upload,
    find: 'if (isAlone && block?.isKnown === true) {',
    replace: 'if (isAlone && block !== undefined) {',
    breaks: 'U1',
    owner: UPLOAD,
  },
  {
    id: 'thread-upload: does not tell a thread that waits for a piece',
    file: upload,
    find: 'if (!this.#offer.put(piece)) return;',
    replace: 'if (this.#offer.put(piece) || piece) return;',
    breaks: 'U3',
    owner: PASSAGE,
  },
  {
    id: 'thread-upload: offers the last piece apart from the end',
    file: upload,
    find: 'queueMicrotask(() => this.#offerNext());',
    replace: 'this.#offerNext();',
    breaks: 'U7',
    owner: UPLOAD,
  },
  {
    id: 'thread-upload: ends the body ahead of its last piece',
    file: upload,
    find: `  acceptEnd(): void {
    this.#postNext();`,
    replace: '  acceptEnd(): void {',
    breaks: 'U1',
    owner: UPLOAD,
  },
  {
    id: 'hosted-body: takes what came later before what was offered',
    file: hosted,
    find: `    this.#takeLent(this.#offer.take());
    this.#take(piece);`,
    replace: '    this.#take(piece);',
    breaks: 'U1',
    owner: PASSAGE,
  },
  {
    id: 'hosted-body: ends without the piece that was offered',
    file: hosted,
    find: `    this.#takeLent(this.#offer.take());
    this.#isFinished = true;`,
    replace: '    this.#isFinished = true;',
    breaks: 'U1',
    owner: HOSTED,
  },
  {
    id: 'hosted-body: ends a body that was cut',
    file: hosted,
    find: 'while (!this.#isClosed && this.#feed.run()) {',
    replace: 'while (this.#feed.run()) {',
    breaks: 'U5',
    owner: HOSTED,
  },
  {
    id: 'hosted-body: takes offers that the transport has no room for',
    file: hosted,
    find: '  offered(): void {',
    replace: '  offered(): void {\n    this.#takeLent(this.#offer.take());',
    breaks: 'U2',
    owner: HOSTED,
  },
  {
    id: 'shared-offers: a thread that finds nothing does not say so',
    file: offers,
    find: 'Atomics.compareExchange(this.#words, this.#at, EMPTY, AWAITED)',
    replace: 'Atomics.load(this.#words, this.#at)',
    breaks: 'U3',
    owner: PASSAGE,
  },
  {
    id: 'outbox: loses all that was to go with what cannot be cloned',
    file: 'src/pool/port/outbox.ts',
    find: 'for (const item of batch) this.#postAlone(item);',
    replace: '',
    breaks: 'H3',
    owner: 'test/unit/pool/port/outbox.test.ts',
  },
  {
    id: 'thread-transfer: says what has left while more may leave',
    file: 'src/actors/thread-transfer.ts',
    find: 'this.#mark?.drop();',
    replace: 'this.#mark?.revoke();',
    breaks: 'W2',
    owner: 'test/unit/clauses/threads-death.test.ts',
  },
  {
    id: 'hosted-exchange: passes on bytes that the pool has not counted',
    file: 'src/actors/hosted-exchange.ts',
    find: `    mark.notePassed(this.#body?.bytesSent ?? 0);
    this.#endIfDropped();`,
    replace: '    mark.notePassed(this.#body?.bytesSent ?? 0);',
    breaks: 'U9',
    owner: HOSTED_EXCHANGE,
  },
  {
    id: 'hosted-exchange: sends an empty body that the pool says it has not sent',
    file: 'src/actors/hosted-exchange.ts',
    find: `    this.#noteHead();
    this.#endIfDropped();`,
    replace: '    this.#noteHead();',
    breaks: 'W2',
    owner: HOSTED_EXCHANGE,
  },
  {
    id: 'revocable-exchange: starts as the pool says that it has not',
    file: 'src/actors/revocable-exchange.ts',
    find: 'if (this.#mark.revoked) this.abort();',
    replace: '',
    breaks: 'W2',
    owner: HOSTED_EXCHANGE,
  },
];
