/**
 * Act 1: large uploads stream up while their answers stream down, with many small requests beside
 * them, all over one pool.
 *
 * Invariant: every byte is checked at both ends. Against a user's own endpoint (`server` absent)
 * only what came back can be checked, and it must equal what was sent.
 */

import type { Pool } from '../../src/index.ts';
import { MIB, masked, sameBytes, testBytes } from './bytes.ts';
import type { Ledger } from './ledger.ts';
import type { DemoOptions } from './options.ts';
import { showProgress, type Track } from './progress.ts';
import type { DemoServer } from './server-process.ts';
import { runSmall } from './small.ts';
import { outcome, type TransferResult, transfer, transferRow } from './transfer.ts';

export interface Act {
  readonly pool: Pool;
  readonly ledger: Ledger;
}

/** Where the pipeline sends to: the demo's own server, or an echo endpoint. */
export type Target =
  | { readonly kind: 'demo'; readonly server: DemoServer }
  | { readonly kind: 'echo'; readonly url: string };

export async function runPipeline(act: Act, options: DemoOptions, target: Target): Promise<void> {
  const uploadBytes = options.uploadMib * MIB;
  const tracks = Array.from({ length: options.uploads }, (_, index): Track => {
    return { label: `upload ${index + 1}`, total: uploadBytes, unit: 'bytes', done: 0, down: 0 };
  });
  const smallTrack: Track = {
    label: 'small',
    total: options.small,
    unit: 'requests',
    done: 0,
    down: undefined,
  };
  const progress = showProgress([...tracks, smallTrack]);
  try {
    const uploads = tracks.map(async (track, index) => {
      const result = await transfer(act.pool, {
        url:
          target.kind === 'echo' ? target.url : `${target.server.origin}/xor/upload-${index + 1}`,
        chunks: testBytes(index + 1, uploadBytes),
        transform: target.kind === 'echo' ? (chunk) => chunk : masked,
        onProgress(sentBytes, receivedBytes) {
          track.done = sentBytes;
          track.down = receivedBytes;
        },
      });
      return { track, result, id: `upload-${index + 1}` };
    });
    const [transfers, small] = await Promise.all([
      Promise.all(uploads),
      runSmall(act, target, smallTrack),
    ]);
    progress.stop();
    for (const { track, result, id } of transfers) await enter(act, target, { track, result, id });
    small.enter();
  } finally {
    progress.stop();
  }
}

interface Finished {
  readonly track: Track;
  readonly result: TransferResult;
  readonly id: string;
}

async function enter({ ledger }: Act, target: Target, { track, result, id }: Finished) {
  const { label } = track;
  const down = sameBytes(result.received, result.expected) && result.sent.bytes === track.total;
  const ended = outcome(result.end) === 'done' && result.status === 200 && result.ends === 1;
  ledger.claim(`${label}: ends in one done with status 200`, ended, {
    outcome: outcome(result.end),
    status: result.status,
    terminalMessages: result.ends,
  });
  ledger.claim(`${label}: what came down is what had to`, down, result);
  if (target.kind === 'echo') {
    ledger.row(transferRow(label, result, down ? 'down ok' : 'MISMATCH'));
    return;
  }
  const report = await target.server.report(id);
  const up = sameBytes(report, result.sent) && report.body === 'whole';
  ledger.claim(`${label}: the server saw every byte of it`, up, report);
  ledger.claim(
    `${label}: bytes came down while it was still going up`,
    result.receivedBeforeFinish > 0,
    result.receivedBeforeFinish,
  );
  ledger.claim(
    `${label}: upload reported complete, ended by its caller`,
    result.end?.upload?.complete === true && result.end.upload.endedBy === 'caller',
    result.end?.upload,
  );
  ledger.row(transferRow(label, result, up && down ? 'up ok, down ok' : 'MISMATCH'));
}
