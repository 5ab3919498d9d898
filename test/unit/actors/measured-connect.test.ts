/** Connections of a client, with a server that only accepts them. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { measuredConnect, type Tracker } from '../../../src/actors/measured-connect.ts';
import { realClock } from '../../../src/clock.ts';

/** A connection, and its two ends. */
async function connected() {
  const server = createServer({ allowHalfOpen: true }, (socket) => void socket.resume());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const peer = once(server, 'connection');
  const tracker: Tracker = { connection: undefined, connecting: undefined };
  const opened = Promise.withResolvers<Socket>();
  measuredConnect(
    {
      clock: realClock,
      tracker,
      connect: (_target, callback) => {
        const socket = connect(port, '127.0.0.1', () => callback(null, socket));
        return socket;
      },
    },
    { protocol: 'http:', hostname: '127.0.0.1', port: String(port) },
    (_error, socket) => socket && opened.resolve(socket),
  );
  const socket = await opened.promise;
  const [accepted]: Socket[] = await peer;
  server.close();
  return { tracker, socket, accepted };
}

test('P2 a socket that was ended is gone, also when the peer does not end its side', async () => {
  const { socket, accepted } = await connected();
  socket.resume();
  socket.end();
  await once(socket, 'close');
  expect(accepted?.writable).toBe(true);
  accepted?.destroy();
});

test('N1 a connection is closed when all have heard of it, not when its socket calls itself so', async () => {
  const { tracker, socket, accepted } = await connected();
  const heard: string[] = [];
  socket.once('close', () => {
    heard.push('close');
    setImmediate(() => heard.push('what it ends'));
  });
  socket.destroy();
  while (!socket.closed) await Promise.resolve();
  expect(heard).toEqual([]);
  await tracker.connection?.close();
  expect(heard[0]).toBe('close');
  await tracker.connection?.close();
  await turn();
  expect(heard).toEqual(['close', 'what it ends']);
  accepted?.destroy();
});
