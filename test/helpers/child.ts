/** A script in a process of its own, and how it ended. */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { testCaPath } from './tls.ts';

export interface ChildEnd {
  /** Exit code; `null` when it was killed. */
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

/**
 * Runs a script of test/fixtures to its end, which must come by itself; the test CA is trusted.
 * A disposed child is killed, so that a test whose child hangs leaves no process.
 */
export function runFixture(
  name: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
): Disposable & { readonly end: Promise<ChildEnd> } {
  const path = fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const env = { PATH: process.env.PATH, NODE_EXTRA_CA_CERTS: testCaPath };
  const child = spawn(process.execPath, [...nodeOptions, path, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const end = Promise.withResolvers<ChildEnd>();
  child.once('error', end.reject);
  child.once('close', (code) => {
    const lines = Buffer.concat(out).toString().split('\n').filter(Boolean);
    end.resolve({ code, lines, errors: Buffer.concat(errors).toString() });
  });
  return { end: end.promise, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}
