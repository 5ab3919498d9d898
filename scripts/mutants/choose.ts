/** Which faults a run is for. */

import type { Mutant } from './mutant.ts';

/** Those whose id has one of the parts in it; throws where there are none of them. */
export function chooseMutants(
  all: readonly Mutant[],
  parts: readonly string[] | undefined,
): readonly Mutant[] {
  if (parts === undefined) return all;
  for (const part of parts) {
    if (all.some(({ id }) => id.includes(part))) continue;
    throw new RangeError(
      `--only must be a part of the id of one of ${all.length} faults, not '${part}'`,
    );
  }
  return all.filter(({ id }) => parts.some((part) => id.includes(part)));
}
