/**
 * Waits until a pool knows what its workers know. Inline it always does; a thread tells of what has
 * happened to it a little later, and a test that moves the pool's clock in between would time out
 * what has come.
 *
 * Watches every thread that is started once this is imported; they run `fixtures/mortal-thread`.
 */

import { settled } from './leaks.ts';
import { TappedThread } from './thread-tap.ts';

const threads = new Set<TappedThread>();

process.on('worker', (worker) => {
  const thread = new TappedThread(worker);
  threads.add(thread);
  void thread.exited.then(() => threads.delete(thread));
});

/** Resolves when the workers have done what they were told so far, and all they told was heard. */
export async function heard(): Promise<void> {
  await Promise.all([...threads].map((thread) => thread.echo()));
  await settled();
}
