/**
 * What an exchange of the model is asked with. Times are such that no two timeouts of different
 * kinds fall on the same instant: see `UNIT_MS`.
 */

import fc from 'fast-check';
import { type CallerKind, LOCAL_CALLERS } from '../../helpers/callers.ts';
import { SERVER_CALLERS } from '../../helpers/server-callers.ts';
import type { Minimum } from './expected-throughput.ts';

/** Where its messages go (clause M2). */
export type ReplyKind = 'mailbox' | 'function' | 'thrower' | 'sender' | 'actor' | 'port';

/** What a body can be read from: `function` makes an iterable. */
export type SourceKind = 'iterable' | 'function' | 'stream' | 'web';

export interface Spec {
  /** Which of those that a pool knows. */
  readonly tenant: number;
  readonly priority: number;
  readonly stream: boolean;
  readonly window: number | undefined;
  readonly reply: ReplyKind;
  /** `bytes`: a whole body; `upload`: `sendBody` and `finishBody`. */
  readonly body: 'none' | 'bytes' | 'upload';
  /** What an upload is read from; without one its caller sends it. */
  readonly source: SourceKind | undefined;
  /** Declared length of an upload. */
  readonly contentLength: number | undefined;
  readonly caller: CallerChoice | undefined;
  readonly onCallerDeath: 'finish' | 'cancel';
  readonly signal: boolean;
  /** Goes to a peer that never completes the handshake. */
  readonly stuck: boolean;
  readonly limits: Limits;
}

/** Those that can be made; a kind beyond them is a scope. */
export const CALLER_KINDS: readonly CallerKind[] = [...LOCAL_CALLERS, ...SERVER_CALLERS];

/** One of the callers there are, or a new one: of `CALLER_KINDS`, or a scope. */
export type CallerChoice = { readonly known: number } | { readonly kind: number };

export interface Limits {
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly idleTimeout: number;
  readonly minThroughput: Minimum | undefined;
}

/**
 * Commands happen at multiples of it, and workers come back at multiples of 32 ms. What is no event
 * of an exchange that runs (the waiting of a caller, a queue timeout, the timeout of `close`) has a
 * remainder of its own, all of them multiples of the wheel's tick, so that each fires exactly then.
 */
export const UNIT_MS = 1024;
export const AWAIT_REMAINDER_MS = 8;
export const RECEIVE_REMAINDER_MS = 16;
export const QUEUE_REMAINDER_MS = 24;

/** Bytes of a body that is given whole. */
export const BODY_BYTES = 3_000;
/** `uploadBuffer` of every exchange. */
export const UPLOAD_BUFFER_BYTES = 64 * 1024;
/** What is sent to a peer that does not read counts as on its way up to this. */
export const SURELY_BUFFERED_BYTES = 32 * 1024;

const never = Number.POSITIVE_INFINITY;

const minima: readonly Minimum[] = [
  { bytes: 1, interval: 7 * UNIT_MS },
  { bytes: 1_000, interval: 7 * UNIT_MS },
];

const limits: fc.Arbitrary<Limits> = fc.record({
  timeout: fc.constantFrom(never, never, 40 * UNIT_MS),
  queueTimeout: fc.constantFrom(never, 15 * UNIT_MS + QUEUE_REMAINDER_MS),
  connectTimeout: fc.constantFrom(never, 5 * UNIT_MS),
  headersTimeout: fc.constantFrom(never, 10 * UNIT_MS),
  idleTimeout: fc.constantFrom(never, 20 * UNIT_MS),
  minThroughput: fc.constantFrom(undefined, undefined, ...minima),
});

const reply = fc.constantFrom<ReplyKind>(
  'mailbox',
  'mailbox',
  'function',
  'thrower',
  'sender',
  'actor',
  'port',
);

const SLOW_KINDS = ['a Worker', 'a ChildProcess'];
const isSlow = (index: number): boolean => SLOW_KINDS.includes(CALLER_KINDS[index]?.[0] ?? '');
const kinds = [...CALLER_KINDS.keys(), CALLER_KINDS.length];

/** A thread or a process takes as long to begin as many sequences. */
const caller: fc.Arbitrary<CallerChoice> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ known: fc.nat(9) }) },
  {
    weight: 40,
    arbitrary: fc.record({ kind: fc.constantFrom(...kinds.filter((kind) => !isSlow(kind))) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom(...kinds.filter(isSlow)) }) },
);

const common = {
  tenant: fc.nat(2),
  priority: fc.constantFrom(0, 0, 0, 0.5, 3, 9),
  reply,
  caller: fc.option(caller, { nil: undefined }),
  onCallerDeath: fc.constantFrom('finish' as const, 'finish' as const, 'cancel' as const),
  signal: fc.boolean(),
  limits,
};

const plain = {
  window: fc.constant(undefined),
  source: fc.constant(undefined),
  contentLength: fc.constant(undefined),
  stuck: fc.constant(false),
};

/** A buffered request, with or without a whole body. */
export const bufferedSpec: fc.Arbitrary<Spec> = fc.record({
  ...common,
  ...plain,
  stream: fc.constant(false),
  body: fc.constantFrom('none' as const, 'bytes' as const),
});

/** A streamed download under a window. */
export const streamedSpec: fc.Arbitrary<Spec> = fc
  .record({
    ...common,
    ...plain,
    stream: fc.constant(true),
    window: fc.constantFrom(undefined, 1, 100, 1_000),
    body: fc.constantFrom('none' as const, 'bytes' as const),
  })
  .map(withSureInterval);

/** An upload in pieces, its length declared or not, its response streamed or not. */
export const uploadSpec: fc.Arbitrary<Spec> = fc
  .record({
    ...common,
    ...plain,
    stream: fc.boolean(),
    window: fc.constantFrom(undefined, 100, 1_000),
    body: fc.constant('upload' as const),
    contentLength: fc.constantFrom(undefined, undefined, 1, 70),
  })
  .map((spec) => withSureInterval(spec.stream ? spec : { ...spec, window: undefined }));

/** An upload that is read from somewhere. */
export const sourceSpec: fc.Arbitrary<Spec> = fc
  .tuple(uploadSpec, fc.constantFrom<SourceKind>('iterable', 'function', 'stream', 'web'))
  .map(([spec, source]) => ({ ...spec, source }));

/** A request that stays without a connection. */
export const stuckSpec: fc.Arbitrary<Spec> = fc
  .oneof(bufferedSpec, uploadSpec, sourceSpec)
  .map((spec) => ({ ...spec, stuck: true }));

/** Who reads a mailbox under a small window stops and goes on with each message, unseen. */
function withSureInterval(spec: Spec): Spec {
  if (spec.reply !== 'mailbox' || spec.window === undefined) return spec;
  return { ...spec, limits: { ...spec.limits, minThroughput: undefined } };
}

/** As short as it can be said, for the printed sequence. */
export function specText(spec: Spec): string {
  const { tenant, priority, stream, window, reply: to, body, source, contentLength } = spec;
  const { caller: owner, onCallerDeath, signal, limits: times, stuck } = spec;
  const { minThroughput, ...timeouts } = times;
  const finite = Object.entries(timeouts).filter(([, value]) => value !== never);
  return [
    `tenant #${tenant}`,
    priority === 0 ? '' : `priority=${priority}`,
    stuck ? 'stuck' : '',
    stream ? `stream(${window ?? ''})` : 'buffered',
    body === 'none' ? '' : `${source ?? body}(${contentLength ?? ''})`,
    to,
    owner === undefined ? '' : `caller(${callerText(owner)}, ${onCallerDeath})`,
    signal ? 'signal' : '',
    ...finite.map(([name, value]) => `${name}=${value}`),
    minThroughput === undefined ? '' : `minThroughput=${minThroughput.bytes}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function callerText(choice: CallerChoice): string {
  if ('known' in choice) return `#${choice.known}`;
  return CALLER_KINDS[choice.kind]?.[0] ?? 'a scope';
}
