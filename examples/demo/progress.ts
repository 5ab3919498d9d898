/**
 * Shows how far transfers are: bars that redraw on a terminal, one plain line a second elsewhere.
 *
 * Invariant: it only reads the numbers; the one timer it opens is closed by `stop`, which prints
 * the last state once. `log-update` does the redrawing (cursor, wrapping, synchronized output).
 */

import { styleText } from 'node:util';
import logUpdate from 'log-update';
import { MIB } from './bytes.ts';

/** One line on the screen. `down` stays `undefined` for what only counts one thing. */
export interface Track {
  readonly label: string;
  readonly total: number;
  readonly unit: 'bytes' | 'requests';
  done: number;
  down: number | undefined;
}

export interface Progress {
  /** Idempotent. */
  stop(): void;
}

const FRAME_MS = 80;
const LINE_MS = 1000;
const BAR_CELLS = 20;

export function showProgress(tracks: readonly Track[]): Progress {
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  const live = process.stdout.isTTY === true;
  const draw = () => {
    if (live) logUpdate(tracks.map((track) => barLine(track, seconds())).join('\n'));
    else console.log(plainLine(tracks, seconds()));
  };
  let timer: NodeJS.Timeout | undefined = setInterval(draw, live ? FRAME_MS : LINE_MS);
  return {
    stop() {
      if (timer === undefined) return;
      clearInterval(timer);
      timer = undefined;
      draw();
      if (live) logUpdate.done();
    },
  };
}

function barLine(track: Track, seconds: number): string {
  const label = track.label.padEnd(10);
  if (track.down === undefined) {
    return `${label}  ${bar(track.done / track.total)}  ${track.done} of ${track.total}`;
  }
  const rate = (track.down / MIB / Math.max(seconds, 0.001)).toFixed(0).padStart(5);
  const up = bar(track.done / track.total);
  const down = bar(track.down / track.total);
  return `${label}↑ ${up}  ↓ ${down}  ${rate} MiB/s`;
}

function bar(share: number): string {
  const cells = Math.round(Math.min(share, 1) * BAR_CELLS);
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  return `${styleText('cyan', '█'.repeat(cells))}${'░'.repeat(BAR_CELLS - cells)} ${percent}`;
}

function plainLine(tracks: readonly Track[], seconds: number): string {
  const parts = tracks.map((track) => {
    const up = percent(track.done, track.total);
    return track.down === undefined
      ? `${track.label} ${track.done}/${track.total}`
      : `${track.label} up ${up} down ${percent(track.down, track.total)}`;
  });
  return `   ${seconds.toFixed(1)} s  ${parts.join(', ')}`;
}

function percent(part: number, total: number): string {
  return `${Math.floor((part / total) * 100)} %`;
}
