/**
 * One exchange of the real pool, with all that was seen of it: messages, answers to its senders,
 * what those who await and receive got. Nothing here waits.
 */

import { MessageChannel } from 'node:worker_threads';
import type {
  AsyncHandle,
  Message,
  PoolResponse,
  ReplyTo,
  WatchableActor,
} from '../../../src/index.ts';
import { RequestError } from '../../../src/index.ts';
import type { RequestPool } from '../../../src/pool/request-pool.ts';
import type { Ledger, Sent, UploadLedger } from '../invariants.ts';
import type { PeerRequest } from './peer.ts';
import { RealSource } from './real-source.ts';
import type { Spec } from './spec.ts';

/** Of a promise, what is known without waiting. */
export interface Seen<T> {
  outcome: { readonly value: T } | { readonly error: unknown } | undefined;
}

export function seen<T>(promise: Promise<T>): Seen<T> {
  const record: Seen<T> = { outcome: undefined };
  promise.then(
    (value) => {
      record.outcome = { value };
    },
    (error: unknown) => {
      record.outcome = { error };
    },
  );
  return record;
}

/** The code of a `RequestError`; other errors are told as they are. */
export function codeIn(error: unknown): string {
  return error instanceof RequestError ? error.code : String(error);
}

export class RealExchange {
  readonly spec: Spec;
  /** Delivered to its receiver, or read from its mailbox. */
  readonly messages: Message[] = [];
  readonly sends: (Sent & { readonly seen: Seen<boolean> })[] = [];
  readonly finishes: Seen<boolean>[] = [];
  readonly awaits: Seen<PoolResponse>[] = [];
  readonly receives: Seen<Message | undefined>[] = [];
  readonly signal = new AbortController();
  readonly replyTo: ReplyTo | undefined;
  readonly source: RealSource | undefined;
  /** Whether it could still be found by its `ref` when its receiver heard of its end. */
  endedInTheMap = false;
  loop: AsyncIterableIterator<Message> | undefined;
  looped: Seen<void> | undefined;
  readonly #isRunning: (ref: string) => boolean;
  #handle: AsyncHandle | undefined;
  #endReceiver: (() => void) | undefined;

  /** `isRunning`: whether the pool finds an exchange by this `ref`. */
  constructor(spec: Spec, isRunning: (ref: string) => boolean) {
    this.spec = spec;
    this.#isRunning = isRunning;
    this.source = spec.source === undefined ? undefined : new RealSource(spec.source);
    this.replyTo = this.#receiver();
  }

  get handle(): AsyncHandle {
    if (this.#handle === undefined) throw new Error('the exchange has no handle yet');
    return this.#handle;
  }

  set handle(handle: AsyncHandle) {
    this.#handle = handle;
  }

  send(pool: RequestPool, bytes: Uint8Array | string): void {
    const copy = Buffer.from(bytes);
    const sent = pool.sendBody(this.handle, bytes);
    // The buffer is its sender's again once there is an answer (U1).
    if (typeof bytes !== 'string') void sent.then(() => bytes.fill(0xee));
    const record = seen(sent);
    this.sends.push({
      bytes: copy,
      seen: record,
      get answer() {
        const { outcome } = record;
        return outcome !== undefined && 'value' in outcome ? outcome.value : undefined;
      },
    });
  }

  read(pool: RequestPool): void {
    const loop = pool.messages(this.handle);
    this.loop = loop;
    const run = async (): Promise<void> => {
      for await (const message of loop) this.messages.push(message);
    };
    this.looped = seen(run());
  }

  killReceiver(): void {
    this.#endReceiver?.();
  }

  /** What the invariants look at. */
  ledger(label: string, granted: number, arrived: PeerRequest | undefined): Ledger {
    const { spec, messages } = this;
    const mailbox = spec.reply === 'mailbox' ? 1024 * 1024 : Number.POSITIVE_INFINITY;
    const upload = {
      ...this.#offered(),
      arrived: arrived?.chunks ?? [],
      arrivedWhole: arrived?.complete ?? false,
    };
    return {
      label,
      stream: spec.stream,
      window: spec.window ?? mailbox,
      messages,
      granted,
      upload: spec.body === 'upload' ? upload : undefined,
    };
  }

  /** What was sent, or given by the source, and whether that was all. */
  #offered(): Pick<UploadLedger, 'sent' | 'finish'> {
    const { source, sends, finishes, messages } = this;
    if (source === undefined) {
      const [first] = finishes;
      const outcome = first?.outcome;
      const answer = outcome !== undefined && 'value' in outcome ? outcome.value : undefined;
      return { sent: sends, finish: { asked: first !== undefined, answer } };
    }
    const end = messages.at(-1);
    const isEnd = end?.type === 'done' || end?.type === 'error';
    // A source is answered nothing.
    const answer = isEnd ? end.upload?.complete : undefined;
    return {
      sent: source.given.map((bytes) => ({ bytes, answer: true })),
      finish: { asked: source.isEnded, answer },
    };
  }

  #receiver(): ReplyTo | undefined {
    const push = (message: Message): void => {
      this.messages.push(message);
      if (message.type !== 'done' && message.type !== 'error') return;
      this.endedInTheMap = this.#isRunning(message.ref);
    };
    switch (this.spec.reply) {
      case 'mailbox':
        return undefined;
      case 'function':
        return push;
      case 'thrower':
        return (message) => {
          push(message);
          throw new Error('the receiver threw');
        };
      case 'sender':
        return { send: push };
      case 'actor':
        return this.#actor(push);
      default: {
        const { port1, port2 } = new MessageChannel();
        port2.on('message', push);
        this.#endReceiver = () => port2.close();
        return port1;
      }
    }
  }

  /** It has the shape of an actor; xstate's own would warn of each message that comes too late. */
  #actor(push: (message: Message) => void): ReplyTo & WatchableActor {
    const observers = new Set<() => void>();
    let status = 'active';
    this.#endReceiver = () => {
      status = 'stopped';
      for (const complete of [...observers]) complete();
    };
    return {
      send: push,
      getSnapshot: () => ({ status }),
      subscribe: ({ complete = () => {} }) => {
        observers.add(complete);
        return { unsubscribe: () => void observers.delete(complete) };
      },
    };
  }
}
