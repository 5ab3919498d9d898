/**
 * Whatever is posted on a port, nothing is thrown in the thread of the pool, no exchange of anybody
 * else is touched, and nothing is left when the port is closed.
 */

import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { connectedPool } from '../helpers/connected.ts';
import { gaugesOf, IDLE } from '../helpers/ends.ts';
import { collectUnhandled, settled } from '../helpers/leaks.ts';
import { type ScriptedDispatch, ScriptedDispatcher } from '../helpers/scripted-dispatcher.ts';

const URL = 'http://peer.test/';

const anything = fc.anything({ withTypedArray: true, withMap: true, withDate: true });

/** Mostly the value of a field as it should be, now and then something else. */
const mostly = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: anything });

const bytes = fc.uint8Array({ maxLength: 64 }).map((chunk) => Uint8Array.from(chunk));

const options = fc.record(
  {
    stream: mostly(fc.boolean()),
    streamBody: mostly(fc.boolean()),
    timeout: mostly(fc.double({ min: 1 })),
    uploadBuffer: mostly(fc.integer({ min: 1, max: 64 })),
    onCallerDeath: mostly(fc.constantFrom('finish', 'cancel')),
    caller: anything,
    replyTo: anything,
    nonsense: anything,
  },
  { requiredKeys: [] },
);

const call = fc.record(
  {
    url: mostly(fc.constantFrom(URL, `${URL}?again`)),
    method: mostly(fc.constantFrom('GET', 'POST', 'PUT')),
    headers: mostly(fc.constantFrom(undefined, ['x-one', '1'], ['content-length', '3'], ['odd'])),
    options: mostly(options),
    body: mostly(fc.oneof(fc.constantFrom(undefined, 'source'), fc.record({ bytes }))),
    credit: mostly(fc.double({ min: 0 })),
  },
  { requiredKeys: ['url', 'method', 'options', 'credit'] },
);

const TYPES = [
  'request',
  'body',
  'finish',
  'source_failed',
  'grant',
  'cancel',
  'caller_died',
  'receiver_died',
  'adopt',
  'release',
  'ask',
  'forget',
];

const question = fc.record({
  verb: mostly(fc.constantFrom('stats', 'await', 'receive', 'send', 'finish')),
  ref: mostly(fc.constantFrom('own 1', 'own 2', 'own 3')),
  timeout: mostly(fc.double({ min: 0 })),
  chunk: mostly(bytes),
});

const GOOD = { url: URL, method: 'POST', headers: undefined, body: undefined, credit: 64 };

/** Exchanges of the port itself, so that there is something to be hurt: two uploads, a download. */
const PRELUDE = [
  { ref: 'own 1', call: { ...GOOD, options: { streamBody: true, stream: true } } },
  { ref: 'own 2', call: { ...GOOD, options: {}, body: 'source' } },
  { ref: 'own 3', call: { ...GOOD, options: { stream: true }, method: 'GET' } },
].map((request) => ({ type: 'request', ...request }));

/** `own` stands for a ref that this port may use, `other` for one of somebody else. */
const command = fc.record(
  {
    type: mostly(fc.constantFrom(...TYPES, 'request', 'body', 'body', 'body', 'grant')),
    ref: mostly(
      fc.constantFrom('own 1', 'own 1', 'own 2', 'own 2', 'own 3', 'inline', 'connected'),
    ),
    call: mostly(call),
    chunk: mostly(bytes),
    bytes: mostly(fc.double({ min: 0.5 })),
    heard: mostly(fc.boolean()),
    id: mostly(fc.integer({ min: 1, max: 3 })),
    question: mostly(question),
  },
  { requiredKeys: ['type', 'ref', 'call', 'chunk', 'bytes', 'heard', 'id', 'question'] },
);

const post = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.oneof({ weight: 6, arbitrary: command }, anything), { maxLength: 20 }),
  },
  { weight: 1, arbitrary: anything },
);

/** The prefix that the pool has told the port. */
function prefixOn(port: MessagePort): string {
  const hello: { message: { prefix: string } } | undefined = receiveMessageOnPort(port);
  return hello?.message.prefix ?? '';
}

test('W6 malformed, foreign and hostile messages on a port are refused and hurt nobody', async () => {
  using unhandled = collectUnhandled();
  await fc.assert(
    fc.asyncProperty(fc.array(post, { minLength: 1, maxLength: 12 }), async (posts) => {
      const dispatcher = new ScriptedDispatcher();
      await using stage = connectedPool({ dispatcher: () => dispatcher });
      const { pool, connected } = stage;
      const inline = pool.get(URL, { stream: true });
      const remote = connected.get(URL, { stream: true });
      // What the port itself asks for comes later, and is never answered.
      const wires: ScriptedDispatch[] = [await dispatcher.next(), await dispatcher.next()];
      for (const wire of wires) wire.start();
      const port = pool.port();
      const prefix = prefixOn(port);
      const refs: Readonly<Record<string, string>> = {
        inline: inline.ref,
        connected: remote.ref,
        'own 1': `${prefix}.1`,
        'own 2': `${prefix}.2`,
        'own 3': `${prefix}.3`,
      };
      for (const what of [PRELUDE, ...posts]) {
        port.postMessage(Array.isArray(what) ? what.map((one) => named(one, refs)) : what);
        await settled(2);
      }
      for (const wire of wires) {
        expect(wire.aborted).toBe(false);
        wire.head();
        wire.data('untouched');
        wire.end();
      }
      expect((await pool.await(inline)).text()).toBe('untouched');
      expect((await connected.await(remote)).text()).toBe('untouched');
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      port.once('close', resolve);
      port.close();
      await closed;
      await settled();
      const open = gaugesOf(pool);
      // What was asked for with an upload is being finished for a dead caller; the rest is over.
      expect(open.inFlight).toBe(open.running);
      await pool.destroy();
      expect(gaugesOf(pool)).toEqual(IDLE);
    }),
    { numRuns: 300 },
  );
  expect(unhandled.exceptions).toEqual([]);
  expect(unhandled.rejections).toEqual([]);
});

test('W6 a list without an end is refused at its first gap', async () => {
  using unhandled = collectUnhandled();
  await using stage = connectedPool();
  const port = stage.pool.port();
  port.postMessage(Object.assign([], { length: 2 ** 32 - 1 }));
  await settled();
  expect(unhandled.warnings.length).toBe(1);
  port.close();
});

function named(one: unknown, refs: Readonly<Record<string, string>>): unknown {
  if (typeof one !== 'object' || one === null || !('ref' in one)) return one;
  const { ref, type, question } = one as { ref: unknown; type?: unknown; question?: unknown };
  if (typeof question === 'object' && question !== null && 'ref' in question) {
    return { ...one, question: named(question, refs) };
  }
  // Whoever knows a `ref` may adopt its exchange and then end it; that harms nobody by accident.
  if (type === 'adopt' && (ref === 'inline' || ref === 'connected')) return { ...one, ref: 'else' };
  return typeof ref === 'string' && Object.hasOwn(refs, ref) ? { ...one, ref: refs[ref] } : one;
}
