/** What a worker's thread runs. */

import { parentPort } from 'node:worker_threads';
import { hostExchanges } from './thread-host.ts';

if (parentPort !== null) hostExchanges(parentPort, () => process.exit());
