/**
 * The lifecycle function on its own: its invariants (see the head of `request-lifecycle.ts`) after
 * every step of random words of events, impossible ones included, and in the whole of its state
 * space, whose size is pinned so that a change of it is seen.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ExchangeEvent,
  type ExchangeState,
  initialState,
  isUploading,
  type Step,
  transition,
  type Upload,
} from '../../src/actors/request-lifecycle.ts';

/** Every event in every shape that the function can tell apart. */
const EVENTS: readonly ExchangeEvent[] = [
  { type: 'admitted' },
  { type: 'started' },
  { type: 'upload_finished' },
  { type: 'upload_sent' },
  { type: 'head_received' },
  { type: 'response_ended', held: false },
  { type: 'response_ended', held: true },
  { type: 'held_delivered' },
  { type: 'caller_died', finishable: false, heard: false },
  { type: 'caller_died', finishable: false, heard: true },
  { type: 'caller_died', finishable: true, heard: false },
  { type: 'caller_died', finishable: true, heard: true },
  { type: 'receiver_died' },
  { type: 'worker_died', cause: 'worker' },
  { type: 'failed', code: 'ERR_SOCKET', cause: 'world' },
  { type: 'stopped', code: 'ERR_POOL_DESTROYED', cause: 'somebody' },
];

const BODIES = ['none', 'buffered', 'open'] as const;
const OVER: readonly Upload[] = [
  'none',
  'ended_by_caller',
  'ended_by_death',
  'ended_by_response',
  'ended_by_failure',
];

function audienceOf(state: ExchangeState): string {
  return state.type === 'settled' ? 'none' : state.audience;
}

/** What must hold for any single step, whatever came before. */
function checkStep(before: ExchangeState, event: ExchangeEvent, { state, effects }: Step): void {
  const settles = effects.filter((effect) => effect === 'settle').length;
  if (before.type === 'settled') {
    expect(state, '1: settled absorbs').toBe(before);
    expect(effects, '1: without an effect').toEqual([]);
    return;
  }
  expect(settles, '2: settle belongs to the step into settled').toBe(
    Number(state.type === 'settled'),
  );
  if (settles === 1) expect(effects.at(-1), '2: as the last effect').toBe('settle');
  if (effects.includes('deliver_head')) {
    expect(audienceOf(before), '4: to an audience').toBe('listening');
  }
  checkUpload(before, event, { state, effects });
  const isUnfinished = before.upload === 'open' || before.upload === 'finishing';
  if (before.type === 'queued' && event.type === 'caller_died' && isUnfinished) {
    expect(state.type, '8: nothing is sent from the queue for the dead').toBe('settled');
  }
  if (state.type !== 'settled') return;
  expect(OVER, '3: a settled upload is over').toContain(state.upload);
  if (state.outcome === 'done') expect(audienceOf(before), '5: done is heard').toBe('listening');
  const hadTransport = ['connecting', 'waiting', 'receiving'].includes(before.type);
  if (hadTransport && event.type !== 'response_ended') {
    expect(effects, '6: what had a transport is aborted').toContain('abort');
  }
}

function checkUpload(
  before: Exclude<ExchangeState, { type: 'settled' }>,
  event: ExchangeEvent,
  { state: after, effects }: Step,
): void {
  if (after.upload === before.upload) return;
  expect(OVER, 'an upload that is over stays as it is').not.toContain(before.upload);
  if (after.upload === 'ended_by_caller') {
    const whole = before.upload === 'finishing' || before.upload === 'buffered';
    expect(whole && after.type !== 'settled', '5: only what was sent whole').toBe(true);
  }
  const cut =
    isUploading(before.upload) && !isUploading(after.upload) && event.type !== 'upload_sent';
  if (!cut || before.type === 'queued') return;
  expect(effects, '7: an upload that is cut is aborted').toContain('abort');
  const dropped = effects.includes('cut_body') || effects.includes('settle');
  expect(dropped, '7: and its rest dropped').toBe(true);
}

describe('request lifecycle', () => {
  test('H3 keeps its invariants under every word of events', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...BODIES),
        fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 }),
        (body, word) => {
          let state = initialState(body);
          let heads = 0;
          let ends = 0;
          for (const event of word) {
            const step = transition(state, event);
            checkStep(state, event, step);
            heads += Number(step.effects.includes('deliver_head'));
            ends += Number(step.effects.includes('settle'));
            state = step.state;
          }
          expect(heads, '4: one head at most').toBeLessThanOrEqual(1);
          expect(ends, '2: one end').toBe(Number(state.type === 'settled'));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test('H3 keeps its invariants in all of its states, which are as many as they were', () => {
    const seen = new Map<string, ExchangeState>();
    const transitions = new Set<string>();
    let frontier: ExchangeState[] = BODIES.map((body) => initialState(body));
    let depth = 0;
    while (frontier.length > 0) {
      const next: ExchangeState[] = [];
      for (const state of frontier) {
        const key = JSON.stringify(state);
        if (seen.has(key)) continue;
        seen.set(key, state);
        for (const event of EVENTS) {
          const step = transition(state, event);
          checkStep(state, event, step);
          if (step.state === state) continue;
          transitions.add(`${key} ${JSON.stringify(event)}`);
          next.push(step.state);
        }
      }
      frontier = next;
      depth += 1;
    }
    const settled = [...seen.values()].filter(({ type }) => type === 'settled').length;
    const counts = { depth, states: seen.size, settled, transitions: transitions.size };
    console.info('request lifecycle:', counts);
    expect(counts).toEqual({ depth: 7, states: 70, settled: 27, transitions: 366 });
  });

  test('H3 can still be ended from every state that is not the end', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...BODIES),
        fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 }),
        fc.constantFrom('failed' as const, 'stopped' as const),
        (body, word, type) => {
          const reached = word.reduce(
            (state, event) => transition(state, event).state,
            initialState(body),
          );
          const { state } = transition(reached, { type, code: 'ERR_SOCKET', cause: undefined });
          expect(state.type).toBe('settled');
        },
      ),
    );
  });
});
