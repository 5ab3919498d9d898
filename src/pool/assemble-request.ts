/**
 * A request as the inside knows it, made of what the caller has set, the defaults of the pool, and
 * what its body and its URL bring along. All of that is checked (`pool/validate-request`).
 */

import {
  BUFFERED_RESPONSE_BYTES,
  BUFFERED_TIMEOUT_MS,
  MAILBOX_WINDOW_BYTES,
  type ResolvedDefaults,
  type ResolvedRequest,
} from '../resolved-options.ts';
import type { Parts } from './contradictions.ts';
import { inPieces } from './request-body.ts';
import { headerValue } from './request-headers.ts';
import type { Target } from './request-target.ts';

/** What a request is made of, checked. */
export interface Assembly extends Parts {
  readonly defaults: ResolvedDefaults;
  readonly target: Target;
  readonly contentLength: number | undefined;
}

/** The request of its checked parts. */
export function assembleRequest(checked: Assembly): ResolvedRequest {
  const body = inPieces(checked.body);
  const parts: Assembly = body === checked.body ? checked : { ...checked, body };
  const { given, defaults, draft, target } = parts;
  const { stream, streamBody } = draft;
  const upload = streamBody || body.source !== undefined;
  const isLong = stream || streamBody;
  const windowDefault =
    given.replyTo === undefined ? MAILBOX_WINDOW_BYTES : Number.POSITIVE_INFINITY;
  return {
    method: draft.method,
    origin: target.origin,
    path: target.path,
    url: target.url,
    headers: completeHeaders(parts, upload),
    bytes: body.bytes,
    // Not of a body in pieces: it would be kept twice for as long as it waits.
    text: typeof given.body === 'string' && body.bytes !== undefined ? given.body : undefined,
    source: body.source,
    upload,
    streamBody,
    replayable: !streamBody && checked.body.source === undefined,
    contentLength: upload ? (body.length ?? parts.contentLength) : undefined,
    stream,
    replyTo: given.replyTo,
    caller: given.caller,
    signal: given.signal,
    onCallerDeath: given.onCallerDeath ?? defaults.onCallerDeath,
    window: given.window ?? defaults.window ?? windowDefault,
    timeoutMs:
      given.timeout ??
      defaults.timeout ??
      (isLong ? Number.POSITIVE_INFINITY : BUFFERED_TIMEOUT_MS),
    connectTimeoutMs: given.connectTimeout ?? defaults.connectTimeout,
    headersTimeoutMs: given.headersTimeout ?? defaults.headersTimeout,
    idleTimeoutMs: given.idleTimeout ?? defaults.idleTimeout,
    queueTimeoutMs: given.queueTimeout ?? defaults.queueTimeout,
    tenant: given.tenant ?? defaults.tenant,
    priority: given.priority ?? defaults.priority,
    minThroughput: given.minThroughput ?? defaults.minThroughput,
    uploadBuffer: given.uploadBuffer ?? defaults.uploadBuffer,
    maxResponseBytes:
      given.maxResponseBytes ??
      defaults.maxResponseBytes ??
      (stream ? Number.POSITIVE_INFINITY : BUFFERED_RESPONSE_BYTES),
  };
}

function completeHeaders(parts: Assembly, upload: boolean): readonly string[] {
  const { headers, body, target } = parts;
  const added: string[] = [];
  if (body.contentType !== undefined && headerValue(headers, 'content-type') === undefined) {
    added.push('content-type', body.contentType);
  }
  if (upload && body.length !== undefined && headerValue(headers, 'content-length') === undefined) {
    added.push('content-length', String(body.length));
  }
  if (target.authorization !== undefined && headerValue(headers, 'authorization') === undefined) {
    added.push('authorization', target.authorization);
  }
  return added.length === 0 ? headers : headers.concat(added);
}
