/** Faults on the way of a request body. */

import { MODEL, type Mutant } from './mutant.ts';

const body = 'src/actors/upload-body.ts';
const taken = 'src/actors/taken-bytes.ts';
const flight = 'src/pool/flight-upload.ts';
const loans = 'src/actors/block-loans.ts';
const BLOCKS = 'test/property/upload-blocks.property.test.ts';
const SOURCES = 'test/unit/pool/body-source.test.ts';

export const uploads: readonly Mutant[] = [
  {
    id: 'upload-body: swallows a late chunk into the body',
    file: body,
    find: "if (this.#state !== 'open') return RESOLVED_FALSE;",
    replace: "if (this.#state === 'closed') return RESOLVED_FALSE;",
    breaks: 'U3',
  },
  {
    id: 'upload-body: ends the body when there is nothing to send for a moment',
    file: body,
    find: "if (wantsMore && this.#state === 'finished' && !this.#senders.hasOffers) this.#feed.end();",
    replace: 'if (wantsMore && !this.#senders.hasOffers) this.#feed.end();',
    breaks: 'U5',
  },
  {
    id: 'upload-body: leaves senders waiting when it closes',
    file: body,
    find: 'this.#senders.release();',
    replace: '',
    breaks: 'U3',
  },
  {
    id: 'taken-bytes: keeps the buffer of its sender instead of a copy',
    file: taken,
    find: 'this.#copy(part, shelf);',
    replace: 'this.#append(part);',
    breaks: 'U1',
  },
  {
    id: 'upload-body: finishes a body that is shorter than declared',
    file: body,
    find: 'if (this.#contentLength !== undefined && total !== this.#contentLength) {',
    replace: 'if (this.#contentLength !== undefined && total > this.#contentLength) {',
    breaks: 'U5',
  },
  {
    id: 'upload-body: holds the last byte back for a dead caller',
    file: body,
    find: `    this.#state = 'finished';
    this.#taken.releaseLastByte();
    this.#flush();`,
    replace: `    this.#state = 'finished';
    this.#flush();`,
    breaks: 'C2',
  },
  {
    id: 'taken-bytes: takes one byte more than declared',
    file: taken,
    find: 'this.accepted + bytes <= this.#contentLength;',
    replace: 'this.accepted + bytes <= this.#contentLength + 1;',
    breaks: 'U5',
  },
  {
    id: 'taken-bytes: lets the last declared byte go before the finish',
    file: taken,
    find: 'if (this.accepted === this.#contentLength) this.#holdLastByte();',
    replace: '',
    breaks: 'U5',
  },
  {
    id: 'flight-upload: says of a body that was cut that it is whole',
    file: flight,
    find: `    this.body.close();
    this.#answerFinish();`,
    replace: `    this.body.close();
    this.#finish?.resolve(true);`,
    breaks: 'U4',
  },
  {
    id: 'flight-upload: leaves the finish without an answer when the body is cut',
    file: flight,
    find: `    this.body.close();
    this.#answerFinish();`,
    replace: '    this.body.close();',
    breaks: 'U4',
  },
  {
    id: 'flight-upload: finishes twice',
    file: flight,
    find: 'if (this.#finish !== undefined) return this.#finish.promise;',
    replace: '',
    breaks: 'U4',
  },
  {
    id: 'body-pump: takes a source that fails for one that ends',
    file: 'src/pool/body-pump.ts',
    find: 'this.#observer.sourceFailed(error);',
    replace: 'this.#observer.sourceEnded();',
    breaks: 'U5, U9',
  },
  {
    id: 'body-source: leaves a stream open that nobody wants any more',
    file: 'src/pool/body-source.ts',
    find: '? () => void source.destroy()',
    replace: '? () => {}',
    breaks: 'X1, P2',
  },
  {
    id: 'body-source: takes a stream of the web that was read for an empty body',
    file: 'src/pool/body-source.ts',
    find: 'return Readable.isDisturbed(stream) &&',
    replace: 'return false &&',
    breaks: 'H1',
    owner: SOURCES,
  },
  {
    id: 'engine: keeps the stream of a request that it does not take',
    file: 'src/pool/engine.ts',
    find: `    this.assertOpen();
    claim(request.source);`,
    replace: `    claim(request.source);
    this.assertOpen();`,
    breaks: 'P1',
    owner: SOURCES,
  },
  {
    id: 'block-loans: uses memory again whose last bytes the system has not taken',
    file: loans,
    find: 'loan.end = position + length;',
    replace: 'loan.end = position;',
    breaks: 'U1',
    owner: BLOCKS,
  },
  {
    id: 'taken-bytes: sends what is its own before what waits in a block',
    file: taken,
    find: `    this.#closeBlock();
    this.#line.push(bytes);`,
    replace: '    this.#line.push(bytes);',
    breaks: 'U1',
    owner: BLOCKS,
  },
  {
    id: 'upload-body: has the peer pay for a sender that gives little',
    file: body,
    find: 'if (this.#scarce !== undefined && !this.isBackedUp) this.#scarce();',
    replace: '',
    breaks: 'T4',
    owner: 'test/unit/clauses/min-throughput-upload.test.ts',
  },
  {
    id: 'upload-body: takes what is on its way for what its peer leaves waiting',
    file: body,
    find: "(this.#state === 'open' ? BACKLOG_BYTES : 1)",
    replace: '1',
    breaks: 'T4',
    owner: 'test/unit/clauses/min-throughput-steps.test.ts',
  },
  {
    id: 'upload-body: takes a sender for slow that waits for room',
    file: body,
    find: 'scarce === undefined ? Number.POSITIVE_INFINITY : partBytes',
    replace: 'scarce === undefined ? partBytes : Number.POSITIVE_INFINITY',
    breaks: 'T4',
    owner: 'test/unit/actors/upload-body.test.ts',
  },
].map((mutant) => ({ owner: MODEL, ...mutant }));
