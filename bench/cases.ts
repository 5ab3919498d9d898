/**
 * What is measured: the cases, how much work one turn of each is, and what it is compared with.
 */

import type { BenchClient, Operation } from './clients/client.ts';
import { CHUNK_BYTES, KIB, MIB, useChunksOf } from './payload.ts';

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  readonly operation: Operation;
  /** The client whose round the ratios are relative to. */
  readonly reference: string;
  readonly rounds: number;
  /** Rounds before the counted ones. */
  readonly warmups: number;
  /** Requests before a turn is measured: they pay for the garbage of whoever was before. */
  readonly leadIn: number;
  /** Requests of one turn, and how many of them at a time. */
  readonly requests: number;
  readonly inFlight: number;
  /** Body bytes that each request moves. */
  readonly bytes: number;
  /** In chunks of so many, where it is streamed up. */
  readonly chunkBytes: number;
}

const SMALL = {
  reference: 'undici.request',
  rounds: 9,
  warmups: 3,
  // So many that a turn is what a busy program is, not how a client finds its way back into the
  // caches of a machine that six others have just used.
  leadIn: 1000,
  requests: 4000,
  inFlight: 64,
  bytes: KIB,
  chunkBytes: CHUNK_BYTES,
};
const STREAM = {
  reference: 'undici.stream',
  rounds: 7,
  // A transfer has few calls in it: V8 has compiled what makes them after some six of them.
  warmups: 5,
  leadIn: 1,
  requests: 1,
  inFlight: 1,
  bytes: 256 * MIB,
  chunkBytes: CHUNK_BYTES,
};

export const CASES: readonly BenchCase[] = [
  { name: 'get', title: 'GET, 1 KiB response, 64 in flight', operation: 'get', ...SMALL },
  { name: 'post', title: 'POST, 1 KiB body, 64 in flight', operation: 'post', ...SMALL },
  { name: 'down', title: '256 MiB down, chunks of 64 KiB', operation: 'download', ...STREAM },
  { name: 'up', title: '256 MiB up, chunks of 64 KiB', operation: 'upload', ...STREAM },
  {
    ...STREAM,
    name: 'pieces',
    title: '32 MiB up, chunks of 4 KiB',
    operation: 'upload',
    bytes: 32 * MIB,
    chunkBytes: 4 * KIB,
  },
];

/** A client makes so many requests of the case, each checked to have moved all its bytes. */
export async function runTurn(
  { inFlight, bytes, chunkBytes, operation }: BenchCase,
  client: BenchClient,
  origin: string,
  requests: number,
): Promise<void> {
  const run = OPERATIONS[operation];
  useChunksOf(chunkBytes);
  let started = 0;
  const lane = async (): Promise<void> => {
    while (started++ < requests) {
      const moved = await run(client, origin, bytes);
      if (moved !== bytes) throw new Error(`${client.name} moved ${moved} of ${bytes} bytes`);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

type Run = (client: BenchClient, origin: string, bytes: number) => Promise<number> | undefined;

const SMALL_BODY = Buffer.alloc(KIB, 'spool');

const OPERATIONS: Readonly<Record<Operation, Run>> = {
  get: (client, origin) => client.get?.(`${origin}/small`),
  post: (client, origin) => client.post?.(`${origin}/small`, SMALL_BODY),
  download: (client, origin, bytes) => client.download?.(`${origin}/down?bytes=${bytes}`),
  upload: (client, origin, bytes) => client.upload?.(`${origin}/up`, bytes),
};
