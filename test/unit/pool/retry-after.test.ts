/** `Retry-After` in its two forms, and all that is neither. */

import { expect, test } from 'vitest';
import { retryAfterMs } from '../../../src/pool/retry-after.ts';

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0);
const MINUTE = 60_000;

const after = (value: string | readonly string[], date?: string): number | undefined =>
  retryAfterMs({ 'retry-after': value, ...(date === undefined ? {} : { date }) }, NOW);

test.each([
  ['0', 0],
  ['120', 120_000],
  ['31536000', 31_536_000_000],
])('%s is so many seconds', (value, ms) => {
  expect(after(value)).toBe(ms);
});

test.each([
  ['an IMF-fixdate', 'Sat, 21 Nov 2026 12:01:00 GMT'],
  ['an RFC 850 date', 'Saturday, 21-Nov-26 12:01:00 GMT'],
  ['an asctime date', 'Sat Nov 21 12:01:00 2026'],
])('%s is the time until then', (_form, value) => {
  expect(after(value)).toBe(MINUTE);
});

test('an asctime date may have a day of one digit, and a date a leap second', () => {
  expect(after('Tue Dec  1 12:00:00 2026')).toBe(10 * 24 * 60 * MINUTE);
  expect(after('Sat, 21 Nov 2026 12:00:60 GMT')).toBe(MINUTE);
});

test('a date is compared with the date of the response, whatever the clock here says', () => {
  expect(after('Sat, 21 Nov 2026 15:01:00 GMT', 'Sat, 21 Nov 2026 15:00:00 GMT')).toBe(MINUTE);
  expect(after('Sat, 21 Nov 2026 12:01:00 GMT', 'yesterday')).toBe(MINUTE);
});

test('a date that has passed asks for no wait', () => {
  expect(after('Sat, 21 Nov 2026 11:00:00 GMT')).toBe(0);
  expect(after('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(0);
});

test.each([
  '',
  '-1',
  '+1',
  '1.5',
  '1e3',
  '0x10',
  ' 5',
  '5 ',
  '5s',
  'Infinity',
  'soon',
  '2026-11-21T12:01:00Z',
  '21 Nov 2026 12:01:00 GMT',
  'Sat, 21 Nov 2026 12:01:00',
  'Sat, 21 Nov 2026 12:01:00 CET',
  'sat, 21 nov 2026 12:01:00 gmt',
  'Sat, 31 Nov 2026 12:01:00 GMT',
  'Sat, 00 Nov 2026 12:01:00 GMT',
  'Sat, 21 Nov 2026 24:00:00 GMT',
  'Sat, 21 Nov 2026 12:60:00 GMT',
  'Sat, 21 Nov 2026 12:01:61 GMT',
  'Sat, 21 Nov 2026 12:01:00 GMT, 5',
])('%j is ignored', (value) => {
  expect(after(value)).toBeUndefined();
});

test('a field that is absent or repeated is ignored', () => {
  expect(retryAfterMs({}, NOW)).toBeUndefined();
  expect(after(['1', '2'])).toBeUndefined();
});
