/**
 * Callers that belong to a request as a server sees it (clause C1): alive while their client waits
 * for the response, dead when that client goes away before. `answer` completes them instead.
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import http2, {
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Stream,
} from 'node:http2';
import net, { type AddressInfo, type Server } from 'node:net';
import type { Caller } from '../../src/index.ts';
import { type LivingCaller, listenersOf } from './callers.ts';

export interface ServerCaller extends LivingCaller {
  /** Ends the response: the caller is complete when this resolves. */
  answer(): Promise<void>;
  /** The client closes its connection, also after the answer; the server has seen it. */
  disconnect(): Promise<void>;
}

export type ServerCallerKind = readonly [name: string, make: () => Promise<ServerCaller>];

export const SERVER_CALLERS: readonly ServerCallerKind[] = [
  ['an IncomingMessage without a body', () => http1('request', '')],
  ['an IncomingMessage whose body was read', () => http1('request', 'all of it')],
  ['a ServerResponse', () => http1('response', '')],
  ['a ServerResponse whose request was read', () => http1('response', 'all of it')],
  ['an Http2ServerRequest without a body', () => http2Request('request', '')],
  ['an Http2ServerRequest whose body was read', () => http2Request('request', 'all of it')],
  ['an Http2ServerResponse', () => http2Request('response', 'all of it')],
  ['an Http2Stream', () => http2Request('stream', 'all of it')],
];

export interface KeepAliveClient extends AsyncDisposable {
  /** One more request on the same connection, its body read by the server. */
  next(body?: string): Promise<{ request: IncomingMessage; response: ServerResponse }>;
  /** Closes the connection; resolves when the server has seen it. */
  disconnect(): Promise<void>;
}

/** A client with one HTTP/1.1 connection to a server of Node's that answers when the test does. */
export async function keepAliveClient(): Promise<KeepAliveClient> {
  const server = createServer({ keepAliveTimeout: 0 });
  const client = net.connect(await listening(server), '127.0.0.1').resume();
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const closed = closeOf(socket);
  const disconnect = async (): Promise<void> => {
    client.destroy();
    await closed;
  };
  return {
    next: async (body = '') => {
      const arrived = once(server, 'request');
      const line = body === '' ? 'GET / HTTP/1.1' : 'POST / HTTP/1.1';
      client.write(`${line}\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      const [request, response] = (await arrived) as [IncomingMessage, ServerResponse];
      if (body !== '') {
        const read = once(request, 'close');
        request.resume();
        await read;
      }
      return { request, response };
    },
    disconnect,
    [Symbol.asyncDispose]: async () => {
      await disconnect();
      server.close();
      await once(server, 'close');
    },
  };
}

async function http1(which: 'request' | 'response', body: string): Promise<ServerCaller> {
  const client = await keepAliveClient();
  const { request, response } = await client.next(body);
  const { socket } = request;
  const own = listenersOf(socket, 'close');
  return {
    caller: which === 'request' ? request : response,
    die: () => void client.disconnect(),
    listeners: () =>
      listenersOf(request, 'close') +
      listenersOf(response, 'close') +
      Math.max(0, listenersOf(socket, 'close') - own),
    // A request is told by itself while it is incomplete, and by its response.
    worth: which === 'request' ? 2 : 1,
    answer: async () => {
      const complete = once(response, 'close');
      response.end('answer');
      await complete;
    },
    disconnect: client.disconnect,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

async function http2Request(
  which: 'request' | 'response' | 'stream',
  body: string,
): Promise<ServerCaller> {
  const server = http2.createServer();
  const session = http2.connect(`http://127.0.0.1:${await listening(server)}`);
  session.on('error', () => {});
  const arrived = once(server, 'request');
  const client = session.request({ ':method': body === '' ? 'GET' : 'POST' });
  client.on('error', () => {}).resume();
  client.end(body);
  const [request, response] = (await arrived) as [Http2ServerRequest, Http2ServerResponse];
  const { stream } = request;
  if (body !== '') await once(request.resume(), 'end');
  const callers: Readonly<Record<typeof which, Caller>> = { request, response, stream };
  const closed = closeOf(stream);
  const disconnect = async (): Promise<void> => {
    session.destroy();
    await closed;
  };
  return {
    caller: callers[which],
    die: () => client.close(http2.constants.NGHTTP2_CANCEL),
    listeners: () => listenersOf(stream, 'close'),
    worth: 1,
    answer: async () => {
      response.end('answer');
      await closed;
    },
    disconnect,
    [Symbol.asyncDispose]: async () => {
      await disconnect();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Unlike `once`, which rejects when there is an error first. */
function closeOf(target: net.Socket | ServerHttp2Stream): Promise<void> {
  target.on('error', () => {});
  return new Promise((resolve) => void target.once('close', resolve));
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}
