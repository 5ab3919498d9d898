/** The rude server as a child process, and the reports of what it saw, matched with the exchanges. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Ports, Report } from './storm.ts';

/** Exchanges whose server has not reported yet are remembered so far back. */
const REMEMBERED = 2_000;

export interface RudeServer extends AsyncDisposable {
  readonly ports: Ports;
  /** An id that no exchange has had. */
  nextId(): number;
  /** Calls back with the server's report of an exchange that is over, when that comes. */
  expect(id: number, compare: (report: Report) => void): void;
}

export async function startRudeServer(): Promise<RudeServer> {
  const path = fileURLToPath(new URL('./rude-server.ts', import.meta.url));
  const child = fork(path, { serialization: 'json' });
  const [ports]: Ports[] = await once(child, 'message');
  if (ports === undefined) throw new Error('the server did not tell its ports');
  const waiting = new Waiting();
  child.on('message', (report: Report) => waiting.reported(report));
  let ids = 0;
  return {
    ports,
    nextId: () => {
      ids += 1;
      return ids;
    },
    expect: (id, compare) => waiting.expect(id, compare),
    [Symbol.asyncDispose]: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit');
  child.disconnect();
  await exit;
}

class Waiting {
  readonly #exchanges = new Map<number, (report: Report) => void>();
  readonly #reports = new Map<number, Report>();

  expect(id: number, compare: (report: Report) => void): void {
    const report = this.#reports.get(id);
    this.#reports.delete(id);
    if (report !== undefined) compare(report);
    else remember(this.#exchanges, id, compare);
  }

  reported(report: Report): void {
    const compare = this.#exchanges.get(report.id);
    this.#exchanges.delete(report.id);
    if (compare !== undefined) compare(report);
    else remember(this.#reports, report.id, report);
  }
}

/** Keeps only the newest: what never reached the server is never reported. */
function remember<T>(map: Map<number, T>, id: number, value: T): void {
  map.set(id, value);
  const [oldest] = map.keys();
  if (map.size > REMEMBERED && oldest !== undefined) map.delete(oldest);
}
