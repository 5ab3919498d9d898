/**
 * The small requests beside the uploads: buffered, all handed to the pool at once, the pool decides
 * who runs and who waits.
 *
 * Invariant: each response is checked by its own content, so that two swapped answers show.
 */

import { RequestError } from '../../src/index.ts';
import type { Act, Target } from './pipeline.ts';
import type { Track } from './progress.ts';

interface Outcome {
  readonly right: boolean;
  readonly ended: string;
  readonly up: number;
  readonly down: number;
}

/** Runs them; `enter` writes the one row and the claim. */
export async function runSmall(act: Act, target: Target, track: Track) {
  const startedMs = performance.now();
  const outcomes = await Promise.all(
    Array.from({ length: track.total }, async (_, n) => {
      const outcome = await runOne(act, target, n);
      track.done += 1;
      return outcome;
    }),
  );
  const ms = performance.now() - startedMs;
  return { enter: () => enter(act, outcomes, ms) };
}

async function runOne({ pool }: Act, target: Target, n: number): Promise<Outcome> {
  const sent = target.kind === 'echo' ? `small request ${n}` : '';
  const handle =
    target.kind === 'echo'
      ? pool.post(target.url, { body: sent, headers: { 'accept-encoding': 'identity' } })
      : pool.get(`${target.server.origin}/small/${n}`);
  const wanted = target.kind === 'echo' ? sent : JSON.stringify({ n, square: n * n });
  try {
    const response = await pool.await(handle);
    const right = response.status === 200 && response.text() === wanted;
    const ended = right ? 'done' : `wrong answer, status ${response.status}`;
    return { right, ended, up: sent.length, down: response.body.length };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    return { right: false, ended: error.code, up: 0, down: 0 };
  }
}

function enter({ ledger }: Act, outcomes: readonly Outcome[], ms: number): void {
  const right = outcomes.filter((outcome) => outcome.right).length;
  const kinds = Map.groupBy(outcomes, (outcome) => outcome.ended);
  const all = right === outcomes.length;
  ledger.claim(
    `small: all ${outcomes.length} got their own answer`,
    all,
    Object.fromEntries([...kinds].map(([ended, list]) => [ended, list.length])),
  );
  ledger.row({
    what: `small ×${outcomes.length}`,
    ref: '-',
    outcome: [...kinds.keys()].join(', '),
    worker: undefined,
    up: outcomes.reduce((sum, { up }) => sum + up, 0),
    down: outcomes.reduce((sum, { down }) => sum + down, 0),
    ms,
    checksum: all ? 'every body ok' : `${right} bodies ok`,
  });
}
