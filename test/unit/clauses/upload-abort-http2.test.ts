/**
 * An upload over HTTP/2 that is cut, in every state it can be in and for every reason: the peer sees
 * RST_STREAM with CANCEL and never the END_STREAM of a body that was not finished (C2, T3, U5).
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AsyncHandle, ErrorCode } from '../../../src/index.ts';
import { RequestPool } from '../../../src/pool/request-pool.ts';
import { type Http2Peer, http2Peer, type PeerStream } from '../../helpers/http2-peer.ts';
import { collectUnhandled, settled, type Unhandled } from '../../helpers/leaks.ts';
import { ManualClock } from '../../helpers/manual-clock.ts';
import { trustedServer, trustTestCa } from '../../helpers/tls.ts';

/** More than the window of a stream that the peer does not read. */
const TOO_MUCH = Buffer.alloc(1_000_000);
const CANCEL = 8;

let trust: Disposable;
let peer: Http2Peer;
let clock: ManualClock;
let pool: RequestPool;
let unhandled: Unhandled;

beforeEach(async () => {
  unhandled = collectUnhandled();
  trust = trustTestCa();
  peer = await http2Peer({ tls: trustedServer });
  clock = new ManualClock();
  pool = new RequestPool({ workers: 1 }, { clock });
});

afterEach(async () => {
  await pool.destroy();
  await peer.close();
  trust[Symbol.dispose]();
  await settled();
  const seen = [...unhandled.exceptions, ...unhandled.rejections];
  unhandled[Symbol.dispose]();
  expect(seen).toEqual([]);
});

interface Open {
  readonly handle: AsyncHandle;
  readonly stream: PeerStream;
  readonly caller: AbortController;
}

/** Launches, and waits until the peer has the head. */
async function open(options: { readonly body?: Uint8Array; readonly get?: boolean } = {}) {
  const caller = new AbortController();
  const common = { caller: caller.signal, onCallerDeath: 'cancel', timeout: 5_000 } as const;
  const body = options.body === undefined ? { streamBody: true } : { body: options.body };
  const handle = options.get
    ? pool.get(peer.origin, common)
    : pool.post(peer.origin, { ...common, ...body });
  return { handle, stream: await peer.stream(), caller };
}

async function begun(): Promise<Open> {
  const upload = await open();
  void pool.sendBody(upload.handle, 'first');
  await upload.stream.nextData();
  return upload;
}

async function blocked(): Promise<Open> {
  const upload = await begun();
  for (let count = 0; count < 3; count += 1) void pool.sendBody(upload.handle, TOO_MUCH);
  await settled();
  return upload;
}

const STATES: Readonly<Record<string, () => Promise<Open>>> = {
  'before its first chunk': () => open(),
  'between two chunks': begun,
  'while it waits for the window': blocked,
  'finished in the same tick': async () => {
    const upload = await begun();
    void pool.sendBody(upload.handle, 'last');
    void pool.finishBody(upload.handle);
    return upload;
  },
  'finished, while it waits for the window': async () => {
    const upload = await blocked();
    void pool.finishBody(upload.handle);
    await settled();
    return upload;
  },
  'after response headers': async () => {
    const upload = await begun();
    upload.stream.respond(200);
    await settled();
    return upload;
  },
  'with bytes that wait for the window': async () => {
    const upload = await open({ body: TOO_MUCH });
    await settled();
    return upload;
  },
};

const CAUSES: Readonly<Record<string, readonly [ErrorCode, (upload: Open) => void]>> = {
  cancel: ['ERR_CANCELLED', ({ handle }) => pool.cancel(handle)],
  'the timeout': ['ERR_TIMEOUT', () => clock.advance(5_001)],
  'the death of its caller': ['ERR_CALLER_DIED', ({ caller }) => caller.abort()],
};

describe.each(Object.keys(CAUSES))('cut by %s', (cause) => {
  test.each(Object.keys(STATES))('C2 resets an upload %s and never ends it', async (state) => {
    const upload = await STATES[state]?.();
    const [code, cut] = CAUSES[cause] ?? [];
    if (upload === undefined || cut === undefined) throw new Error('no such case');
    cut(upload);
    const ended = await pool.receive(upload.handle);
    expect(ended).toMatchObject({ type: 'error', error: { code }, upload: { complete: false } });
    expect(await upload.stream.closed).toMatchObject({
      endedByPeer: false,
      rstCode: CANCEL,
      connectionLost: false,
    });
    // Reading gives the window back to whatever might still wait for it.
    expect((await upload.stream.readBody()).ended).toBe(false);
    const sibling = pool.get(peer.origin);
    (await peer.stream()).respond(204, {}, { endStream: true });
    expect((await pool.await(sibling)).metrics.reusedConnection).toBe(true);
    expect(pool.stats()).toMatchObject({ inFlight: 0, openUploads: 0 });
  });

  test('T3 resets a request without a body', async () => {
    const upload = await open({ get: true });
    CAUSES[cause]?.[1](upload);
    expect(await upload.stream.closed).toMatchObject({ rstCode: CANCEL, connectionLost: false });
    await expect(pool.await(upload.handle)).rejects.toMatchObject({ code: CAUSES[cause]?.[0] });
  });
});

test.each(Object.keys(STATES))(
  'P1 lets no error escape when the pool is destroyed right after an upload %s was cut',
  async (state) => {
    const upload = await STATES[state]?.();
    if (upload === undefined) throw new Error('no such case');
    pool.cancel(upload.handle);
    await pool.destroy();
    const { endedByPeer } = await upload.stream.closed;
    expect(endedByPeer).toBe(false);
  },
);

test.each(Object.keys(STATES))('W1 never ends an upload %s whose worker dies', async (state) => {
  const upload = await STATES[state]?.();
  if (upload === undefined) throw new Error('no such case');
  pool.killWorker(1);
  await expect(pool.await(upload.handle)).rejects.toMatchObject({ code: 'ERR_WORKER_DIED' });
  const { endedByPeer } = await upload.stream.closed;
  expect(endedByPeer).toBe(false);
});

test('U5 resets an upload that the peer answers against its own declared length', async () => {
  const { handle, stream } = await begun();
  stream.respond(200, { 'content-length': '2' });
  await stream.write('too long');
  await expect(pool.await(handle)).rejects.toMatchObject({ code: 'ERR_PROTOCOL' });
  expect((await stream.closed).endedByPeer).toBe(false);
});
