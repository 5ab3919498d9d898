/**
 * Packs the package, installs the tarball into an empty project, and uses it there as users do: by
 * `import`, by `require`, and from TypeScript.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

const USE = `
const server = createServer((request, response) => response.end('hello'));
server.listen(0, '127.0.0.1', async () => {
  for (const isolation of ['inline', 'thread']) {
    const pool = createPool({ workers: 1, isolation });
    const response = await pool.await(pool.get('http://127.0.0.1:' + server.address().port));
    if (response.text() !== 'hello') throw new Error('unexpected body, ' + isolation);
    const connected = connectPool(pool.port());
    const again = await connected.await(connected.get('http://127.0.0.1:' + server.address().port));
    if (again.text() !== 'hello') throw new Error('unexpected body through a port, ' + isolation);
    await connected.close();
    await pool.close();
  }
  server.close();
});
`;

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "empty", "private": true }',
  'by-import.mjs': `import { createServer } from 'node:http';\nimport { connectPool, createPool } from 'spool';\n${USE}`,
  'by-require.cjs': `const { createServer } = require('node:http');\nconst { connectPool, createPool } = require('spool');\n${USE}`,
  'by-types.mts': `import { type ConnectedPool, connectPool, createPool, type Message, RequestError } from 'spool';
const pool = createPool({ workers: 1 });
export const take = async (message: Message): Promise<number> =>
  message.type === 'error' && message.error instanceof RequestError ? message.error.code.length : 0;
export const connected: ConnectedPool = connectPool(pool.port());
export const closed: Promise<void> = pool.close();
`,
};

const folder = mkdtempSync(join(tmpdir(), 'spool-package-'));
try {
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack made no tarball');
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`], folder);
  run(process.execPath, ['by-import.mjs'], folder);
  run(process.execPath, ['by-require.cjs'], folder);
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024'];
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules', '@types')];
  run(
    process.execPath,
    [tsc, ...strict, ...types, '--skipLibCheck', 'false', 'by-types.mts'],
    folder,
  );
  console.log('the packed package installs and works by import, by require and by its types');
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
