/** Clauses M2 and M3: every kind of receiver, and those that throw. */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createActor, fromTransition } from 'xstate';
import { createPool, type Message, type Pool } from '../../../src/index.ts';
import { collectUnhandled, settled } from '../../helpers/leaks.ts';
import { MessageLog } from '../../helpers/message-log.ts';
import { type ScriptedPeer, scriptedPeer } from '../../helpers/scripted-peer.ts';

let peer: ScriptedPeer;
let pool: Pool;

beforeEach(async () => {
  peer = await scriptedPeer();
  pool = createPool();
});

afterEach(async () => {
  await pool.destroy();
  expect(pool.stats()).toMatchObject({ queued: 0, inFlight: 0, openUploads: 0 });
  await peer.close();
});

/** Answers the next request with `abc`. */
async function answer(): Promise<void> {
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, { 'x-a': '1' }, 'abc');
}

test('M2 delivers to a function, and M7 each message carries the ref', async () => {
  const log = new MessageLog();
  const handle = pool.get(peer.origin, { stream: true, replyTo: log.receive });
  await answer();
  await log.ended;
  expect(log.types).toEqual(['status', 'data', 'done']);
  expect(log.messages.map(({ ref }) => ref)).toEqual(new Array(3).fill(handle.ref));
});

test('M2 delivers to anything with send, called on itself', async () => {
  class Receiver {
    readonly log = new MessageLog();
    send(message: Message): void {
      this.log.receive(message);
    }
  }
  const receiver = new Receiver();
  pool.get(peer.origin, { stream: true, replyTo: receiver });
  await answer();
  await receiver.log.ended;
  expect(receiver.log.types).toEqual(['status', 'data', 'done']);
});

test('M2 delivers to an XState actor as events', async () => {
  const actor = createActor(
    fromTransition((seen: readonly string[], event: Message) => [...seen, event.type], []),
  );
  const ended = new Promise<void>((resolve) => {
    actor.subscribe((snapshot) => {
      if (snapshot.context.at(-1) === 'done') resolve();
    });
  });
  actor.start();
  pool.get(peer.origin, { stream: true, replyTo: actor });
  await answer();
  await ended;
  expect(actor.getSnapshot().context).toEqual(['status', 'data', 'done']);
  actor.stop();
});

test('M3 delivers a single terminal message without stream', async () => {
  const log = new MessageLog();
  const handle = pool.get(peer.origin, { replyTo: log.receive });
  await answer();
  const done = await log.ended;
  await pool.close();
  expect(log.types).toEqual(['done']);
  const response = await pool.await(handle);
  expect(done).toMatchObject({ type: 'done', response });
  expect(response.text()).toBe('abc');
});

test('M3 delivers a single error without stream', async () => {
  const log = new MessageLog();
  pool.get(peer.origin, { replyTo: log.receive });
  const connection = await peer.connection();
  await connection.readHead();
  void connection.respond(200, { 'content-length': '10' }, 'abc');
  connection.end();
  await log.ended;
  await pool.close();
  expect(log.types).toEqual(['error']);
});

const THROWERS: Readonly<Record<string, (message: Message) => unknown>> = {
  throws: () => {
    throw new TypeError('secret');
  },
  'throws nothing nameable': () => {
    throw undefined;
  },
  'throws what throws when named': () => {
    throw Object.defineProperty(new Error(), 'name', {
      get: () => {
        throw new Error('again');
      },
    });
  },
  rejects: async () => {
    throw new TypeError('secret');
  },
};

for (const [how, receive] of Object.entries(THROWERS)) {
  test(`M2 warns of a receiver that ${how}, and harms nobody`, async () => {
    using unhandled = collectUnhandled();
    const types: string[] = [];
    const handle = pool.get(peer.origin, {
      stream: true,
      replyTo: (message) => {
        types.push(message.type);
        return receive(message);
      },
    });
    const sibling = pool.get(peer.origin);
    await answer();
    await answer();
    expect((await pool.await(handle)).status).toBe(200);
    expect((await pool.await(sibling)).text()).toBe('abc');
    expect(pool.stats().workers.map(({ restarts }) => restarts)).toEqual([0, 0]);
    await settled();
    expect(types).toEqual(['status', 'data', 'done']);
    expect(unhandled.rejections).toEqual([]);
    expect(unhandled.exceptions).toEqual([]);
    expect(unhandled.warnings.map(({ name }) => name)).toEqual(
      new Array(3).fill('SpoolReceiverWarning'),
    );
    for (const warning of unhandled.warnings) {
      expect(warning.message).toContain(handle.ref);
      expect(warning.message).not.toContain('secret');
    }
  });
}
