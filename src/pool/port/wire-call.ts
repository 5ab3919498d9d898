/**
 * A request on its way through a port: packed in the caller's thread, unpacked in the pool's.
 *
 * Only what the caller has set crosses; the pool fills the gaps with its own defaults, and checks
 * all of it like any other request, because a port is a boundary (H1). Callers, signals, receivers
 * and sources stay in the thread they belong to.
 */

import { badOptions, type OptionIssue } from '../../errors.ts';
import type { BodyChunk, ReplyTo } from '../../options.ts';
import type { ResolvedDefaults, ResolvedRequest } from '../../resolved-options.ts';
import { copyOf } from '../receivers.ts';
import { isOptionBag } from '../validate.ts';
import { type RequestCall, resolveRequest } from '../validate-request.ts';
import { HOP_BYTES, type WireCall } from './protocol.ts';

/** Options that are packed in a form of their own, or stay where they are. */
const NOT_AS_THEY_ARE: ReadonlySet<string> = new Set([
  'method',
  'headers',
  'body',
  'window',
  'caller',
  'replyTo',
  'signal',
]);

/** The request of a call as it crosses; `request` is the same, resolved. */
export function packCall(
  { options }: RequestCall,
  request: ResolvedRequest,
  defaults: ResolvedDefaults,
): WireCall {
  return {
    url: request.url,
    method: request.method,
    headers: request.headers === defaults.headers ? undefined : request.headers,
    options: crossing(options),
    body: bodyOf(request),
    credit: creditOf(request.window),
  };
}

/** How much of a response may come before the first of it was read. */
export function creditOf(windowBytes: number): number {
  return Math.min(HOP_BYTES, Math.floor(windowBytes));
}

/** What an exchange has in the thread of the pool for what stays in the caller's. */
export interface Ends {
  readonly replyTo: ReplyTo;
  readonly source: AsyncIterable<BodyChunk>;
}

/** The request of a wire call, checked; throws what is wrong with it. */
export function unpackCall(
  call: WireCall,
  defaults: ResolvedDefaults,
  { replyTo, source }: Ends,
): ResolvedRequest {
  const headers = call.headers === undefined ? undefined : pairs(call.headers);
  const body = call.body === 'source' ? source : call.body?.bytes;
  const { url, method } = call;
  const local = Object.keys(call.options).filter((name) => NOT_AS_THEY_ARE.has(name));
  if (local.length > 0) throw badOptions(local.map(cannotCross));
  const options = { ...call.options, method, headers, body };
  const request = resolveRequest({ url, options, verb: undefined, scope: undefined }, defaults);
  const uploadBuffer = shareOfBuffer(request.uploadBuffer);
  return { ...request, replyTo, window: call.credit, uploadBuffer };
}

/** One half of an upload's buffer is on the caller's side of the port, the other on the pool's. */
export function shareOfBuffer(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 2));
}

function crossing(options: unknown): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  if (!isOptionBag(options)) return plain;
  const issues: OptionIssue[] = [];
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || NOT_AS_THEY_ARE.has(option)) continue;
    if (typeof value === 'function') issues.push(cannotCross(option));
    // Checked, but not yet plain: a proxy, say, cannot be cloned.
    else plain[option] = isOptionBag(value) ? { ...value } : value;
  }
  if (issues.length > 0) throw badOptions(issues);
  return plain;
}

function cannotCross(option: string): OptionIssue {
  const problem = 'cannot cross to the thread of the pool; set it for the pool there';
  return { option, problem };
}

function bodyOf({ bytes, text, source }: ResolvedRequest): WireCall['body'] {
  if (source !== undefined) return 'source';
  if (bytes === undefined) return undefined;
  return { bytes: text ?? copyOf(bytes) };
}

function pairs(list: readonly string[]): (readonly [string, string])[] {
  const entries: (readonly [string, string])[] = [];
  for (let at = 0; at < list.length; at += 2) entries.push([list[at] ?? '', list[at + 1] ?? '']);
  return entries;
}
