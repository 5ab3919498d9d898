/**
 * A dispatcher that says of a response what undici's types forbid: that exchange ends, at once, and
 * no other is hurt.
 */

import { describe, expect, test } from 'vitest';
import { playedPool } from '../../helpers/connected.ts';
import { endOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import type { LooseHandler } from '../../helpers/scripted-dispatcher.ts';

/** As text it throws. */
const TEXTLESS = Object.create(null);

const BROKEN = {
  get x(): string {
    throw new Error('the header broke');
  },
};

const ODD: readonly (readonly [string, (says: LooseHandler) => void, string])[] = [
  ['a function as a header', (says) => says.head(200, { x: () => {} }), 'function'],
  ['a symbol as a header', (says) => says.head(200, { x: ['a', Symbol('x')] }), 'symbol'],
  ['a header that throws', (says) => says.head(200, BROKEN), 'threw'],
  ['no headers', (says) => says.head(200, undefined), 'undefined'],
  ['a raw header without text', (says) => says.head(200, {}, [TEXTLESS, 'a']), 'threw'],
  ['raw headers of HTTP/2 without text', (says) => says.head(200, {}, { x: TEXTLESS }), 'object'],
  ['a function as status', (says) => says.head(() => {}, {}), 'function'],
  ['a symbol as status', (says) => says.head(Symbol('200'), {}), 'symbol'],
  ['no number as status', (says) => says.head(Number.NaN, {}), 'NaN'],
  ['nothing as data', (says) => afterHead(says).data(undefined), 'undefined'],
  ['an object as data', (says) => afterHead(says).data({}), 'object'],
  ['data before a head', (says) => says.data(Buffer.from('early')), 'head'],
  ['an end before a head', (says) => says.end({}), 'head'],
  ['a function as a trailer', (says) => afterHead(says).end({ x: () => {} }), 'function'],
  ['trailers that are none', (says) => afterHead(says).end('x'), 'string'],
];

function afterHead(says: LooseHandler): LooseHandler {
  says.head(200, {});
  return says;
}

describe.each(['here', 'in another thread'])('H3 a dispatcher asked %s', (where) => {
  test.each(ODD)('that says %s ends that exchange and no other', async (_odd, words, what) => {
    await using played = playedPool();
    using seen = collectUnhandled();
    const { pool, connected, dispatcher } = played;
    const calls = where === 'here' ? pool : connected;
    for (const stream of [false, true]) {
      const odd = calls.get('http://peer.test/odd', { stream });
      const wire = await dispatcher.begun();
      const other = calls.get('http://peer.test/other', { stream });
      const otherWire = await dispatcher.begun();
      otherWire.head(200, { a: 'b' });
      wire.say(words);
      otherWire.data('text');
      otherWire.end();
      const { error } = await failureOf(calls, odd);
      expect(error.code).toBe('ERR_PROTOCOL');
      expect(String(error.cause)).toMatch(/^Error: bad response: /);
      expect(String(error.cause)).toContain(what);
      expect(wire.aborted).toBe(true);
      expect(await endOf(calls, other)).toMatchObject({ type: 'done' });
    }
    await settled();
    expect([seen.exceptions, seen.rejections]).toEqual([[], []]);
    expect(pool.stats()).toMatchObject({ workers: [{ restarts: 0, state: 'up' }] });
    expect(gaugesOf(pool)).toEqual(IDLE);
  });

  test.each([false, true])(
    'M6 that gives text as data gives its UTF-8 (stream: %s)',
    async (stream) => {
      await using played = playedPool();
      const calls = where === 'here' ? played.pool : played.connected;
      const handle = calls.get('http://peer.test/', { stream });
      const wire = await played.dispatcher.begun();
      wire.say((says) => {
        afterHead(says);
        for (const chunk of ['', 'täglich ', '']) says.data(chunk);
        says.data(Buffer.from('Brot'));
        says.end({});
      });
      const response = await calls.await(handle);
      expect(response.text()).toBe('täglich Brot');
      expect(response.metrics.bytesReceived).toBe(13);
    },
  );

  test('N12 that says headers in other words is taken at them', async () => {
    await using played = playedPool();
    const calls = where === 'here' ? played.pool : played.connected;
    const handle = calls.get('http://peer.test/');
    const wire = await played.dispatcher.begun();
    wire.say((says) => {
      says.head(200, { age: 5, gone: undefined, many: ['a', 'b'], __proto__: null }, ['Age', 5]);
      says.end(null);
    });
    expect(await calls.await(handle)).toMatchObject({
      headers: { age: '5', many: ['a', 'b'] },
      rawHeaders: ['Age', '5'],
      trailers: {},
    });
  });
});
