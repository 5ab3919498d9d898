/** The requests that reached a peer, by their `x-id`; a second arrival of one is noted. */

import type { PeerRequest } from './peer.ts';

export class Arrivals {
  readonly requests = new Map<string, PeerRequest>();
  readonly doubled: string[] = [];

  forget(): void {
    this.requests.clear();
    this.doubled.length = 0;
  }

  add(id: string, request: PeerRequest): void {
    if (this.requests.has(id)) this.doubled.push(id);
    else this.requests.set(id, request);
  }
}
