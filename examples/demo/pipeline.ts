/**
 * Act 1: large uploads stream up while their answers stream down, with many small requests beside
 * them, all over one pool.
 *
 * Invariant: every byte is checked at both ends. Against a user's own endpoint (`server` absent)
 * only what came back can be checked, and it must equal what was sent.
 */

import type { Pool } from '../../src/index.ts';
import { gatedBytes, MIB, masked, sameBytes, testBytes } from './bytes.ts';
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
    const uploads = tracks.map((track, index) => runUpload(act, target, { track, index }));
    const [finished, small] = await Promise.all([
      Promise.all(uploads),
      runSmall(act, target, smallTrack),
    ]);
    progress.stop();
    await enter(act, target, finished);
    small.enter();
  } finally {
    progress.stop();
  }
}

interface Finished {
  readonly track: Track;
  readonly result: TransferResult;
  /** What came back is what had to, and all of it was sent. */
  readonly downRight: boolean;
}

async function runUpload(
  { pool }: Act,
  target: Target,
  { track, index }: { readonly track: Track; readonly index: number },
): Promise<Finished> {
  const echo = target.kind === 'echo';
  const cameDown = Promise.withResolvers<void>();
  const result = await transfer(pool, {
    url: echo ? target.url : `${target.server.origin}/xor/${idOf(track)}`,
    // Socket buffers could swallow an upload before its answer starts; the second half goes up only
    // once bytes have come down. Not every echo endpoint answers before it has read everything.
    chunks: echo
      ? testBytes(index + 1, track.total)
      : gatedBytes(index + 1, track.total, cameDown.promise),
    transform: echo ? (chunk) => chunk : masked,
    onProgress(sentBytes, receivedBytes) {
      track.done = sentBytes;
      track.down = receivedBytes;
      if (receivedBytes > 0) cameDown.resolve();
    },
    onEnd: cameDown.resolve,
  });
  const downRight =
    sameBytes(result.received, result.expected) && result.sent.bytes === track.total;
  return { track, result, downRight };
}

/** The claims, each over all uploads; what is shown of a broken one are the uploads that broke it. */
async function enter(act: Act, target: Target, finished: readonly Finished[]): Promise<void> {
  const { ledger } = act;
  const claimAll = (text: string, holds: (one: Finished) => boolean) => {
    const broken = finished.filter((one) => !holds(one));
    ledger.claim(
      `uploads: each of ${finished.length} ${text}`,
      broken.length === 0,
      broken.map(summary),
    );
  };
  claimAll('ended in one done with status 200', ({ result }) => {
    return outcome(result.end) === 'done' && result.ends === 1 && result.status === 200;
  });
  claimAll('came down as it had to, byte for byte', (one) => one.downRight);
  claimAll("is reported complete, endedBy 'caller'", ({ result }) => {
    return result.end?.upload?.complete === true && result.end.upload.endedBy === 'caller';
  });
  if (target.kind === 'echo') {
    for (const { track, result, downRight } of finished) {
      ledger.row(transferRow(track.label, result, downRight ? 'down ok' : 'MISMATCH'));
    }
    return;
  }
  claimAll(
    'came down while it was still going up',
    ({ result }) => result.receivedBeforeFinish > 0,
  );
  const seen = new Map<Finished, boolean>();
  for (const one of finished) {
    const report = await target.server.report(idOf(one.track));
    const upRight = sameBytes(report, one.result.sent) && report.body === 'whole';
    seen.set(one, upRight);
    const checksum = upRight && one.downRight ? 'up ok, down ok' : 'MISMATCH';
    ledger.row(transferRow(one.track.label, one.result, checksum));
  }
  claimAll('reached the server whole, byte for byte', (one) => seen.get(one) === true);
}

function summary({ track, result }: Finished) {
  const { status, sent, expected, received, end } = result;
  return {
    upload: track.label,
    outcome: outcome(end),
    status,
    end: end?.upload,
    sent,
    expected,
    received,
  };
}

function idOf(track: Track): string {
  return track.label.replace(' ', '-');
}
