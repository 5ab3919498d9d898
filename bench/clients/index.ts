/**
 * The clients by name, in the order of the tables. Each is loaded only when asked for, so that a
 * memory probe's process holds nothing but the client it measures.
 */

import type { BenchClient } from './client.ts';

type Load = () => Promise<BenchClient>;

const CLIENTS: Readonly<Record<string, Load>> = {
  'undici dispatch': async () => (await import('./undici-dispatch.ts')).undiciDispatch(),
  'undici.request': async () => (await import('./undici-request.ts')).undiciRequest(),
  'undici.stream': async () => (await import('./undici-stream.ts')).undiciStream(),
  'node:http': async () => (await import('./node-http.ts')).nodeHttp(),
  fetch: async () => (await import('./fetch.ts')).builtinFetch(),
  got: async () => (await import('./got.ts')).gotClient(),
  axios: async () => (await import('./axios.ts')).axiosClient(),
  spool: async () => (await import('./spool.ts')).spoolReplyTo(),
  'spool thread': async () => (await import('./spool.ts')).spoolThread(),
  'spool thread 1 MiB': async () => (await import('./spool.ts')).spoolThreadBulk(),
  'spool messages': async () => (await import('./spool.ts')).spoolMessages(),
};

export const CLIENT_NAMES: readonly string[] = Object.keys(CLIENTS);

export async function loadClient(name: string): Promise<BenchClient> {
  const load = CLIENTS[name];
  if (load === undefined) throw new Error(`unknown client '${name}'`);
  return load();
}
