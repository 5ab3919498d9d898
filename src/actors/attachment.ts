/**
 * One way to see the death of one object, and the commonest: it closes before it was complete.
 *
 * Invariant: an attachment listens at most once to each object that tells of the death, and its
 * detach takes away all it added.
 */

/** How one object is watched. */
export interface Attachment {
  /** Whether it can be seen to be dead already. */
  dead(): boolean;
  /** Listens for its death; returns how to stop. */
  attach(died: () => void): () => void;
}

/** What emits events, as far as it is listened to here. */
export interface Emitter {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/** Dead when it closes before it was complete. */
export function closing(
  value: Emitter & { readonly destroyed: boolean },
  complete: () => boolean,
): Attachment {
  return {
    dead: () => value.destroyed && !complete(),
    attach: (died) => {
      const closed = () => {
        if (!complete()) died();
      };
      value.on('close', closed);
      return () => value.off('close', closed);
    },
  };
}
