/** Errors that throw when they are looked at: whoever hands one over, the handle ends (H3). */

import { Dispatcher } from 'undici';
import { describe, expect, test } from 'vitest';
import type { HandleCalls } from '../../../src/index.ts';
import { connectedPool, type Played, playedPool } from '../../helpers/connected.ts';
import { codeOf, failureOf, gaugesOf, IDLE } from '../../helpers/ends.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';

function refuse(): never {
  throw new Error('looked at');
}

const TRAPS = [
  'get',
  'has',
  'ownKeys',
  'getPrototypeOf',
  'getOwnPropertyDescriptor',
  'defineProperty',
] as const;

function untouchable(): unknown {
  return new Proxy(new Error(), Object.fromEntries(TRAPS.map((trap) => [trap, refuse])));
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable(new Error(), {});
  revoke();
  return proxy;
}

function withGetters(...names: string[]): Error {
  const error = new Error('with getters');
  for (const name of names) Object.defineProperty(error, name, { get: refuse });
  return error;
}

function ownCause(): Error {
  const error = new Error('its own cause');
  error.cause = error;
  return error;
}

function endlessCause(): Error {
  return Object.defineProperty(new Error('another'), 'cause', { get: endlessCause });
}

function ownAttempt(): Error {
  const error = new AggregateError([], 'its own attempt');
  error.errors = [error];
  return error;
}

const HOSTILE: readonly (readonly [string, () => unknown])[] = [
  ['cannot be touched', untouchable],
  ['is a revoked proxy', revoked],
  ['throws for its code', () => withGetters('code')],
  ['throws for its name', () => withGetters('name')],
  ['throws for its message', () => withGetters('message')],
  ['throws for its cause', () => withGetters('cause')],
  ['throws for all it has', () => withGetters('code', 'name', 'message', 'cause', 'stack')],
  ['throws for its attempts', () => Object.defineProperty(ownAttempt(), 'errors', { get: refuse })],
  ['has no text for a message', () => Object.assign(new Error(), { message: Symbol('text') })],
  ['has no text for a name', () => Object.assign(new Error(), { name: Object.create(null) })],
  ['is its own cause', ownCause],
  ['has causes without end', endlessCause],
  ['is its own attempt', ownAttempt],
  ['has a cause that cannot be touched', () => new Error('outside', { cause: untouchable() })],
  ['is a symbol', () => Symbol('reason')],
  ['is null', () => null],
];

/** How an exchange meets it; `code` where it is one code that is right. */
interface Way {
  readonly code: string | undefined;
  begin(
    calls: HandleCalls,
    played: Played,
    error: unknown,
  ): Promise<ReturnType<HandleCalls['get']>>;
}

const URL = 'http://peer.test/';

const WAYS: readonly (readonly [string, Way])[] = [
  [
    'from a dispatcher before the response',
    {
      code: 'ERR_SOCKET',
      async begin(calls, { dispatcher }, error) {
        const handle = calls.get(URL);
        (await dispatcher.begun()).say((says) => says.fail(error));
        return handle;
      },
    },
  ],
  [
    'from a dispatcher before it was started',
    {
      code: 'ERR_CONNECT',
      async begin(calls, { dispatcher }, error) {
        const handle = calls.get(URL);
        (await dispatcher.next()).say((says) => says.fail(error));
        return handle;
      },
    },
  ],
  [
    'from a dispatcher within the response',
    {
      code: 'ERR_TRUNCATED',
      async begin(calls, { dispatcher }, error) {
        const handle = calls.get(URL, { stream: true });
        const wire = await dispatcher.begun();
        wire.head(200);
        wire.say((says) => says.fail(error));
        return handle;
      },
    },
  ],
  [
    'from a dispatcher that threw while its response was read',
    {
      code: 'ERR_PROTOCOL',
      async begin(calls, { dispatcher }, error) {
        const handle = calls.get(URL);
        const headers = Object.defineProperty({}, 'x', {
          enumerable: true,
          get: () => {
            throw error;
          },
        });
        (await dispatcher.begun()).say((says) => says.head(200, headers));
        return handle;
      },
    },
  ],
  [
    'from an asynchronous source of its body',
    {
      code: 'ERR_CANCELLED',
      async begin(calls, { dispatcher }, error) {
        const body = (async function* () {
          yield 'some';
          throw error;
        })();
        const handle = calls.post(URL, { body });
        await dispatcher.begun();
        return handle;
      },
    },
  ],
  [
    'from a source that cannot be read',
    {
      code: 'ERR_CANCELLED',
      async begin(calls, { dispatcher }, error) {
        const body = () => {
          throw error;
        };
        const handle = calls.post(URL, { body });
        await dispatcher.begun();
        return handle;
      },
    },
  ],
  [
    'as the reason of a signal',
    {
      code: 'ERR_CANCELLED',
      async begin(calls, { dispatcher }, error) {
        const controller = new AbortController();
        const handle = calls.get(URL, { signal: controller.signal });
        await dispatcher.begun();
        controller.abort(error);
        return handle;
      },
    },
  ],
  [
    'as the reason of a signal that was aborted before',
    {
      code: 'ERR_CANCELLED',
      async begin(calls, _played, error) {
        return calls.get(URL, { signal: AbortSignal.abort(error) });
      },
    },
  ],
  [
    'as the reason of a cancel',
    {
      code: 'ERR_CANCELLED',
      async begin(calls, { dispatcher }, error) {
        const handle = calls.post(URL, { streamBody: true });
        await dispatcher.begun();
        calls.cancel(handle, error);
        return handle;
      },
    },
  ],
  [
    'as the reason of a destroy',
    {
      code: 'ERR_POOL_DESTROYED',
      async begin(calls, { dispatcher, pool, connected }, error) {
        const handle = calls.get(URL);
        await dispatcher.begun();
        await (calls === pool ? pool : connected).destroy(error);
        return handle;
      },
    },
  ],
];

describe.each(['here', 'in another thread'])('H3 an exchange asked for %s', (where) => {
  describe.each(WAYS)('ends where it has %s', (_way, { begin, code }) => {
    test.each(HOSTILE)('an error that %s', async (_kind, make) => {
      await using played = playedPool();
      using seen = collectUnhandled();
      const calls = where === 'here' ? played.pool : played.connected;
      const handle = await begin(calls, played, make());
      expect((await failureOf(calls, handle)).error.code).toBe(code);
      await settled();
      expect(gaugesOf(played.pool)).toEqual(IDLE);
      expect([seen.exceptions, seen.rejections]).toEqual([[], []]);
    });
  });
});

/** Longer than the first restart may take (W3). */
const RESTART_MS = 100;

/** Throws where it should dispatch. */
class Throwing extends Dispatcher {
  readonly #error: unknown;

  constructor(error: unknown) {
    super();
    this.#error = error;
  }

  override dispatch(): boolean {
    throw this.#error;
  }

  override async close(): Promise<void> {}

  override async destroy(): Promise<void> {}
}

describe.each<readonly [string, (error: unknown) => Dispatcher]>([
  ['dispatches', (error) => new Throwing(error)],
  [
    'is made',
    (error) => {
      throw error;
    },
  ],
])('H3 a dispatcher that throws when it %s', (_when, make) => {
  test.each(HOSTILE)('an error that %s ends what its worker has', async (_kind, hostile) => {
    await using both = connectedPool({ dispatcher: () => make(hostile()), maxRestarts: 1 });
    const { pool, connected, clock } = both;
    using seen = collectUnhandled();
    const codes = [pool, connected].map((calls) => codeOf(calls.await(calls.get(URL))));
    await settled();
    clock.advance(RESTART_MS);
    for (const code of await Promise.all(codes)) {
      expect(['ERR_WORKER_DIED', 'ERR_POOL_FAILED']).toContain(code);
    }
    await settled();
    expect([seen.exceptions, seen.rejections]).toEqual([[], []]);
  });
});
