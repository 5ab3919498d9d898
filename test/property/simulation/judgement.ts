/** What must hold of an exchange that is over: its end, its bodies, its upload, those who waited. */

import { AssertionError } from 'node:assert';
import { type PoolResponse, RequestError, type TerminalMessage } from '../../../src/index.ts';
import { checkEnded } from '../invariants.ts';
import type { Awaited, Driven } from './driven.ts';
import type { Expectation } from './expectation.ts';
import { bytesOf } from './pattern.ts';
import type { Plan } from './plan.ts';

export interface Case {
  readonly plan: Plan;
  readonly driven: Driven;
  readonly expectation: Expectation;
  /** Bytes of the response that the pool was given. */
  readonly receivedBytes: number;
  /** The status of the response. */
  readonly status: number;
}

/** Throws when the exchange did not end as it had to; returns how it did. */
export function judge(one: Case): string {
  const { driven, expectation, plan, receivedBytes } = one;
  const { outcome } = driven;
  if (outcome === undefined) broken(one, 'H3 it ended without a terminal message');
  const end = checkEnded(driven);
  const { attempts, queued } = end.metrics;
  if (attempts > 0 && !expectation.times.admitted(attempts, queued)) {
    broken(one, `S1 ${attempts} attempts after ${queued} ms in the queue`);
  }
  if (
    expectation.outcome === undefined &&
    !expectation.acceptTimeout(outcome, driven.wire?.paused !== true)
  ) {
    broken(one, `${outcome} out of nothing`);
  }
  if (outcome !== expectation.outcome) broken(one, `${outcome}, not ${expectation.outcome}`);
  if (end.upload?.endedBy !== expectation.endedBy) {
    broken(one, `U9 ended by ${end.upload?.endedBy}, not ${expectation.endedBy}`);
  }
  if (end.type === 'done' && end.metrics.bytesReceived !== receivedBytes) {
    broken(one, `S1 ${end.metrics.bytesReceived} bytes received, not ${receivedBytes}`);
  }
  judgeResponse(one, end);
  if (plan.body === 'source' || plan.body === 'bytes') judgeOwnBody(one, end);
  for (const awaited of driven.awaits) judgeAwait(one, awaited);
  return outcome;
}

function judgeResponse(one: Case, end: TerminalMessage): void {
  const { driven, plan, receivedBytes } = one;
  if (!driven.stream) {
    if (end.type === 'done') judgeWhole(one, end.response);
    return;
  }
  const chunks = driven.messages.map((message) => (message.type === 'data' ? message.chunk : ''));
  const body = Buffer.concat(chunks.filter((chunk) => typeof chunk !== 'string'));
  if (!body.equals(bytesOf(plan.id * 2, 0, body.length))) broken(one, 'M6 another body');
  const read = plan.receiver === 'await' || body.length === receivedBytes;
  if (end.type === 'done' && !read) broken(one, `H4 done with ${body.length} of ${receivedBytes}`);
}

function judgeWhole(one: Case, response: PoolResponse | undefined): void {
  const sent = bytesOf(one.plan.id * 2, 0, one.receivedBytes);
  if (response === undefined || !Buffer.from(response.body).equals(sent)) {
    broken(one, 'A1 the response has another body');
  }
  if (response.status !== one.status) broken(one, `A1 status ${response.status}`);
}

/** A body that was not sent by calls: whole where the end says so, and else a part of it (U9). */
function judgeOwnBody(one: Case, { upload }: TerminalMessage): void {
  const { driven, plan } = one;
  const arrived = Buffer.concat(driven.wire?.arrived ?? []);
  const length = plan.pieces.reduce((sum, bytes) => sum + bytes, 0);
  const body = bytesOf(plan.id * 2 + 1, 0, length);
  if (!arrived.equals(body.subarray(0, arrived.length))) broken(one, 'U1 another body arrived');
  if (upload?.complete !== true) return;
  if (arrived.length !== length || driven.wire?.arrivedWhole !== true) {
    broken(one, `U9 complete with ${arrived.length} of ${length} bytes`);
  }
}

function judgeAwait(one: Case, awaited: Awaited): void {
  if (awaited === undefined) broken(one, 'A1 an await hangs');
  const { outcome, stream } = one.driven;
  if ('response' in awaited) {
    if (outcome !== 'done') broken(one, 'A3 an await resolved');
    if (!stream || one.plan.receiver === 'await') judgeWhole(one, awaited.response);
    return;
  }
  const code = awaited.error instanceof RequestError ? awaited.error.code : String(awaited.error);
  const gaveUp = code === 'ERR_AWAIT_TIMEOUT' && one.plan.patienceMs !== undefined;
  if (code !== outcome && !gaveUp) broken(one, `A3 an await rejected with ${code}`);
}

function broken({ driven }: Case, problem: string): never {
  throw new AssertionError({ message: `${driven.label}: ${problem}` });
}
