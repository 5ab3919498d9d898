/**
 * What has come of the response of one exchange in the caller's thread: its head, and the way of
 * its body to whoever receives it.
 *
 * Invariant: the response for `await` is made once, from what nobody else has read until then.
 */

import type { DataMessage, DoneMessage, PoolResponse, StatusMessage } from '../../messages.ts';
import type { ResolvedRequest } from '../../resolved-options.ts';
import type { FlightEnd } from '../flight-end.ts';
import { RemoteDelivery, type RemoteDeliverySource } from './remote-delivery.ts';
import { collectedResponse } from './remote-end.ts';

/** The record whose response it is. */
export interface RemoteResponseKeeper extends RemoteDeliverySource {
  readonly request: ResolvedRequest;
  readonly end: FlightEnd;
}

export class RemoteResponse {
  bytesReceived = 0;
  readonly #keeper: RemoteResponseKeeper;
  #delivery: RemoteDelivery | undefined;
  #head: StatusMessage | undefined;
  #whole: PoolResponse | undefined;

  constructor(keeper: RemoteResponseKeeper) {
    this.#keeper = keeper;
    const { stream, replyTo, window } = keeper.request;
    if (stream || replyTo !== undefined) {
      this.#delivery = new RemoteDelivery(keeper, window, replyTo);
    }
  }

  /** Where messages go, as far as somebody has wanted to know until now. */
  get delivery(): RemoteDelivery | undefined {
    return this.#delivery;
  }

  /** The mailbox of the handle; a buffered exchange has its one message there too. */
  get delivered(): RemoteDelivery {
    if (this.#delivery === undefined) {
      this.#delivery = new RemoteDelivery(this.#keeper, Number.POSITIVE_INFINITY, undefined);
      const { terminal } = this.#keeper.end;
      if (terminal !== undefined) this.#delivery.end(terminal);
    }
    return this.#delivery;
  }

  received(message: StatusMessage | DataMessage): void {
    if (message.type === 'status') {
      this.#head = message;
      this.#delivery?.status(message);
    } else {
      this.bytesReceived += message.chunk.byteLength;
      this.#delivery?.data(message);
    }
  }

  /** The response for `await`; the same each time (A2). */
  whole(done: DoneMessage): PoolResponse {
    this.#whole ??= done.response ?? this.#collected(done);
    return this.#whole;
  }

  #collected(done: DoneMessage): PoolResponse {
    const chunks = this.#delivery?.takeBody() ?? [];
    return collectedResponse(this.#keeper.request, this.#head, done, chunks);
  }
}
