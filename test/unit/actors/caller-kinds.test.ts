/**
 * What tells the death of callers that share a connection, or see only one end of it.
 */

import { once } from 'node:events';
import http, { createServer, type IncomingMessage } from 'node:http';
import http2, { type ClientHttp2Stream } from 'node:http2';
import net from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createActor, fromTransition } from 'xstate';
import { attachmentFor } from '../../../src/actors/caller-kinds.ts';
import { http2Peer } from '../../helpers/http2-peer.ts';
import { scriptedPeer } from '../../helpers/scripted-peer.ts';
import { keepAliveClient } from '../../helpers/server-callers.ts';

/** Watches a value until it dies, and says what it sees. */
function watch(value: unknown) {
  const attachment = attachmentFor(value);
  const death = Promise.withResolvers<void>();
  let deaths = 0;
  attachment?.attach(() => {
    deaths += 1;
    death.resolve();
  });
  return {
    death: death.promise,
    get seen() {
      return { deaths, dead: attachmentFor(value)?.dead() };
    },
  };
}

const ALIVE = { deaths: 0, dead: false };
const DEAD = { deaths: 1, dead: true };

test('C1 a request dies with its connection, one that was answered on it before does not', async () => {
  await using client = await keepAliveClient();
  const first = await client.next('one');
  const one = [watch(first.request), watch(first.response)];
  first.response.end('answer');
  await once(first.response, 'close');
  const second = await client.next();
  const two = [watch(second.request), watch(second.response)];
  expect(second.request.socket).toBe(first.request.socket);
  await client.disconnect();
  await Promise.all(two.map(({ death }) => death));
  expect(one.map(({ seen }) => seen)).toEqual([ALIVE, ALIVE]);
  expect(two.map(({ seen }) => seen)).toEqual([DEAD, DEAD]);
});

test('C1 a request that was answered before it became a caller stays alive', async () => {
  await using client = await keepAliveClient();
  const { request, response } = await client.next('one');
  response.end('answer');
  await once(response, 'close');
  const watched = [watch(request), watch(response)];
  await client.disconnect();
  expect(watched.map(({ seen }) => seen)).toEqual([ALIVE, ALIVE]);
});

test('C1 a request whose body breaks off is dead', async () => {
  await using client = await halfRequest(
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf',
  );
  const watched = watch(client.request.resume().on('error', () => {}));
  expect(watched.seen).toEqual(ALIVE);
  client.socket.destroy();
  await watched.death;
  expect(watched.seen.dead).toBe(true);
});

test('C1 a pipelined request waits behind another and dies with the connection', async () => {
  const two = 'GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n';
  await using client = await halfRequest(two, 2);
  const watched = watch(client.request);
  expect(client.request.url).toBe('/2');
  client.socket.destroy();
  await watched.death;
  expect(watched.seen).toEqual(DEAD);
});

test('C1 a request that was upgraded dies with its connection', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const arrived = once(server, 'upgrade');
  const socket = net.connect(portOf(server), '127.0.0.1').on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
  const [request, upgraded] = (await arrived) as [IncomingMessage, net.Socket];
  upgraded.on('error', () => {}).on('end', () => upgraded.end());
  const watched = watch(request);
  expect(watched.seen).toEqual(ALIVE);
  socket.destroy();
  upgraded.resume();
  await watched.death;
  expect(watched.seen).toEqual(DEAD);
  server.close();
});

test('C1 a response as a client sees it is dead when it breaks off, and not when it was read', async () => {
  await using peer = await scriptedPeer();
  const answers = (['whole', 'half'] as const).map(async (how) => {
    const request = http.get(peer.origin, { agent: false });
    request.on('error', () => {});
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => {}).resume();
    return { how, watched: watch(response), closed: closeOf(response) };
  });
  for (const how of ['whole', 'half']) {
    const connection = await peer.connection();
    await connection.readHead();
    await connection.writeHead(200, { 'content-length': '4' });
    await connection.write(how === 'whole' ? 'body' : 'bo');
    void answers[how === 'whole' ? 0 : 1]?.then(() => connection.end());
  }
  const [whole, half] = await Promise.all(answers);
  await Promise.all([whole?.closed, half?.closed]);
  expect(whole?.watched.seen).toEqual(ALIVE);
  expect(half?.watched.seen).toEqual(DEAD);
});

test('C1 a port is dead for those who begin to listen while it closes', async () => {
  const { port1, port2 } = new MessageChannel();
  const closed = new Promise((resolve) => void port1.once('close', resolve));
  port2.close();
  await closed;
  const watched = watch(port1);
  await watched.death;
  expect(watched.seen).toEqual(DEAD);
});

test('C5 an actor that was stopped before it was started is dead, as long as nobody starts it', () => {
  const actor = createActor(fromTransition((state: object) => state, {}));
  const watched = watch(actor);
  expect(watched.seen).toEqual(ALIVE);
  actor.stop();
  // XState tells nobody.
  expect(watched.seen).toEqual({ deaths: 0, dead: true });
  actor.start();
  expect(watched.seen).toEqual(ALIVE);
  actor.stop();
  expect(watched.seen).toEqual(DEAD);
});

test('C1 an HTTP/2 stream of a client is dead when the server resets it', async () => {
  await using peer = await http2Peer();
  const session = http2.connect(peer.origin).on('error', () => {});
  const open = (): ClientHttp2Stream =>
    session
      .request()
      .on('error', () => {})
      .resume();
  const [reset, whole] = [open(), open()];
  const watched = [watch(reset), watch(whole)];
  const closed = [closeOf(reset), closeOf(whole)];
  (await peer.stream()).reset();
  const second = await peer.stream();
  second.respond(200);
  second.end('body');
  await Promise.all(closed);
  expect(watched.map(({ seen }) => seen)).toEqual([DEAD, ALIVE]);
  session.destroy();
});

function closeOf(target: { once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => void target.once('close', resolve));
}

function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A raw client that has sent `text`; `request` is the last of `count` that arrived. */
async function halfRequest(text: string, count = 1) {
  const server = createServer({ keepAliveTimeout: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const arrived = Promise.withResolvers<IncomingMessage>();
  let seen = 0;
  server.on('request', (request) => {
    seen += 1;
    if (seen === count) arrived.resolve(request);
  });
  const socket = net.connect(portOf(server), '127.0.0.1').on('error', () => {});
  socket.write(text);
  return {
    request: await arrived.promise,
    socket,
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
