/**
 * Items on their way to another thread: collected over one turn of the event loop, or until they
 * stand for many bytes, and posted as one parcel; and the other side, which takes the parcel apart.
 *
 * Invariants: items arrive in the order in which they were added, and their bytes in the order in
 * which those were. Many bytes in memory that nobody else looks into are transferred; all others
 * are copied once, into one buffer per parcel that is transferred. So bytes that were handed to
 * `give` are the sender's no more.
 */

import { isMarkedAsUntransferable, type Transferable } from 'node:worker_threads';

/** What is posted: the items; their bytes, or lengths of what is `packed`; and those together. */
export type Parcel<Item> = readonly [
  items: readonly Item[],
  parts: readonly (Uint8Array | number)[],
  packed: Uint8Array | undefined,
];

/** A port, or a thread, as far as it is needed here. */
export interface Postable {
  postMessage(value: unknown, transfer: readonly Transferable[]): void;
}

/** A parcel that stands for so many should not wait for the end of the turn. */
const PARCEL_BYTES = 64 * 1024;

/** To transfer fewer costs more than to copy them. */
const LEAST_TRANSFER_BYTES = 4 * 1024;

export class Outbox<Item> {
  readonly #port: Postable;
  readonly #failed: (error: unknown) => void;
  #items: Item[] = [];
  #parts: Uint8Array[] = [];
  /** Buffers that go as they are, with all parts that lie in them. */
  #going = new Set<ArrayBufferLike>();
  #scheduled = false;
  /** What the items stand for. */
  #bytes = 0;

  /** `failed` is told when a parcel could not be posted; it is lost then. */
  constructor(port: Postable, failed: (error: unknown) => void) {
    this.#port = port;
    this.#failed = failed;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /**
   * Adds an item that stands for so many bytes more, once where it is the last already; what stands
   * for many is posted at once.
   */
  addWeighed(item: Item, bytes: number): void {
    const isMuch = this.weigh(bytes);
    if (this.#items.at(-1) !== item) {
      if (isMuch) this.#items.push(item);
      else this.add(item);
    }
    if (isMuch) this.flush();
  }

  /** What was added stands for so many bytes more; whether that should be posted soon. */
  weigh(bytes: number): boolean {
    this.#bytes += bytes;
    return this.#bytes >= PARCEL_BYTES;
  }

  /** Puts one item in the place of these, if they are the last and have not been posted. */
  merge(last: readonly Item[], item: Item): boolean {
    const from = this.#items.length - last.length;
    if (last.some((each, index) => this.#items[from + index] !== each)) return false;
    this.#items.splice(from, last.length, item);
    return true;
  }

  /**
   * Bytes for the item that is added next; the sender uses them no more. With `toEnd` nobody looks
   * into their buffer any more either, if they reach to its end.
   */
  give(bytes: Uint8Array, toEnd = false): void {
    const { buffer, byteOffset, byteLength } = bytes;
    const reachesEnd = byteOffset + byteLength === buffer.byteLength;
    if (reachesEnd && (toEnd || byteOffset === 0) && byteLength >= LEAST_TRANSFER_BYTES) {
      if (!isMarkedAsUntransferable(buffer)) this.#going.add(buffer);
    }
    this.#parts.push(bytes);
  }

  /** Bytes for the item that is added next; the sender keeps them and does not change them. */
  copy(bytes: Uint8Array): void {
    this.#parts.push(bytes);
  }

  /** Posts what was collected. */
  flush(): void {
    const items = this.#items;
    if (items.length === 0) return;
    this.#items = [];
    this.#bytes = 0;
    try {
      const [parts, packed] = this.#pack();
      // What is shared between threads is not copied, and cannot be transferred.
      const transfer = [...this.#going].filter((buffer) => buffer instanceof ArrayBuffer);
      const parcel: Parcel<Item> = [items, parts, packed];
      this.#port.postMessage(parcel, packed ? [...transfer, packed.buffer] : transfer);
    } catch (error) {
      this.#failed(error);
    }
    // Not cleared: that links each table to the next one (see `actors/turnover-map`).
    this.#going = new Set();
  }

  #pack(): readonly [parts: (Uint8Array | number)[], packed: Uint8Array<ArrayBuffer> | undefined] {
    const given = this.#parts;
    this.#parts = [];
    let packedBytes = 0;
    const parts = given.map((bytes) => {
      if (this.#going.has(bytes.buffer)) return bytes;
      packedBytes += bytes.byteLength;
      return bytes.byteLength;
    });
    if (packedBytes === 0) return [parts, undefined];
    const packed = Buffer.allocUnsafeSlow(packedBytes);
    let at = 0;
    for (const [index, bytes] of given.entries()) {
      if (parts[index] === bytes) continue;
      packed.set(bytes, at);
      at += bytes.byteLength;
    }
    return [parts, packed];
  }
}

/** Takes the bytes of a parcel's items, in their order. */
export class ParcelBytes {
  readonly #parts: readonly (Uint8Array | number)[];
  readonly #packed: Uint8Array | undefined;
  #next = 0;
  #at = 0;

  constructor([, parts, packed]: Parcel<unknown>) {
    this.#parts = parts;
    this.#packed = packed;
  }

  /** Those of the next item that has some; to be called for each, also where nobody wants them. */
  take(): Uint8Array {
    const part = this.#parts[this.#next] ?? 0;
    this.#next += 1;
    if (typeof part !== 'number') return part;
    const from = this.#at;
    this.#at += part;
    return this.#packed?.subarray(from, this.#at) ?? NO_BYTES;
  }
}

const NO_BYTES = new Uint8Array(0);
