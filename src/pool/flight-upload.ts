/**
 * The upload of one exchange, as its record keeps it: the channel, the source that feeds it, and
 * the promise of `finishBody`.
 *
 * Invariant: there is one promise of `finishBody`, and it settles: `true` when the body was handed
 * over whole for its caller, `false` when the upload ended in any other way (U4).
 */

import type { Upload } from '../actors/request-lifecycle.ts';
import { UploadBody, type UploadObserver } from '../actors/upload-body.ts';
import type { ResolvedRequest } from '../options.ts';
import { BodyPump, type PumpObserver } from './body-pump.ts';
import { giveUpUnread } from './body-source.ts';

export interface UploadKeeper extends UploadObserver, PumpObserver {
  readonly request: ResolvedRequest;
  /** The body is finished; its last bytes are still on their way. */
  uploadFinished(): void;
}

export class FlightUpload {
  readonly body: UploadBody;
  readonly #keeper: UploadKeeper;
  #pump: BodyPump | undefined;
  #finish: PromiseWithResolvers<boolean> | undefined;

  constructor(keeper: UploadKeeper) {
    const { uploadBuffer: limit, contentLength } = keeper.request;
    this.body = new UploadBody({ limit, contentLength, observer: keeper });
    this.#keeper = keeper;
  }

  /** Begins to read the source of the body, where it has one. */
  start(): void {
    const { source } = this.#keeper.request;
    if (source === undefined || this.#pump !== undefined) return;
    try {
      this.#pump = new BodyPump(source, this.body, this.#keeper);
    } catch (error) {
      this.#keeper.sourceFailed(error);
      return;
    }
    this.#pump.run();
  }

  /** Ends the body after what was sent so far; `upload` is what has become of it until now. */
  finish(upload: Upload): Promise<boolean> {
    if (this.#finish !== undefined) return this.#finish.promise;
    this.#finish = Promise.withResolvers<boolean>();
    const { promise, resolve } = this.#finish;
    if (upload !== 'open') {
      if (upload !== 'finishing') resolve(upload === 'ended_by_caller');
      return promise;
    }
    // The transport reports the end of the body in a later tick, so it finds the state finished.
    if (this.body.finish()) this.#keeper.uploadFinished();
    return promise;
  }

  /** The transport has taken the end of the body. */
  sent(upload: Upload): void {
    this.#finish?.resolve(upload === 'ended_by_caller');
  }

  /** Ends the body after what was accepted, for a caller that is dead (C2). */
  abandon(): void {
    this.#stopReading();
    this.body.abandon();
  }

  /** Releases whoever sends or finishes: nothing more of the body goes out (U3, U4). */
  cut(upload: Upload): void {
    this.#stopReading();
    this.body.close();
    this.#finish?.resolve(upload === 'ended_by_caller');
  }

  #stopReading(): void {
    const { source } = this.#keeper.request;
    if (this.#pump !== undefined) this.#pump.stop();
    else if (source !== undefined) giveUpUnread(source);
  }
}
