/** Faults in the record of an exchange and in its end. */

import { MODEL, type Mutant } from './mutant.ts';

const flight = 'src/pool/flight-effects.ts';
const end = 'src/pool/flight-end.ts';
const owner = MODEL;

export const flights: readonly Mutant[] = [
  {
    id: 'flight: is still in the map when its receiver hears of the end',
    file: flight,
    find: `      this.host.remove(this, terminal.type === 'done' ? 'done' : terminal.error.code);
      this.clock.over();
      this.cutBody();
      if (DISCARDING.has(state.outcome)) incoming.discard();
    } finally {
      this.#tell(terminal);
    }`,
    replace: `      this.clock.over();
      this.cutBody();
      if (DISCARDING.has(state.outcome)) incoming.discard();
    } finally {
      this.#tell(terminal);
      this.host.remove(this, terminal.type === 'done' ? 'done' : terminal.error.code);
    }`,
    breaks: 'H2, S2',
  },
  {
    id: 'flight: keeps its slot when it ends',
    file: flight,
    find: `    const terminal = terminalOf(factsOf(this), ending);
    this.attempt?.leave();`,
    replace: '    const terminal = terminalOf(factsOf(this), ending);',
    breaks: 'H6, X1',
  },
  {
    id: 'flight: keeps its slot when it moves to another worker',
    file: flight,
    find: '    attempt?.leave();\n',
    replace: '',
    breaks: 'W2',
  },
  {
    id: 'flight: leaves its timeouts on the wheel',
    file: flight,
    find: 'this.clock.over();',
    replace: '',
    breaks: 'P2',
  },
  {
    id: 'flight: does not say that its slot is free',
    file: flight,
    find: 'this.host.settled(this);',
    replace: '',
    breaks: 'H6, P1',
  },
  {
    id: 'flight: leaves senders waiting at its end',
    file: flight,
    find: `      this.cutBody();
      if (DISCARDING`,
    replace: '      if (DISCARDING',
    breaks: 'U3, U4',
  },
  {
    id: 'flight: delivers after cancel what nobody had read',
    file: flight,
    find: 'if (DISCARDING.has(state.outcome)) incoming.discard();',
    replace: '',
    breaks: 'X1',
  },
  {
    id: 'flight: counts no uploads',
    file: flight,
    find: 'this.host.countUploads(change);',
    replace: '',
    breaks: 'S2',
  },
  {
    id: 'flight: does not abort the transfer',
    file: 'src/pool/flight-course.ts',
    find: 'this.abort();\n          break;',
    replace: 'break;',
    breaks: 'T3',
  },
  {
    id: 'flight: goes on with a body for a caller that is dead',
    file: flight,
    find: "if (before.upload === 'open' && this.state.upload === 'abandoned') this.upload?.abandon();",
    replace: '',
    breaks: 'C2',
  },
  {
    id: 'flight-end: loses the terminal message',
    file: end,
    find: 'receiver?.end(terminal);',
    replace: '',
    breaks: 'H3',
  },
  {
    id: 'flight-end: doubles the terminal message',
    file: end,
    find: 'receiver?.end(terminal);',
    replace: 'receiver?.end(terminal);\n      receiver?.end(terminal);',
    breaks: 'H3',
  },
  {
    id: 'flight-end: tells only the first who awaits',
    file: end,
    find: 'if (waiters !== undefined) for (const waiter of waiters) waiter(terminal);',
    replace: 'waiters?.[0]?.(terminal);',
    breaks: 'A2',
  },
].map((mutant) => ({ ...mutant, owner }));
