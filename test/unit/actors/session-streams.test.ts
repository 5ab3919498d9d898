/** The streams of HTTP/2 sessions, without a network: who may listen to what, and when. */

import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { type Session, SessionStreams } from '../../../src/actors/session-streams.ts';
import { settled } from '../../helpers/leaks.ts';

function openStream(): Duplex {
  const session: Session = {
    destroyed: false,
    request: () => new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() }),
    emit: () => true,
    close: () => {},
  };
  const user = { streamOpened: () => {}, streamEnded: () => {}, streamRefused: () => {} };
  new SessionStreams().starts(session, user);
  return session.request();
}

test('U7 keeps what comes in one read with the headers for those who listen after them', async () => {
  const stream = openStream();
  const early: string[] = [];
  const late: string[] = [];
  // As undici does to measure an upload, when it begins.
  stream.on('data', (chunk) => early.push(String(chunk)));
  await settled();
  stream.push('first ');
  stream.emit('response', {});
  stream.on('data', (chunk) => late.push(String(chunk)));
  stream.push('second');
  await settled();
  expect(late.join('')).toBe('first second');
  expect(early).toEqual([]);
});
