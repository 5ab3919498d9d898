/** Faults in whose turn it is and in the gates that those who start have to pass (clause H9). */

import { MODEL, type Mutant } from './mutant.ts';

const admission = 'src/pool/admission.ts';
const gates = 'src/pool/gates.ts';
const lane = 'src/pool/lane.ts';
const owner = MODEL;

export const admissions: readonly Mutant[] = [
  {
    id: 'admission: gives every tenant the same weight',
    file: admission,
    find: 'this.#limits.tenants.get(tenant)?.weight ?? 1',
    replace: 'this.#limits.tenants.get(tenant) && 1 || 1',
    breaks: 'H9',
  },
  {
    id: 'lane: knows no priority',
    file: lane,
    find: 'const key = priority * 1000 - nowMs;',
    replace: 'const key = -nowMs;',
    breaks: 'H9',
  },
  {
    id: 'lane: lets nobody grow older',
    file: lane,
    find: 'const key = priority * 1000 - nowMs;',
    replace: 'const key = priority * 1000;',
    breaks: 'H9',
  },
  {
    id: 'strict-rate: lets one too many start',
    file: 'src/pool/strict-rate.ts',
    find: 'this.#startsMs.length - this.#rate.limit;',
    replace: 'this.#startsMs.length - this.#rate.limit - 1;',
    breaks: 'H9',
  },
  {
    id: 'gates: forgets the rate of a tenant',
    file: gates,
    find: 'if (ofTenant !== undefined) gates.push(ofTenant);',
    replace: '',
    breaks: 'H9',
  },
  {
    id: 'gates: forgets the limit of an origin',
    file: gates,
    find: 'if (ofOrigin !== undefined) gates.push(ofOrigin);',
    replace: '',
    breaks: 'H9',
  },
  {
    id: 'gate: lets one too many run at an origin',
    file: 'src/pool/gate.ts',
    find: 'if (this.running >= (this.#adaptive?.limit ?? this.#most))',
    replace: 'if (this.running > (this.#adaptive?.limit ?? this.#most))',
    breaks: 'H9',
  },
  {
    id: 'gate-watch: does not wake up when a gate opens',
    file: 'src/pool/gate-watch.ts',
    find: 'if (isWaitedFor) deadlines.set(gate, opensAtMs);',
    replace: 'if (isWaitedFor) deadlines.clear(gate);',
    breaks: 'H9',
  },
  {
    id: 'admission: holds up everybody for the gate of one',
    file: admission,
    find: 'if (!this.#lines.isReady && this.#start(item)) return true;',
    replace: 'if (this.#lines.size === 0 && this.#start(item)) return true;',
    breaks: 'H9',
  },
  {
    id: 'admission: lets the dead take a part of a rate',
    file: admission,
    find: '    if (item.leftInTheQueue()) {',
    replace: `    if (item.leftInTheQueue()) {
      this.#gates.pass(item.request, this.#options.clock.now());`,
    breaks: 'C6, H9',
  },
  {
    id: 'admission: lets the dead take their turn',
    file: admission,
    find: `    if (item.leftInTheQueue()) {
      // It takes no turn and no part of a rate.
      waiter.leave();
      return true;
    }
    const slot = this.#workers.select(item.request.origin);
    if (slot === undefined) return false;
    this.#lines.next();`,
    replace: `    const slot = this.#workers.select(item.request.origin);
    if (slot === undefined) return false;
    this.#lines.next();
    if (item.leftInTheQueue()) return true;`,
    breaks: 'C6, H9',
  },
  {
    id: 'admission: starts one that ended while others were let in',
    file: admission,
    find: `      if (item.leftInTheQueue()) return true;
`,
    replace: '',
    breaks: 'H3',
    owner: 'test/unit/pool/admission.test.ts',
  },
  {
    id: 'admission: starts what comes while it is paused',
    file: admission,
    find: 'if (this.#isPaused) return false;',
    replace: '',
    breaks: 'H6',
  },
  {
    id: 'engine: stays paused while it is closing',
    file: 'src/pool/engine.ts',
    find: 'if (this.#life.close()) this.#admission.resume();',
    replace: 'this.#life.close();',
    breaks: 'P1',
  },
].map((mutant) => ({ owner, ...mutant }));
