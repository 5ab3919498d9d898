/**
 * The demo's book: one row per exchange for the table, and every claim with whether it held.
 *
 * Invariant: a claim that is not entered does not count as held; the demo succeeds only when there
 * are claims and none failed.
 */

import { styleText } from 'node:util';
import { size } from './bytes.ts';

export interface Row {
  readonly what: string;
  readonly ref: string;
  readonly outcome: string;
  readonly worker: number | undefined;
  readonly up: number;
  readonly down: number;
  readonly ms: number;
  readonly checksum: string;
}

const HEADINGS = ['exchange', 'handle', 'outcome', 'worker', 'up', 'down', 'ms', 'checksum'];
/** Columns of numbers, aligned to the right. */
const RIGHT = new Set([3, 4, 5, 6]);

export class Ledger {
  readonly #rows: Row[] = [];
  readonly #claims: { readonly text: string; readonly held: boolean }[] = [];

  row(row: Row): void {
    this.#rows.push(row);
  }

  /** Enters a claim; `seen` is printed when it did not hold. */
  claim(text: string, held: boolean, seen: unknown): void {
    this.#claims.push({ text: held ? text : `${text}; seen: ${JSON.stringify(seen)}`, held });
  }

  get failures(): readonly string[] {
    if (this.#claims.length === 0) return ['nothing was checked'];
    return this.#claims.filter((claim) => !claim.held).map((claim) => claim.text);
  }

  print(): void {
    if (this.#rows.length > 0) console.log(`\n${table(this.#rows)}\n`);
    for (const { text, held } of this.#claims) {
      console.log(`${held ? styleText('green', 'ok  ') : styleText('red', 'FAIL')}  ${text}`);
    }
  }
}

/** The end of a ref, where refs differ. */
export function shortRef(ref: string): string {
  return ref.length <= 8 ? ref : `…${ref.slice(-7)}`;
}

function table(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...cells.map((line) => (line[column] ?? '').length)),
  );
  const lines = cells.map((line) =>
    line
      .map((cell, column) => align(cell, column, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

function cellsOf(row: Row): string[] {
  return [
    row.what,
    row.ref,
    row.outcome,
    row.worker === undefined ? '-' : String(row.worker),
    size(row.up),
    size(row.down),
    row.ms.toFixed(0),
    row.checksum,
  ];
}

function align(cell: string, column: number, width: number): string {
  return RIGHT.has(column) ? cell.padStart(width) : cell.padEnd(width);
}
