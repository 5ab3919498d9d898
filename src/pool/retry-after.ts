/**
 * `Retry-After`: how long a response asks to be left alone (RFC 9110, 10.2.3).
 *
 * A date is compared with the response's own `date` where it has one, so that the clocks of the two
 * sides need not agree. Whatever is not exactly a number of seconds or an HTTP-date is ignored.
 */

import type { ResponseHeaders } from '../messages.ts';
import { own } from '../own-options.ts';

/** Milliseconds from the response on; `undefined` without a valid field. `wallMs`: since 1970. */
export function retryAfterMs(headers: ResponseHeaders, wallMs: number): number | undefined {
  const value = own(headers, 'retry-after');
  if (typeof value !== 'string') return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const untilMs = httpDateMs(value, wallMs);
  if (untilMs === undefined) return undefined;
  const date = own(headers, 'date');
  const sinceMs = typeof date === 'string' ? httpDateMs(date, wallMs) : undefined;
  return Math.max(0, untilMs - (sinceMs ?? wallMs));
}

const DAY = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)';
const LONG_DAY = '(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const MONTH = `(?<month>${MONTHS.join('|')})`;
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)';

/** The three forms that a recipient has to understand (RFC 9110, 5.6.7). */
const HTTP_DATES = [
  `${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} GMT`,
  `${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} GMT`,
  `${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`));

function httpDateMs(text: string, wallMs: number): number | undefined {
  const groups = HTTP_DATES.map((form) => form.exec(text)?.groups).find(Boolean);
  if (groups === undefined) return undefined;
  const { day, month, year, hour, minute, second } = groups;
  const parts = [MONTHS.indexOf(month ?? ''), Number(day), Number(hour), Number(minute)] as const;
  const dateMs = Date.UTC(fullYear(year ?? '', wallMs), ...parts, Number(second));
  return isReal(dateMs, parts, Number(second)) ? dateMs : undefined;
}

/** Two digits that seem more than 50 years ahead are of the century before. */
function fullYear(digits: string, wallMs: number): number {
  if (digits.length === 4) return Number(digits);
  const thisYear = new Date(wallMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(digits);
  return year > thisYear + 50 ? year - 100 : year;
}

/** Whether there is such a day and time: `Date.UTC` makes 2 March of 30 February. */
function isReal(
  dateMs: number,
  [month, day, hour, minute]: readonly [number, number, number, number],
  second: number,
): boolean {
  // A leap second is one of the next minute here.
  const date = new Date(second === 60 ? dateMs - 1000 : dateMs);
  return (
    date.getUTCMonth() === month &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute
  );
}
