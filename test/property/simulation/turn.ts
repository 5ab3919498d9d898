/**
 * The only way time passes in a simulation besides its clock: a turn of the event loop, in which
 * every microtask, every `process.nextTick` and every immediate that was due has run. With no
 * socket and no real timer in the process their order is the order in which they were made, so a
 * run is decided by its steps alone.
 */

/** What is admitted in one turn leaves in the next, and may fail there and move on in a third. */
const TURNS = 3;

/** Resolves when all that is under way has been worked off. */
export async function turn(): Promise<void> {
  for (let turns = 0; turns < TURNS; turns += 1) {
    await new Promise((resolve) => void setImmediate(resolve));
  }
}
