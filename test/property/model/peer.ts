/**
 * The peer of the model: it reads every request as it comes, keeps what it saw of each byte for
 * byte, and answers when a command says so. Requests are known by their `x-id`.
 */

import type { Version } from '../../helpers/either-peer.ts';
import { http1ModelPeer } from './peer-http1.ts';
import { http2ModelPeer } from './peer-http2.ts';

/** One request as the peer sees it. */
export interface PeerRequest {
  /** Body read so far. */
  readonly chunks: readonly Uint8Array[];
  /** Whether its proper end was seen. */
  readonly complete: boolean;
  /** Whether the client gave it up: the connection is closed, or the stream was reset. */
  readonly gone: boolean;
  /** Response headers; without a length the body is open-ended. */
  respond(status: number, length: number | undefined): void;
  write(bytes: Uint8Array): void;
  /** Ends the response as its headers say. */
  end(): void;
  /** Breaks the exchange off by force. */
  reset(): void;
  /** Ends the response before it was complete. */
  truncate(): void;
  /** Reads nothing more of the body. */
  stall(): void;
  readOn(): void;
}

export interface ModelPeer extends AsyncDisposable {
  readonly origin: string;
  readonly openConnections: number;
  /** By `x-id`. */
  readonly requests: ReadonlyMap<string, PeerRequest>;
  /** Requests that arrived a second time. */
  readonly doubled: readonly string[];
  /** Begins anew, as if no request had ever come. */
  forget(): void;
  /** GOAWAY on every session: nothing new is taken, what was opened is answered. */
  goaway(): void;
  /** Closes every connection by force. */
  loseAll(): void;
}

export function modelPeer(version: Version): Promise<ModelPeer> {
  return version === '1.1' ? http1ModelPeer() : http2ModelPeer();
}
