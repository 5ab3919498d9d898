/** A response that is complete before the upload is, with its last chunk held for want of credit. */

import { Dispatcher } from 'undici';
import { expect, test } from 'vitest';
import { createPool } from '../../../src/index.ts';

/** Answers at once, whole, and without regard to a pause, as a cache or a mock does. */
class Hasty extends Dispatcher {
  aborted = false;

  override dispatch(_options: unknown, handler: Dispatcher.DispatchHandler): boolean {
    const controller: Dispatcher.DispatchController = {
      aborted: false,
      paused: false,
      reason: null,
      abort: () => {
        this.aborted = true;
      },
      pause: () => {},
      resume: () => {},
    };
    handler.onRequestStart?.(controller, {});
    handler.onResponseStart?.(controller, 413, {}, 'Payload Too Large');
    handler.onResponseData?.(controller, Buffer.from('too large'));
    handler.onResponseEnd?.(controller, {});
    return true;
  }

  override async close(): Promise<void> {}
  override async destroy(): Promise<void> {}
}

test('U7 releases its senders while the end of an early response is held for credit', async () => {
  await using pool = createPool({ workers: 1, dispatcher: () => new Hasty() });
  const options = { streamBody: true, stream: true, window: 1, uploadBuffer: 1 };
  const handle = pool.post('http://a.test/', options);
  expect(await pool.sendBody(handle, 'half')).toBe(false);
  expect(await pool.finishBody(handle)).toBe(false);
  expect(pool.stats()).toMatchObject({ inFlight: 1, openUploads: 0 });
  pool.updateFlow(handle, 100);
  const response = await pool.await(handle);
  expect(response.upload).toEqual({ complete: false, bytesSent: 0, endedBy: 'response' });
  expect(pool.stats()).toMatchObject({ inFlight: 0, totals: { done: 1 } });
});
