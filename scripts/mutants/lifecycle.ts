/** Faults in the lifecycle function; its property walks all of its states. */

import { LIFECYCLE, type Mutant } from './mutant.ts';

const file = 'src/actors/request-lifecycle.ts';
const owner = LIFECYCLE;

export const lifecycle: readonly Mutant[] = [
  {
    id: 'lifecycle: ends a second time when it is stopped after its end',
    find: "if (state.type === 'settled') return { state, effects: NONE };",
    replace:
      "if (state.type === 'settled' && event.type !== 'stopped') return { state, effects: NONE };",
    breaks: 'H3',
  },
  {
    id: 'lifecycle: ends without a terminal message',
    find: 'effects: overOnTheWire && !cut ? SETTLE : ABORT_AND_SETTLE,',
    replace: 'effects: overOnTheWire && !cut ? NONE : ABORT_AND_SETTLE,',
    breaks: 'H3',
  },
  {
    id: 'lifecycle: leaves the transfer running when it ends',
    find: 'effects: overOnTheWire && !cut ? SETTLE : ABORT_AND_SETTLE,',
    replace: 'effects: SETTLE,',
    breaks: 'T3',
  },
  {
    id: 'lifecycle: calls an upload whole that the response overtook',
    find: "return ending === 'death' ? 'ended_by_death' :",
    replace:
      "return ending === 'death' ? 'ended_by_death' : ending === 'response' ? 'ended_by_caller' :",
    breaks: 'U9',
  },
  {
    id: 'lifecycle: delivers a second head',
    find: "if (state.type !== 'waiting' && state.type !== 'connecting') return stay(state);",
    replace: "if (state.type === 'queued') return stay(state);",
    breaks: 'H4',
  },
  {
    id: 'lifecycle: is done for a caller that is dead',
    find: "const outcome = state.audience === 'listening' ? 'done' : failureCode(state, 'ERR_CANCELLED');",
    replace: "const outcome = 'done';",
    breaks: 'C6',
  },
  {
    id: 'lifecycle: goes on writing an upload that the response overtook',
    find: 'const effects = upload === state.upload ? NONE : ABORT_AND_CUT;',
    replace: 'const effects = NONE;',
    breaks: 'U7',
  },
  {
    id: 'lifecycle: sends an upload from the queue for a dead caller',
    find: "if (!unfinished || !finishable || state.type === 'queued' || state.type === 'ending') {",
    replace: "if (!unfinished || !finishable || state.type === 'ending') {",
    breaks: 'C6',
  },
].map((mutant) => ({ ...mutant, file, owner }));
