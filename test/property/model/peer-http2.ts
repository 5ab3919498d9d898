/** The peer of the model over HTTP/2, agreed on by ALPN; what it saw is told by the frames. */

import { constants } from 'node:http2';
import { FRAME } from '../../helpers/http2-frames.ts';
import { type Http2Peer, http2Peer, type PeerStream } from '../../helpers/http2-peer.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';
import { Arrivals } from './arrivals.ts';
import type { ModelPeer, PeerRequest } from './peer.ts';

export async function http2ModelPeer(): Promise<ModelPeer> {
  const trust = trustTestCa();
  const peer = await http2Peer({ tls: trustedServer });
  const arrivals = new Arrivals();
  const accept = async (): Promise<void> => {
    for (;;) {
      const stream = await peer.stream();
      const request = new Http2Request(stream, peer);
      arrivals.add(String(stream.headers['x-id'] ?? ''), request);
      void request.read().catch(ignore);
    }
  };
  void accept().catch(ignore);
  return {
    origin: peer.origin,
    requests: arrivals.requests,
    doubled: arrivals.doubled,
    forget: () => arrivals.forget(),
    get openConnections() {
      return peer.openConnections;
    },
    goaway: () => peer.goaway(),
    loseAll: () => peer.destroySessions(),
    [Symbol.asyncDispose]: async () => {
      await peer.close();
      trust[Symbol.dispose]();
    },
  };
}

class Http2Request implements PeerRequest {
  readonly chunks: Uint8Array[] = [];
  complete = false;
  readonly #stream: PeerStream;
  readonly #peer: Http2Peer;
  #stalled: PromiseWithResolvers<void> | undefined;

  constructor(stream: PeerStream, peer: Http2Peer) {
    this.#stream = stream;
    this.#peer = peer;
  }

  get gone(): boolean {
    const { rstByPeer, connectionLost } = this.#stream.wire;
    return rstByPeer !== undefined || connectionLost;
  }

  /** Rejects when the body was cut off. */
  async read(): Promise<void> {
    for (;;) {
      await this.#stalled?.promise;
      const chunk = await this.#stream.nextData();
      if (chunk === undefined) break;
      this.chunks.push(chunk);
    }
    this.complete = true;
  }

  respond(status: number, length: number | undefined): void {
    this.#stream.respond(status, length === undefined ? {} : { 'content-length': length });
  }

  write(bytes: Uint8Array): void {
    void this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  /** RST_STREAM and nothing else: node's own `close` ends the stream first. */
  reset(): void {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(constants.NGHTTP2_INTERNAL_ERROR);
    const frame = { type: FRAME.rstStream, flags: 0, streamId: this.#stream.id, payload };
    const session = this.#peer.sessions.find((one) => one.session === this.#stream.stream.session);
    session?.sendFrame(frame);
  }

  truncate(): void {
    this.#stream.end();
  }

  stall(): void {
    this.#stalled ??= Promise.withResolvers<void>();
  }

  readOn(): void {
    this.#stalled?.resolve();
    this.#stalled = undefined;
  }
}

function ignore(): void {}
