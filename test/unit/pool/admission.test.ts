/** Who runs now and who waits, without a pool around it. */

import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { AdmissionStage, type Applied } from '../../helpers/admission-stage.ts';

const OFF = Number.POSITIVE_INFINITY;
const tenants = (weights: Readonly<Record<string, number>>) =>
  new Map(Object.entries(weights).map(([name, weight]) => [name, { weight, rate: undefined }]));

describe('the order of those who wait', () => {
  test('H9 lets tenants take turns by weight, however many of one wait', () => {
    const stage = new AdmissionStage({ maxInFlight: 1, tenants: tenants({ big: 3, small: 1 }) });
    stage.apply('running');
    for (let n = 0; n < 9; n += 1) stage.apply('big', { tenant: 'big' });
    for (let n = 0; n < 3; n += 1) stage.apply('small', { tenant: 'small' });
    for (let n = 0; n < 12; n += 1) stage.endOne();
    const first = stage.started.slice(1, 9);
    expect(first.filter((name) => name === 'big')).toHaveLength(6);
    expect(first.filter((name) => name === 'small')).toHaveLength(2);
  });

  test('H9 serves the one exchange of a tenant at once, behind 100 000 of another', () => {
    const stage = new AdmissionStage({ maxInFlight: 1 });
    for (let n = 0; n < 100_001; n += 1) stage.apply('many', { tenant: 'many' });
    stage.endOne();
    stage.apply('single', { tenant: 'other' });
    stage.endOne();
    stage.endOne();
    expect(stage.started).toEqual(['many', 'many', 'single', 'many']);
  });

  test('H9 gives a tenant that was away no turns that it has saved up', () => {
    const stage = new AdmissionStage({ maxInFlight: 1 });
    for (let n = 0; n < 20; n += 1) stage.apply('a', { tenant: 'a' });
    for (let n = 0; n < 10; n += 1) stage.endOne();
    for (let n = 0; n < 10; n += 1) stage.apply('b', { tenant: 'b' });
    for (let n = 0; n < 8; n += 1) stage.endOne();
    expect(stage.started.slice(-8).filter((name) => name === 'b')).toHaveLength(4);
  });

  test('H9 serves the higher priority first, and one more for each second waited', () => {
    const stage = new AdmissionStage({ maxInFlight: 1 });
    stage.apply('running');
    stage.apply('low', { priority: 0 });
    stage.clock.advance(1_999);
    stage.apply('soon', { priority: 2 });
    stage.clock.advance(2);
    stage.apply('late', { priority: 2 });
    for (let n = 0; n < 3; n += 1) stage.endOne();
    expect(stage.started).toEqual(['running', 'soon', 'low', 'late']);
  });

  test('H9 serves equals in the order in which they came', () => {
    const stage = new AdmissionStage({ maxInFlight: 1 });
    for (let n = 0; n < 5; n += 1) stage.apply(String(n), { origin: `http://${n % 2}` });
    for (let n = 0; n < 4; n += 1) stage.endOne();
    expect(stage.started).toEqual(['0', '1', '2', '3', '4']);
  });

  test('H9 takes new weights for those who wait already', () => {
    const stage = new AdmissionStage({ maxInFlight: 1 });
    stage.apply('running');
    for (let n = 0; n < 20; n += 1)
      for (const tenant of ['a', 'b']) stage.apply(tenant, { tenant });
    stage.change({ tenants: tenants({ a: 4 }) });
    for (let n = 0; n < 20; n += 1) stage.endOne();
    expect(stage.started.filter((name) => name === 'a')).toHaveLength(16);
  });

  test('W2 serves those that lost their worker before all others', () => {
    const stage = new AdmissionStage({ maxInFlight: 2, tenants: tenants({ heavy: 1000 }) });
    const lost = [stage.apply('one'), stage.apply('two')];
    stage.apply('heavy', { tenant: 'heavy', priority: 1e9 });
    for (const slot of stage.slots) slot.state = 'restarting';
    for (const item of lost) if (item !== undefined) stage.comeBack(item);
    expect(stage.admission.queued).toBe(3);
    for (const slot of stage.slots) slot.state = 'up';
    stage.admission.pump();
    stage.endOne();
    expect(stage.started).toEqual(['one', 'two', 'one', 'two', 'heavy']);
  });

  test('W2 lets nobody that comes back past another that did', () => {
    const stage = new AdmissionStage({ maxInFlight: 2 });
    const lost = [stage.apply('one'), stage.apply('two')];
    for (const slot of stage.slots) slot.state = 'restarting';
    if (lost[0] !== undefined) stage.comeBack(lost[0]);
    // The worker is up again, and the turn of those who wait not yet come.
    for (const slot of stage.slots) slot.state = 'up';
    if (lost[1] !== undefined) stage.comeBack(lost[1]);
    stage.admission.pump();
    expect(stage.started).toEqual(['one', 'two', 'one', 'two']);
  });

  test('W2 gives the share of an origin that one comes back from to who can use it', () => {
    const limited = new Map([['slow', { weight: 1, rate: { limit: 1, interval: 1_000 } }]]);
    const stage = new AdmissionStage({ maxPerOrigin: 1, tenants: limited }, 2);
    const lost = stage.apply('lost', { tenant: 'slow' });
    stage.apply('next');
    expect(stage.admission.queued).toBe(1);
    if (lost !== undefined) stage.comeBack(lost);
    expect(stage.started).toEqual(['lost', 'next']);
    stage.endOne();
    stage.clock.advance(1_008);
    expect(stage.started).toEqual(['lost', 'next', 'lost']);
  });

  test('C6 takes neither a turn nor a part of a rate from those who go on, for whom nobody is there', () => {
    const weights = tenants({ big: 2, small: 1 });
    const stage = new AdmissionStage({
      ...{ maxInFlight: 1, tenants: weights, rate: { limit: 3, interval: 1_000 } },
    });
    stage.apply('running');
    for (const name of ['left 1', 'left 2', 'b1', 'b2']) stage.apply(name, { tenant: 'big' });
    stage.apply('s1', { tenant: 'small' });
    stage.left.add('left 1').add('left 2');
    stage.endOne();
    stage.endOne();
    expect(stage.started).toEqual(['running', 'b1', 's1']);
    stage.clock.advance(1_000);
    stage.endOne();
    expect(stage.started).toEqual(['running', 'b1', 's1', 'b2']);
  });

  test('C6 sends nobody to another worker for whom nobody is there', () => {
    const stage = new AdmissionStage();
    const item = stage.apply('x') as Applied;
    stage.left.add('x');
    stage.comeBack(item);
    expect(stage.started).toEqual(['x']);
    expect(stage.admission.queued).toBe(0);
  });

  test('H6 runs who has waited in the async context of its request', () => {
    const storage = new AsyncLocalStorage<string>();
    const stage = new AdmissionStage({ maxInFlight: 1 });
    const seen: (string | undefined)[] = [];
    stage.apply('running');
    storage.run('mine', () => stage.apply('waiting'));
    stage.onStart = () => seen.push(storage.getStore());
    storage.run('another', () => stage.endOne());
    expect(seen).toEqual(['mine']);
  });
});

describe('maxPerOrigin', () => {
  test('H9 holds a slow origin to its share, and lets others pass it', () => {
    const stage = new AdmissionStage({ maxInFlight: 5, maxPerOrigin: 2 }, 2);
    for (let n = 0; n < 10; n += 1) stage.apply('slow', { origin: 'http://slow' });
    expect(stage.runningAt('http://slow')).toBe(2);
    for (let n = 0; n < 10; n += 1) stage.apply('fast', { origin: `http://fast${n % 4}` });
    expect(stage.running.size).toBe(10);
    expect(stage.runningAt('http://slow')).toBe(2);
    for (let n = 0; n < 6; n += 1) stage.end([...stage.running].at(-1));
    expect(stage.runningAt('http://slow')).toBe(2);
    expect(stage.admission.queued).toBe(8);
  });

  test('H9 keeps to the weights of tenants at an origin that is full', () => {
    const limits = { maxPerOrigin: 1, tenants: tenants({ a: 3, b: 1 }) };
    const stage = new AdmissionStage(limits);
    for (let n = 0; n < 20; n += 1) {
      for (const tenant of ['a', 'b']) stage.apply(tenant, { tenant });
    }
    for (let n = 0; n < 16; n += 1) {
      // Somebody else goes on all the while.
      stage.end(stage.apply('c', { tenant: 'c', origin: 'http://b' }));
      stage.endOne();
    }
    const served = stage.started.filter((name) => name !== 'c').slice(1);
    expect(served.filter((name) => name === 'a').length).toBeGreaterThanOrEqual(11);
    expect(served.filter((name) => name === 'b').length).toBeGreaterThanOrEqual(3);
  });

  test('H9 counts everybody once who started while it was not set', () => {
    const stage = new AdmissionStage({ maxPerOrigin: 1, rate: { limit: 100, interval: 1_000 } });
    stage.apply('a');
    stage.change({ maxPerOrigin: OFF });
    stage.apply('b');
    stage.change({ maxPerOrigin: 2 });
    stage.apply('c');
    expect(stage.started).toEqual(['a', 'b']);
    for (let n = 0; n < 3; n += 1) stage.endOne();
    for (const name of ['d', 'e', 'f']) stage.apply(name);
    expect(stage.started).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('H9 counts those that run already when it is set while they do', () => {
    const stage = new AdmissionStage();
    const items = ['1', '2', '3'].map((name) => stage.apply(name));
    stage.change({ maxPerOrigin: 2 });
    stage.apply('4');
    stage.end(items[0]);
    expect(stage.admission.queued, 'two still run').toBe(1);
    stage.end(items[1]);
    expect(stage.started).toEqual(['1', '2', '3', '4']);
    stage.apply('5');
    stage.change({ maxPerOrigin: OFF });
    expect(stage.started).toEqual(['1', '2', '3', '4', '5']);
  });
});

describe('rates', () => {
  const rate = { limit: 3, interval: 1_000 };

  test('H9 never starts more than the limit in any interval, and starts as soon as it may', () => {
    const stage = new AdmissionStage({ rate });
    for (let n = 0; n < 30; n += 1) {
      stage.apply(String(n));
      stage.clock.advance(n < 10 ? 170 : 0);
    }
    stage.clock.advance(20_000);
    const times = stage.starts.map(({ atMs }) => atMs);
    expect(times).toHaveLength(30);
    for (let n = 3; n < times.length; n += 1) {
      const span = (times[n] ?? 0) - (times[n - 3] ?? 0);
      expect(span).toBeGreaterThanOrEqual(1_000);
      expect(span).toBeLessThanOrEqual(1_016);
    }
    expect(stage.clock.pending, 'no timer is left').toBe(0);
  });

  test('H9 limits each origin by itself, and lets others pass it', () => {
    const stage = new AdmissionStage({ originRate: { limit: 1, interval: 100 } });
    for (const origin of ['http://a', 'http://a', 'http://b']) stage.apply(origin, { origin });
    expect(stage.started).toEqual(['http://a', 'http://b']);
    stage.clock.advance(99);
    expect(stage.admission.queued).toBe(1);
    stage.clock.advance(1 + 8);
    expect(stage.admission.queued).toBe(0);
  });

  test('H9 limits a tenant by itself, and lets others pass it at the same origin', () => {
    const limited = new Map([['slow', { weight: 1000, rate: { limit: 1, interval: 100 } }]]);
    const stage = new AdmissionStage({ tenants: limited, maxPerOrigin: 128, maxInFlight: 128 });
    for (const tenant of ['slow', 'slow', 'slow', 'other']) stage.apply(tenant, { tenant });
    expect(stage.started).toEqual(['slow', 'other']);
    stage.clock.advance(108);
    expect(stage.started).toEqual(['slow', 'other', 'slow']);
    stage.clock.advance(108);
    expect(stage.admission.queued).toBe(0);
  });

  test('H9 holds the timing wheel only while somebody waits for it', () => {
    const stage = new AdmissionStage({ rate, originRate: { limit: 1, interval: 500 } });
    const items = ['a', 'b', 'c', 'd'].map((name) => stage.apply(name));
    expect(stage.clock.pending).toBe(1);
    for (const item of items) stage.end(item);
    expect(stage.admission.queued).toBe(0);
    expect(stage.clock.pending).toBe(0);
  });

  test('W2 counts a start again that came to nothing, so that the peer never sees more', () => {
    const stage = new AdmissionStage({ rate: { limit: 1, interval: 1_000 } });
    const item = stage.apply('a');
    if (item !== undefined) stage.comeBack(item);
    expect(stage.starts).toHaveLength(1);
    stage.clock.advance(1_008);
    expect(stage.starts).toHaveLength(2);
  });

  test.each([
    ['of the pool', { rate: { limit: 1, interval: 1_000 } }],
    ['of the origin', { originRate: { limit: 1, interval: 1_000 } }],
  ])('H9 keeps nobody waiting for whom another comes as the rate %s opens', (_which, limits) => {
    const stage = new AdmissionStage(limits);
    // So that the rate opens between two ticks of the wheel.
    stage.clock.advance(1);
    stage.end(stage.apply('first'));
    stage.apply('second');
    stage.clock.advance(1_000);
    stage.apply('third');
    expect(stage.started).toEqual(['first', 'second']);
    stage.endOne();
    stage.clock.advance(1_008);
    expect(stage.started).toEqual(['first', 'second', 'third']);
  });

  test('H3 starts nobody who has ended while those before it were let in', () => {
    const stage = new AdmissionStage({ rate: { limit: 2, interval: 1_000 } });
    stage.clock.advance(1);
    for (const name of ['a', 'b']) stage.end(stage.apply(name));
    stage.apply('c');
    stage.onStart = () => stage.left.add('d');
    stage.clock.advance(1_000);
    stage.apply('d');
    expect(stage.started).toEqual(['a', 'b', 'c']);
    expect(stage.admission.queued).toBe(0);
  });

  test('H9 takes a new rate at once, for what has started before too', () => {
    const stage = new AdmissionStage({ rate });
    for (let n = 0; n < 8; n += 1) stage.apply(String(n));
    expect(stage.starts).toHaveLength(3);
    stage.change({ rate: { limit: 5, interval: 1_000 } });
    expect(stage.starts).toHaveLength(5);
    stage.change({ rate: undefined });
    expect(stage.starts).toHaveLength(8);
    expect(stage.clock.pending).toBe(0);
  });
});

describe('limits of the pool', () => {
  test('H6 refuses whom it has no room for, to run or to wait', () => {
    const stage = new AdmissionStage({ maxInFlight: 1, queueLimit: 1 });
    const names = ['a', 'b', 'c'].map((name) => stage.apply(name)?.name);
    expect(names).toEqual(['a', 'b', undefined]);
    stage.change({ queueLimit: 2 });
    expect(stage.apply('d')?.name).toBe('d');
  });

  test('H6 lets nobody past those who wait and could run', () => {
    const stage = new AdmissionStage({ maxInFlight: 1 });
    const [first] = [stage.apply('first'), stage.apply('second')];
    if (first === undefined) throw new Error('refused');
    // A receiver that asks again from within the end of the one before it.
    first.slot?.release('http://a');
    stage.admission.leave(first);
    stage.apply('third');
    stage.admission.pump();
    expect(stage.started).toEqual(['first', 'second']);
  });

  test('H6 keeps in line, and first there, whom no worker takes', () => {
    const stage = new AdmissionStage({ maxInFlight: 1 });
    const items = ['first', 'second', 'third'].map((name) => stage.apply(name));
    stage.choosesNone = true;
    stage.end(items[0]);
    expect(stage.admission.queued).toBe(2);
    stage.choosesNone = false;
    stage.admission.pump();
    expect(stage.started).toEqual(['first', 'second']);
    stage.end(items[1]);
    expect(stage.started).toEqual(['first', 'second', 'third']);
  });

  test('H6 lowers maxInFlight without stopping anybody, and raises it at once', () => {
    const stage = new AdmissionStage({ maxInFlight: 4 });
    for (let n = 0; n < 8; n += 1) stage.apply(String(n));
    stage.change({ maxInFlight: 2 });
    expect(stage.running.size).toBe(4);
    stage.endOne();
    stage.endOne();
    expect(stage.starts).toHaveLength(4);
    stage.endOne();
    expect(stage.starts).toHaveLength(5);
    stage.change({ maxInFlight: 5 });
    expect(stage.running.size).toBe(5);
  });

  test('H6 starts nothing while it is paused, and all that can when it is resumed', () => {
    const stage = new AdmissionStage({ maxInFlight: 2 });
    const running = stage.apply('a') as Applied;
    stage.admission.pause();
    for (const name of ['b', 'c', 'd']) stage.apply(name);
    stage.end(running);
    expect(stage.started).toEqual(['a']);
    stage.admission.resume();
    expect(stage.started).toEqual(['a', 'b', 'c']);
  });
});
