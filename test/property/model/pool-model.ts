/**
 * What happens to the whole pool, and what has to come of it, predicted from the contract: requests
 * and callers, deaths of workers, time, the end.
 *
 * Which worker takes an exchange the contract leaves open: that is learned from the real pool. Where
 * two timers fall on the same instant, either order is right, and the real one is followed.
 */

import type { ErrorCode } from '../../../src/index.ts';
import { ExpectedExchange } from './expected-exchange.ts';
import { claimOf } from './model-options.ts';
import { type Life, PoolState } from './pool-state.ts';
import type { Spec } from './spec.ts';

export class PoolModel extends PoolState {
  /** What of the pool cannot be known, or no longer, is looked up before the next thing happens. */
  learn(): void {
    for (const exchange of this.live) {
      const { id, broken } = exchange;
      if (exchange.isEndUnseen && this.facts?.isEnding(id) === true) exchange.seeEnd();
      if (broken !== undefined && this.facts?.codeOf(id) !== undefined) exchange.fail(broken);
    }
    for (const worker of this.workers.deaf) {
      if (this.facts?.isDown(worker) === true) this.killWorker(worker, this.heldBefore);
    }
    this.heldBefore = this.held;
    this.settle();
  }

  // --- what callers do ------------------------------------------------------------------------

  start(spec: Spec, caller: number | undefined): ExpectedExchange {
    const id = `x${this.exchanges.length}`;
    const claim = claimOf(spec, this.options, this.nowMs);
    const exchange = new ExpectedExchange(id, spec, this.options.version, claim);
    this.exchanges.push(exchange);
    const owner = caller === undefined ? undefined : this.callers[caller];
    owner?.exchanges.push(exchange);
    if (owner?.state === 'dead') exchange.stop('ERR_CALLER_DIED');
    else this.#come(exchange);
    return exchange;
  }

  #come(exchange: ExpectedExchange): void {
    const verdict = this.admission.come(exchange, this.moment);
    if (verdict === 'starts') this.#admit(exchange);
    else if (verdict === 'refused') exchange.stop('ERR_OVERLOAD');
  }

  pause(): void {
    if (this.life === 'open') this.admission.isPaused = true;
  }

  resume(): void {
    this.admission.isPaused = false;
    this.settle();
  }

  callerDies(index: number): void {
    const owner = this.callers[index];
    if (owner?.state !== 'alive') return;
    owner.state = 'dead';
    // All at once: what the death of one frees is not for another of the same caller.
    for (const exchange of owner.exchanges) exchange.callerDies(this.nowMs);
    this.settle();
  }

  callerCompletes(index: number): void {
    const owner = this.callers[index];
    if (owner?.state === 'alive') owner.state = 'complete';
  }

  /** `workersOf`: who ran where when it was killed. */
  killWorker(id: number, workersOf: ReadonlyMap<string, number | undefined>): void {
    if (this.isOver || this.life === 'failed' || !this.workers.isUp(id)) return;
    this.#lose(
      this.running.filter((exchange) => workersOf.get(exchange.id) === id),
      id,
    );
    if (this.workers.kill(id, this.nowMs) === 'failed') this.endAll('failed', 'ERR_POOL_FAILED');
    this.settle();
  }

  goDeaf(id: number): void {
    this.workers.goDeaf(id, this.nowMs);
  }

  close(timeoutMs: number): void {
    if (this.life === 'open') {
      this.life = 'closing';
      // What waits could not end in a pool that is paused.
      this.admission.isPaused = false;
    }
    if (Number.isFinite(timeoutMs) && !this.isOver) this.closeDues.push(this.nowMs + timeoutMs);
    this.settle();
  }

  endAll(life: Life, code: ErrorCode): void {
    if (this.life === 'destroyed' || this.life === 'failed') return;
    this.life = life;
    for (const exchange of this.live) exchange.stop(code);
    this.settle();
  }

  // --- time -----------------------------------------------------------------------------------

  /** The next moment at which something may be due. */
  get nextDueMs(): number {
    const dues = this.live.flatMap((one) => one.times.dues(one.phase).map(({ dueMs }) => dueMs));
    dues.push(...this.live.map(({ throughput }) => throughput.dueMs), ...this.admission.dues);
    for (const { awaits, receives } of this.exchanges) {
      for (const { outcome, dueMs } of [...awaits, ...receives]) {
        if (outcome === 'waits') dues.push(dueMs);
      }
    }
    if (!this.isOver) dues.push(...this.workers.dues, ...this.closeDues);
    return Math.min(...dues.filter((dueMs) => dueMs > this.nowMs), Number.POSITIVE_INFINITY);
  }

  /** It is later now, and no moment in between was one at which something was due. */
  passTo(nowMs: number): void {
    this.nowMs = nowMs;
    this.workers.passTo(nowMs);
    this.#expireRunning();
    for (const exchange of this.running) exchange.mayMove(nowMs);
    this.settle();
    this.admission.line.expire(nowMs);
    if (this.closeDues.some((dueMs) => dueMs <= nowMs) && !this.isOver) {
      this.admission.line.followTimeouts(this.facts, nowMs);
      this.endAll('destroyed', 'ERR_POOL_DESTROYED');
    }
    this.#expireWaiters();
    this.settle();
  }

  #expireRunning(): void {
    for (const exchange of this.running) {
      for (const { dueMs, code, isSure } of exchange.times.dues(exchange.phase)) {
        if (dueMs > this.nowMs || !exchange.isLive) continue;
        if (isSure || this.facts?.codeOf(exchange.id) !== undefined) exchange.fail(code);
      }
      const hasFailed = this.facts?.codeOf(exchange.id) !== undefined;
      exchange.checkThroughput(this.nowMs, hasFailed);
    }
  }

  #expireWaiters(): void {
    for (const { awaits, receives, response } of this.exchanges) {
      for (const one of awaits) {
        if (one.outcome !== 'waits' || one.dueMs > this.nowMs) continue;
        one.outcome = 'timeout';
        response.stopCollecting(this.options.isolation);
      }
      for (const one of receives) {
        if (one.outcome === 'waits' && one.dueMs <= this.nowMs) one.outcome = 'timeout';
      }
    }
  }

  /** Lets in those who can run (H6, H9). */
  settle(): void {
    const isAdmitting = this.life === 'open' || this.life === 'closing';
    this.admission.line.followTimeouts(this.facts, this.nowMs);
    while (isAdmitting) {
      const next = this.admission.next(this.moment, this.facts);
      if (next === undefined) return;
      this.#admit(next);
    }
  }

  #admit(exchange: ExpectedExchange): void {
    this.admission.started(exchange, this.nowMs);
    const worker = this.facts?.workerOf(exchange.id);
    exchange.admit(this.nowMs, this.workers.deafSince(worker) === undefined);
  }

  #lose(held: readonly ExpectedExchange[], worker: number): void {
    for (const exchange of held) {
      if (exchange.phase === 'connecting') {
        exchange.requeue(this.nowMs);
        this.admission.line.comeBack(exchange);
      } else if (exchange.phase === 'ending') {
        exchange.survived = worker;
      } else {
        exchange.stop('ERR_WORKER_DIED');
      }
    }
  }
}
