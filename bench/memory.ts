/**
 * How much memory 256 MiB take on their way, each transfer in a process of its own, so that no
 * client inherits a heap that another has grown.
 */

import { type RemoteClient, runOnce } from './child.ts';
import type { Operation } from './clients/client.ts';
import { MIB } from './payload.ts';

/**
 * A slow consumer and a stalled server stop for half a second, early or at the start. With one
 * buffer the sender makes no garbage itself: what there is, is its client's.
 */
export type Scenario =
  | 'download'
  | 'slow consumer'
  | 'upload'
  | 'upload, one buffer'
  | 'stalled server';

/** The order a probe's process gets. */
export interface Probe {
  readonly client: string;
  readonly scenario: Scenario;
  readonly origin: string;
  readonly bytes: number;
}

/** In bytes. */
export interface Held {
  /** What a first transfer without a stall added to the resident size of an idle process. */
  readonly first: number;
  /** What the measured one, with its garbage collected as it went, added to that. */
  readonly grown: number;
  /** The most that was alive at one time during the measured one. */
  readonly kept: number;
}

export interface MemoryRow extends Held {
  readonly client: string;
  readonly scenario: Scenario;
}

const BYTES = 256 * MIB;

const SCENARIOS: readonly (readonly [Scenario, Operation])[] = [
  ['download', 'download'],
  ['slow consumer', 'download'],
  ['upload', 'upload'],
  ['upload, one buffer', 'upload'],
  ['stalled server', 'upload'],
];

export async function measureMemory(
  clients: readonly RemoteClient[],
  origin: string,
): Promise<readonly MemoryRow[]> {
  const rows: MemoryRow[] = [];
  for (const [scenario, operation] of SCENARIOS) {
    for (const client of clients) {
      if (!client.operations.includes(operation)) continue;
      const probe = { client: client.name, scenario, origin, bytes: BYTES };
      const held = await runOnce<Probe, Held>('memory-probe.ts', probe);
      rows.push({ client: client.name, scenario, ...held });
    }
  }
  return rows;
}
