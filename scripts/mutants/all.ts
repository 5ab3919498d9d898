/** All faults, in the order in which they are tried. */

import { admissions } from './admission.ts';
import { deliveries } from './deliveries.ts';
import { flights } from './flight.ts';
import { lifecycle } from './lifecycle.ts';
import { limits } from './limits.ts';
import type { Mutant } from './mutant.ts';
import { pools } from './pools.ts';
import { threads } from './threads.ts';
import { times } from './times.ts';
import { transports } from './transports.ts';
import { uploads } from './uploads.ts';

export const MUTANTS: readonly Mutant[] = [
  ...lifecycle,
  ...flights,
  ...uploads,
  ...deliveries,
  ...times,
  ...pools,
  ...threads,
  ...admissions,
  ...limits,
  ...transports,
];
