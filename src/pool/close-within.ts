/** Closing with patience: what has not ended when the time is over is destroyed (P1). */

import type { Clock } from '../clock.ts';
import { type Check, checkedCall, zeroOrMore } from './validate.ts';

export interface CloseOptions {
  /** In milliseconds; by default without end. */
  readonly timeout?: number | undefined;
}

/** What is closed. */
export interface Closable {
  readonly clock: Clock;
  close(): Promise<void>;
  destroy(reason: unknown): Promise<void>;
}

/** Checks the options, closes, and destroys when that takes too long. */
export async function closeWithin(options: CloseOptions, closable: Closable): Promise<void> {
  const { timeout = Number.POSITIVE_INFINITY } = checkedCall(options, CLOSE_CHECKS);
  const { clock } = closable;
  const timer =
    timeout === Number.POSITIVE_INFINITY
      ? undefined
      : clock.setTimeout(() => void closable.destroy(undefined), timeout);
  await closable.close();
  if (timer !== undefined) clock.clearTimeout(timer);
}

const CLOSE_CHECKS: Readonly<Record<string, Check>> = { timeout: zeroOrMore };
