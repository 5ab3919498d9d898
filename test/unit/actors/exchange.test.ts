/** An exchange between undici and its reports, without a network. */

import { PassThrough } from 'node:stream';
import type { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import type { ExchangeReports } from '../../../src/actors/carrier.ts';
import { Exchange } from '../../../src/actors/exchange.ts';
import type { ResponseHeaders } from '../../../src/messages.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';

interface Stage {
  readonly clock: ManualClock;
  readonly exchange: Exchange;
  readonly controller: Dispatcher.DispatchController;
  readonly received: string[];
  readonly trailersSeen: ResponseHeaders[];
  /** What it said otherwise. */
  readonly log: string[];
}

/** A started exchange whose reports ask for a pause after each chunk. */
function started(): Stage {
  const received: string[] = [];
  const trailersSeen: ResponseHeaders[] = [];
  const log: string[] = [];
  const clock = new ManualClock();
  const reports: ExchangeReports = {
    room: 0,
    started: () => {},
    hinted: () => log.push('hinted'),
    headReceived: () => {},
    dataReceived: (chunk) => {
      received.push(String(Buffer.from(chunk)));
      exchange.pause();
    },
    responseEnded: (trailers) => trailersSeen.push(trailers),
    bodyGone: () => {},
    exchangeFailed: (error) => log.push(String(error)),
    transportBroke: () => {},
  };
  const exchange = new Exchange({ dispatch: () => true }, reports, clock);
  let paused = false;
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    get paused() {
      return paused;
    },
    reason: null,
    rawHeaders: [],
    rawTrailers: [],
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
    },
    abort: () => {},
  };
  exchange.onRequestStart(controller);
  exchange.streamOpened(new PassThrough());
  return { clock, exchange, controller, received, trailersSeen, log };
}

/** One whose response has begun. */
function answered(): Stage {
  const stage = started();
  stage.exchange.onResponseStart(stage.controller, 200, {});
  return stage;
}

test('F2 stops reading a stream that goes on', () => {
  const { exchange, controller } = answered();
  exchange.onResponseData(controller, Buffer.from('some'));
  expect(controller.paused).toBe(true);
});

test('F3 does not stop reading a stream that has ended', () => {
  const { exchange, controller, received } = answered();
  exchange.streamEnded();
  exchange.onResponseData(controller, Buffer.from('some'));
  exchange.onResponseData(controller, Buffer.from('rest'));
  expect(controller.paused).toBe(false);
  expect(received).toEqual(['some', 'rest']);
});

test('N12 a trailer that is called like the prototype of an object is a trailer', () => {
  const { exchange, controller, trailersSeen } = answered();
  exchange.streamEnded();
  exchange.onResponseEnd(controller, JSON.parse('{"a":"1","__proto__":["2","3"]}'));
  const [trailers = {}] = trailersSeen;
  expect(Object.entries(trailers)).toEqual([
    ['a', '1'],
    ['__proto__', ['2', '3']],
  ]);
  expect(Object.getPrototypeOf(trailers)).toBe(Object.prototype);
});

test.each([
  ['one every second', 1_000, 1_000],
  ['64 a second', 64, 15.625],
])('N11 hints may come for as long as a server works: %s', (_rate, hints, everyMs) => {
  const { clock, exchange, controller, log } = started();
  for (let hint = 0; hint < 10 * hints; hint += 1) {
    exchange.onResponseStart(controller, 103, {});
    clock.advance(everyMs);
  }
  expect(log).toEqual(new Array(10 * hints).fill('hinted'));
});

test('H3 ends with the response, also where the transport has no word of trailers', () => {
  const { exchange, controller, trailersSeen } = started();
  exchange.onResponseStart(controller, 200, {});
  exchange.streamEnded();
  // A `SnapshotAgent` does, where its record has none.
  exchange.onResponseEnd(controller);
  expect(trailersSeen).toEqual([{}]);
});

test('N11 more than 64 hints within a second are a flood', () => {
  const { clock, exchange, controller, log } = started();
  clock.advance(60_000);
  for (let hint = 0; hint < 100; hint += 1) {
    exchange.onResponseStart(controller, 103, {});
    clock.advance(15);
  }
  const flood = 'Error: bad response: hints without end';
  expect(log).toEqual([...new Array(64).fill('hinted'), flood]);
});
