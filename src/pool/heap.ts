/**
 * A binary heap whose members know where they stand, so that any of them can leave or be moved, not
 * only the first.
 *
 * Invariant: `index` of a member is its place in the heap, `OUT` when it is in none; a member is in
 * one heap at a time, and whoever changes what the order depends on calls `moved`.
 */

export interface HeapMember {
  index: number;
}

/** The `index` of what is in no heap. */
export const OUT = -1;

export class Heap<Member extends HeapMember> {
  readonly #members: Member[] = [];
  readonly #isBefore: (one: Member, other: Member) => boolean;

  constructor(isBefore: (one: Member, other: Member) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#members.length;
  }

  get first(): Member | undefined {
    return this.#members[0];
  }

  /** The members as they are now, in no order. */
  snapshot(): Member[] {
    return this.#members.slice();
  }

  add(member: Member): void {
    this.#members.push(member);
    this.#rise(member, this.#members.length - 1);
  }

  /** Nothing happens to a member that is in no heap. */
  remove(member: Member): void {
    const { index } = member;
    if (index === OUT) return;
    member.index = OUT;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#rise(last, index);
    this.#sink(last, last.index);
  }

  /** What the order of a member depends on has changed. */
  moved(member: Member): void {
    this.#rise(member, member.index);
    this.#sink(member, member.index);
  }

  #rise(member: Member, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >>> 1;
      const parent = this.#members[above];
      if (parent === undefined || !this.#isBefore(member, parent)) break;
      this.#put(parent, index);
      index = above;
    }
    this.#put(member, index);
  }

  #sink(member: Member, from: number): void {
    const members = this.#members;
    let index = from;
    for (;;) {
      const left = members[2 * index + 1];
      const right = members[2 * index + 2];
      const isRight = left !== undefined && right !== undefined && this.#isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || !this.#isBefore(child, member)) break;
      const below = child.index;
      this.#put(child, index);
      index = below;
    }
    this.#put(member, index);
  }

  #put(member: Member, index: number): void {
    this.#members[index] = member;
    member.index = index;
  }
}
