/** The socket that hands over at once what it reads, with a peer on the loopback. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectTcp } from '../../../src/actors/tcp-socket.ts';

const TEN_MIB = 10 * 2 ** 20;

/** A connection, and its other end. */
async function connected() {
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'connection');
  const { port } = server.address() as AddressInfo;
  const target = { protocol: 'http:', hostname: '127.0.0.1', port: String(port) };
  const socket = await new Promise<Socket>((resolve, reject) => {
    connectTcp(target, (error, opened) => (opened === null ? reject(error) : resolve(opened)));
  });
  const [peer] = (await accepted) as [Socket];
  server.close();
  onTestFinished(() => {
    socket.destroy();
    peer.destroy();
  });
  return { socket, peer };
}

/** Resolves when `socket` tells of `bytes` unread ones. */
function unread(socket: Socket, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (socket.readableLength < bytes) return;
      socket.off('readable', look);
      resolve();
    };
    socket.on('readable', look);
    look();
  });
}

function text(socket: Socket): string | undefined {
  return (socket.read() as Buffer | null)?.toString();
}

test('M2 tells of what it has read in the same tick, and only then', async () => {
  const { socket } = await connected();
  const told: (string | undefined)[] = [];
  socket.on('readable', () => told.push(text(socket)));
  socket.push(Buffer.from('one'));
  socket.push(Buffer.from('two'));
  expect(told).toEqual(['one', 'two']);
  expect(socket.read()).toBeNull();
});

test('M2 gives all that is unread in its order, behind what was put back', async () => {
  const { socket, peer } = await connected();
  peer.write('bcd');
  await unread(socket, 3);
  peer.write('ef');
  await unread(socket, 5);
  socket.unshift(Buffer.from('a'));
  socket.unshift(Buffer.alloc(0));
  expect(socket.readableLength).toBe(6);
  expect(text(socket)).toBe('abcdef');
  expect(socket.readableLength).toBe(0);
  expect(socket.read()).toBeNull();
});

test('F2 holds the peer back while nobody reads, and goes on when somebody does', async () => {
  const { socket, peer } = await connected();
  let isTaken = false;
  const taken = new Promise<void>((resolve) => {
    peer.write(Buffer.alloc(TEN_MIB), () => {
      isTaken = true;
      resolve();
    });
  });
  await unread(socket, socket.readableHighWaterMark);
  const held = socket.bytesRead;
  // A round trip to the peer: whoever went on reading would have done so by now.
  socket.write('hello?');
  await once(peer, 'data');
  expect(socket.bytesRead).toBe(held);
  expect(held).toBeLessThan(TEN_MIB / 2);
  expect(isTaken).toBe(false);

  let bytes = 0;
  const all = new Promise<void>((resolve) => {
    const take = (): void => {
      bytes += (socket.read() as Buffer | null)?.byteLength ?? 0;
      if (bytes === TEN_MIB) resolve();
    };
    socket.on('readable', take);
    take();
  });
  await Promise.all([taken, all]);
});

test('E ends behind the last byte, however late that is read', async () => {
  const { socket, peer } = await connected();
  let isEnded = false;
  socket.once('end', () => {
    isEnded = true;
  });
  const endIsHere = new Promise<void>((resolve) => {
    const { push } = socket;
    socket.push = (chunk: Buffer | null) => {
      if (chunk === null) setImmediate(resolve);
      return push.call(socket, chunk);
    };
  });
  peer.end('last words');
  await endIsHere;
  expect(isEnded).toBe(false);
  expect(text(socket)).toBe('last words');
  await once(socket, 'end');
  await once(socket, 'close');
});

test('E ends without a byte, too', async () => {
  const { socket, peer } = await connected();
  socket.on('readable', () => socket.read());
  peer.end();
  await once(socket, 'end');
});

test('E gives what came before a reset', async () => {
  const { socket, peer } = await connected();
  peer.write('last words');
  await unread(socket, 10);
  peer.resetAndDestroy();
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  expect(text(socket)).toBe('last words');
});

test('E says why there is no connection', async () => {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  const target = { protocol: 'http:', hostname: '127.0.0.1', port: String(port) };
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    connectTcp(target, (failed) => resolve(failed));
  });
  expect(error?.code).toBe('ECONNREFUSED');
});
