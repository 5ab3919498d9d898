/** Removes the build, so that a file that no longer exists in `src` is not shipped. */

import { rmSync } from 'node:fs';

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true });
