/** Faults in limits that change or are found while the pool runs, and in what is due together. */

import { MODEL, type Mutant, SIMULATION } from './mutant.ts';

const gate = 'src/pool/gate.ts';
const gates = 'src/pool/gates.ts';
const owner = SIMULATION;

export const limits: readonly Mutant[] = [
  {
    id: 'gate: does not leave an origin alone that asks for it',
    file: gate,
    find: 'this.#pausedUntilMs = Math.max(this.#pausedUntilMs, untilMs);',
    replace: '',
    breaks: 'H9',
  },
  {
    id: 'gate: leaves an origin alone for ever',
    file: gate,
    find: 'return Math.max(this.#pausedUntilMs, super.opensAtMs(nowMs));',
    replace: `if (this.#pausedUntilMs > 0) return Number.POSITIVE_INFINITY;
    return super.opensAtMs(nowMs);`,
    breaks: 'H9, H3',
  },
  {
    id: 'load-signs: leaves an origin alone for years',
    file: 'src/pool/load-signs.ts',
    find: 'Math.min(askedMs, MOST_PAUSE_MS)',
    replace: 'askedMs',
    breaks: 'H9',
    owner: 'test/unit/clauses/adaptive.test.ts',
  },
  {
    id: 'adaptive: finds a limit above the one that was set',
    file: 'src/pool/adaptive.ts',
    find: 'this.#limit = Math.min(this.#most, Math.max(1, limit));',
    replace: 'this.#limit = Math.max(1, limit);',
    breaks: 'H9',
    owner: 'test/unit/pool/adaptive.test.ts',
  },
  {
    id: 'gates: counts twice who has started while origins had no limit',
    file: gates,
    find: 'this.isPerOrigin ? this.#ofOrigin(origin, nowMs) : this.#origins.get(origin);',
    replace: 'this.isPerOrigin ? this.#ofOrigin(origin, nowMs) : undefined;',
    breaks: 'H9',
    owner: 'test/unit/pool/admission.test.ts',
  },
  {
    id: 'admission: does not count who runs when origins get a limit',
    file: 'src/pool/admission.ts',
    find: 'item.gate ??= this.#gates.join(item.request, nowMs);',
    replace: 'item.gate ??= undefined;',
    breaks: 'H9',
  },
  {
    id: 'admission: lets nobody in when limits are raised',
    file: 'src/pool/admission.ts',
    find: `    this.#gates.drop(nowMs);
    this.pump();`,
    replace: '    this.#gates.drop(nowMs);',
    breaks: 'H6',
  },
  {
    id: 'admission: lets somebody in while the pool is paused',
    file: 'src/pool/admission.ts',
    find: 'if (this.#isPaused || !this.#lines.isReady ||',
    replace: 'if (!this.#lines.isReady ||',
    breaks: 'H6',
  },
  {
    id: 'flight-incoming: goes on measuring a peer from before it was read again',
    file: 'src/pool/flight-incoming.ts',
    find: 'this.#flight.clock.measureThroughput();',
    replace: '',
    breaks: 'T4',
    owner: MODEL,
  },
  {
    id: 'flight-clock: puts off what falls due with a good interval',
    file: 'src/pool/flight-clock.ts',
    find: '      this.expire(nowMs);',
    replace: '      this.#ask(this.#next().dueMs);',
    breaks: 'T2',
    owner: 'test/unit/clauses/min-throughput.test.ts',
  },
].map((mutant) => ({ owner, ...mutant }));
