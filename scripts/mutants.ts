/**
 * Proof that the tests can fail: puts one fault after the other into a copy of the sources and runs
 * the test that owns the invariant it breaks. Prints what kills each; one that survives its owner is
 * a failure, also when another test would notice it.
 *
 *     npm run mutants -- [--only <part of an id>]… [--minutes <n>] [--write]
 *
 * What was killed is remembered by the text of the sources and the tests, so that a run that was
 * broken off goes on where it was. `--write` puts the table into docs/mutants.md.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MUTANTS } from './mutants/all.ts';
import { Bench } from './mutants/bench.ts';
import { chooseMutants } from './mutants/choose.ts';
import { type Outcome, reportOf } from './mutants/report.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    minutes: { type: 'string', default: '60' },
    write: { type: 'boolean', default: false },
  },
});

const untilMs = performance.now() + Number(values.minutes) * 60_000;
const chosen = chooseMutants(MUTANTS, values.only);
const outcomes: Outcome[] = [];
const bench = new Bench(join(import.meta.dirname, '..'));

bench.checkTexts(MUTANTS);
bench.checkOwners(new Set(chosen.map(({ owner }) => owner)));
for (const mutant of chosen) {
  if (performance.now() > untilMs) break;
  const outcome = bench.run(mutant);
  outcomes.push(outcome);
  console.log(`${outcomes.length}/${chosen.length} ${outcome.verdict}: ${mutant.id}`);
  const { test, saying } = outcome.killedBy ?? { test: 'nothing', saying: mutant.owner };
  console.log(`    by ${test}: ${saying}`);
}

const survivors = outcomes.filter(({ verdict }) => verdict === 'survived');
const left = chosen.length - outcomes.length;
console.log(
  `${outcomes.length - survivors.length} killed, ${survivors.length} survived, ${left} left`,
);
if (values.write) {
  writeFileSync(join(import.meta.dirname, '..', 'docs', 'mutants.md'), reportOf(outcomes));
}
process.exitCode = survivors.length > 0 || left > 0 ? 1 : 0;
