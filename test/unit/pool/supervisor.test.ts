/** The supervisor with workers that carry nothing. */

import { Dispatcher } from 'undici';
import { describe, expect, test, vi } from 'vitest';
import { InlineCarrier } from '../../../src/actors/inline-carrier.ts';
import type { WorkerPorts } from '../../../src/actors/worker.ts';
import { startSupervisor } from '../../../src/pool/supervisor.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

class Transport extends Dispatcher {}

interface Setup {
  readonly workers?: number;
  readonly maxRestarts?: number;
  readonly restartWindowMs?: number;
  readonly ports?: Partial<WorkerPorts>;
}

function start({ workers = 2, maxRestarts = 5, restartWindowMs = 60_000, ports = {} }: Setup = {}) {
  const clock = new ManualClock();
  const log: string[] = [];
  const open = new Set<unknown>();
  const supervisor = startSupervisor({
    workers,
    maxRestarts,
    restartWindowMs,
    clock,
    ports: {
      create: () => {
        const carrier = new InlineCarrier(new Transport(), clock);
        open.add(carrier);
        return carrier;
      },
      up: (id) => log.push(`up ${id}`),
      down: (id, error) => log.push(`down ${id}: ${String(error)}`),
      broken: (id, error) => log.push(`broken ${id}: ${String(error)}`),
      retire: (carrier) => void open.delete(carrier),
      random: () => 0.5,
      now: clock.now,
      ...ports,
    },
    failed: (error) => log.push(`failed: ${String(error)}`),
  });
  return { clock, log, open, supervisor };
}

describe('supervisor', () => {
  test('W1 restarts the worker that died and leaves the others alone', () => {
    const { clock, log, open, supervisor } = start({ workers: 3 });
    expect(log.splice(0)).toEqual(['up 1', 'up 2', 'up 3']);
    supervisor.kill(2, 'killed');
    expect([log.splice(0), open.size]).toEqual([['down 2: killed'], 2]);
    clock.advance(100);
    expect([log.splice(0), open.size]).toEqual([['up 2'], 3]);
    supervisor.stop();
    expect([log, open.size, clock.pending]).toEqual([[], 0, 0]);
  });

  test('W3 fails with the last error at one death more than maxRestarts within the window', () => {
    const { clock, log, open, supervisor } = start({ workers: 2, maxRestarts: 3 });
    for (let death = 1; death <= 3; death += 1) {
      supervisor.fault(1, `death ${death}`);
      clock.advance(1_000);
    }
    expect(log.filter((line) => line.startsWith('failed'))).toEqual([]);
    supervisor.kill(2, 'death 4');
    // The exchanges of the last one are answered before the pool fails.
    expect(log.slice(-2)).toEqual(['down 2: death 4', 'failed: death 4']);
    expect([open.size, clock.pending]).toEqual([0, 0]);
    const warn = vi.spyOn(console, 'warn');
    supervisor.kill(1, 'too late');
    supervisor.stop();
    supervisor.stop();
    expect([log.at(-1), warn.mock.calls]).toEqual(['failed: death 4', []]);
    warn.mockRestore();
  });

  test('W3 counts only the deaths within the window', () => {
    const { clock, log, supervisor } = start({ maxRestarts: 1, restartWindowMs: 10_000 });
    for (let death = 0; death < 5; death += 1) {
      supervisor.kill(1, 'x');
      clock.advance(10_000);
    }
    expect(log.filter((line) => line.startsWith('failed'))).toEqual([]);
    supervisor.kill(1, 'x');
    clock.advance(9_999);
    supervisor.kill(1, 'last');
    expect(log.at(-1)).toBe('failed: last');
    supervisor.stop();
  });

  test('W3 fails at once with maxRestarts 0, and when no worker ever comes up', () => {
    const one = start({ workers: 1, maxRestarts: 0 });
    one.supervisor.kill(1, 'only');
    expect(one.log.at(-1)).toBe('failed: only');
    const create = (): never => {
      throw new Error('no transport');
    };
    const two = start({ ports: { create } });
    two.clock.advance(1_000);
    expect(two.log.at(-1)).toBe('failed: Error: no transport');
    expect(two.clock.pending).toBe(0);
  });

  test('survives a worker machine that breaks, and puts a new one in its place', () => {
    let rolls = 0;
    const { clock, log, supervisor } = start({
      ports: {
        random: () => {
          rolls += 1;
          if (rolls === 1) throw new Error('machine broke');
          return 0.5;
        },
      },
    });
    supervisor.kill(1, 'killed');
    expect(log).toEqual([
      'up 1',
      'up 2',
      'down 1: killed',
      'broken 1: Error: machine broke',
      'up 1',
    ]);
    supervisor.kill(1, 'again');
    clock.advance(100);
    expect(log.slice(-2)).toEqual(['down 1: again', 'up 1']);
    supervisor.stop();
    expect(clock.pending).toBe(0);
  });

  test('fails, and does not loop, when even the answer to a death breaks', () => {
    const { clock, log, supervisor } = start({
      ports: {
        down: () => {
          throw new Error('pool broke');
        },
        broken: () => {
          throw new Error('pool broke');
        },
      },
    });
    supervisor.kill(1, 'killed');
    expect(log).toEqual(['up 1', 'up 2', 'failed: Error: pool broke']);
    supervisor.stop();
    expect(clock.pending).toBe(0);
  });
});
