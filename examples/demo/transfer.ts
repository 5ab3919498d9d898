/**
 * One bidirectional exchange: chunks go up by `sendBody` while the answer comes down by `messages`.
 *
 * Invariant: both directions run at the same time and both have ended when `transfer` resolves.
 * A failure of the exchange is a result, not an exception.
 */

import type { AsyncHandle, DoneMessage, ErrorMessage, Pool } from '../../src/index.ts';
import { type Digest, Tally } from './bytes.ts';
import { type Row, shortRef } from './ledger.ts';

export interface TransferPlan {
  readonly url: string;
  /** One-shot; its buffer may be reused from chunk to chunk. */
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** What the server is to make of each chunk. */
  readonly transform: (chunk: Uint8Array) => Uint8Array;
  readonly caller?: AbortSignal;
  readonly onProgress?: (sentBytes: number, receivedBytes: number) => void;
  /** The terminal message came; the chunks may still be waiting for something. */
  readonly onEnd?: () => void;
}

export interface TransferResult {
  readonly ref: string;
  readonly status: number | undefined;
  /** The terminal message; more than one would be a defect and is counted in `ends`. */
  readonly end: DoneMessage | ErrorMessage | undefined;
  readonly ends: number;
  /** Chunks that `sendBody` answered `true` for. */
  readonly sent: Digest;
  /** What must come back for them. */
  readonly expected: Digest;
  readonly received: Digest;
  /** Bytes that had come down before the upload was finished. */
  readonly receivedBeforeFinish: number;
  /** Whether `sendBody` answered `false` before the chunks ran out. */
  readonly refused: boolean;
}

export async function transfer(pool: Pool, plan: TransferPlan): Promise<TransferResult> {
  const handle = pool.post(plan.url, {
    stream: true,
    streamBody: true,
    headers: { 'content-type': 'application/octet-stream', 'accept-encoding': 'identity' },
    ...(plan.caller === undefined ? {} : { caller: plan.caller }),
  });
  const sent = new Tally();
  const expected = new Tally();
  const received = new Tally();
  const progress = () => plan.onProgress?.(sent.bytes, received.bytes);
  let receivedBeforeFinish = 0;

  const send = async (): Promise<boolean> => {
    for await (const chunk of plan.chunks) {
      if (!(await pool.sendBody(handle, chunk))) return false;
      sent.add(chunk);
      expected.add(plan.transform(chunk));
      progress();
    }
    receivedBeforeFinish = received.bytes;
    return await pool.finishBody(handle);
  };

  const [accepted, read] = await Promise.all([
    send(),
    receive(pool, handle, (chunk) => {
      received.add(chunk);
      progress();
    }).finally(() => plan.onEnd?.()),
  ]);
  return {
    ref: handle.ref,
    ...read,
    sent: sent.digest(),
    expected: expected.digest(),
    received: received.digest(),
    receivedBeforeFinish,
    refused: !accepted,
  };
}

/** `done`, or the code of the error. */
export function outcome(end: DoneMessage | ErrorMessage | undefined): string {
  if (end === undefined) return 'no terminal message';
  return end.type === 'done' ? 'done' : end.error.code;
}

/** The table's row for a transfer. */
export function transferRow(what: string, result: TransferResult, checksum: string): Row {
  return {
    what,
    ref: shortRef(result.ref),
    outcome: outcome(result.end),
    worker: result.end?.metrics.worker,
    up: result.sent.bytes,
    down: result.received.bytes,
    ms: result.end?.metrics.total ?? 0,
    checksum,
  };
}

async function receive(pool: Pool, handle: AsyncHandle, onData: (chunk: Uint8Array) => void) {
  let status: number | undefined;
  let end: DoneMessage | ErrorMessage | undefined;
  let ends = 0;
  for await (const message of pool.messages(handle)) {
    if (message.type === 'status') status = message.status;
    else if (message.type === 'data') onData(message.chunk);
    else {
      end = message;
      ends += 1;
    }
  }
  return { status, end, ends };
}
