/**
 * Races, played in every order they can occur in (see `simulation/race.ts`). The numbers printed
 * are those of the orders seen and of how the first exchange of the scene ended.
 */

import { describe, expect, test } from 'vitest';
import { countOf, explore, type Scene } from './simulation/race.ts';
import { cancelDone } from './simulation/scenes/cancel-done.ts';
import { closeRequest } from './simulation/scenes/close-request.ts';
import { deathFinish } from './simulation/scenes/death-finish.ts';
import { grantEnd } from './simulation/scenes/grant-end.ts';
import { resetResponse } from './simulation/scenes/reset-response.ts';
import { timeoutHeaders } from './simulation/scenes/timeout-headers.ts';
import { workerSend } from './simulation/scenes/worker-send.ts';

const RACES: readonly (readonly [name: string, scenes: readonly Scene[]])[] = [
  ['X2 cancel × done', cancelDone],
  ['C2 caller death × finishBody', deathFinish],
  ['T2 timeout × headers', timeoutHeaders],
  ['W2 worker death × sendBody', workerSend],
  ['P1 close × request', closeRequest],
  ['U7 reset × early response', resetResponse],
  ['F3 grant × end', grantEnd],
];

describe.each(RACES)('%s', (name, scenes) => {
  test.each(scenes.map((scene) => [scene.name, scene] as const))('%s', async (_, scene) => {
    const { interleavings, outcomes } = await explore(scene);
    console.info(`${name}, ${scene.name}: ${interleavings} interleavings`, outcomes);
    expect(interleavings).toBe(countOf(scene));
  });
});
