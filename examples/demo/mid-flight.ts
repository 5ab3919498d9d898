/**
 * Opens exchanges and brings each to a known place in the middle: downloads that have their head
 * and a first line, uploads of which half went up and came back.
 *
 * Invariant: nothing of it can end by itself before `release` is called.
 */

import type { DoneMessage, ErrorMessage } from '../../src/index.ts';
import { gatedBytes, MIB, masked, sameBytes } from './bytes.ts';
import { type Row, shortRef } from './ledger.ts';
import type { Act } from './pipeline.ts';
import type { DemoServer } from './server-process.ts';
import { outcome, transfer, transferRow } from './transfer.ts';

export interface Ended {
  readonly id: string;
  readonly outcome: string;
  readonly worker: number | undefined;
  /** Whether everything that was to come did come. */
  readonly whole: boolean;
  readonly row: Row;
}

export interface Flight {
  /** One promise per exchange; none rejects. */
  readonly ended: readonly Promise<Ended>[];
  /** Lets everything still alive run to its end. */
  release(): void;
}

const DOWNLOADS = 4;
const UPLOADS = 2;
const UPLOAD_BYTES = 2 * MIB;

/** Resolves when all of it is in the middle. */
export async function openMidFlight(act: Act, server: DemoServer): Promise<Flight> {
  const gate = Promise.withResolvers<void>();
  const opened = [
    ...Array.from({ length: DOWNLOADS }, (_, index) => openDownload(act, server, `hold-${index}`)),
    ...Array.from({ length: UPLOADS }, (_, index) =>
      openUpload(act, server, {
        id: `half-${index}`,
        gate: gate.promise,
      }),
    ),
  ];
  // An exchange that ends before its middle must not leave the demo waiting for it.
  await Promise.all(opened.map(({ middle, ended }) => Promise.race([middle, ended])));
  return {
    ended: opened.map(({ ended }) => ended),
    release() {
      gate.resolve();
      server.release();
    },
  };
}

interface Opened {
  readonly middle: Promise<void>;
  readonly ended: Promise<Ended>;
}

function openDownload({ pool }: Act, server: DemoServer, id: string): Opened {
  const middle = Promise.withResolvers<void>();
  const handle = pool.get(`${server.origin}/hold/${id}`, { stream: true });
  const read = async (): Promise<Ended> => {
    const decoder = new TextDecoder();
    let text = '';
    let end: DoneMessage | ErrorMessage | undefined;
    for await (const message of pool.messages(handle)) {
      if (message.type === 'status') continue;
      if (message.type === 'data') {
        text += decoder.decode(message.chunk, { stream: true });
        middle.resolve();
      } else end = message;
    }
    const whole = text === 'held\nreleased\n';
    const row: Row = {
      what: `download ${id}`,
      ref: shortRef(handle.ref),
      outcome: outcome(end),
      worker: end?.metrics.worker,
      up: 0,
      down: text.length,
      ms: end?.metrics.total ?? 0,
      checksum: whole ? 'down ok' : 'cut, as it must be',
    };
    return { id, outcome: row.outcome, worker: row.worker, whole, row };
  };
  return { middle: middle.promise, ended: read() };
}

function openUpload(
  { pool }: Act,
  server: DemoServer,
  { id, gate }: { id: string; gate: Promise<void> },
): Opened {
  const middle = Promise.withResolvers<void>();
  const over = Promise.withResolvers<void>();
  const run = async (): Promise<Ended> => {
    const result = await transfer(pool, {
      url: `${server.origin}/xor/${id}`,
      // A sender whose exchange is over has nothing to wait for: its next chunk is refused.
      chunks: gatedBytes(99, UPLOAD_BYTES, Promise.race([gate, over.promise])),
      onEnd: over.resolve,
      transform: masked,
      onProgress(sentBytes, receivedBytes) {
        if (sentBytes === UPLOAD_BYTES / 2 && receivedBytes === sentBytes) middle.resolve();
      },
    });
    const whole = result.sent.bytes === UPLOAD_BYTES && sameBytes(result.received, result.expected);
    const row = transferRow(`upload ${id}`, result, whole ? 'down ok' : 'cut, as it must be');
    return { id, outcome: row.outcome, worker: row.worker, whole, row };
  };
  return { middle: middle.promise, ended: run() };
}
