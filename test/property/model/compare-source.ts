/** The differences between what the pool has to do with the source of a body and what it did. */

import type { ExpectedExchange } from './expected-exchange.ts';
import type { RealExchange } from './real-exchange.ts';
import type { Differences } from './settle.ts';

export function compareSource(
  { id, spec, source: expected, upload }: ExpectedExchange,
  { source }: RealExchange,
  { missing, wrong }: Differences,
): void {
  if (source === undefined || expected === undefined) return;
  const { isRead, isEnded } = expected;
  if (source.isRead && !isRead) wrong.push(`H1 the source of ${id} is read before its time`);
  if (isRead && !source.isRead) missing.push(`U2 the source of ${id} is not read`);
  if (isEnded) return;
  const isWanted = upload?.state === 'open';
  // What nobody has begun to read has nothing to close, if it is no stream.
  const isOpen = isRead || spec.source === 'stream' || spec.source === 'web';
  if (isWanted && source.isClosed) wrong.push(`U2 the source of ${id} is given up`);
  if (!isWanted && isOpen && !source.isClosed) missing.push(`U3 the source of ${id} is left open`);
}
