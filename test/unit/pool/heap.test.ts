/** The heap whose members know where they stand. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap, OUT } from '../../../src/pool/heap.ts';

interface Member {
  value: number;
  index: number;
}

const step = fc.oneof(
  fc.record({ type: fc.constant('add' as const), value: fc.nat(50) }),
  fc.record({ type: fc.constantFrom('remove' as const, 'take' as const), which: fc.nat() }),
  fc.record({ type: fc.constant('move' as const), which: fc.nat(), value: fc.nat(50) }),
);

test('has the least first, whoever comes, leaves or moves', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const heap = new Heap<Member>((one, other) => one.value < other.value);
      const members: Member[] = [];
      for (const one of steps) {
        if (one.type === 'add') {
          const member = { value: one.value, index: OUT };
          members.push(member);
          heap.add(member);
        } else {
          const member = one.type === 'take' ? heap.first : members[one.which % members.length];
          if (member === undefined) continue;
          if (one.type === 'move') {
            member.value = one.value;
            heap.moved(member);
          } else {
            heap.remove(member);
            heap.remove(member);
            expect(member.index).toBe(OUT);
            members.splice(members.indexOf(member), 1);
          }
        }
        expect(heap.size).toBe(members.length);
        const values = members.map(({ value }) => value);
        expect(heap.first?.value).toBe(values.length === 0 ? undefined : Math.min(...values));
        expect(new Set(heap.snapshot())).toEqual(new Set(members));
      }
    }),
    { numRuns: 300 },
  );
});
