/**
 * How often V8 has to collect dead chunks so that it need not mark the heap.
 *
 * After a marking V8 lets the heap grow by 8 MiB at least, and with chunks that were collected a
 * moment ago still counted, until their memory has been freed. So a collection in every 6 MiB keeps it
 * from marking because of chunks; but it may let it grow by much more, and the larger the young
 * generation (the nursery), the more it costs to have it collected. So a large one is collected less
 * often at first, more often when V8 marks all the same, and not at all when that did not help either,
 * or costs more than to mark. What was given up is tried again later.
 */

const MIB = 1024 * 1024;

/** How large it was, each of its two halves counted, and the rest of the heap. In bytes. */
export interface HeapSizes {
  readonly nursery: number;
  readonly heap: number;
}

const TIGHT_BYTES = 6 * MIB;
/** Of the nursery, so that filling it costs the same share of a stream … */
const LOOSE_SHARE = 3 / 16;
/** … up to here, as V8 is certain to mark after 64 MiB, of which up to three periods may count. */
const LOOSEST_BYTES = 20 * MIB;

/** To collect a larger one in every 6 MiB costs more than to mark a small heap. */
const LARGE_NURSERY_BYTES = 64 * MIB;
const SMALL_HEAP_BYTES = 48 * MIB;

/** Node goes up to this by itself: a larger one was asked for, and is left alone. */
const LARGEST_NURSERY_BYTES = 128 * MIB;

/**
 * So many looks in a row that saw a marking say that a period is too long: one may have begun before
 * the period was what it is, and where nothing is done V8 marks between every other look.
 */
const MARKED_LOOKS = 3;
/** After so many it is tried with the longest again. */
const LOOKS_BEFORE_RETRY = 64;

type Period = 'loose' | 'tight' | 'none';

/** Of one thread. It is asked once in some bytes of chunks: those are a look. */
export class CollectionPeriod {
  /** What helped and what did not depends on how large the nursery is, which V8 changes to and fro. */
  readonly #bySize = new Map<number, SizePeriod>();

  /**
   * Bytes of chunks per collection from now on, `Infinity` for none, given what the heap is now and
   * whether V8 has marked it since it was last asked.
   */
  next({ nursery, heap }: HeapSizes, marked: boolean): number {
    const size = usualSize(nursery);
    let period = this.#bySize.get(size);
    if (period === undefined) {
      period = new SizePeriod(size);
      this.#bySize.set(size, period);
    }
    return period.next(heap, marked);
  }
}

/** While the nursery is of one size. */
class SizePeriod {
  readonly #nursery: number;
  #period: Period = 'loose';
  #markedLooks = 0;
  #looks = 0;

  constructor(nursery: number) {
    this.#nursery = nursery;
  }

  next(heap: number, marked: boolean): number {
    this.#looks += 1;
    this.#markedLooks = marked ? this.#markedLooks + 1 : 0;
    if (this.#period !== 'loose' && this.#looks >= LOOKS_BEFORE_RETRY) this.#change('loose');
    else if (this.#markedLooks >= MARKED_LOOKS) this.#change(shorter(this.#period));
    return periodBytes(this.#period, this.#nursery, heap);
  }

  #change(period: Period): void {
    this.#period = period;
    this.#markedLooks = 0;
    this.#looks = 0;
  }
}

/** V8 doubles it, and while it marks lets it be a little larger. */
function usualSize(nursery: number): number {
  return 2 ** Math.round(Math.log2(nursery));
}

function shorter(period: Period): Period {
  return period === 'loose' ? 'tight' : 'none';
}

function periodBytes(period: Period, nursery: number, heap: number): number {
  if (period === 'none' || nursery > LARGEST_NURSERY_BYTES) return Number.POSITIVE_INFINITY;
  if (period === 'loose') {
    return Math.min(Math.max(nursery * LOOSE_SHARE, TIGHT_BYTES), LOOSEST_BYTES);
  }
  const tooDear = nursery > LARGE_NURSERY_BYTES && heap < SMALL_HEAP_BYTES;
  return tooDear ? Number.POSITIVE_INFINITY : TIGHT_BYTES;
}
