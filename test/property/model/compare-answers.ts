/** The differences between what callers were answered and what they had to be. */

import { patternBytes } from '../../helpers/echo-routes.ts';
import type { ExpectedExchange } from './expected-exchange.ts';
import type { Answer } from './expected-upload.ts';
import { codeIn, type RealExchange, type Seen } from './real-exchange.ts';
import type { Differences } from './settle.ts';

export function compareAnswers(
  exchange: ExpectedExchange,
  real: RealExchange,
  differences: Differences,
): void {
  const { id } = exchange;
  // Where a source feeds it, nobody else may.
  const upload = exchange.source === undefined ? exchange.upload : undefined;
  const sends = upload?.sends.map(({ answer }) => answer) ?? real.sends.map(() => false);
  const finishes = upload?.finishes ?? real.finishes.map(() => false);
  sends.forEach((answer, index) => {
    compareAnswer(`U2 send ${index} of ${id}`, answer, real.sends[index]?.seen, differences);
  });
  finishes.forEach((answer, index) => {
    compareAnswer(`U4 finish ${index} of ${id}`, answer, real.finishes[index], differences);
  });
}

function compareAnswer(
  what: string,
  expected: Answer,
  given: Seen<boolean> | undefined,
  { missing, wrong }: Differences,
): void {
  const outcome = given?.outcome;
  if (outcome === undefined) {
    const mayWait = expected === 'open' || expected === 'unknown' || expected === 'waits';
    if (!mayWait) missing.push(`${what} has no answer`);
    return;
  }
  const answer = 'value' in outcome ? outcome.value : codeIn(outcome.error);
  const allowed = expected === 'open' ? true : expected;
  const isEither = allowed === 'any' || allowed === 'unknown';
  if (isEither ? typeof answer !== 'boolean' : answer !== allowed) {
    wrong.push(`${what} was answered ${answer}, not ${allowed}`);
  }
}

export function compareAwaits(
  exchange: ExpectedExchange,
  real: RealExchange,
  { missing, wrong }: Differences,
): void {
  const { id, awaits, outcome: end, awaitedBytes } = exchange;
  awaits.forEach(({ outcome: expected }, index) => {
    const outcome = real.awaits[index]?.outcome;
    if (outcome === undefined) {
      if (expected !== 'waits') missing.push(`A1 await ${index} of ${id} still waits`);
      return;
    }
    const result = 'value' in outcome ? 'done' : codeIn(outcome.error);
    const wanted = expected === 'end' ? end : 'ERR_AWAIT_TIMEOUT';
    if (expected === 'waits' || result !== wanted) {
      wrong.push(`A2 await ${index} of ${id} got ${result}, not ${expected} ${end}`);
    }
    if (!('value' in outcome)) return;
    const { body } = outcome.value;
    const { readBytes } = exchange.response;
    const skipped = exchange.response.stream ? readBytes : 0;
    if (!Buffer.from(body).equals(patternBytes(awaitedBytes ?? 0, skipped))) {
      wrong.push(`A1 await ${index} of ${id} got ${body.byteLength} bytes, not ${awaitedBytes}`);
    }
  });
}
