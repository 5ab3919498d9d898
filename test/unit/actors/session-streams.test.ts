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

test('F3 takes the rest of an ended response off a stream that is paused, before its trailers', async () => {
  const stream = openStream();
  const read: string[] = [];
  const listener = (chunk: Buffer): void => void read.push(String(chunk));
  stream.emit('response', {});
  stream.on('data', listener).once('data', () => stream.pause());
  await settled();
  stream.push('first ');
  stream.push('second ');
  stream.push('third');
  expect(read).toEqual(['first ']);
  stream.push(null);
  // As undici does when there are trailers.
  stream.off('data', listener);
  await settled();
  expect(read.join('')).toBe('first second third');
  expect(stream.readableEnded).toBe(true);
});

test('F2 leaves what has come of a response on a stream that is paused and has not ended', async () => {
  const stream = openStream();
  const read: string[] = [];
  stream.emit('response', {});
  stream.on('data', (chunk) => read.push(String(chunk))).pause();
  stream.push('first');
  await settled();
  expect(read).toEqual([]);
  expect(stream.readableLength).toBe(5);
});
