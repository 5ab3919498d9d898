/**
 * The account an echo server keeps of its requests. A record is final once its body has ended or
 * broken off. Whether a request was complete is told over HTTP/1.1 by the parser, over HTTP/2 by
 * the frames (see http2-tap): node's own `complete` is true for aborted HTTP/2 requests.
 */

import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { Inbox } from './inbox.ts';

export interface RequestRecord {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly httpVersion: string;
  /** Bytes of the body that were read. */
  readonly bytes: number;
  /** Hex, of those bytes. */
  readonly sha256: string;
  /** Whether the whole body arrived and its end was really seen. */
  readonly complete: boolean;
  readonly aborted: boolean;
}

/** A request whose head has arrived. */
export interface Arrival {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** Resolves once the body has ended or broken off; never rejects. */
  readonly finished: Promise<RequestRecord>;
}

/** What HTTP/1.1 and HTTP/2 requests of node have in common. */
export interface LoggedRequest extends Readable {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly httpVersion: string;
}

export class RequestLog {
  /** All finished requests, in the order they finished. */
  readonly records: RequestRecord[] = [];
  readonly #arrivals = new Inbox<Arrival>();
  readonly #finished = new Inbox<RequestRecord>();

  nextArrival(): Promise<Arrival> {
    return this.#arrivals.next();
  }

  nextRequest(): Promise<RequestRecord> {
    return this.#finished.next();
  }

  close(): void {
    const reason = new Error('waited for a request, but the server was closed');
    this.#arrivals.close(reason);
    this.#finished.close(reason);
  }

  /** Starts reading the body; `isComplete` is asked once it has ended. */
  add(request: LoggedRequest, isComplete: () => boolean): Arrival {
    const { method = '', url = '', headers, httpVersion } = request;
    const finished = Promise.withResolvers<RequestRecord>();
    const hash = createHash('sha256');
    let bytes = 0;
    let done = false;
    const finish = (): void => {
      if (done) return;
      done = true;
      const complete = isComplete();
      const body = { bytes, sha256: hash.digest('hex'), complete, aborted: !complete };
      const record = { method, url, headers, httpVersion, ...body };
      this.records.push(record);
      this.#finished.push(record);
      finished.resolve(record);
    };
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      hash.update(chunk);
    });
    request.on('error', () => {});
    request.once('end', finish);
    request.once('close', finish);
    request.once('aborted', finish);
    const arrival = { method, url, headers, finished: finished.promise };
    this.#arrivals.push(arrival);
    return arrival;
  }
}
