/**
 * Items on their way to another thread: collected over one turn of the event loop and posted as one
 * parcel; and the other side, which takes the parcel apart.
 *
 * Invariants: items arrive in the order in which they were added. Bytes that fill a buffer of their
 * own are transferred; others are copied once, into one buffer per parcel that is transferred. So
 * bytes that were handed to `give` are the sender's no more.
 */

import { isMarkedAsUntransferable, type Transferable } from 'node:worker_threads';

/** Bytes as they stand in an item: themselves, or the length of the next part of the parcel's. */
export type PostedBytes = Uint8Array | number;

/** What is posted: the items, and the bytes of those that share a buffer. */
export type Parcel<Item> = readonly [items: readonly Item[], packed: Uint8Array | undefined];

/** A port, or a thread, as far as it is needed here. */
export interface Postable {
  postMessage(value: unknown, transfer: readonly Transferable[]): void;
}

export class Outbox<Item> {
  readonly #port: Postable;
  readonly #failed: (error: unknown) => void;
  #items: Item[] = [];
  #transfer: Transferable[] = [];
  #small: Uint8Array[] = [];
  #smallBytes = 0;
  #scheduled = false;

  /** `failed` is told when a parcel could not be posted; it is lost then. */
  constructor(port: Postable, failed: (error: unknown) => void) {
    this.#port = port;
    this.#failed = failed;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  /** Bytes for the item that is added next; the sender uses them no more. */
  give(bytes: Uint8Array): PostedBytes {
    if (!fillsItsBuffer(bytes)) return this.copy(bytes);
    this.#transfer.push(bytes.buffer);
    return bytes;
  }

  /** Bytes for the item that is added next; the sender keeps them and does not change them. */
  copy(bytes: Uint8Array): PostedBytes {
    this.#small.push(bytes);
    this.#smallBytes += bytes.byteLength;
    return bytes.byteLength;
  }

  /** Posts what was collected. */
  flush(): void {
    this.#scheduled = false;
    const items = this.#items;
    if (items.length === 0) return;
    const transfer = this.#transfer;
    this.#items = [];
    this.#transfer = [];
    try {
      const parcel: Parcel<Item> = [items, this.#pack(transfer)];
      this.#port.postMessage(parcel, transfer);
    } catch (error) {
      this.#failed(error);
    }
  }

  #pack(transfer: Transferable[]): Uint8Array | undefined {
    const small = this.#small;
    if (small.length === 0) return undefined;
    const packed = Buffer.allocUnsafeSlow(this.#smallBytes);
    this.#small = [];
    this.#smallBytes = 0;
    let at = 0;
    for (const bytes of small) {
      packed.set(bytes, at);
      at += bytes.byteLength;
    }
    transfer.push(packed.buffer);
    return packed;
  }
}

/** Takes the bytes of a parcel's items, in their order. */
export class ParcelBytes {
  readonly #packed: Uint8Array | undefined;
  #at = 0;

  constructor(packed: Uint8Array | undefined) {
    this.#packed = packed;
  }

  take(bytes: PostedBytes): Uint8Array {
    if (typeof bytes !== 'number') return bytes;
    const from = this.#at;
    this.#at += bytes;
    return this.#packed?.subarray(from, this.#at) ?? NO_BYTES;
  }
}

/** A buffer that nobody else looks into, as Node makes them for what a socket has read. */
function fillsItsBuffer(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  return (
    bytes.byteLength === buffer.byteLength &&
    bytes.byteLength > 0 &&
    buffer instanceof ArrayBuffer &&
    !isMarkedAsUntransferable(buffer)
  );
}

const NO_BYTES = new Uint8Array(0);
