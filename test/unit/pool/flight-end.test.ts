/** The end of an exchange and who hears of it. */

import { describe, expect, test } from 'vitest';
import { initialState } from '../../../src/actors/request-lifecycle.ts';
import type { TerminalMessage } from '../../../src/messages.ts';
import type { Delivery } from '../../../src/pool/delivery.ts';
import { FlightEnd, terminalOf } from '../../../src/pool/flight-end.ts';
import type { FlightFacts } from '../../../src/pool/flight-outcome.ts';
import { FlightResponse } from '../../../src/pool/flight-response.ts';
import type { ResolvedRequest } from '../../../src/resolved-options.ts';

/** Of a message only its identity is looked at here. */
const TERMINAL = { type: 'done', ref: 'r' } as TerminalMessage;

/** A way to a receiver that breaks. */
const BROKEN = {
  end: () => {
    throw new Error('the receiver broke');
  },
} as unknown as Delivery;

describe('the end of an exchange', () => {
  test('H3 reaches those who wait although the way to the receiver breaks', () => {
    const end = new FlightEnd();
    const heard: TerminalMessage[] = [];
    end.whenCome((terminal) => heard.push(terminal));
    end.whenCome((terminal) => heard.push(terminal));
    expect(() => end.come(TERMINAL, BROKEN)).toThrow('the receiver broke');
    expect(heard).toEqual([TERMINAL, TERMINAL]);
  });

  test('A2 is told at once to those who ask after it', () => {
    const end = new FlightEnd();
    end.come(TERMINAL, undefined);
    const heard: TerminalMessage[] = [];
    end.whenCome((terminal) => heard.push(terminal));
    expect(heard).toEqual([TERMINAL]);
  });

  test('A2 is not told to one who waits no more', () => {
    const end = new FlightEnd();
    const heard: TerminalMessage[] = [];
    const waiter = (terminal: TerminalMessage) => heard.push(terminal);
    end.whenCome(waiter);
    end.forget(waiter);
    end.come(TERMINAL, undefined);
    expect(heard).toEqual([]);
  });

  test('H3 is an error when no array can hold the body', () => {
    const incoming = new FlightResponse();
    incoming.whole = () => {
      throw new RangeError('Array buffer allocation failed');
    };
    const facts = {
      ref: 'r',
      request: { method: 'GET', origin: 'http://a.test', stream: false } as ResolvedRequest,
      times: { createdMs: 0, admittedMs: 0, headMs: 0 },
      nowMs: 1,
      bytesSent: 0,
      sent: true,
    } as FlightFacts;
    const before = initialState('none');
    const state = { type: 'settled', outcome: 'done', upload: 'none', cause: undefined } as const;
    const terminal = terminalOf(facts, { before, state, phase: undefined, incoming });
    expect(terminal).toMatchObject({ type: 'error', error: { code: 'ERR_TOO_LARGE' } });
    expect(terminal.type === 'error' && terminal.error.cause).toBeInstanceOf(RangeError);
  });
});
