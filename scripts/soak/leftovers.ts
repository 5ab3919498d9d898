/**
 * What a pool leaves in its process: descriptors, active resources, memory. Measured after each
 * pool; the first shows what belongs to the process itself.
 */

import { AssertionError } from 'node:assert';
import { readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

interface Measure {
  /** What each descriptor stands for. */
  readonly descriptors: readonly string[];
  readonly resources: readonly string[];
  readonly heapBytes: number;
}

/** Growth of the heap that is no leak: code, shapes, caches. */
const HEAP_SLACK_BYTES = 16 * 1024 * 1024;
const TURNS = 50;
const MIB = 1024 * 1024;

export class Leftovers {
  readonly #measures: Measure[] = [];

  async note(): Promise<void> {
    setFlagsFromString('--expose-gc');
    // The flag gives `gc` to contexts made after it.
    const collect: () => void = runInNewContext('gc');
    for (let turn = 0; turn < TURNS; turn += 1) {
      await new Promise((resolve) => void setImmediate(resolve));
      if (turn % 10 === 0) collect();
    }
    this.#measures.push({
      descriptors: descriptors(),
      resources: process.getActiveResourcesInfo().sort(),
      heapBytes: process.memoryUsage().heapUsed,
    });
  }

  /** What is left, in words; throws where it has grown from the first pool to the last. */
  check(): string {
    const first = this.#measures[0];
    const last = this.#measures.at(-1);
    if (first === undefined || last === undefined) throw new Error('nothing was measured');
    const grownBytes = last.heapBytes - first.heapBytes;
    const line =
      `left: ${last.descriptors.length} descriptors (${first.descriptors.length} before), ` +
      `${last.resources.length} resources (${first.resources.length}), ` +
      `heap ${(last.heapBytes / MIB).toFixed(1)} MiB (${(first.heapBytes / MIB).toFixed(1)})`;
    const leaks = last.resources.length > first.resources.length;
    if (
      leaks ||
      last.descriptors.length > first.descriptors.length ||
      grownBytes > HEAP_SLACK_BYTES
    ) {
      throw new AssertionError({
        message: `P2 ${line}: ${[...last.resources, ...last.descriptors].join(' ')}`,
      });
    }
    return line;
  }
}

/** Open descriptors of this process; none where the system does not list them. */
function descriptors(): string[] {
  try {
    return readdirSync('/proc/self/fd').flatMap(target).sort();
  } catch {
    return [];
  }
}

function target(descriptor: string): string[] {
  try {
    return [readlinkSync(`/proc/self/fd/${descriptor}`)];
  } catch {
    // The one that read the list is closed by now.
    return [];
  }
}
