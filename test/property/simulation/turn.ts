/**
 * The only way time passes in a simulation besides its clock: a turn of the event loop, in which
 * every microtask, every `process.nextTick` and every immediate that was due has run. With no
 * socket and no real timer in the process their order is the order in which they were made, so a
 * run is decided by its steps alone.
 */

/** Resolves when all that is under way has been worked off. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
