/** Waits in turns of the event loop for what has to come. */

import { AssertionError } from 'node:assert';
import { settled } from '../../helpers/leaks.ts';

/** How long the end of a caller, of a connection or of a pool may take on a busy machine. */
const PATIENCE_MS = 10_000;

/** Resolves when it is so; fails with `otherwise` when that takes too long. */
export async function until(isSo: () => boolean, otherwise: string): Promise<void> {
  const patienceMs = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > patienceMs) throw new AssertionError({ message: otherwise });
    await settled(1);
  }
}
