/** A pool whose time is simulated, with a scripted peer, for exchanges that fail: what they say. */

import { AssertionError } from 'node:assert';
import { type AsyncHandle, ERROR_CODES, type PoolOptions, RequestError } from '../../src/index.ts';
import { type ScriptedPeer, scriptedPeer } from './scripted-peer.ts';
import { type SimulatedPool, simulatedPool } from './simulated-pool.ts';

export interface ErrorStage extends Pick<SimulatedPool, 'clock' | 'pool'>, AsyncDisposable {
  readonly peer: ScriptedPeer;
  /** What `await` of it rejects with: an error that knows its exchange. */
  errorOf(handle: AsyncHandle): Promise<RequestError>;
  /** The same, an error of the pool's own: nobody else's is behind it. */
  ownErrorOf(handle: AsyncHandle): Promise<RequestError>;
}

export async function errorStage(options: PoolOptions = {}): Promise<ErrorStage> {
  const peer = await scriptedPeer();
  const simulated = simulatedPool(options);
  const { clock, pool } = simulated;
  const errorOf = async (handle: AsyncHandle): Promise<RequestError> => {
    const error: unknown = await pool.await(handle).then(
      () => fail('the exchange was done'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof RequestError)) fail(`not a RequestError: ${String(error)}`);
    if (!Object.hasOwn(ERROR_CODES, error.code)) fail(`an unknown code: ${error.code}`);
    if (error.ref !== handle.ref) fail(`the error is of ${error.ref}, not of ${handle.ref}`);
    if (error.origin === undefined) fail('the error does not say its origin');
    return error;
  };
  return {
    clock,
    pool,
    peer,
    errorOf,
    ownErrorOf: async (handle) => {
      const error = await errorOf(handle);
      if (error.cause !== undefined) fail(`it has a cause: ${String(error.cause)}`);
      return error;
    },
    [Symbol.asyncDispose]: async () => {
      await simulated[Symbol.asyncDispose]();
      await peer.close();
    },
  };
}

function fail(message: string): never {
  throw new AssertionError({ message });
}
