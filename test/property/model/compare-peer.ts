/** The differences between what the peer saw of an exchange and what it had to see. */

import { patternBytes } from '../../helpers/echo-routes.ts';
import type { ExpectedExchange } from './expected-exchange.ts';
import type { Differences } from './settle.ts';
import { BODY_BYTES } from './spec.ts';
import type { World } from './world.ts';

export function comparePeer(
  exchange: ExpectedExchange,
  world: World,
  { missing, wrong }: Differences,
): void {
  const { id, upload, reached, spec, cut, peerBroke } = exchange;
  const request = world.peer.requests.get(id);
  if (request === undefined) {
    if (reached) missing.push(`${id} has not reached the peer`);
    return;
  }
  if (!reached) {
    wrong.push(`${id} reached the peer`);
    return;
  }
  const arrived = request.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (spec.body === 'bytes' && arrived > 0) {
    const body = Buffer.concat(request.chunks);
    if (!body.equals(patternBytes(body.byteLength))) wrong.push(`U1 ${id} sent other bytes`);
  }
  const isReading = upload?.stalled !== true;
  // A stream that both sides have ended is closed: nothing more can be said on it.
  const isClosed = exchange.version === '2' && exchange.response.ended && request.complete;
  if (cut && isReading && !peerBroke && !isClosed && !request.gone)
    missing.push(`T3 the peer has not seen the end of ${id}`);
  if (exchange.isLive && request.gone && !peerBroke && !cut) wrong.push(`${id} was given up`);
  const isCut = upload?.state === 'ended_by_response' || upload?.state === 'ended_by_failure';
  if (isCut && request.complete) wrong.push(`U5 the cut body of ${id} looks complete`);
  if (!exchange.isLive || peerBroke || cut || !isReading) return;
  const isExact = upload === undefined || !upload.isMuddy;
  const wanted = upload === undefined ? (spec.body === 'bytes' ? BODY_BYTES : 0) : upload.released;
  if (isExact && arrived < wanted)
    missing.push(`U6 ${arrived} of ${wanted} bytes of ${id} arrived`);
  if (isExact && arrived > wanted)
    wrong.push(`U1 ${arrived} bytes of ${id} arrived, not ${wanted}`);
  const isWhole =
    upload === undefined || upload.state === 'ended_by_caller' || upload.state === 'ended_by_death';
  if (isWhole && !request.complete) missing.push(`U4 the end of the body of ${id} has not arrived`);
  if (!isWhole && request.complete) wrong.push(`U5 the body of ${id} was ended`);
}
