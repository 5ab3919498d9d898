/** An exchange in a worker's thread that the pool ends while the thread has not heard of it. */

import type { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import type { BodyStream } from '../../../src/actors/body-stream.ts';
import { HostedExchange } from '../../../src/actors/hosted-exchange.ts';
import { Outbox, type Parcel } from '../../../src/actors/port-outbox.ts';
import { BlockTable } from '../../../src/actors/shared-blocks.ts';
import { MarkPage, newMarks, SharedMark } from '../../../src/actors/shared-marks.ts';
import type { ThreadReport } from '../../../src/actors/thread-protocol.ts';

/** Tells of each report before it is on its way. */
class TellingOutbox extends Outbox<ThreadReport> {
  readonly #told: (report: ThreadReport[0]) => void;

  constructor(told: (report: ThreadReport[0]) => void, posted: (parcel: unknown) => void) {
    super({ postMessage: posted }, () => {});
    this.#told = told;
  }

  override add(item: ThreadReport): void {
    this.#told(item[0]);
    super.add(item);
  }
}

/** Dispatched, with a body in parts; `said` is what its transport and its host notice, in order. */
function hosted(told: (report: ThreadReport[0], pool: SharedMark) => void = () => {}) {
  const memory = newMarks();
  const [pool, mark] = [memory, memory].map((each) => new SharedMark(new MarkPage(each), 0));
  if (pool === undefined || mark === undefined) throw new Error('two marks');
  const said: string[] = [];
  const posted: ThreadReport[] = [];
  let handler: Dispatcher.DispatchHandler = {};
  let body: BodyStream | undefined;
  const exchange = new HostedExchange({
    id: 0,
    agent: {
      dispatch: (options, given) => {
        handler = given;
        body = options.body as BodyStream;
        return true;
      },
      close: () => Promise.resolve(),
      destroy: () => Promise.resolve(),
    },
    mark,
    outbox: new TellingOutbox(
      (report) => told(report, pool),
      (parcel) => posted.push(...(parcel as Parcel<ThreadReport>)[0]),
    ),
    blocks: new BlockTable(),
    request: {
      method: 'POST',
      origin: 'http://127.0.0.1',
      path: '/',
      headers: [],
      text: undefined,
      bytes: undefined,
    },
    uploads: true,
    creditBytes: 1_000,
    over: () => said.push('over'),
  });
  exchange.dispatch();
  const start = (): BodyStream => {
    const controller = { abort: () => said.push('aborted'), rawHeaders: null };
    handler.onRequestStart?.(controller as unknown as Dispatcher.DispatchController, null);
    if (body === undefined) throw new Error('nothing was dispatched');
    body.on('end', () => said.push('ended'));
    return body;
  };
  return { exchange, pool, said, posted, start };
}

test('W2 is aborted where it starts as the pool says that it has not', () => {
  const { pool, said, start } = hosted((report, mark) => {
    if (report === 'started') mark.drop();
  });
  start();
  expect([said, pool.headSent]).toEqual([['aborted'], false]);
});

test('U9 is aborted before the transport gets bytes that the pool has not counted', () => {
  const { exchange, pool, said, start } = hosted();
  const body = start();
  body.read(0);
  exchange.chunk(Buffer.from('counted'));
  expect([pool.passedSince(0), said]).toEqual([7, []]);
  body.read();
  body.read(0);
  pool.drop();
  exchange.chunk(Buffer.from('too late'));
  expect(said).toEqual(['aborted', 'over']);
});

test('W2 is aborted before the transport sends the head of a body that is empty', async () => {
  const { exchange, pool, said, start } = hosted();
  start().read(0);
  exchange.finish();
  pool.drop();
  await new Promise((resolve) => setImmediate(resolve));
  expect(said).toEqual(['aborted', 'over', 'ended']);
});

test('U2 tells of room at once when it has nothing more to write, else of all of it together', async () => {
  const { exchange, posted, start } = hosted();
  const body = start();
  body.read(0);
  await new Promise((resolve) => setImmediate(resolve));
  const reports = (): string[] => posted.splice(0).map(([type]) => type);
  expect(reports()).toEqual(['started']);
  for (let piece = 0; piece < 3; piece += 1) exchange.chunk(Buffer.alloc(65_536));
  expect(reports()).toEqual(['passed']);
  // It asks for the next one before it gives the first.
  body.read();
  expect(reports()).toEqual([]);
  body.read();
  expect(reports()).toEqual(['passed']);
  await new Promise((resolve) => setImmediate(resolve));
  expect(reports()).toEqual([]);
});
