/**
 * What happened in a simulation: a digest of all of it, by which two runs of one seed are compared,
 * and the last of it in words, for whoever has to understand a failure.
 */

/** Events kept in words. */
const KEPT = 5_000;

export class Journal {
  events = 0;
  /** How often each thing happened. */
  readonly counts: Record<string, number> = {};
  readonly #now: () => number;
  readonly #kept: (readonly [atMs: number, what: string, id: number, detail: string | number])[] =
    [];
  #low = 0x811c9dc5;
  #high = 0x01234567;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes one event; `id` is the exchange or worker it is about. */
  note(what: string, id: number, detail: string | number = ''): void {
    const atMs = this.#now();
    this.#kept[this.events % KEPT] = [atMs, what, id, detail];
    this.events += 1;
    this.counts[what] = (this.counts[what] ?? 0) + 1;
    this.#mix(what);
    this.#mixNumber(id);
    this.#mixNumber(atMs * 1024);
    if (typeof detail === 'number') this.#mixNumber(detail);
    else this.#mix(detail);
  }

  /** All that was noted, in 64 bits. */
  get digest(): string {
    return [this.#high, this.#low]
      .map((half) => (half >>> 0).toString(16).padStart(8, '0'))
      .join('');
  }

  /** The last events, oldest first; those of one exchange where an id is given. */
  last(count: number, id?: number): string[] {
    const lines: string[] = [];
    const first = Math.max(0, this.events - KEPT);
    for (let at = first; at < this.events; at += 1) {
      const [atMs, what, about, detail] = this.#kept[at % KEPT] ?? [0, '', 0, ''];
      if (id !== undefined && about !== id) continue;
      lines.push(`${atMs.toFixed(1)} ms  #${about} ${what} ${detail}`.trimEnd());
    }
    return lines.slice(-count);
  }

  /** FNV-1a, and beside it one with another prime, so that 64 bits come out of 32-bit steps. */
  #mix(text: string): void {
    for (let at = 0; at < text.length; at += 1) this.#mixNumber(text.charCodeAt(at));
  }

  #mixNumber(value: number): void {
    this.#low = Math.imul(this.#low ^ value, 0x01000193);
    this.#high = Math.imul(this.#high ^ value ^ (this.#low >>> 15), 0x85ebca6b);
  }
}
