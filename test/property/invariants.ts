/**
 * What must hold of every exchange, whatever happened to it: checks on what was seen of it from
 * outside. Who drives the exchange fills its `Ledger`; these functions throw when it is broken.
 *
 * `checkSoFar` holds after every single step, `checkEnded` once the terminal message is out and no
 * microtask is left, `checkAtRest` when all exchanges are over and the pool is closed.
 */

import { AssertionError } from 'node:assert';
import type { Message, Pool, TerminalMessage } from '../../src/index.ts';
import { gaugesOf } from '../helpers/ends.ts';

/** One `sendBody`: its bytes, and its answer once there is one. */
export interface Sent {
  readonly bytes: Uint8Array;
  answer: boolean | undefined;
}

/** The upload of an exchange, from both ends. */
export interface UploadLedger {
  readonly sent: readonly Sent[];
  /** Whether `finishBody` was called, and its answer once there is one. */
  readonly finish: { asked: boolean; answer: boolean | undefined };
  /** Bytes the peer has read. */
  readonly arrived: readonly Uint8Array[];
  /** Whether the peer saw the proper end of the body; `undefined` where that cannot be known. */
  readonly arrivedWhole: boolean | undefined;
}

export interface Ledger {
  /** Names the exchange in what is thrown. */
  readonly label: string;
  readonly stream: boolean;
  readonly window: number;
  /** Delivered so far: to `replyTo`, or read from the mailbox. */
  readonly messages: readonly Message[];
  /** Bytes of credit given beyond the window. */
  readonly granted: number;
  readonly upload: UploadLedger | undefined;
}

/** All that holds at any time: `checkMessages`, and no byte at the peer that was not sent (U1). */
export function checkSoFar(ledger: Ledger): void {
  checkMessages(ledger);
  if (ledger.upload !== undefined) checkPrefix(ledger, ledger.upload);
}

/** H3, H4, M3, F1: order, at most one end, credit. */
export function checkMessages(ledger: Ledger): void {
  const { messages, stream, window, granted } = ledger;
  let bytes = 0;
  messages.forEach((message, index) => {
    const last = index === messages.length - 1;
    switch (message.type) {
      case 'status':
        if (!stream || index !== 0) broken(ledger, 'H4 status is not the first message');
        break;
      case 'data':
        if (!stream || messages[0]?.type !== 'status') broken(ledger, 'H4 data before status');
        if (message.chunk.byteLength === 0) broken(ledger, 'H4 empty data');
        bytes += message.chunk.byteLength;
        break;
      default:
        if (!last) broken(ledger, `H3 a message after ${message.type}`);
        if (message.type === 'done' && stream && index === 0) broken(ledger, 'H4 no status');
        if (message.type === 'done' && stream === (message.response !== undefined)) {
          broken(ledger, 'M3 a response on a streamed exchange, or none on another');
        }
    }
  });
  if (bytes > window + granted) {
    broken(ledger, `F1 ${bytes} bytes delivered with ${window} + ${granted} granted`);
  }
}

/** After the end: exactly one terminal message, every promise settled, the upload truthful. */
export function checkEnded(ledger: Ledger): TerminalMessage {
  checkSoFar(ledger);
  const end = ledger.messages.at(-1);
  if (end?.type !== 'done' && end?.type !== 'error') broken(ledger, 'H3 no terminal message');
  const { upload } = ledger;
  if (upload === undefined) return end;
  if (upload.sent.some(({ answer }) => answer === undefined)) broken(ledger, 'U3 a sender hangs');
  if (upload.finish.asked && upload.finish.answer === undefined) broken(ledger, 'U4 finish hangs');
  checkOutcome(ledger, upload, end);
  return end;
}

/** S2, P2: no gauge above zero and no timer left. */
export function checkAtRest(pool: Pool, clock: { readonly pending: number }): void {
  const gauges = Object.entries(gaugesOf(pool)).filter(([, count]) => count !== 0);
  if (gauges.length > 0) fail(`S2 gauges not zero: ${gauges.join(' ')}`);
  if (clock.pending > 0) fail(`P2 ${clock.pending} timers left`);
}

/** U1: what arrived is a prefix of what was sent, in call order. */
function checkPrefix(ledger: Ledger, { sent, arrived }: UploadLedger): void {
  const offered = Buffer.concat(sent.map(({ bytes }) => bytes));
  const got = Buffer.concat(arrived);
  if (got.equals(offered.subarray(0, got.length))) return;
  broken(ledger, `U1 ${got.length} bytes arrived that are no prefix of the ${offered.length} sent`);
}

/** U2, U4, U9: what the end says of the upload is what the peer saw. */
function checkOutcome(ledger: Ledger, upload: UploadLedger, end: TerminalMessage): void {
  const said = end.upload;
  if (said === undefined) broken(ledger, 'U9 the end of an upload says nothing of it');
  const arrived = upload.arrived.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (said.bytesSent < arrived) broken(ledger, `U9 ${arrived} arrived of ${said.bytesSent} sent`);
  if (said.complete !== (said.endedBy === 'caller')) broken(ledger, 'U9 complete, and not whole');
  if ((upload.finish.answer === true) !== said.complete && upload.finish.asked) {
    broken(ledger, `U4 finish said ${upload.finish.answer}, the end ${said.endedBy}`);
  }
  if (!said.complete) return;
  // What was offered after the finish was answered `false` and is not part of the body.
  const whole = upload.sent.reduce(
    (sum, { bytes, answer }) => sum + (answer === true ? bytes.byteLength : 0),
    0,
  );
  if (!upload.finish.asked) broken(ledger, 'U9 complete, and never finished');
  if (upload.arrivedWhole === false) broken(ledger, 'U9 complete, and the peer saw no end');
  if (upload.arrivedWhole === true && arrived !== whole)
    broken(ledger, `U9 complete with ${arrived} of ${whole} bytes`);
}

function broken(ledger: Ledger, problem: string): never {
  const types = ledger.messages.map(({ type }) => type).join(' ');
  fail(`${ledger.label}: ${problem} (messages: ${types || 'none'})`);
}

function fail(message: string): never {
  throw new AssertionError({ message });
}
