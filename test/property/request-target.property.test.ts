/** Splitting a URL by hand has to agree with the platform's parser, whatever the URL. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OptionIssue } from '../../src/errors.ts';
import { parseTarget } from '../../src/pool/request-target.ts';

/** What makes URLs hard: dots, escapes, separators, and what has to be encoded or normalized. */
const PIECES = [
  ...[
    '/',
    '//',
    '.',
    '..',
    '/.',
    '/..',
    '/.a',
    'a',
    'B',
    '0',
    '~',
    '_',
    '-',
    '%2e',
    '%41',
    '%',
    '+',
  ],
  ...[
    '?',
    '#',
    '@',
    ':',
    ';',
    '=',
    '&',
    '$',
    '!',
    '*',
    '(',
    ')',
    "'",
    '"',
    '<',
    '>',
    '|',
    '^',
    '`',
  ],
  ...['{', '}', '[', ']', '\\', ' ', 'ü', '😀', 'index.html', '?q=1', '&x=[a]', '{id}'],
];
const path = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((parts) => parts.join(''));
const scheme = fc.constantFrom('http://', 'https://', 'HTTP://', 'http:/', 'ftp://', '');
const host = fc.constantFrom(
  ...['a', 'A.test', 'a.test.', '127.1', '0x7f.1', '1.2.3.4', '1.2.3.4.5', '256.1.1.1', '[::1]'],
  ...['xn--a', 'a_b', '-a', 'a..b', '.', '', 'user@a', 'user:pw@a', 'bücher.test', 'a%41'],
);
const port = fc.constantFrom('', ':', ':80', ':443', ':8080', ':080', ':65535', ':65536', ':x');

test('H1 goes where the URL parser says, for every URL', () => {
  const url = fc.tuple(scheme, host, port, path).map((parts) => parts.join(''));
  fc.assert(
    fc.property(url, (text) => {
      const issues: OptionIssue[] = [];
      const target = parseTarget(text, issues);
      const parsed = URL.parse(text);
      if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
        expect(target).toBeUndefined();
        expect(issues).toHaveLength(1);
      } else {
        expect(target?.origin).toBe(parsed.origin);
        expect(target?.path).toBe(parsed.pathname + parsed.search);
        expect(issues).toEqual([]);
      }
    }),
    { numRuns: 5_000 },
  );
});
