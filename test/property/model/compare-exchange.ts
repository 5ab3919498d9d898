/** The differences between one exchange as it should be and as it is. */

import type { Message } from '../../../src/index.ts';
import { patternBytes } from '../../helpers/echo-routes.ts';
import { bodyOf } from '../../helpers/message-log.ts';
import { compareAnswers, compareAwaits } from './compare-answers.ts';
import { comparePeer } from './compare-peer.ts';
import { compareSource } from './compare-source.ts';
import type { ExpectedExchange } from './expected-exchange.ts';
import type { PoolModel } from './pool-model.ts';
import type { RealExchange } from './real-exchange.ts';
import type { Differences } from './settle.ts';
import type { World } from './world.ts';

export function compareExchange(
  exchange: ExpectedExchange,
  world: World,
  model: PoolModel,
  differences: Differences,
): void {
  const real = world.real(exchange.id);
  learnReceives(exchange, real, model, differences);
  compareState(exchange, world, differences);
  compareMessages(exchange, real, differences);
  compareAnswers(exchange, real, differences);
  compareAwaits(exchange, real, differences);
  compareSource(exchange, real, differences);
  if (!world.isHushed(exchange.id)) comparePeer(exchange, world, differences);
}

function compareState(exchange: ExpectedExchange, world: World, { missing, wrong }: Differences) {
  const { id, phase, audience, outcome, upload } = exchange;
  const { state } = world.flight(id);
  if (state.type !== phase) {
    const ended = state.type === 'settled' ? ` (${world.codeOf(id) ?? 'done'})` : '';
    const problem = `${id} is ${state.type}${ended}, not ${phase}`;
    (state.type === 'settled' ? wrong : missing).push(problem);
    return;
  }
  if (state.type === 'settled') {
    if (state.outcome !== outcome) wrong.push(`${id} ended as ${state.outcome}, not ${outcome}`);
    return;
  }
  if (state.audience !== audience) missing.push(`${id} is ${state.audience}, not ${audience}`);
  if (upload === undefined || upload.isEndUnknown) return;
  if (state.upload !== upload.state) {
    missing.push(`the upload of ${id} is ${state.upload}, not ${upload.state}`);
  }
}

/** What a reader of the mailbox gets cannot be known in its size; it is checked and noted here. */
function learnReceives(
  exchange: ExpectedExchange,
  real: RealExchange,
  model: PoolModel,
  { missing, wrong }: Differences,
): void {
  exchange.receives.forEach((expected, index) => {
    const outcome = real.receives[index]?.outcome;
    if (expected.outcome === 'message') return;
    if (expected.outcome === 'timeout') {
      if (outcome === undefined) missing.push(`M1 receive ${index} of ${exchange.id} still waits`);
      return;
    }
    const { next } = exchange.response;
    if (outcome === undefined) {
      if (next !== undefined) missing.push(`M1 receive ${index} of ${exchange.id} gets ${next}`);
      return;
    }
    expected.outcome = 'message';
    const message = 'value' in outcome ? outcome.value : undefined;
    const bytes = message?.type === 'data' ? message.chunk.byteLength : 0;
    const kind = kindOf(message);
    if (kind !== next) wrong.push(`M1 ${exchange.id} received ${kind}, not ${next}`);
    if (message !== undefined) real.messages.push(message);
    exchange.response.read(bytes);
    exchange.progress(model.nowMs);
    model.settle();
  });
  if (!exchange.isConcluding || exchange.receives.some((one) => one.outcome === 'waits')) return;
  exchange.isConcluding = false;
  exchange.conclude();
}

function kindOf(message: Message | undefined): string {
  if (message === undefined) return 'nothing more';
  return message.type === 'done' || message.type === 'error' ? 'end' : message.type;
}

function compareMessages(
  exchange: ExpectedExchange,
  real: RealExchange,
  { missing, wrong }: Differences,
): void {
  const { id, response, receiverDead, phase } = exchange;
  const body = bodyOf(real.messages);
  if (!Buffer.from(body).equals(patternBytes(body.byteLength))) {
    wrong.push(`M6 ${id} delivered other bytes than the peer sent`);
  }
  compareEnd(exchange, real, wrong);
  // A port that is closed may drop what was posted before.
  if (receiverDead) return;
  const told = exchange.hasOwnReceiver ? response.told : response.statusRead;
  const bytes = exchange.hasOwnReceiver ? response.delivered : response.readBytes;
  const isEnded = exchange.hasOwnReceiver ? phase === 'settled' : response.endRead;
  const count = (type: Message['type']): number =>
    real.messages.filter((message) => message.type === type).length;
  const ends = count('done') + count('error');
  const seenOf = [count('status'), body.byteLength, ends];
  const expected = [Number(told), bytes, Number(isEnded)];
  seenOf.forEach((amount, index) => {
    const wanted = expected[index] ?? 0;
    if (amount === wanted) return;
    const what = ['statuses', 'bytes', 'ends'][index];
    (amount > wanted ? wrong : missing).push(`H4 ${id} has ${amount} ${what}, not ${wanted}`);
  });
}

function compareEnd(exchange: ExpectedExchange, real: RealExchange, wrong: string[]): void {
  const { id, outcome, response, upload, spec } = exchange;
  const end = real.messages.find(({ type }) => type === 'done' || type === 'error');
  if (end?.type !== 'done' && end?.type !== 'error') return;
  if (real.endedInTheMap) wrong.push(`S2 ${id} was told its end before it was over`);
  const code = end.type === 'done' ? 'done' : end.error.code;
  if (code !== outcome) wrong.push(`H3 ${id} was told ${code}, not ${outcome}`);
  if (end.type === 'done' && !response.stream) {
    const body = end.response?.body ?? new Uint8Array();
    const isBody = Buffer.from(body).equals(patternBytes(response.written));
    if (!isBody || end.response?.status !== response.status) {
      wrong.push(`A1 ${id} has another response than the peer gave`);
    }
  }
  const endedBy = expectedEnding(exchange);
  const isUnknown = upload?.wasEndUnknown === true;
  if (end.upload?.endedBy !== endedBy && !isUnknown) {
    wrong.push(`U9 ${id} (${spec.body}) was ended by ${end.upload?.endedBy}, not ${endedBy}`);
  }
}

const ENDED_BY = {
  death: 'caller_death',
  ended_by_death: 'caller_death',
  response: 'response',
  ended_by_response: 'response',
  failure: 'failure',
  ended_by_failure: 'failure',
  ended_by_caller: 'caller',
} as const;

function expectedEnding({ spec, upload, reached, endedBy }: ExpectedExchange): string | undefined {
  if (spec.body === 'none') return undefined;
  if (upload === undefined) return reached ? 'caller' : ENDED_BY[endedBy ?? 'failure'];
  const { state } = upload;
  return state === 'open' || state === 'finishing' || state === 'abandoned'
    ? state
    : ENDED_BY[state];
}
