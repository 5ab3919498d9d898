/** Waits in turns of the event loop for what has to come. */

import { AssertionError } from 'node:assert';
import { settled } from './leaks.ts';

/** How long the start or the end of a thread, a connection or a pool may take on a busy machine. */
const PATIENCE_MS = 10_000;

/** Resolves when it is so; fails with `otherwise` when that takes too long. */
export async function until(
  isSo: () => boolean,
  otherwise: string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const untilMs = performance.now() + patienceMs;
  while (!isSo()) {
    if (performance.now() > untilMs) throw new AssertionError({ message: otherwise });
    await settled(1);
  }
}
