/** The line on its own, against an array. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../../src/actors/fifo.ts';

const steps = fc.array(fc.constantFrom('push', 'push', 'shift', 'shift', 'unshift'), {
  maxLength: 200,
});

test('gives what an array would give, in the same order', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const line = new Fifo<number>();
      const array: number[] = [];
      for (const [index, step] of script.entries()) {
        if (step === 'shift') {
          expect(line.shift()).toBe(array.shift());
        } else {
          line[step](index);
          array[step](index);
        }
        expect(line.length).toBe(array.length);
        expect([...line]).toEqual(array);
      }
    }),
  );
});
