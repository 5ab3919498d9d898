/**
 * The carrier of a worker in a thread of its own: it starts the thread, speaks with it for the
 * transfers, and notices when it dies or answers no more.
 *
 * Invariants: `died` is told once, and not of an end that was asked for; a thread that runs nothing
 * does not keep the process alive, one that does or that is to end does; `close` and `destroy`
 * resolve when the thread is gone.
 */

import type { EventLoopUtilization } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Carrier, ExchangeReports, Transfer } from './carrier.ts';
import type { ConnectionReports } from './connections.ts';
import { Outbox, type Parcel, ParcelBytes } from './port-outbox.ts';
import { SharedBlocks } from './shared-blocks.ts';
import { type MarkedExchange, MarkPages } from './shared-marks.ts';
import { startThread, type ThreadStart } from './start-thread.ts';
import {
  LEAST_CREDIT_BYTES,
  SHARED_CREDIT_BYTES,
  type ThreadCommand,
  type ThreadReport,
} from './thread-protocol.ts';
import { ThreadPulse } from './thread-pulse.ts';
import { type ThreadLink, ThreadTransfer } from './thread-transfer.ts';
import { TurnoverMap } from './turnover-map.ts';

export interface ThreadCarrierOptions extends ThreadStart {
  readonly clock: Clock;
  readonly connections: ConnectionReports;
  readonly wedgeMs: number;
  /** How long its start may take. */
  readonly startMs: number;
  /** The thread does not come up in time: what waits for it has to go elsewhere. */
  readonly stalled: () => void;
  /** It has come up after all. */
  readonly recovered: () => void;
  /** The thread has died, or has to. */
  readonly died: (error: unknown) => void;
}

/** How long a thread may take to close its connections at once. */
const GRACE_MS = 250;

export class ThreadCarrier implements Carrier, ThreadLink {
  readonly outbox: Outbox<ThreadCommand>;
  readonly blocks = new SharedBlocks((command) => this.outbox.add(command));
  readonly #options: ThreadCarrierOptions;
  readonly #worker: Worker;
  readonly #transfers = new TurnoverMap<number, ThreadTransfer>();
  readonly #marks = new MarkPages((memory) => this.outbox.add(['marks', memory]));
  readonly #pulse: ThreadPulse;
  readonly #exited: Promise<void>;
  /** Whether it may come up for those who wait elsewhere now. */
  #isStalled = false;
  #isAlive = true;
  /** Whether its end was asked for, or has been told. */
  #isOver = false;
  #isWedged = false;

  constructor(options: ThreadCarrierOptions) {
    const { clock, wedgeMs, startMs } = options;
    this.#options = options;
    const worker = startThread(options);
    this.#worker = worker;
    this.outbox = new Outbox(worker, (error) => this.#dies(error));
    this.#pulse = new ThreadPulse({
      clock,
      wedgeMs,
      startMs,
      ask: () => this.outbox.add(['ping']),
      stalled: () => this.#stalled(),
      recovered: () => this.#recovered(),
      wedged: (silentMs) => this.#wedged(silentMs),
    });
    this.#exited = this.#listen(worker);
    // Last: to listen to a thread makes it count again.
    worker.unref();
  }

  /** Requests of one turn are one message. */
  defers(): boolean {
    return true;
  }

  transfer(reports: ExchangeReports): Transfer {
    return new ThreadTransfer(this, reports);
  }

  get isReady(): boolean {
    return this.#pulse.isUp;
  }

  get creditBytes(): number {
    return Math.max(LEAST_CREDIT_BYTES, SHARED_CREDIT_BYTES / this.#transfers.size);
  }

  enter(transfer: ThreadTransfer): MarkedExchange {
    const marked = this.#marks.next();
    if (this.#transfers.size === 0) {
      this.#worker.ref();
      this.#pulse.busy();
    }
    this.#transfers.set(marked.id, transfer);
    return marked;
  }

  leave(id: number): void {
    this.#transfers.delete(id);
    if (this.#transfers.size > 0) return;
    this.#pulse.idle();
    if (!this.#isOver && !this.#isStalled) this.#worker.unref();
  }

  halt(): void {
    for (const transfer of this.#transfers.values()) transfer.halt();
  }

  eventLoopUtilization(): EventLoopUtilization | undefined {
    return this.#isAlive ? this.#worker.performance.eventLoopUtilization() : undefined;
  }

  close(): Promise<void> {
    return this.#end(true);
  }

  async destroy(): Promise<void> {
    const exited = this.#end(false);
    if (!this.#isAlive) return;
    if (this.#isWedged) {
      await this.#worker.terminate();
      return;
    }
    const { clock } = this.#options;
    const timer = clock.setTimeout(() => void this.#worker.terminate(), GRACE_MS);
    await exited;
    clock.clearTimeout(timer);
  }

  #end(peacefully: boolean): Promise<void> {
    this.#isOver = true;
    if (this.#transfers.size === 0) this.#pulse.end();
    if (this.#isAlive) {
      this.#worker.ref();
      this.outbox.add(['end', peacefully]);
    }
    return this.#exited;
  }

  #listen(worker: Worker): Promise<void> {
    let reason: unknown;
    worker.on('message', (parcel: Parcel<ThreadReport>) => this.#receive(parcel));
    worker.on('messageerror', (error) => this.#dies(error));
    worker.on('error', (error) => {
      reason = error;
    });
    return new Promise((resolve) => {
      worker.once('exit', (code) => {
        this.#isAlive = false;
        this.#dies(reason ?? new Error(`the thread has exited with code ${code}`));
        resolve();
      });
    });
  }

  /** What was to be done here is done elsewhere: until that is known, the process has to live. */
  #stalled(): void {
    this.#isStalled = true;
    this.#options.stalled();
  }

  #recovered(): void {
    this.#isStalled = false;
    if (this.#transfers.size === 0 && !this.#isOver) this.#worker.unref();
    this.#options.recovered();
  }

  #wedged(silentMs: number): void {
    this.#isWedged = true;
    this.#dies(new Error(`the thread has not answered for ${silentMs} ms`));
  }

  #dies(error: unknown): void {
    this.#pulse.end();
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.died(error);
  }

  #receive(parcel: Parcel<ThreadReport>): void {
    // Others may post from there, too: Node itself does, under `node --watch`.
    if (!Array.isArray(parcel)) return;
    this.#pulse.heard();
    const bytes = new ParcelBytes(parcel);
    for (const report of parcel[0]) this.#take(report, bytes);
  }

  #take(report: ThreadReport, bytes: ParcelBytes): void {
    const { connections } = this.#options;
    switch (report[0]) {
      case 'opened':
        connections.opened(report[1]);
        break;
      case 'closed':
        connections.closed(report[1]);
        break;
      case 'ready':
      case 'pong':
        break;
      case 'data': {
        const chunk = bytes.take();
        this.#transfers.get(report[1])?.data(chunk);
        break;
      }
      case 'whole': {
        const chunk = bytes.take();
        this.#transfers.get(report[1])?.whole(report, chunk);
        break;
      }
      default:
        this.#transfers.get(report[1])?.report(report);
    }
  }
}
