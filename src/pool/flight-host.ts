/** What the record of an exchange (`Flight`, as `Item` here) needs of its pool. */

import type { ErrorCode } from '../errors.ts';
import type { RecordHost } from './handle-record.ts';
import type { Answer } from './load-signs.ts';
import type { WorkerSlot } from './worker-slot.ts';

export interface FlightHost<Item> extends RecordHost {
  /** The number of open uploads changed. */
  countUploads(change: number): void;
  /** The exchange has lost its worker before it touched the wire. */
  requeue(flight: Item): void;
  /** Its response has begun, and its gate adapts to that. */
  answered(flight: Item, answer: Answer): void;
  /** The carrier of a worker failed. */
  workerFault(worker: WorkerSlot, error: unknown): void;
  /** The exchange has ended: out of the map, out of the queue, watched by nobody. */
  remove(flight: Item, outcome: 'done' | ErrorCode): void;
  /** Its terminal message is out; its slot may be used. */
  settled(flight: Item): void;
}
