/** The peer of one exchange: it plays its plan on whatever wire the exchange is on. */

import type { ErrorCode } from '../../../src/index.ts';
import type { Expectation } from './expectation.ts';
import { bytesOf } from './pattern.ts';
import type { PeerStep, Plan } from './plan.ts';
import { systemError } from './transport.ts';
import type { Wire } from './wire.ts';

type PeerHead = Extract<PeerStep, { readonly do: 'head' }>;

export class SimulatedPeer {
  /** The status it answered with. */
  status = 0;
  /** How long it then asks to be left alone. */
  retryAfterMs: number | undefined;
  readonly #plan: Plan;
  readonly #expectation: Expectation;
  #at = 0;
  #answeredBytes = 0;

  constructor(plan: Plan, expectation: Expectation) {
    this.#plan = plan;
    this.#expectation = expectation;
  }

  /** On a new wire it begins anew. */
  begin(): void {
    this.#at = 0;
  }

  /** The next step; what it was, `undefined` where it can do nothing. */
  step(wire: Wire | undefined): string | undefined {
    const step = this.#plan.peer[this.#at];
    if (wire === undefined || wire.over || step === undefined) return undefined;
    switch (step.do) {
      case 'start':
        wire.start();
        break;
      case 'take':
        this.#expectation.mayHaveMoved();
        wire.read();
        break;
      case 'halt':
        wire.stall();
        break;
      case 'listen':
        if (!wire.arrivedWhole) return undefined;
        break;
      case 'head':
        this.#answer(wire, step);
        break;
      case 'data':
        wire.data(bytesOf(this.#plan.id * 2, this.#answeredBytes, step.bytes));
        this.#answeredBytes += step.bytes;
        break;
      case 'end':
        wire.end();
        break;
      case 'fail':
        this.#fail(wire, step.code);
        break;
      case 'stall':
        return undefined;
      default:
        step satisfies never;
    }
    this.#at += 1;
    return step.do;
  }

  #answer(wire: Wire, { status, retryAfter }: PeerHead): void {
    this.status = status;
    this.retryAfterMs = retryAfter === undefined ? undefined : retryAfter * 1_000;
    const asks = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    wire.head(status, { 'x-id': String(this.#plan.id), ...asks });
  }

  #fail(wire: Wire, code: string): void {
    const { started, headed } = this.#expectation;
    const broke: ErrorCode = headed ? 'ERR_TRUNCATED' : started ? 'ERR_SOCKET' : 'ERR_CONNECT';
    this.#expectation.failed(MEANS[code] ?? broke);
    wire.fail(systemError(code));
  }
}

/** Errors that mean the same wherever they strike. */
const MEANS: Readonly<Partial<Record<string, ErrorCode>>> = {
  ECONNREFUSED: 'ERR_CONNECT',
  ENOTFOUND: 'ERR_RESOLVE',
  CERT_HAS_EXPIRED: 'ERR_TLS',
  HPE_INVALID_CONSTANT: 'ERR_PROTOCOL',
};
