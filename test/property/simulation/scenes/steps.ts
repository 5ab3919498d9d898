/** Steps that scenes share. Each says whether it could happen; `index` names the exchange. */

import type { Step } from '../race.ts';
import { systemError } from '../transport.ts';
import type { Wire } from '../wire.ts';

/** The peer accepts the connection: the request begins. */
export function start(index = 0): Step {
  return ['start', (stage) => ready(stage.exchanges[index]?.wire, (wire) => wire.start())];
}

/** The peer reads the request body from now on. */
export function take(index = 0): Step {
  return ['take', (stage) => begun(stage.exchanges[index]?.wire, (wire) => wire.read())];
}

export function head(status = 200, index = 0): Step {
  return [
    'head',
    (stage) => {
      const wire = stage.exchanges[index]?.wire;
      return wire?.headed === true ? false : begun(wire, (live) => live.head(status));
    },
  ];
}

export function data(text: string, index = 0): Step {
  return [
    `data ${text}`,
    (stage) => headed(stage.exchanges[index]?.wire, (wire) => wire.data(Buffer.from(text))),
  ];
}

export function end(index = 0): Step {
  return ['end', (stage) => headed(stage.exchanges[index]?.wire, (wire) => wire.end())];
}

/** The connection is reset. */
export function reset(index = 0): Step {
  return [
    'reset',
    (stage) => {
      const wire = stage.exchanges[index]?.wire;
      if (wire === undefined || wire.over) return false;
      wire.fail(systemError('ECONNRESET'));
      return true;
    },
  ];
}

export function cancel(name = 'cancel'): Step {
  return [name, (stage) => stage.exchange().cancel('enough')];
}

export function send(text: string): Step {
  return [`send ${text}`, (stage) => void stage.exchange().send(Buffer.from(text))];
}

export function finish(name = 'finish'): Step {
  return [name, (stage) => stage.exchange().finish()];
}

export function grant(bytes: number): Step {
  return [`grant ${bytes}`, (stage) => stage.exchange().grant(bytes)];
}

export function advance(ms: number, name = 'time'): Step {
  return [name, (stage) => stage.clock.advance(ms)];
}

/** The peer plays its part to the end, from wherever it is. */
export function serve(index = 0): readonly Step[] {
  return [start(index), take(index), head(200, index), end(index)];
}

function ready(wire: Wire | undefined, act: (wire: Wire) => void): boolean {
  if (wire === undefined || wire.started || wire.over) return false;
  act(wire);
  return true;
}

function begun(wire: Wire | undefined, act: (wire: Wire) => void): boolean {
  if (wire?.started !== true || wire.over) return false;
  act(wire);
  return true;
}

function headed(wire: Wire | undefined, act: (wire: Wire) => void): boolean {
  return wire?.headed === true && begun(wire, act);
}
