/**
 * What one exchange will be like: its options, what its caller and its peer will do. Drawn when it
 * is launched; which of them moves when is drawn later, step by step.
 */

import type { RequestOptions } from '../../../src/index.ts';
import { LONGEST_BODY } from './pattern.ts';
import type { Random } from './random.ts';
import type { PeerFault, Storm } from './storm.ts';

export type PeerStep =
  | { readonly do: 'start' }
  /** Reads the request body, or reads on. */
  | { readonly do: 'take' }
  /** Reads no further for now. */
  | { readonly do: 'halt' }
  /** Waits until the request body is there. */
  | { readonly do: 'listen' }
  /** `retryAfter`: seconds for which it asks to be left alone. */
  | { readonly do: 'head'; readonly status: number; readonly retryAfter?: number }
  | { readonly do: 'data'; readonly bytes: number }
  | { readonly do: 'end' }
  | { readonly do: 'fail'; readonly code: string }
  /** Does nothing ever after. */
  | { readonly do: 'stall' };

export type CallerStep =
  | { readonly do: 'send'; readonly bytes: number }
  | { readonly do: 'finish' };

/** Where messages go, or who waits for them. */
export type Receiver = 'function' | 'thrower' | 'actor' | 'await' | 'mailbox' | 'loop';

export type BodyKind = 'none' | 'bytes' | 'source' | 'upload';

export interface Plan {
  readonly id: number;
  readonly origin: string;
  /** All but who receives, who calls, and the body. */
  readonly request: RequestOptions;
  readonly receiver: Receiver;
  readonly body: BodyKind;
  /** Bytes of a body that is not sent by steps of the caller, in pieces. */
  readonly pieces: readonly number[];
  readonly hasCaller: boolean;
  readonly hasSignal: boolean;
  readonly caller: readonly CallerStep[];
  /** Declared, where it is. */
  readonly contentLength: number | undefined;
  /** Whether the caller grants, or reads, in the end all there is. */
  readonly reads: boolean;
  readonly peer: readonly PeerStep[];
  readonly fault: PeerFault;
  /** Timeout of an `await` beside all else. */
  readonly patienceMs: number | undefined;
}

/** Errors of connections that are not made, and of those that break. */
const REFUSALS = ['ECONNREFUSED', 'ENOTFOUND', 'CERT_HAS_EXPIRED'] as const;
const BREAKS = ['ECONNRESET', 'EPIPE', 'HPE_INVALID_CONSTANT'] as const;
const STATUSES = [200, 200, 200, 201, 204, 302, 404, 413, 429, 500, 503] as const;
const TIMEOUTS = [
  'timeout',
  'connectTimeout',
  'headersTimeout',
  'idleTimeout',
  'queueTimeout',
] as const;

const ORIGINS = ['http://a.test', 'http://b.test', 'http://c.test'] as const;
/** Those of a pool's `tenants`, and one that has no weight of its own. */
export const TENANTS = ['', 'large', 'small'] as const;

export function drawPlan(id: number, random: Random, storm: Storm): Plan {
  const body = random.weighted({ none: 45, bytes: 10, source: 10, upload: 35 });
  const stream = random.chance(0.5);
  const receiver = drawReceiver(random, stream);
  const caller = body === 'upload' ? drawUpload(random, storm) : [];
  const fault = random.weighted(storm.peers);
  const declares = body === 'upload' && random.chance(0.25);
  const sent = caller.reduce((sum, step) => sum + (step.do === 'send' ? step.bytes : 0), 0);
  const contentLength = declares ? Math.max(1, sent + random.pick([0, 0, 0, -1, 1])) : undefined;
  const reads = !random.chance(storm.absent);
  return {
    id,
    origin: random.pick(ORIGINS),
    request: drawOptions({ random, storm, body, stream, receiver, contentLength }),
    receiver,
    body,
    pieces: body === 'bytes' || body === 'source' ? pieces(random, 4) : [],
    hasCaller: random.chance(0.5),
    hasSignal: random.chance(0.3),
    caller,
    contentLength,
    reads,
    peer: drawPeer(random, fault, body),
    fault,
    patienceMs: !stream && random.chance(0.1) ? random.size(5_000) : undefined,
  };
}

function drawReceiver(random: Random, stream: boolean): Receiver {
  if (!stream) {
    return random.weighted({ function: 3, thrower: 0.2, actor: 1, await: 6, mailbox: 1, loop: 0 });
  }
  return random.weighted({ function: 5, thrower: 0.2, actor: 2, await: 1, mailbox: 2, loop: 2 });
}

interface Drawn {
  readonly random: Random;
  readonly storm: Storm;
  readonly body: BodyKind;
  readonly stream: boolean;
  readonly receiver: Receiver;
  readonly contentLength: number | undefined;
}

function drawOptions(drawn: Drawn): RequestOptions {
  const { random, storm, body, stream, receiver, contentLength } = drawn;
  const hurry = random.chance(storm.hurried) ? random.pick(TIMEOUTS) : undefined;
  // A declared body is always taken at once: then what was taken is what was sent.
  const uploadBuffer = contentLength === undefined ? random.size(64 * 1024) : LONGEST_BODY * 2;
  return {
    method: body === 'none' ? random.pick(['GET', 'DELETE']) : random.pick(['POST', 'PUT']),
    tenant: random.pick(TENANTS),
    priority: random.pick([0, 0, 0, 5]),
    stream,
    streamBody: body === 'upload',
    uploadBuffer,
    onCallerDeath: random.chance(0.3) ? 'cancel' : 'finish',
    ...(stream && receiver !== 'await' && random.chance(0.7)
      ? { window: random.size(64 * 1024) }
      : {}),
    ...(contentLength === undefined ? {} : { headers: { 'content-length': contentLength } }),
    ...(random.chance(0.05) ? { maxResponseBytes: random.size(20_000) } : {}),
    ...(random.chance(storm.watched) ? { minThroughput: drawMinimum(random) } : {}),
    ...(hurry === undefined ? {} : { [hurry]: random.between(5, 3_000) }),
  };
}

function drawMinimum(random: Random): RequestOptions['minThroughput'] {
  return { bytes: random.size(5_000), interval: random.between(50, 5_000) };
}

function drawUpload(random: Random, storm: Storm): readonly CallerStep[] {
  const steps: CallerStep[] = pieces(random, 6).map((bytes) => ({ do: 'send', bytes }));
  if (random.chance(storm.absent)) return steps;
  steps.push({ do: 'finish' });
  // Some do not know when to stop (U3, U4).
  if (random.chance(0.1)) steps.push({ do: 'send', bytes: 10 });
  if (random.chance(0.1)) steps.push({ do: 'finish' });
  return steps;
}

function drawPeer(random: Random, fault: PeerFault, body: BodyKind): readonly PeerStep[] {
  const steps: PeerStep[] = [{ do: 'start' }];
  if (body === 'upload' || body === 'source') {
    steps.push({ do: 'take' });
    if (random.chance(0.3)) steps.push({ do: 'halt' }, { do: 'take' });
    if (fault !== 'early') steps.push({ do: 'listen' });
  }
  const status = random.pick(STATUSES);
  const asks = status >= 429 && random.chance(0.5);
  steps.push({ do: 'head', status, ...(asks ? { retryAfter: random.between(0, 20) } : {}) });
  const count = fault === 'trickle' ? 30 : 4;
  const sizes = fault === 'trickle' ? Array<number>(count).fill(3) : pieces(random, count);
  steps.push(...sizes.map((bytes): PeerStep => ({ do: 'data', bytes })), { do: 'end' });
  const at = random.below(steps.length);
  if (fault === 'refused') return [{ do: 'fail', code: random.pick(REFUSALS) }];
  if (fault === 'broken') return [...steps.slice(0, at), { do: 'fail', code: random.pick(BREAKS) }];
  if (fault === 'stalled') return [...steps.slice(0, at), { do: 'stall' }];
  return steps;
}

/** Up to `most` sizes, together no more than a body may be long. */
function pieces(random: Random, most: number): number[] {
  return Array.from({ length: random.below(most + 1) }, () => random.size(60_000));
}
