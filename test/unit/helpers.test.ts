/**
 * The test support says what it means: each helper against a plain client of node or undici, and
 * above all in the cases where it has to say no.
 */

import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import tls from 'node:tls';
import { Agent, request } from 'undici';
import { describe, expect, test } from 'vitest';
import { type EchoProtocol, echoServer, patternBytes } from '../helpers/echo-server.ts';
import { http2Peer } from '../helpers/http2-peer.ts';
import {
  collectUnhandled,
  expectNoLeaks,
  gc,
  isCollected,
  leaksBetween,
  settled,
  snapshotResources,
} from '../helpers/leaks.ts';
import { ManualClock } from '../helpers/manual-clock.ts';
import { scriptedPeer } from '../helpers/scripted-peer.ts';
import { testCa, trustedServer, trustTestCa, untrustedServer } from '../helpers/tls.ts';
import { until } from '../helpers/until.ts';

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

describe('scripted peer', () => {
  const dial = (port: number): net.Socket => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    return socket;
  };

  test('reads a request by its parts and answers as scripted', async () => {
    await using peer = await scriptedPeer();
    const client = dial(peer.port);
    client.write(
      'POST /a?b HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhel',
    );
    const conn = await peer.connection();
    const head = await conn.readHead();
    expect(head).toMatchObject({ method: 'POST', target: '/a?b', version: 'HTTP/1.1' });
    expect(head.headers['x-a']).toBe('1, 2');
    expect(head.rawHeaders.slice(0, 4)).toEqual(['Host', 'x', 'X-A', '1']);
    const body = conn.readBodyBytes(5);
    client.write('lo');
    expect(text(await body)).toBe('hello');
    expect(conn.text()).toContain('x-a: 2\r\n');

    const answer = client.setEncoding('latin1').toArray();
    expect(await conn.respond(200, { 'x-b': ['1', '2'] }, 'hi')).toBe(true);
    conn.end();
    const lines = ['HTTP/1.1 200 OK', 'x-b: 1', 'x-b: 2', 'content-length: 2', '', 'hi'];
    expect((await answer).join('')).toBe(lines.join('\r\n'));
    expect(await conn.closed).toMatchObject({ hadError: false, endedByPeer: true });
    expect([peer.connections, peer.openConnections]).toEqual([1, 0]);
  });

  test('reads chunks one by one, with trailers', async () => {
    await using peer = await scriptedPeer();
    const client = dial(peer.port);
    client.write('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n');
    const conn = await peer.connection();
    await conn.readHead();
    expect(text(await conn.nextChunk())).toBe('abc');
    client.write('A\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\n');
    const rest = await conn.readChunked();
    expect(rest.chunks.map(text)).toEqual(['0123456789']);
    expect(rest).toMatchObject({ complete: true, trailers: { 'x-t': '1' } });
    expect(conn.unread).toBe(0);
    client.destroy();
  });

  test('calls a chunked body that was cut off incomplete', async () => {
    await using peer = await scriptedPeer();
    const client = dial(peer.port);
    client.end('POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\nde');
    const conn = await peer.connection();
    await conn.readHead();
    const body = await conn.readChunked();
    expect(body.complete).toBe(false);
    expect(text(body.body)).toBe('abc');
  });

  test('rejects a read that can no longer be satisfied, and says why', async () => {
    await using peer = await scriptedPeer();
    const client = dial(peer.port);
    const conn = await peer.connection();
    const head = conn.readHead();
    client.write('GET / HT', () => client.resetAndDestroy());
    await expect(head).rejects.toThrow(/waited for a request head, but .*ECONNRESET.*of 8 bytes/);
    expect(await conn.closed).toMatchObject({ hadError: true, errorCode: 'ECONNRESET', bytes: 8 });
    expect(await conn.ended).toBe(false);
    const never = peer.connection();
    await peer.close();
    await expect(never).rejects.toThrow('the peer was closed');
  });

  test('resets with a RST and ends with a FIN', async () => {
    await using peer = await scriptedPeer();
    const errors: unknown[] = [];
    const first = net.connect(peer.port, '127.0.0.1');
    first.on('error', (error) => errors.push(error));
    const conn = await peer.connection();
    const closed = new Promise((resolve) => first.once('close', resolve));
    conn.reset();
    expect(await closed).toBe(true);
    expect(errors).toMatchObject([{ code: 'ECONNRESET' }]);

    const second = dial(peer.port);
    second.resume();
    const ended = new Promise((resolve) => second.once('end', () => resolve('end')));
    (await peer.connection()).end();
    expect(await ended).toBe('end');
    await peer.idle();
    expect(peer.openConnections).toBe(0);
  });

  test('lets the client run into backpressure while paused', async () => {
    await using peer = await scriptedPeer({ pauseOnConnect: true });
    const client = dial(peer.port);
    const conn = await peer.connection();
    const size = 16 * 1024 * 1024;
    let flushed = false;
    const all = new Promise<void>((resolve) => {
      client.write(Buffer.alloc(size), () => {
        flushed = true;
        resolve();
      });
    });
    await settled(50);
    expect([flushed, conn.received]).toEqual([false, 0]);
    conn.resume();
    await all;
    expect((await conn.readBodyBytes(size)).length).toBe(size);
    client.destroy();
  });

  test('shows backpressure of a client that does not read', async () => {
    await using peer = await scriptedPeer();
    const client = dial(peer.port).pause();
    const conn = await peer.connection();
    const size = 16 * 1024 * 1024;
    const written = conn.write(Buffer.alloc(size));
    await settled(50);
    expect(conn.flushed).toBe(0);
    client.resume();
    expect(await written).toBe(true);
    expect(conn.flushed).toBe(size);
    const late = conn.write(Buffer.alloc(size));
    client.pause();
    conn.destroy();
    expect(await late).toBe(false);
    client.destroy();
  });

  test('serves undici over plain TCP, TLS and a chunked response', async () => {
    for (const options of [{}, { tls: trustedServer }]) {
      await using peer = await scriptedPeer(options);
      const agent = new Agent({ connect: { ca: testCa } });
      const response = request(`${peer.origin}/x`, { dispatcher: agent });
      const conn = await peer.connection();
      await conn.readHead();
      conn.writeHead(200, { 'transfer-encoding': 'chunked', trailer: 'x-t' });
      conn.writeChunk('ab');
      conn.writeChunk('c');
      conn.endChunked({ 'x-t': '1' });
      const { body, trailers } = await response;
      expect(await body.text()).toBe('abc');
      expect(trailers).toEqual({ 'x-t': '1' });
      await agent.close();
      expect(await conn.closed).toMatchObject({ hadError: false });
    }
  });
});

describe('HTTP/2 peer', () => {
  const dial = (origin: string, options: http2.SecureClientSessionOptions = {}) => {
    const session = http2.connect(origin, { ca: testCa, ...options });
    session.on('error', () => {});
    return session;
  };
  const post = (session: http2.ClientHttp2Session) => {
    const stream = session.request({ ':method': 'POST', ':path': '/p' });
    stream.on('error', () => {});
    return stream;
  };

  test.each([{}, { tls: trustedServer }])(
    'answers a stream, with trailers: %#',
    async (options) => {
      await using peer = await http2Peer(options);
      const session = dial(peer.origin);
      const upload = post(session);
      upload.end('hello');
      const stream = await peer.stream();
      expect(stream.headers[':path']).toBe('/p');
      expect(await stream.readBody()).toMatchObject({
        ended: true,
        aborted: false,
        rstCode: undefined,
      });
      expect(text((await stream.readBody()).bytes)).toBe('hello');

      const trailers = new Promise((resolve) => upload.once('trailers', resolve));
      stream.inform(103, { link: 'a' });
      stream.respond(201, { 'x-a': '1' }, { trailers: { 'x-t': '1' } });
      stream.end('world');
      upload.setEncoding('utf8');
      expect(await upload.toArray()).toEqual(['world']);
      expect(await trailers).toMatchObject({ 'x-t': '1' });
      expect(await stream.closed).toEqual({
        endedByPeer: true,
        rstCode: undefined,
        bytes: 5,
        connectionLost: false,
      });
      expect([peer.sessions.length, peer.connections]).toEqual([1, 1]);
      session.close();
      await peer.idle();
      expect(peer.sessions).toEqual([]);
    },
  );

  test.each([http2.constants.NGHTTP2_NO_ERROR, http2.constants.NGHTTP2_CANCEL])(
    'does not take an upload reset with code %i for a complete one',
    async (code) => {
      await using peer = await http2Peer();
      const session = dial(peer.origin);
      const upload = post(session);
      upload.write('part');
      const stream = await peer.stream();
      expect(text(await stream.nextData())).toBe('part');
      rawReset(upload, code);
      const body = await stream.readBody();
      expect(body).toMatchObject({ ended: false, aborted: true, rstCode: code });
      expect(text(body.bytes)).toBe('part');
      expect(await stream.closed).toMatchObject({ endedByPeer: false, rstCode: code, bytes: 4 });
      await expect(stream.nextData()).rejects.toThrow(`RST_STREAM with code ${code}`);
      session.destroy();
    },
  );

  test('does take an upload for complete that ended before its reset', async () => {
    await using peer = await http2Peer();
    const session = dial(peer.origin);
    const upload = post(session);
    upload.end('all');
    const stream = await peer.stream();
    await stream.readBody();
    upload.close(http2.constants.NGHTTP2_CANCEL);
    expect(await stream.closed).toMatchObject({ endedByPeer: true, rstCode: 8 });
    session.destroy();
  });

  test('tells a lost connection from a reset stream', async () => {
    await using peer = await http2Peer();
    const session = dial(peer.origin);
    post(session).write('part');
    const stream = await peer.stream();
    await stream.nextData();
    session.socket.destroy();
    expect(await stream.closed).toEqual({
      endedByPeer: false,
      rstCode: undefined,
      bytes: 4,
      connectionLost: true,
    });
    expect(await stream.readBody()).toMatchObject({ ended: false, aborted: true });
  });

  test('stalls an upload at the initial window until it is read', async () => {
    await using peer = await http2Peer({ settings: { initialWindowSize: 1000 } });
    const session = dial(peer.origin);
    await new Promise((resolve) => session.once('remoteSettings', resolve));
    post(session).end(Buffer.alloc(5000, 1));
    const stream = await peer.stream();
    await settled(50);
    expect([stream.received, stream.wire.endedByPeer]).toEqual([1000, false]);
    expect((await stream.nextData())?.length).toBe(1000);
    const body = await stream.readBody();
    expect([body.bytes.length, body.ended]).toEqual([5000, true]);
    session.destroy();
  });

  test('reads one piece at a time and ends with undefined', async () => {
    await using peer = await http2Peer();
    const session = dial(peer.origin);
    const upload = post(session);
    const stream = await peer.stream();
    for (const piece of ['a', 'b', 'c']) {
      upload.write(piece);
      expect(text(await stream.nextData())).toBe(piece);
    }
    upload.end();
    expect(await stream.nextData()).toBeUndefined();
    await expect(stream.nextData()).rejects.toThrow('END_STREAM, already given');
    session.destroy();
  });

  test('resets a stream, sends GOAWAY as told, and destroys sessions', async () => {
    await using peer = await http2Peer();
    const session = dial(peer.origin);
    const upload = post(session);
    const reset = new Promise((resolve) => upload.once('close', () => resolve(upload.rstCode)));
    const stream = await peer.stream();
    stream.reset(http2.constants.NGHTTP2_REFUSED_STREAM);
    expect(await reset).toBe(http2.constants.NGHTTP2_REFUSED_STREAM);
    expect(await stream.closed).toMatchObject({ endedByPeer: false, rstCode: undefined });

    const goaway = new Promise((resolve) =>
      session.once('goaway', (...args) => resolve(args.slice(0, 2))),
    );
    const closed = new Promise<void>((resolve) => session.once('close', () => resolve()));
    peer.goaway(0, 0);
    expect(await goaway).toEqual([0, 0]);
    peer.destroySessions();
    await closed;
    await peer.idle();
    expect(peer.sessions).toEqual([]);
  });

  test('hands over a stream that was reset at once', async () => {
    await using peer = await http2Peer();
    const session = dial(peer.origin);
    const [server] = await Promise.all([
      peer.session(),
      new Promise((r) => session.once('connect', r)),
    ]);
    server.pause();
    const upload = post(session);
    await settled();
    rawReset(upload, http2.constants.NGHTTP2_CANCEL);
    await settled();
    server.resume();
    const stream = await peer.stream();
    expect(await stream.closed).toMatchObject({ endedByPeer: false, rstCode: 8 });
    expect(await stream.readBody()).toMatchObject({ ended: false });
    session.destroy();
  });

  test('leaves HTTP/1.1 connections to their own handler', async () => {
    await using peer = await http2Peer({
      tls: trustedServer,
      http1: (_request, response) => response.end('one'),
    });
    const agent = new Agent({ allowH2: false, connect: { ca: testCa } });
    const { body } = await request(peer.origin, { dispatcher: agent });
    expect(await body.text()).toBe('one');
    await agent.destroy();
  });

  test('lets undici upload and download over TLS', async () => {
    await using peer = await http2Peer({ tls: trustedServer });
    const agent = new Agent({ allowH2: true, connect: { ca: testCa } });
    const size = 3_000_000;
    const response = request(peer.origin, {
      dispatcher: agent,
      method: 'POST',
      body: Buffer.alloc(size),
    });
    const stream = await peer.stream();
    expect((await stream.readBody()).bytes.length).toBe(size);
    stream.respond(200);
    stream.end(Buffer.alloc(size));
    expect((await (await response).body.arrayBuffer()).byteLength).toBe(size);
    await agent.close();
  });
});

describe('certificates', () => {
  const connect = (port: number) =>
    new Promise<string>((resolve) => {
      const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost' });
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      socket.once('secureConnect', () => {
        resolve('trusted');
        socket.destroy();
      });
    });

  test('are trusted only while the scope lasts, and the self-signed one never', async () => {
    await using good = await scriptedPeer({ tls: trustedServer });
    await using bad = await scriptedPeer({ tls: untrustedServer });
    {
      using _trust = trustTestCa();
      expect(await connect(good.port)).toBe('trusted');
      {
        using _again = trustTestCa();
      }
      expect(await connect(good.port)).toBe('trusted');
      expect(await connect(bad.port)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    }
    expect(await connect(good.port)).toMatch(/UNABLE_TO/);
  });
});

describe('echo server', () => {
  const protocols: EchoProtocol[] = ['http', 'https', 'h2', 'h2c'];
  const agentFor = (protocol: EchoProtocol) => {
    // `useH2c` at the top is deprecated, but `h2Options.useH2c` does not reach the connector.
    const http2 = { allowH2: protocol.startsWith('h2'), useH2c: protocol === 'h2c' };
    return new Agent({ ...http2, connect: { ca: testCa } });
  };

  test.each(protocols)('serves its routes over %s', async (protocol) => {
    await using server = await echoServer({
      protocol,
      routes: { '/mine': (_request, response) => response.end('mine') },
    });
    const dispatcher = agentFor(protocol);
    const get = async (path: string) => {
      const { statusCode, body, headers } = await request(server.url(path), { dispatcher });
      return { statusCode, headers, bytes: new Uint8Array(await body.arrayBuffer()) };
    };
    const sent = patternBytes(200_000);
    const post = (path: string) =>
      request(server.url(path), { dispatcher, method: 'POST', body: sent });

    expect(new Uint8Array(await (await post('/echo')).body.arrayBuffer())).toEqual(sent);
    const sha256 = createHash('sha256').update(sent).digest('hex');
    expect(await (await post('/sink')).body.json()).toEqual({ bytes: 200_000, sha256 });
    expect(await server.nextRequest()).toMatchObject({ url: '/echo', sha256, complete: true });
    expect(await server.nextRequest()).toMatchObject({
      method: 'POST',
      url: '/sink',
      bytes: 200_000,
      complete: true,
      aborted: false,
      httpVersion: protocol.startsWith('h2') ? '2.0' : '1.1',
    });
    expect((await get('/bytes/300000')).bytes).toEqual(patternBytes(300_000));
    expect(await get('/status/418')).toMatchObject({ statusCode: 418 });
    expect(await get('/status/204')).toMatchObject({ statusCode: 204, bytes: new Uint8Array() });
    expect(text((await get('/mine?x')).bytes)).toBe('mine');
    expect(await get('/nothing')).toMatchObject({ statusCode: 404 });
    const redirect = await get(`/redirect/307?to=${encodeURIComponent('/status/200')}`);
    expect(redirect).toMatchObject({ statusCode: 307, headers: { location: '/status/200' } });
    const { body } = await request(server.url('/headers'), { dispatcher, headers: { 'x-a': 'b' } });
    expect(await body.json()).toMatchObject({ 'x-a': 'b' });
    await dispatcher.close();
    await server.idle();
  });

  test.each(protocols)('holds headers and drips as told over %s', async (protocol) => {
    await using server = await echoServer({ protocol });
    const dispatcher = agentFor(protocol);
    const slow = request(server.url('/slow-headers'), { dispatcher });
    expect(await server.nextArrival()).toMatchObject({ method: 'GET', url: '/slow-headers' });
    expect(server.held).toBe(1);
    server.release();
    expect(await (await slow).body.text()).toBe('released');
    expect(server.held).toBe(0);

    const { body } = await request(server.url('/drip'), { dispatcher });
    const drip = await server.drip();
    const reader = body[Symbol.asyncIterator]();
    for (const piece of ['a', 'b']) {
      drip.write(piece);
      expect(String((await reader.next()).value)).toBe(piece);
    }
    drip.end();
    expect((await reader.next()).done).toBe(true);
    expect(await drip.closed).toBe(true);

    const broken = await request(server.url('/drip'), { dispatcher });
    const second = await server.drip();
    second.write('x');
    second.destroy();
    await expect(broken.body.text()).rejects.toThrow();
    expect(await second.closed).toBe(false);
    await dispatcher.destroy();
  });

  test('echoes in full duplex', async () => {
    await using server = await echoServer();
    const upload = http.request(server.url('/echo'), { method: 'POST' });
    upload.flushHeaders();
    const response = await new Promise<http.IncomingMessage>((r) => upload.once('response', r));
    const pieces = response[Symbol.asyncIterator]();
    for (const piece of ['a', 'b']) {
      upload.write(piece);
      expect(String((await pieces.next()).value)).toBe(piece);
    }
    upload.end();
    expect((await pieces.next()).done).toBe(true);
    upload.destroy();
  });

  test('records an upload that breaks off as aborted over HTTP/1.1', async () => {
    await using server = await echoServer();
    const upload = http.request(server.url('/sink'), { method: 'POST' });
    upload.on('error', () => {});
    upload.write('part');
    const arrival = await server.nextArrival();
    await settled();
    upload.destroy();
    expect(await arrival.finished).toMatchObject({ bytes: 4, complete: false, aborted: true });
  });

  test.each([http2.constants.NGHTTP2_NO_ERROR, http2.constants.NGHTTP2_CANCEL])(
    'records an upload reset with code %i as aborted over HTTP/2',
    async (code) => {
      await using server = await echoServer({ protocol: 'h2c' });
      const session = http2.connect(server.origin);
      session.on('error', () => {});
      const upload = session.request({ ':method': 'POST', ':path': '/sink' });
      upload.on('error', () => {});
      upload.write('part');
      const arrival = await server.nextArrival();
      rawReset(upload, code);
      expect(await arrival.finished).toMatchObject({ complete: false, aborted: true });
      expect(server.records).toHaveLength(1);
      session.destroy();
    },
  );
});

describe('until', () => {
  test('waits for what a later turn of the loop brings', async () => {
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      if (turns < 5) setImmediate(turn);
    };
    turn();
    await until(() => turns === 5, 'nothing turns');
    expect(turns).toBe(5);
  });

  test('fails with what does not come', async () => {
    await expect(until(() => false, 'it does not come', 20)).rejects.toThrow('it does not come');
  });
});

describe('leaks', () => {
  test('are seen while a server, a timer or a listener is left, and gone with it', async () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const watched = [
      { name: 'emitter', target: emitter },
      { name: 'signal', target: controller.signal },
    ];
    const before = snapshotResources(watched);
    const listener = (): void => {};
    emitter.on('x', listener);
    controller.signal.addEventListener('abort', listener);
    const timer = setTimeout(listener, 60_000);
    const server = net.createServer().listen(0);
    const leaks = leaksBetween(before, snapshotResources(watched)).join(', ');
    expect(leaks).toMatch(/TCPServerWrap \d+ → \d+/);
    expect(leaks).toMatch(/Timeout \d+ → \d+/);
    expect(leaks).toMatch(/emitter:x 0 → 1/);
    expect(leaks).toMatch(/signal:abort 0 → 1/);
    await expect(expectNoLeaks(before, 50)).rejects.toThrow('left behind: ');

    emitter.off('x', listener);
    controller.signal.removeEventListener('abort', listener);
    clearTimeout(timer);
    server.close();
    await expectNoLeaks(before);
  });

  test('none from a peer, a server and a client that were closed', async () => {
    const before = snapshotResources();
    {
      await using server = await echoServer({ protocol: 'h2' });
      await using peer = await scriptedPeer();
      const agent = new Agent({ connect: { ca: testCa } });
      await (await request(server.url('/bytes/10'), { dispatcher: agent })).body.dump();
      const socket = net.connect(peer.port, '127.0.0.1');
      socket.on('error', () => {});
      await peer.connection();
      await agent.close();
    }
    await expectNoLeaks(before);
  });

  test('garbage is collected and its finalizers have run', async () => {
    const finalized: string[] = [];
    const registry = new FinalizationRegistry((name: string) => finalized.push(name));
    const make = (): WeakRef<object> => {
      const object = {};
      registry.register(object, 'object');
      return new WeakRef(object);
    };
    const garbage = make();
    const kept = { held: true };
    await gc();
    expect(finalized).toEqual(['object']);
    expect(await isCollected(garbage)).toBe(true);
    expect(await isCollected(new WeakRef(kept))).toBe(false);
    expect(kept.held).toBe(true);
  });

  test('unhandled rejections, uncaught exceptions and warnings are recorded in scope only', async () => {
    const count = process.listenerCount('unhandledRejection');
    {
      using unhandled = collectUnhandled();
      void Promise.reject(new Error('lost'));
      setImmediate(() => {
        throw new Error('thrown');
      });
      process.emitWarning('careful', 'TestWarning');
      await settled();
      expect(unhandled.rejections).toMatchObject([{ message: 'lost' }]);
      expect(unhandled.exceptions).toMatchObject([{ message: 'thrown' }]);
      expect(unhandled.warnings).toMatchObject([{ name: 'TestWarning', message: 'careful' }]);
    }
    expect(process.listenerCount('unhandledRejection')).toBe(count);
  });
});

describe('manual clock', () => {
  test('fires in order of due time, each at its own time', () => {
    const clock = new ManualClock(100);
    const fired: [string, number][] = [];
    const at = (name: string, ms: number) =>
      clock.setTimeout(() => fired.push([name, clock.now()]), ms);
    at('late', 30);
    at('first', 10);
    at('second', 10);
    const cleared = at('cleared', 20);
    at('never', 31);
    clock.clearTimeout(cleared);
    clock.clearTimeout(cleared);
    clock.clearTimeout(undefined);
    expect([clock.pending, clock.nextDue]).toEqual([4, 110]);
    clock.advance(30);
    expect(fired).toEqual([
      ['first', 110],
      ['second', 110],
      ['late', 130],
    ]);
    expect([clock.pending, clock.now()]).toEqual([1, 130]);
  });

  test('includes timers set, and leaves out timers cleared, while firing', () => {
    const clock = new ManualClock();
    const fired: number[] = [];
    const tick = (): void => {
      fired.push(clock.now());
      clock.setTimeout(tick, 10);
    };
    clock.setTimeout(tick, 10);
    const cleared = clock.setTimeout(() => fired.push(-1), 15);
    clock.setTimeout(() => clock.clearTimeout(cleared), 12);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.now()).toBe(35);
    clock.setTimeout(() => clock.advance(1), 0);
    expect(() => clock.advance(0)).toThrow('advance was called by a firing timer');
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
  });

  test('leaps, so that all that fell due meanwhile fires late, at the same new time', () => {
    const clock = new ManualClock();
    const fired: [number, number][] = [];
    for (const ms of [30, 10, 51]) clock.setTimeout(() => fired.push([ms, clock.now()]), ms);
    clock.leap(50);
    expect(fired).toEqual([
      [10, 50],
      [30, 50],
    ]);
    expect([clock.pending, clock.nextDue]).toEqual([1, 51]);
    expect(() => clock.leap(-1)).toThrow(RangeError);
  });

  test('keeps a hundred thousand timers cheaply', () => {
    const clock = new ManualClock();
    let fired = 0;
    const ids = Array.from({ length: 100_000 }, (_, i) =>
      clock.setTimeout(() => (fired += 1), (i * 7919) % 30_000),
    );
    for (const id of ids.slice(0, 50_000)) clock.clearTimeout(id);
    clock.advance(30_000);
    expect([fired, clock.pending]).toEqual([50_000, 0]);
  });
});

/** RST_STREAM and nothing else, which node's `close` may precede with END_STREAM. */
function rawReset(stream: http2.ClientHttp2Stream, code: number): void {
  const [, handle] =
    Object.getOwnPropertySymbols(stream)
      .map((symbol) => [symbol, Reflect.get(stream, symbol)] as const)
      .find(([symbol]) => symbol.description === 'kHandle') ?? [];
  Reflect.get(handle, 'rstStream').call(handle, code);
}
