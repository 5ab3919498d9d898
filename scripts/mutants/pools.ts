/** Faults in who runs, who waits, who is watched, and in how workers and pools end. */

import { MODEL, type Mutant } from './mutant.ts';

const admission = 'src/pool/admission.ts';
const workers = 'src/pool/workers.ts';
const engine = 'src/pool/engine.ts';
const loss = 'src/pool/worker-loss.ts';
const attachment = 'src/actors/attachment.ts';
const httpCallers = 'src/actors/http-callers.ts';
const monitor = 'src/actors/caller-monitor.ts';
const watches = 'src/pool/watches.ts';
const DEATH = 'test/unit/clauses/worker-death.test.ts';
const owner = MODEL;

export const pools: readonly Mutant[] = [
  {
    id: 'admission: lets one more wait than there is room for',
    file: admission,
    find: 'if (this.#lines.size >= this.#limits.queueLimit) return false;',
    replace: 'if (this.#lines.size > this.#limits.queueLimit) return false;',
    breaks: 'H6',
  },
  {
    id: 'workers: runs one more on a worker than it may',
    file: workers,
    find: 'inFlight < this.maxInFlight;',
    replace: 'inFlight <= this.maxInFlight;',
    breaks: 'H6',
  },
  {
    id: 'admission: keeps in line what has ended',
    file: admission,
    find: 'item.waiter.leave();',
    replace: '',
    breaks: 'H6, S2',
  },
  {
    id: 'workers: gives work to a worker that is down',
    file: workers,
    find: "return state === 'up' && inFlight <",
    replace: 'return inFlight <',
    breaks: 'W1',
  },
  {
    id: 'engine: forgets whom it watches for an exchange',
    file: engine,
    find: 'this.#watches.end(flight);',
    replace: '',
    breaks: 'C1, P2',
  },
  {
    id: 'engine: answers nobody when a worker dies',
    file: loss,
    find: 'for (const flight of this.#thoseOn(slot)) flight.workerDied(error);',
    replace: '',
    breaks: 'W1, H3',
  },
  {
    id: 'admission: lets others in before all have come back',
    file: admission,
    find: 'item.waiter = this.#lines.comeBack(item, this.#claimOf(item));',
    replace: 'item.waiter = this.#lines.comeBack(item, this.#claimOf(item)); this.pump();',
    breaks: 'W2',
    owner: DEATH,
  },
  {
    id: 'engine: ends some for a dead worker before the others have moved',
    file: loss,
    find: 'for (const flight of this.#thoseOn(slot)) flight.workerHalted();',
    replace: '',
    breaks: 'W2',
    owner: DEATH,
  },
  {
    id: 'engine: lets others in while some move',
    file: engine,
    find: 'if (!this.#loss.isMoving) this.#letIn();',
    replace: 'this.#letIn();',
    breaks: 'W2',
    owner: DEATH,
  },
  {
    id: 'engine: lets nobody in once the pool is closing',
    file: engine,
    find: 'if (this.#life.isLiving) this.#admission.pump();',
    replace: 'if (this.#life.isOpen) this.#admission.pump();',
    breaks: 'P1',
  },
  {
    id: 'engine: is closed before its last exchange has ended',
    file: engine,
    find: 'if (this.#flights.size === 0) this.#lastEnded?.();',
    replace: 'this.#lastEnded?.();',
    breaks: 'P1',
  },
  {
    id: 'pool-life: takes requests while it is closing',
    file: 'src/pool/pool-life.ts',
    find: `    this.#stage = 'closing';
    return true;`,
    replace: '    return true;',
    breaks: 'P1',
  },
  {
    id: 'supervisor: gives up one death early',
    file: 'src/pool/supervisor.ts',
    find: 'return recent.length + 1 > context.maxRestarts;',
    replace: 'return recent.length + 1 >= context.maxRestarts;',
    breaks: 'W3',
  },
  {
    id: 'supervisor: never gives up',
    file: 'src/pool/supervisor.ts',
    find: 'return recent.length + 1 > context.maxRestarts;',
    replace: 'return recent.length + 1 < 0;',
    breaks: 'W3',
  },
  {
    id: 'worker: comes back without a backoff',
    file: 'src/actors/worker.ts',
    find: 'return step / 2 + (step / 2) * random;',
    replace: 'return 0;',
    breaks: 'W1',
    owner: 'test/unit/actors/worker.test.ts',
  },
  {
    id: 'retirement: leaves the connections of a worker open',
    file: 'src/pool/retirement.ts',
    find: 'await carrier.destroy();',
    replace: '',
    breaks: 'P2',
  },
  {
    id: 'handles: counts a handle as young for ever',
    file: 'src/pool/handles.ts',
    find: 'else if (flight.handle !== undefined) this.#young -= 1;',
    replace: '',
    breaks: 'P2',
  },
  {
    id: 'handles: takes the handle of another pool for its own',
    file: 'src/pool/handles.ts',
    find: 'target.host === this.#host',
    replace: 'target.host !== undefined',
    breaks: 'H2',
    owner: 'test/unit/clauses/handles.test.ts',
  },
  {
    id: 'caller-monitor: listens on when the last exchange has ended',
    file: monitor,
    find: 'if (watch.watchers.size > 0) return;',
    replace: 'if (watch.watchers.size >= 0) return;',
    breaks: 'C1',
  },
  {
    id: 'caller-monitor: tells of a death only the first exchange',
    file: monitor,
    find: 'for (const watcher of watch.watchers.keys()) {',
    replace: 'for (const watcher of watch.watchers.keys().slice(0, 1)) {',
    breaks: 'C1, C3',
  },
  {
    id: 'http-callers: does not see a client leave whose request was read',
    file: httpCallers,
    find: 'const detachRest = rest.attach(died);',
    replace: 'const detachRest = () => {};',
    breaks: 'C1, C2',
  },
  {
    id: 'http-callers: takes a request for dead once its body was read',
    file: httpCallers,
    find: 'const own = closing(message, () => message.complete);',
    replace: 'const own = closing(message, () => false);',
    breaks: 'C1',
  },
  {
    id: 'attachment: takes the end of an answer for a death',
    file: attachment,
    find: 'if (!complete()) died();',
    replace: 'died();',
    breaks: 'C1',
  },
  {
    id: 'watches: does not hear the signal of a request',
    file: watches,
    find: 'if (signal !== undefined && watched.signal) callerMonitor.watch(signal, watched.signal);',
    replace: '',
    breaks: 'X3',
  },
  {
    id: 'watches: sends for a caller that is dead already',
    file: watches,
    find: "flight.stop('ERR_CALLER_DIED');",
    replace: 'this.#watch(flight);',
    breaks: 'C5',
  },
].map((mutant) => ({ owner, ...mutant }));
