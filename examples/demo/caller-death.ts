/**
 * Act 2: a caller dies in the middle of its upload.
 *
 * Invariant shown: the pool finishes the body for it, so that the server sees one finished request
 * with exactly the accepted bytes, and the exchange says who ended it.
 */

import { MIB, masked, sameBytes, size, testBytes } from './bytes.ts';
import type { Act } from './pipeline.ts';
import type { DemoServer } from './server-process.ts';
import { outcome, transfer, transferRow } from './transfer.ts';

const ID = 'caller-death';
const UPLOAD_BYTES = 8 * MIB;
const DIES_AFTER_BYTES = 3 * MIB;

export async function runCallerDeath({ pool, ledger }: Act, server: DemoServer): Promise<void> {
  const caller = new AbortController();
  const result = await transfer(pool, {
    url: `${server.origin}/xor/${ID}`,
    chunks: dyingSource(caller),
    transform: masked,
    caller: caller.signal,
  });
  const report = await server.report(ID);
  const upload = result.end?.upload;
  const up = sameBytes(report, result.sent);
  console.log(
    `   ${size(result.sent.bytes)} accepted, then ${outcome(result.end)}; the server saw ` +
      `${size(report.bytes)} and a body that is ${report.body}`,
  );

  ledger.claim(
    'caller death: the exchange ends once, in ERR_CALLER_DIED',
    outcome(result.end) === 'ERR_CALLER_DIED' && result.ends === 1,
    { outcome: outcome(result.end), terminalMessages: result.ends },
  );
  ledger.claim(
    "caller death: upload.endedBy is 'caller_death', not complete",
    upload?.endedBy === 'caller_death' &&
      !upload.complete &&
      upload.bytesSent === result.sent.bytes,
    { upload, accepted: result.sent.bytes },
  );
  ledger.claim(
    'caller death: chunks after the death are refused',
    result.refused && result.sent.bytes === DIES_AFTER_BYTES,
    result.sent,
  );
  ledger.claim(
    `caller death: the server saw a finished body of the accepted ${size(result.sent.bytes)}`,
    report.body === 'whole' && up,
    report,
  );
  ledger.claim(
    'caller death: the response was drained to its end',
    report.answer === 'whole',
    report,
  );
  ledger.row(transferRow('dead caller', result, up ? 'up ok' : 'MISMATCH'));
}

/** The end of the demo asks again: nothing may have been sent a second time meanwhile. */
export function claimOneBody({ ledger }: Act, server: DemoServer): void {
  const reports = server.reports(ID);
  ledger.claim(
    'caller death: the server saw that one request and no other',
    reports.length === 1,
    reports,
  );
}

/** Chunks of an upload whose caller dies between two of them. */
function* dyingSource(caller: AbortController): Generator<Uint8Array> {
  let yieldedBytes = 0;
  for (const chunk of testBytes(77, UPLOAD_BYTES)) {
    if (yieldedBytes === DIES_AFTER_BYTES) caller.abort(new Error('the caller went away'));
    yieldedBytes += chunk.length;
    yield chunk;
  }
}
