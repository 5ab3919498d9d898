/** A source that is read in another thread. */

import { expect, test } from 'vitest';
import { RemoteSource } from '../../../../src/pool/port/remote-source.ts';

function source(): { readonly remote: RemoteSource; readonly reports: string[] } {
  const reports: string[] = [];
  const remote = new RemoteSource({
    wanted: () => void reports.push('wanted'),
    unwanted: () => void reports.push('unwanted'),
    took: (bytes) => void reports.push(`took ${bytes}`),
  });
  return { remote, reports };
}

test('H1 asks for the first chunk when it is read, and says what it took', async () => {
  const { remote, reports } = source();
  remote.push(new Uint8Array(9));
  expect(reports).toEqual([]);
  const iterator = remote[Symbol.asyncIterator]();
  const first = iterator.next();
  expect(reports).toEqual(['wanted']);
  remote.push(new Uint8Array(3));
  expect(await first).toEqual({ done: false, value: new Uint8Array(3) });
  remote.push(new Uint8Array(4));
  expect(reports).toEqual(['wanted', 'took 3']);
  remote.finish();
  expect(await iterator.next()).toEqual({ done: false, value: new Uint8Array(4) });
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  expect(reports).toEqual(['wanted', 'took 3', 'took 4']);
});

test('a source that failed there throws here, after what came before', async () => {
  const { remote } = source();
  const iterator = remote[Symbol.asyncIterator]();
  remote.push(new Uint8Array(1));
  remote.fail();
  expect((await iterator.next()).done).toBe(false);
  await expect(iterator.next()).rejects.toThrow('failed in the thread of its caller');
});

test('whoever stops reading says so once, and gets nothing more', async () => {
  const { remote, reports } = source();
  const iterator = remote[Symbol.asyncIterator]();
  const waiting = iterator.next();
  await iterator.return?.();
  await iterator.return?.();
  expect(await waiting).toEqual({ done: true, value: undefined });
  remote.push(new Uint8Array(1));
  expect(await iterator.next()).toEqual({ done: true, value: undefined });
  expect(reports).toEqual(['wanted', 'unwanted']);
});
