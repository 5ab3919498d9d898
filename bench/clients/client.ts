/**
 * What a benchmarked HTTP client looks like to the runner: one object per way of using a library.
 *
 * Invariant: an operation resolves with the number of body bytes the client received (or the
 * server counted, for uploads), after the last of them, so that the runner can verify the work.
 */

/**
 * Called with the total received so far after each chunk of a download. A promise means that the
 * consumer is busy until it settles, and must not take more than the client's own buffers meanwhile.
 */
export type Pace = (receivedBytes: number) => Promise<void> | undefined;

export interface BenchClient {
  readonly name: string;
  get?(url: string): Promise<number>;
  post?(url: string, body: Buffer): Promise<number>;
  download?(url: string, pace?: Pace): Promise<number>;
  /** Sends `bytes` bytes of chunked body; resolves with the count the server reports. */
  upload?(url: string, bytes: number): Promise<number>;
  close(): Promise<void>;
}

const OPERATIONS = ['get', 'post', 'download', 'upload'] as const;

export type Operation = (typeof OPERATIONS)[number];

export function isOperation(name: string): name is Operation {
  return OPERATIONS.some((operation) => operation === name);
}
