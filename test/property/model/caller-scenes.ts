/** Callers that are requests of a server, of each kind: they die, or are complete before they end. */

import { SERVER_CALLERS } from '../../helpers/server-callers.ts';
import { Answer } from './commands/answer.ts';
import { CallerCompletes } from './commands/caller-completes.ts';
import { CallerDies } from './commands/caller-dies.ts';
import { Finish } from './commands/finish.ts';
import { Respond } from './commands/respond.ts';
import { Send } from './commands/send.ts';
import { Start } from './commands/start.ts';
import type { Command } from './commands/step.ts';
import { CALLER_KINDS, type Spec } from './spec.ts';

export function callerScenes(upload: Spec): readonly (readonly Command[])[] {
  return SERVER_CALLERS.flatMap((one) => {
    const kind = CALLER_KINDS.indexOf(one);
    const begin = [new Start({ ...upload, caller: { kind } }), new Send(0, 'text')];
    return [
      // Its client leaves, and what it had sent is finished for it (C2).
      [...begin, new CallerDies(0), new Respond(0, 200, undefined)],
      // It is answered, its client leaves, and neither is a death (C1).
      [
        ...begin,
        new CallerCompletes(0, true),
        new Send(0, 'text'),
        new Start({ ...upload, caller: { known: 0 } }),
        new Finish(0),
        new Answer(0, 200, 3),
        new Answer(0, 200, 3),
      ],
    ];
  });
}
