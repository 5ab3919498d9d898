/** A worker as an actor, with a carrier that is only a name: what it tells, when it comes back. */

import { Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import { createActor, setup } from 'xstate';
import type { Carrier } from '../../../src/actors/carrier.ts';
import { InlineCarrier } from '../../../src/actors/inline-carrier.ts';
import {
  backoffMs,
  type WorkerEvent,
  type WorkerPorts,
  workerMachine,
} from '../../../src/actors/worker.ts';
import { realClock } from '../../../src/clock.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

class Named extends InlineCarrier {
  readonly name: string;
  constructor(name: string) {
    super(new Dispatcher(), realClock);
    this.name = name;
  }
}

interface Setup {
  readonly random?: () => number;
  readonly create?: () => void;
  readonly calmMs?: number;
}

/** One worker; `log` is what its pool and its supervisor see, in order. */
function startWorker({ random = () => 0, create = () => {}, calmMs = 60_000 }: Setup = {}) {
  const clock = new ManualClock();
  const log: string[] = [];
  let made = 0;
  const name = (carrier: Carrier): string => (carrier instanceof Named ? carrier.name : '?');
  const ports: WorkerPorts = {
    create: () => {
      made += 1;
      log.push(`create ${made}`);
      create();
      return new Named(String(made));
    },
    up: (id, carrier) => log.push(`${id} up ${name(carrier)}`),
    down: (id, error) => log.push(`${id} down ${String(error)}`),
    broken: (id, error) => log.push(`${id} broken ${String(error)}`),
    retire: (carrier) => log.push(`retire ${name(carrier)}`),
    random,
    now: clock.now,
  };
  const parent = setup({ actors: { worker: workerMachine } }).createMachine({
    invoke: { src: 'worker', id: 'worker', input: { id: 7, ports, calmMs } },
    on: { 'worker.died': { actions: () => log.push('supervisor told') } },
  });
  const root = createActor(parent, {
    clock: {
      setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    },
  }).start();
  return {
    clock,
    log,
    send: (event: WorkerEvent) => root.getSnapshot().children.worker?.send(event),
    stop: () => root.stop(),
  };
}

describe('worker', () => {
  test('W1 dies once, answers before it retires its dispatcher, and comes back with a fresh one', () => {
    const { clock, log, send, stop } = startWorker();
    send({ type: 'kill', error: 'first' });
    send({ type: 'kill', error: 'second' });
    send({ type: 'fault', error: 'third' });
    expect(log).toEqual(['create 1', '7 up 1', '7 down first', 'retire 1', 'supervisor told']);
    clock.advance(100);
    expect(log.slice(5)).toEqual(['create 2', '7 up 2']);
    stop();
    expect(log.slice(7)).toEqual(['retire 2']);
  });

  test('W1 counts a dispatcher that cannot be made as a death, and tries again', () => {
    let broken = true;
    const { clock, log, stop } = startWorker({
      create: () => {
        if (broken) throw new Error('no transport');
      },
    });
    expect(log).toEqual(['create 1', '7 down Error: no transport', 'supervisor told']);
    broken = false;
    clock.advance(100);
    expect(log.slice(3)).toEqual(['create 2', '7 up 2']);
    stop();
  });

  test('W3 waits twice as long before each restart, with jitter, and not more than 5 s', () => {
    const rolls = [0, 0.5, 1 - Number.EPSILON];
    expect(rolls.map((roll) => Math.round(backoffMs(1, roll)))).toEqual([25, 38, 50]);
    const longest = Array.from({ length: 10 }, (_, index) => backoffMs(index + 1, 1));
    expect(longest).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(backoffMs(2_000, 1)).toBe(5_000);
  });

  test('W3 restarts as late as its backoff says, and forgets old deaths after a calm time', () => {
    const { clock, log, send, stop } = startWorker({ random: () => 0.5, calmMs: 1_000 });
    const delays: number[] = [];
    const die = (): void => {
      send({ type: 'kill', error: 'x' });
      const fromMs = clock.now();
      expect(clock.pending).toBe(1);
      clock.advance((clock.nextDue ?? 0) - fromMs);
      expect(log.at(-1)).toContain('up');
      delays.push(clock.now() - fromMs);
    };
    for (let death = 0; death < 4; death += 1) die();
    clock.advance(999);
    die();
    clock.advance(1_000);
    die();
    expect(delays).toEqual([37.5, 75, 150, 300, 600, 37.5]);
    stop();
  });

  test('P2 leaves no timer when it is stopped while it waits to restart', () => {
    const { clock, log, send, stop } = startWorker();
    send({ type: 'kill', error: 'x' });
    stop();
    expect(clock.pending).toBe(0);
    expect(log.filter((line) => line.startsWith('retire'))).toEqual(['retire 1']);
  });
});
