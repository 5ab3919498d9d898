/**
 * The command line of the demo.
 *
 * Invariant: whatever is wrong with it is said in one line, before anything starts.
 */

import { parseArgs } from 'node:util';

export interface DemoOptions {
  /** An echo endpoint of the user's own; `undefined` runs the demo's server. */
  readonly url: string | undefined;
  readonly uploads: number;
  readonly uploadMib: number;
  readonly small: number;
}

export const USAGE = `usage: npm run demo [-- options]

  --url URL      run only the pipeline, against an endpoint that echoes request bodies
  --uploads N    large uploads at the same time    (default 4, with --url 2)
  --mib N        size of each upload in MiB        (default 32, with --url 4)
  --small N      small requests beside the uploads (default 2000, with --url 50)
  --help         print this`;

/** The options, or `undefined` when only help was asked for. Throws an `Error` that says what is wrong. */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string' },
      uploads: { type: 'string' },
      mib: { type: 'string' },
      small: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const own = values.url === undefined;
  return {
    url: own ? undefined : checkedUrl(values.url ?? ''),
    uploads: count('--uploads', values.uploads, own ? 4 : 2),
    uploadMib: count('--mib', values.mib, own ? 32 : 4),
    small: count('--small', values.small, own ? 2000 : 50),
  };
}

function checkedUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error('--url must be an http or https URL');
  }
  return url.href;
}

function count(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new Error(`${option} must be a whole number of at least 1, not ${text}`);
  }
  return value;
}
