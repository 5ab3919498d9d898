/**
 * This library, in its two ways of receiving a stream: a `replyTo` function and the mailbox.
 */

import { createPool, type Message } from '../../src/index.ts';
import { chunksOf, expectOk, MIB } from '../payload.ts';
import type { BenchClient, Pace } from './client.ts';

type Pool = ReturnType<typeof createPool>;

/** Buffered requests, uploads, and downloads to a `replyTo` function. */
export function spoolReplyTo(): BenchClient {
  return clientOf('spool', createPool());
}

/** The same, with workers in threads of their own. */
export function spoolThread(): BenchClient {
  return clientOf('spool thread', createPool({ isolation: 'thread' }));
}

/** With room for so much of an upload that both threads need not wake each other for each piece. */
export function spoolThreadBulk(): BenchClient {
  const pool = createPool({ isolation: 'thread', uploadBuffer: MIB });
  const { name, close, upload } = clientOf('spool thread 1 MiB', pool);
  return upload === undefined ? { name, close } : { name, close, upload };
}

function clientOf(name: string, pool: Pool): BenchClient {
  return {
    name,
    async get(url) {
      const response = await pool.await(pool.get(url));
      expectOk(response.status);
      return response.body.length;
    },
    async post(url, body) {
      const response = await pool.await(pool.post(url, { body }));
      expectOk(response.status);
      return response.body.length;
    },
    download: (url, pace) => (pace ? slowReceiver(pool, url, pace) : receiver(pool, url)),
    async upload(url, bytes) {
      const handle = pool.post(url, { streamBody: true });
      for (const chunk of chunksOf(bytes)) await pool.sendBody(handle, chunk);
      await pool.finishBody(handle);
      const response = await pool.await(handle);
      expectOk(response.status);
      return Number(response.text());
    },
    close: () => pool.close(),
  };
}

/** Downloads read with `for await (… of pool.messages(handle))`. */
export function spoolMessages(): BenchClient {
  const pool = createPool();
  return {
    name: 'spool messages',
    async download(url, pace) {
      let bytes = 0;
      for await (const message of pool.messages(pool.get(url, { stream: true }))) {
        if (message.type === 'error') throw message.error;
        if (message.type === 'status') expectOk(message.status);
        if (message.type !== 'data') continue;
        bytes += message.chunk.length;
        const busy = pace?.(bytes);
        if (busy !== undefined) await busy;
      }
      return bytes;
    },
    close: () => pool.close(),
  };
}

function receiver(pool: Pool, url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const replyTo = (message: Message): void => {
      if (message.type === 'data') bytes += message.chunk.length;
      else if (message.type === 'done') resolve(bytes);
      else if (message.type === 'error') reject(message.error);
    };
    pool.get(url, { stream: true, replyTo });
  });
}

/** A window of 1 MiB; what arrived while the consumer was busy is granted when it is free again. */
function slowReceiver(pool: Pool, url: string, pace: Pace): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const replyTo = (message: Message): void => {
      if (message.type === 'data') {
        bytes += message.chunk.length;
        const size = message.chunk.length;
        const busy = pace(bytes);
        if (busy === undefined) pool.updateFlow(handle, size);
        else busy.then(() => pool.updateFlow(handle, size), reject);
      } else if (message.type === 'done') resolve(bytes);
      else if (message.type === 'error') reject(message.error);
    };
    const handle = pool.get(url, { stream: true, window: MIB, replyTo });
  });
}
