/**
 * How the death of those shows who speak HTTP with this process: a client that leaves before it was
 * answered, a server that breaks off its answer (clause C1).
 *
 * Node tells it in many ways, and most of its `close` events are no death: what counts is whether
 * the exchange was complete.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { http } from '../node-http.ts';
import { type Attachment, closing, type Emitter } from './attachment.ts';

/** How a request, a response or a stream of HTTP is watched; `undefined` for any other value. */
export function httpAttachment(value: object): Attachment | undefined {
  if (value instanceof http.ServerResponse) return closing(value, () => value.writableEnded);
  if (value instanceof http.IncomingMessage) return incoming(value);
  const stream = http2StreamOf(value);
  return stream && closing(stream, () => isHttp2Complete(stream));
}

/**
 * A request as a server sees it closes as soon as its body was read, so its own `close` tells a
 * death only while it is incomplete; after that its response does. A response as a client sees it
 * is complete or it is not.
 */
function incoming(message: IncomingMessage): Attachment {
  const own = closing(message, () => message.complete);
  const rest = typeof message.statusCode === 'number' ? undefined : answering(message);
  if (rest === undefined) return own;
  return {
    dead: () => own.dead() || rest.dead(),
    attach: (died) => {
      const detachOwn = own.attach(died);
      const detachRest = rest.attach(died);
      return () => {
        detachOwn();
        detachRest();
      };
    },
  };
}

/**
 * What tells that a request's client has left before it was answered; nothing, when it has been.
 * Where the response is not known (pipelined behind another, or upgraded and so without one) the
 * connection itself has to do.
 */
function answering(message: IncomingMessage): Attachment | undefined {
  const socket: ServerSocket | null = message.socket;
  if (socket === null) return undefined;
  const response = responseTo(message, socket);
  if (response !== undefined) return closing(response, () => response.writableEnded);
  const isUpgrade = 'upgrade' in message && message.upgrade === true;
  return socket._httpMessage === null && !isUpgrade ? undefined : closing(socket, () => false);
}

/** Node gives no way from a request to its response but this: the response that the connection is
 * writing, `null` between two of them. */
type ServerSocket = Socket & { readonly _httpMessage?: unknown };

/** Kept, because the connection soon writes another. */
const responses = new WeakMap<IncomingMessage, ServerResponse>();

function responseTo(message: IncomingMessage, socket: ServerSocket): ServerResponse | undefined {
  const writing = socket._httpMessage;
  if (writing instanceof http.ServerResponse && writing.req === message) {
    responses.set(message, writing);
  }
  return responses.get(message);
}

interface Http2StreamLike extends Emitter {
  readonly destroyed: boolean;
  readonly aborted: boolean;
  readonly rstCode: number;
}

/** An HTTP/2 stream, or the one behind a request or response of the compatibility API. */
function http2StreamOf(value: object): Http2StreamLike | undefined {
  const stream = 'stream' in value ? value.stream : value;
  if (typeof stream !== 'object' || stream === null) return undefined;
  // Node's HTTP/2 streams are the only ones with `rstCode`; they have all of the shape.
  return 'rstCode' in stream && 'aborted' in stream
    ? (stream as unknown as Http2StreamLike)
    : undefined;
}

/** Node ends the writable side also when the peer resets the stream, so only `aborted` tells: for a
 * server that it had not ended its response. A client has mostly ended its part long before. */
function isHttp2Complete(stream: Http2StreamLike): boolean {
  const isServerSide = 'pushStream' in stream;
  return !stream.aborted && (isServerSide || stream.rstCode === NO_ERROR);
}

/** RFC 9113, 7. */
const NO_ERROR = 0;
