/**
 * What is measured: the cases, how much work one turn of each is, and what it is compared with.
 */

import type { BenchClient, Operation } from './clients/client.ts';
import { type Contestant, concurrently } from './measure.ts';
import { KIB, MIB } from './payload.ts';

export interface BenchCase {
  readonly name: string;
  readonly title: string;
  readonly operation: Operation;
  /** The client whose round the ratios are relative to. */
  readonly reference: string;
  readonly rounds: number;
  /** Requests of one turn, and how many of them at a time. */
  readonly requests: number;
  readonly inFlight: number;
  /** Body bytes that each request moves, for the operations that stream. */
  readonly bytes: number;
}

const SMALL = { reference: 'undici.request', rounds: 11, requests: 1500, inFlight: 64, bytes: KIB };
const STREAM = {
  reference: 'undici.stream',
  rounds: 7,
  requests: 1,
  inFlight: 1,
  bytes: 256 * MIB,
};

export const CASES: readonly BenchCase[] = [
  { name: 'get', title: 'GET, 1 KiB response, 64 in flight', operation: 'get', ...SMALL },
  { name: 'post', title: 'POST, 1 KiB body, 64 in flight', operation: 'post', ...SMALL },
  { name: 'down', title: '256 MiB down, chunks of 64 KiB', operation: 'download', ...STREAM },
  { name: 'up', title: '256 MiB up, chunks of 64 KiB', operation: 'upload', ...STREAM },
];

/** One client's part in a case, or nothing when it has no such operation. */
export function contestantOf(
  benchCase: BenchCase,
  client: BenchClient,
  origin: string,
): Contestant[] {
  const operation = operationOf(benchCase, client, origin);
  if (operation === undefined) return [];
  const run = (): Promise<void> =>
    concurrently(benchCase.requests, benchCase.inFlight, async () => {
      const bytes = await operation();
      if (bytes === benchCase.bytes) return;
      throw new Error(`${client.name} moved ${bytes} of ${benchCase.bytes} bytes`);
    });
  return [{ name: client.name, run }];
}

function operationOf(
  { operation, bytes }: BenchCase,
  client: BenchClient,
  origin: string,
): (() => Promise<number>) | undefined {
  if (client[operation] === undefined) return undefined;
  const small = Buffer.alloc(KIB, 'spool');
  const operations: Readonly<Record<Operation, () => Promise<number> | undefined>> = {
    get: () => client.get?.(`${origin}/small`),
    post: () => client.post?.(`${origin}/small`, small),
    download: () => client.download?.(`${origin}/down?bytes=${bytes}`),
    upload: () => client.upload?.(`${origin}/up`, bytes),
  };
  return async () => (await operations[operation]()) ?? 0;
}
