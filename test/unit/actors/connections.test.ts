/** What a worker has open and running, by origin. */

import { expect, test } from 'vitest';
import { Connections } from '../../../src/actors/connections.ts';

const A = 'http://a.test';
const B = 'http://b.test';

test('an origin that nothing was ever sent to has no standing', () => {
  expect(new Connections().standing(A)).toBe('none');
});

test('a connection is idle while fewer requests run than connections are open', () => {
  const connections = new Connections();
  const seen: string[] = [];
  const note = (): number => seen.push(connections.standing(A));
  connections.started(A);
  note();
  connections.opened(A);
  note();
  connections.ended(A);
  note();
  connections.started(A);
  note();
  expect(seen).toEqual(['busy', 'busy', 'idle', 'busy']);
});

test('origins do not mix', () => {
  const connections = new Connections();
  connections.opened(A);
  connections.started(B);
  expect([connections.standing(A), connections.standing(B)]).toEqual(['idle', 'busy']);
});

test('an origin is forgotten with its last connection and its last request, in either order', () => {
  for (const steps of [
    ['closed', 'ended'],
    ['ended', 'closed'],
  ] as const) {
    const connections = new Connections();
    connections.started(A);
    connections.opened(A);
    const [first, last] = steps.map((step) => () => {
      if (step === 'closed') connections.closed(A);
      else connections.ended(A);
    });
    first?.();
    expect(connections.standing(A)).not.toBe('none');
    last?.();
    expect(connections.standing(A)).toBe('none');
  }
});
