/**
 * An upload channel without a transport: its observer counts, and the test reads its stream.
 */

import type { BodyStream } from '../../src/actors/body-stream.ts';
import { UploadBody, type UploadObserver } from '../../src/actors/upload-body.ts';

export class CountingObserver implements UploadObserver {
  progressed = 0;
  /** How often it was told of progress. */
  reports = 0;
  sent = 0;
  broken = 0;
  uploadProgressed(bytes: number): void {
    this.progressed += bytes;
    this.reports += 1;
  }
  uploadSent(): void {
    this.sent += 1;
  }
  uploadLengthBroken(): void {
    this.broken += 1;
  }
  bodyGone(): void {
    this.broken += 1;
  }
}

export interface UploadChannel {
  readonly body: UploadBody;
  readonly observer: CountingObserver;
}

export function uploadChannel(limit: number, contentLength?: number): UploadChannel {
  const observer = new CountingObserver();
  return { observer, body: new UploadBody({ limit, contentLength, observer }) };
}

/** Takes one chunk and asks for the next, as a transport does that is not stalled. */
export function take(stream: BodyStream): string {
  const chunk: Buffer | null = stream.read();
  stream.read(0);
  return String(chunk);
}

/** The rest of the body, up to its end. */
export async function readAll(stream: BodyStream): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString();
}

/** What promises of a channel have been answered so far. */
export function answers(
  ...promises: readonly Promise<boolean>[]
): Promise<readonly (boolean | 'waits')[]> {
  const pending = Promise.resolve('waits' as const);
  return Promise.all(promises.map((promise) => Promise.race([promise, pending])));
}
