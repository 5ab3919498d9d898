/**
 * Has V8 collect dead chunks soon, so that their memory is used again while it is at hand.
 *
 * V8 collects its young generation (the nursery) when that is full of objects, and there a chunk of
 * 64 KiB is an object of about a hundred bytes: its memory lies outside the heap. So dead chunks lie
 * about until they are 64 MiB, which makes V8 mark the whole heap, and meanwhile the system makes
 * fresh pages for every new one. So some garbage of our own goes with the chunks that pass, enough
 * to fill the nursery once in 16 or 32 MiB. Measured with 256 MiB down (Node 24): 25 MiB of resident
 * growth instead of 71 the first time, and a third less CPU each time; half of it where the program
 * keeps 40 MB of objects.
 *
 * With 100 MB of those V8 has made its nursery so large that to fill it may cost more than it saves:
 * there it is left alone.
 */

import { getHeapSpaceStatistics } from 'node:v8';

/** Once in so many bytes some garbage is made. */
const STEP_BYTES = 64 * 1024;

/** How much, of the young generation: one of its two halves is full after 256 steps … */
const SHARE = 1 / 512;
/** … and the largest one that is filled, after 512. */
const MOST_FILLING_BYTES = 64 * 1024;

/** Both halves; Node begins with 2 MiB, and Node 24 goes up to 128. */
const LARGE_NURSERY_BYTES = 64 * 1024 * 1024;

/** Once in so many steps it is looked how large it is: that takes some 10 µs. */
const LOOK_STEPS = 256;

const ELEMENT_BYTES = 8;

/** There is one young generation per thread, and one of these. */
let bytesSinceStep = 0;
let steps = 0;
/** What is copied at each step; no copy is kept, or every collection would have to move it. */
let filling: readonly number[] = [];

/** How long they were: a copy whose length nobody knows need not be made. */
export let copied = 0;

/** Chunks of so many bytes have been handed on and are soon garbage. */
export function fillNursery(bytes: number): void {
  bytesSinceStep += bytes;
  if (bytesSinceStep < STEP_BYTES) return;
  bytesSinceStep %= STEP_BYTES;
  if (steps % LOOK_STEPS === 0) filling = fillingFor(nurseryBytes());
  steps += 1;
  if (filling.length > 0) copied += filling.slice().length;
}

/** The chunks of one sender: one that fills the same memory again and again makes no garbage. */
export class SenderGarbage {
  /** The sender's, which is not to be kept for this. */
  #memory: WeakRef<ArrayBufferLike> | undefined;

  /** A chunk was handed on. */
  passed(chunk: Uint8Array): void {
    if (chunk.buffer === this.#memory?.deref()) return;
    this.#memory = new WeakRef(chunk.buffer);
    fillNursery(chunk.byteLength);
  }
}

function fillingFor(nursery: number): readonly number[] {
  if (nursery > LARGE_NURSERY_BYTES) return [];
  const bytes = Math.min(nursery * SHARE, MOST_FILLING_BYTES);
  return new Array<number>(Math.floor(bytes / ELEMENT_BYTES)).fill(0);
}

function nurseryBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  return space?.space_size ?? Number.POSITIVE_INFINITY;
}
