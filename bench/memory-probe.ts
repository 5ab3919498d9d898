/**
 * A child process that carries transfers with one client and reports how its memory grew.
 *
 * Node lets some 64 MiB of dead buffers lie about before it collects them, whoever made them. So a
 * first transfer, without a stall, brings the process to that level. During the second one the
 * garbage is collected at every sample: what then is still alive, or adds to the highest resident
 * size, was kept and not only left lying.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Pace } from './clients/client.ts';
import { loadClient } from './clients/index.ts';
import type { Held, Probe } from './memory.ts';
import { MIB, useFreshChunks } from './payload.ts';

const FIRST_BYTES = 256 * MIB;
const STALL_MS = 500;
const SAMPLE_MS = 40;
/** A slow consumer stops after this much. */
const STALL_AT = 16 * MIB;

const probe: Probe = JSON.parse(process.argv[2] ?? '{}');
const client = await loadClient(probe.client);
let peakRss = 0;
let peakLive = 0;

if (probe.scenario !== 'upload, one buffer') useFreshChunks();
for (let i = 0; i < 50; i++) await transfer({ ...probe, bytes: 1024 });
collect();
const idleRss = process.memoryUsage.rss();
const idleLive = liveBytes();

const firstRss = await whileSampling(sampleRss, () => transfer({ ...probe, bytes: FIRST_BYTES }));
const lastRss = await whileSampling(sampleKept, () => transfer(probe, () => sleep(STALL_MS)));
await client.close();

const held: Held = {
  first: firstRss - idleRss,
  grown: lastRss - firstRss,
  kept: Math.max(0, peakLive - idleLive),
};
process.send?.(held, () => process.exit());

/** Resolves with the highest resident size so far. */
async function whileSampling(sample: () => void, run: () => Promise<void>): Promise<number> {
  const sampler = setInterval(sample, SAMPLE_MS);
  await run();
  clearInterval(sampler);
  sample();
  return peakRss;
}

/** Moves the bytes of a probe, with a stall where the scenario has one and `pause` is given. */
async function transfer(
  { client: name, scenario, origin, bytes }: Probe,
  pause?: () => Promise<void>,
): Promise<void> {
  let moved: number | undefined;
  if (scenario === 'download' || scenario === 'slow consumer') {
    const pace = pause && scenario === 'slow consumer' ? paceOf(pause) : undefined;
    moved = await client.download?.(`${origin}/down?bytes=${bytes}`, pace);
  } else {
    const paused = scenario === 'stalled server' ? pause?.() : undefined;
    moved = await client.upload?.(`${origin}/up?stall=${paused ? STALL_MS : 0}`, bytes);
    await paused;
  }
  if (moved !== bytes) throw new Error(`${name} moved ${moved} of ${bytes} bytes`);
}

/** Busy once, for as long as one stall takes, when `STALL_AT` bytes have come. */
function paceOf(pause: () => Promise<void>): Pace {
  let busy: Promise<void> | undefined;
  let stalled = false;
  return (bytes) => {
    if (!stalled && bytes >= STALL_AT) {
      stalled = true;
      busy = pause().then(() => {
        busy = undefined;
      });
    }
    return busy;
  };
}

function sampleRss(): void {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}

function sampleKept(): void {
  sampleRss();
  collect();
  peakLive = Math.max(peakLive, liveBytes());
}

function liveBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The probe is started with `--expose-gc`; twice, as buffers are freed by finalizers. */
function collect(): void {
  globalThis.gc?.();
  globalThis.gc?.();
}
