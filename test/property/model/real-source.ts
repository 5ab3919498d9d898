/**
 * A source of a request body that gives what a command says: an iterable, a function that makes
 * one, a stream of Node's or of the web. It notes whether it is read, and whether it was given up.
 */

import { Readable } from 'node:stream';
import type { BodyChunk, RequestBody } from '../../../src/index.ts';
import type { SourceKind } from './spec.ts';

/** `bad`: something that is no chunk. */
export type SourceStep =
  | { readonly type: 'chunk'; readonly bytes: Uint8Array | string }
  | { readonly type: 'bad' }
  | { readonly type: 'end' }
  | { readonly type: 'fail' };

export class RealSource {
  readonly body: RequestBody;
  /** All chunks, read or not. */
  readonly given: Uint8Array[] = [];
  isRead = false;
  isEnded = false;
  isClosed = false;
  readonly #step: (step: SourceStep) => void;

  constructor(kind: SourceKind) {
    const made =
      kind === 'stream'
        ? this.#nodeStream()
        : kind === 'web'
          ? this.#webStream()
          : this.#iterable();
    this.body = kind === 'function' ? () => made.body : made.body;
    this.#step = made.step;
  }

  step(step: SourceStep): void {
    if (step.type === 'chunk') this.given.push(Buffer.from(step.bytes));
    if (step.type === 'end') this.isEnded = true;
    this.#step(step);
  }

  #iterable(): Made {
    const steps: SourceStep[] = [];
    let wake: (() => void) | undefined;
    const next = async (): Promise<IteratorResult<Uint8Array | string>> => {
      this.isRead = true;
      for (;;) {
        const step = steps.shift();
        if (step?.type === 'chunk') return { done: false, value: step.bytes };
        // What no typed source would give.
        if (step?.type === 'bad') return { done: false, value: 5 as unknown as string };
        if (step?.type === 'fail') throw BROKEN;
        if (step?.type === 'end') return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    const close = async (): Promise<IteratorResult<string>> => {
      this.isClosed = true;
      return { done: true, value: undefined };
    };
    return {
      body: { [Symbol.asyncIterator]: () => ({ next, return: close }) },
      step: (step) => {
        steps.push(step);
        wake?.();
      },
    };
  }

  #nodeStream(): Made {
    const stream = new Readable({ read: () => {} });
    // It is asked to read ahead when something is pushed.
    stream[Symbol.asyncIterator] = () => {
      this.isRead = true;
      return Readable.prototype[Symbol.asyncIterator].call(stream);
    };
    // Whoever gives a stream listens to its errors.
    stream
      .on('error', () => {})
      .on('close', () => {
        this.isClosed = true;
      });
    return {
      body: stream,
      step: (step) => {
        if (step.type === 'chunk') stream.push(step.bytes);
        else if (step.type === 'end') stream.push(null);
        else stream.destroy(BROKEN);
      },
    };
  }

  #webStream(): Made {
    let controller: ReadableStreamDefaultController<Uint8Array | string> | undefined;
    const stream = new ReadableStream<Uint8Array | string>({
      start: (own) => {
        controller = own;
      },
      cancel: () => {
        this.isClosed = true;
      },
    });
    const getReader = stream.getReader.bind(stream);
    const noted = (): ReturnType<typeof getReader> => {
      this.isRead = true;
      return getReader();
    };
    Object.defineProperty(stream, 'getReader', { value: noted });
    return {
      body: stream,
      step: (step) => {
        if (step.type === 'chunk') controller?.enqueue(step.bytes);
        else if (step.type === 'end') controller?.close();
        else if (step.type === 'fail') controller?.error(BROKEN);
        // What no typed source would give.
        else controller?.enqueue(5 as unknown as string);
      },
    };
  }
}

interface Made {
  readonly body: AsyncIterable<BodyChunk>;
  readonly step: (step: SourceStep) => void;
}

const BROKEN = new Error('the source broke');
