/** An exchange between undici and its reports, without a network. */

import { PassThrough } from 'node:stream';
import type { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import type { ExchangeReports } from '../../../src/actors/carrier.ts';
import { Exchange } from '../../../src/actors/exchange.ts';
import type { ResponseHeaders } from '../../../src/messages.ts';

interface Stage {
  readonly exchange: Exchange;
  readonly controller: Dispatcher.DispatchController;
  readonly received: string[];
  readonly trailersSeen: ResponseHeaders[];
}

/** A started exchange whose reports ask for a pause after each chunk. */
function started(): Stage {
  const received: string[] = [];
  const trailersSeen: ResponseHeaders[] = [];
  const reports: ExchangeReports = {
    room: 0,
    started: () => {},
    headReceived: () => {},
    dataReceived: (chunk) => {
      received.push(String(Buffer.from(chunk)));
      exchange.pause();
    },
    responseEnded: (trailers) => trailersSeen.push(trailers),
    bodyGone: () => {},
    exchangeFailed: () => {},
    transportBroke: () => {},
  };
  const exchange = new Exchange({ dispatch: () => true }, reports);
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
  exchange.onResponseStart(controller, 200, {});
  return { exchange, controller, received, trailersSeen };
}

test('F2 stops reading a stream that goes on', () => {
  const { exchange, controller } = started();
  exchange.onResponseData(controller, Buffer.from('some'));
  expect(controller.paused).toBe(true);
});

test('F3 does not stop reading a stream that has ended', () => {
  const { exchange, controller, received } = started();
  exchange.streamEnded();
  exchange.onResponseData(controller, Buffer.from('some'));
  exchange.onResponseData(controller, Buffer.from('rest'));
  expect(controller.paused).toBe(false);
  expect(received).toEqual(['some', 'rest']);
});

test('N12 a trailer that is called like the prototype of an object is a trailer', () => {
  const { exchange, controller, trailersSeen } = started();
  exchange.streamEnded();
  exchange.onResponseEnd(controller, JSON.parse('{"a":"1","__proto__":["2","3"]}'));
  const [trailers = {}] = trailersSeen;
  expect(Object.entries(trailers)).toEqual([
    ['a', '1'],
    ['__proto__', ['2', '3']],
  ]);
  expect(Object.getPrototypeOf(trailers)).toBe(Object.prototype);
});
