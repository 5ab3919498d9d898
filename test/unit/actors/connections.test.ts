/** What a worker has open and running, by origin. */

import { expect, test } from 'vitest';
import { Connections } from '../../../src/actors/connections.ts';

const A = 'http://a.test';
const B = 'http://b.test';

test('a connection is idle while fewer requests run than connections are open', () => {
  const connections = new Connections();
  const seen = [connections.hasIdle(A)];
  const note = (): number => seen.push(connections.hasIdle(A));
  connections.started(A);
  note();
  connections.opened(A);
  note();
  connections.ended(A);
  note();
  connections.started(A);
  note();
  expect(seen).toEqual([false, false, false, true, false]);
});

test('origins do not mix', () => {
  const connections = new Connections();
  connections.opened(A);
  connections.started(B);
  expect([connections.hasIdle(A), connections.hasIdle(B)]).toEqual([true, false]);
});

test('an origin is forgotten with its last connection and its last request, in either order', () => {
  for (const closedFirst of [true, false]) {
    const connections = new Connections();
    connections.started(A);
    connections.opened(A);
    if (closedFirst) connections.closed(A);
    else connections.ended(A);
    expect(connections.origins).toBe(1);
    if (closedFirst) connections.ended(A);
    else connections.closed(A);
    expect(connections.origins).toBe(0);
  }
});
