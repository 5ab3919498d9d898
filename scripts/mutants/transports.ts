/** Faults in the conversation with undici, and in what its errors are called. */

import { MODEL, type Mutant } from './mutant.ts';

const exchange = 'src/actors/exchange.ts';
const place = 'src/actors/exchange-place.ts';
const errors = 'src/actors/foreign-errors.ts';
const ERRORS = 'test/unit/actors/foreign-errors.test.ts';

const ODD = 'test/unit/clauses/odd-dispatcher.test.ts';

const socket = 'src/actors/tcp-socket.ts';
const SOCKET = 'test/unit/actors/tcp-socket.test.ts';
const turnover = 'src/actors/turnover-map.ts';
const TURNOVER = 'test/unit/actors/turnover-map.test.ts';
const period = 'src/actors/collection-period.ts';
const PERIOD = 'test/unit/actors/collection-period.test.ts';

export const transports: readonly Mutant[] = [
  {
    id: 'tcp-socket: reads on however much is unread',
    file: socket,
    find: 'return !this.#isStopped;',
    replace: 'return true;',
    breaks: 'F2',
    owner: SOCKET,
  },
  {
    id: 'tcp-socket: does not read on',
    file: socket,
    find: 'this._read(0);',
    replace: '',
    breaks: 'F2',
    owner: SOCKET,
  },
  {
    id: 'tcp-socket: ends before its last bytes were read',
    file: socket,
    find: 'if (this.#length === 0) return super.push(null);',
    replace: 'return super.push(null);',
    breaks: 'E',
    owner: SOCKET,
  },
  {
    id: 'tcp-socket: loses what came behind an unread chunk',
    file: socket,
    find: 'else this.#rest.push(chunk);',
    replace: '',
    breaks: 'M2',
    owner: SOCKET,
  },
  {
    id: 'transport: takes a closed connection for an open one',
    file: 'src/actors/transport.ts',
    find: 'return this.#tracker.connection?.isOpen() === true;',
    replace: 'return true;',
    breaks: 'H7',
    owner: 'test/unit/actors/transport.test.ts',
  },
  {
    id: 'inline-carrier: believes a transport of the user',
    file: 'src/actors/inline-carrier.ts',
    find: ': new CheckedExchange(this',
    replace: ': new Exchange(this',
    breaks: 'H3, N12',
    owner: ODD,
  },
  {
    id: 'checked-exchange: says nothing of what is no response',
    file: 'src/actors/checked-exchange.ts',
    find: 'this.breakOff(faultOf(error));',
    replace: '',
    breaks: 'H3',
    owner: ODD,
  },
  {
    id: 'foreign-errors: throws what an error throws when it is looked at',
    file: errors,
    find: 'told(() => codeFor(error, point)) ?? codeFor(undefined, point)',
    replace: 'codeFor(error, point)',
    breaks: 'H3',
    owner: 'test/unit/clauses/hostile-errors.test.ts',
  },
  {
    id: 'exchange: takes a response that was cut over HTTP/2 for a whole one',
    file: place,
    find: 'const wasCut = this.stream !== undefined && !this.peerEnded && !hasLength;',
    replace: 'const wasCut = false;',
    breaks: 'E, H3',
    owner: 'test/unit/clauses/one-end-http2.test.ts',
  },
  {
    id: 'exchange: takes a response that has its length for one that was cut',
    file: place,
    find: ' && !hasLength;',
    replace: ';',
    breaks: 'E, H3',
    owner: 'test/unit/clauses/one-end-http2.test.ts',
  },
  {
    id: 'exchange: does not reset the stream of an HTTP/2 request',
    file: exchange,
    find: 'resetStream(stream);',
    replace: '',
    breaks: 'T3',
    owner: MODEL,
  },
  {
    id: 'exchange: does not abort over HTTP/1.1',
    file: exchange,
    find: 'this.#controller?.abort(ABORTED);',
    replace: '',
    breaks: 'T3',
    owner: MODEL,
  },
  {
    id: 'exchange: does not stop reading without credit',
    file: exchange,
    find: "this.#control('pause');",
    replace: '',
    breaks: 'F2',
    owner: 'test/unit/clauses/flow-http1.test.ts',
  },
  {
    id: 'session-streams: leaves an ended response on its stream for want of credit',
    file: 'src/actors/session-streams.ts',
    find: 'if (isEnd && stream.isPaused()) stream.read();',
    replace: '',
    breaks: 'F3, E',
    owner: 'test/unit/clauses/flow-lost-http2.test.ts',
  },
  {
    id: 'foreign-errors: calls a response that is too short a broken protocol',
    file: errors,
    find: "UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ERR_TRUNCATED',",
    replace: "UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ERR_PROTOCOL',",
    breaks: 'E',
    owner: ERRORS,
  },
  {
    id: 'foreign-errors: calls a response that broke off a broken socket',
    file: errors,
    find: "if (point.headReceived) return 'ERR_TRUNCATED';",
    replace: '',
    breaks: 'E',
    owner: MODEL,
  },
  {
    id: 'foreign-errors: calls a head that no response has a broken socket',
    file: errors,
    find: "if (foreign === 'ERR_ASSERTION' && point.started && !point.headReceived) return 'ERR_PROTOCOL';",
    replace: '',
    breaks: 'E',
    owner: ERRORS,
  },
  {
    id: 'hint-rate: counts hints for as long as a server works',
    file: 'src/actors/hint-rate.ts',
    find: 'if (nowMs - this.#sinceMs >= HINTS_MS) {',
    replace: 'if (this.#count === 0) {',
    breaks: 'N11',
    owner: 'test/unit/actors/exchange.test.ts',
  },
  {
    id: 'flight-attempt: takes hints for nothing that moves',
    file: 'src/pool/flight-attempt.ts',
    find: `hinted(): void {
    this.#flight.clock.moved();`,
    replace: 'hinted(): void {',
    breaks: 'T1',
    owner: 'test/unit/clauses/timeouts.test.ts',
  },
  {
    id: 'foreign-errors: calls a failed handshake a failed connect',
    file: errors,
    find: "return point.isTls ? 'ERR_TLS' : 'ERR_CONNECT';",
    replace: "return 'ERR_CONNECT';",
    breaks: 'E',
    owner: ERRORS,
  },
  {
    id: 'turnover-map: forgets what is there when it is renewed',
    file: turnover,
    find: 'this.#map = new Map(this.#map);',
    replace: 'this.#map = new Map();',
    breaks: 'H3',
    owner: TURNOVER,
  },
  {
    id: 'turnover-map: is never renewed',
    file: turnover,
    find: 'if (this.#added > this.#map.size + RENEW_COUNT) this.#renew();',
    replace: '',
    breaks: 'P2',
    owner: TURNOVER,
  },
  {
    id: 'nursery: is filled for a sender that makes no garbage',
    file: 'src/actors/nursery.ts',
    find: 'if (chunk.buffer === this.#memory?.deref()) return;',
    replace: '',
    breaks: 'P2',
    owner: 'test/unit/actors/nursery.test.ts',
  },
  {
    id: 'nursery: has room for two of its arrays in a page',
    file: 'src/actors/nursery.ts',
    find: '/ ELEMENT_BYTES - 2;',
    replace: '/ ELEMENT_BYTES - 200;',
    breaks: 'P2',
    owner: 'test/unit/actors/nursery.test.ts',
  },
  {
    id: 'nursery: does not notice that V8 marks',
    file: 'src/actors/nursery.ts',
    find: 'if (canary.deref() !== undefined) return false;',
    replace: 'if (canary !== undefined) return false;',
    breaks: 'P2',
    owner: 'test/unit/actors/nursery.test.ts',
  },
  {
    id: 'collection-period: goes on with what does not help',
    file: period,
    find: 'this.#change(shorter(this.#period));',
    replace: 'this.#change(this.#period);',
    breaks: 'P2',
    owner: PERIOD,
  },
  {
    id: 'collection-period: never tries again',
    file: period,
    find: 'this.#looks >= LOOKS_BEFORE_RETRY',
    replace: 'false',
    breaks: 'P2',
    owner: PERIOD,
  },
];
