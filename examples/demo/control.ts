/**
 * What the demo and its server process say to each other beside HTTP, over the IPC channel.
 *
 * Invariant: plain data only, and one `report` per request the server saw outside `/small`.
 */

import type { Digest } from './bytes.ts';

/** What the server saw of one request, told when its response had ended or was cut off. */
export interface Report extends Digest {
  readonly type: 'report';
  /** The last segment of the request's path. */
  readonly id: string;
  /** `whole` when the server saw a finished request body, `cut` when the client went away. */
  readonly body: 'whole' | 'cut';
  /** `whole` when the response was handed over to its end. */
  readonly answer: 'whole' | 'cut';
}

/** The server's own count, told when it stops. */
export interface Summary {
  readonly type: 'summary';
  readonly small: number;
  readonly reports: number;
}

export type FromServer = { readonly type: 'listening'; readonly port: number } | Report | Summary;

/** `release` lets the responses of `/hold` end, `stop` ends the process. */
export type ToServer = { readonly type: 'release' } | { readonly type: 'stop' };
