/** Who moves, who ends, and in which order, when a worker is lost. */

import { expect, test } from 'vitest';
import { type Dependent, WorkerLoss } from '../../../src/pool/worker-loss.ts';
import { WorkerSlot } from '../../../src/pool/worker-slot.ts';

function stage() {
  const [lost, other] = [new WorkerSlot(1), new WorkerSlot(2)];
  const log: string[] = [];
  const flight = (name: string, worker: WorkerSlot | undefined, moves: boolean): Dependent => {
    let at = worker;
    return {
      get worker() {
        return at;
      },
      workerHalted: () => {
        log.push(`${name} halted, moving: ${loss.isMoving}`);
        if (moves) at = other;
      },
      workerDied: (error) => log.push(`${name} died of ${error}, moving: ${loss.isMoving}`),
    };
  };
  const flights = [
    flight('started', lost, false),
    flight('elsewhere', other, false),
    flight('queued', undefined, false),
    flight('connecting', lost, true),
  ];
  const loss = new WorkerLoss({ snapshot: () => flights });
  return { lost, log, loss };
}

test('W2 all have moved from a dead worker before the first one ends with it', () => {
  const { lost, log, loss } = stage();
  loss.died(lost, 'a fault');
  expect(log).toEqual([
    'started halted, moving: true',
    'connecting halted, moving: true',
    'started died of a fault, moving: false',
  ]);
});

test('W4 nothing ends with a worker that does not come up in time', () => {
  const { lost, log, loss } = stage();
  loss.stalled(lost);
  expect(log).toEqual(['started halted, moving: true', 'connecting halted, moving: true']);
  expect(loss.isMoving).toBe(false);
});

test('W2 lets others in again also where one of those that move throws', () => {
  const slot = new WorkerSlot(1);
  const broken: Dependent = {
    worker: slot,
    workerHalted: () => {
      throw new Error('broken');
    },
    workerDied: () => {},
  };
  const loss = new WorkerLoss({ snapshot: () => [broken] });
  expect(() => loss.died(slot, undefined)).toThrow('broken');
  expect(loss.isMoving).toBe(false);
});
