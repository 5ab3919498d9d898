/** Connections of a client, with a server that only accepts them. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { measuredConnect, type Tracker } from '../../../src/actors/measured-connect.ts';
import { realClock } from '../../../src/clock.ts';

test('P2 a socket that was ended is gone, also when the peer does not end its side', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => void socket.resume());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const peer = once(server, 'connection');
  const tracker: Tracker = { connection: undefined, connecting: undefined };
  const connected = Promise.withResolvers<Socket>();
  measuredConnect(
    {
      clock: realClock,
      tracker,
      connect: (_target, callback) => {
        const socket = connect(port, '127.0.0.1', () => callback(null, socket));
        return socket;
      },
    },
    { protocol: 'http:' },
    (_error, socket) => socket && connected.resolve(socket),
  );
  const socket = await connected.promise;
  const [accepted]: Socket[] = await peer;
  socket.resume();
  socket.end();
  await once(socket, 'close');
  expect(accepted?.writable).toBe(true);
  accepted?.destroy();
  server.close();
});
