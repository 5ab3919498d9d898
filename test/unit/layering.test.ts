/**
 * Imports point down only: index → adapters → pool → actors → vocabulary. Read from the import
 * lines of `src/`, type-only imports included.
 */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../../src/', import.meta.url));
const IMPORT = /^(?:import|export)\b[^'"]*?\bfrom\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]/gm;
const DYNAMIC_IMPORT = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

const LAYERS = ['vocabulary', 'actors', 'pool', 'adapters', 'index'] as const;

/** undici is imported where a dispatcher is made, driven or owned; the options name its type
 * because users may bring one (I2). */
const USES_UNDICI = [
  'actors/dispatch-options.ts',
  'actors/exchange.ts',
  'actors/checked-exchange.ts',
  'actors/worker-agent.ts',
  'actors/http1-clients.ts',
  'actors/transport.ts',
  'options.ts',
  'resolved-options.ts',
];
const USES_XSTATE = ['actors/worker.ts', 'pool/supervisor.ts'];
const USES_P_QUEUE = ['pool/turnstile.ts'];

interface Module {
  readonly name: string;
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const modules: readonly Module[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  .sort()
  .map(readModule);

function readModule(name: string): Module {
  const text = readFileSync(path.join(SRC, name), 'utf8');
  const found = [...text.matchAll(IMPORT), ...text.matchAll(DYNAMIC_IMPORT)].map(
    ([, from, bare]) => from ?? bare ?? '',
  );
  const own = found.filter((from) => from.startsWith('.'));
  return {
    name,
    imports: own.map((from) => path.posix.join(path.posix.dirname(name), from)),
    packages: found.filter((from) => !from.startsWith('.') && !from.startsWith('node:')),
  };
}

function layerOf(name: string): number {
  if (name === 'index.ts') return LAYERS.indexOf('index');
  const folder = name.includes('/') ? name.slice(0, name.indexOf('/')) : 'vocabulary';
  return (LAYERS as readonly string[]).indexOf(folder);
}

/** The first circle that can be walked from a module, as a path that comes back to its start. */
function circleFrom(start: string): readonly string[] | undefined {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const visited = new Set<string>();
  const walk = (name: string, trail: readonly string[]): readonly string[] | undefined => {
    if (name === start && trail.length > 0) return [...trail, name];
    if (visited.has(name)) return undefined;
    visited.add(name);
    for (const next of byName.get(name)?.imports ?? []) {
      const circle = walk(next, [...trail, name]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  return walk(start, []);
}

function usersOf(isWanted: (from: string) => boolean): string[] {
  return modules.filter(({ packages }) => packages.some(isWanted)).map(({ name }) => name);
}

test('every file of src is in a layer, and every import of one names a file that is there', () => {
  const names = new Set(modules.map(({ name }) => name));
  expect(modules.filter(({ name }) => layerOf(name) < 0)).toEqual([]);
  const missing = modules.flatMap(({ name, imports }) =>
    imports.filter((target) => !names.has(target)).map((target) => `${name} → ${target}`),
  );
  expect(missing).toEqual([]);
});

test('imports point down', () => {
  const upward = modules.flatMap(({ name, imports }) =>
    imports
      .filter((target) => layerOf(target) > layerOf(name))
      .map((target) => `${name} → ${target}`),
  );
  expect(upward).toEqual([]);
});

test('no imports go in a circle, not even of types', () => {
  const circles = modules.flatMap(({ name }) => circleFrom(name)?.join(' → ') ?? []);
  expect(circles).toEqual([]);
});

test('undici is imported only where a dispatcher is made or driven', () => {
  const users = usersOf((from) => from === 'undici' || from.startsWith('undici/'));
  expect(users.filter((name) => !USES_UNDICI.includes(name))).toEqual([]);
});

test('xstate is imported only by the supervisor, the worker and the XState adapter', () => {
  const users = usersOf((from) => from === 'xstate' || from.startsWith('xstate/'));
  const allowed = (name: string): boolean =>
    USES_XSTATE.includes(name) || name.startsWith('adapters/xstate');
  expect(users.filter((name) => !allowed(name))).toEqual([]);
});

test('p-queue is imported only by the admission gate', () => {
  expect(usersOf((from) => from === 'p-queue').filter((n) => !USES_P_QUEUE.includes(n))).toEqual(
    [],
  );
});
