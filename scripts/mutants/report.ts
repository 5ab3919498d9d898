/** The table of what kills each fault, for the docs. */

import type { Mutant } from './mutant.ts';

/** A test that failed, and what it said. */
export interface Killer {
  readonly test: string;
  readonly saying: string;
}

export interface Outcome {
  readonly mutant: Mutant;
  readonly verdict: 'killed' | 'survived';
  /** The first test of the owner that failed. */
  readonly killedBy: Killer | undefined;
}

export function reportOf(outcomes: readonly Outcome[]): string {
  const killed = outcomes.filter(({ verdict }) => verdict === 'killed').length;
  const date = new Date().toISOString().slice(0, 10);
  const rows = outcomes.map(({ mutant, killedBy }) => {
    const { id, breaks, owner } = mutant;
    const { test, saying } = killedBy ?? { test: 'nothing', saying: '' };
    return `| ${[id, breaks, owner.replace(/^test\//, ''), test, saying].map(cell).join(' | ')} |`;
  });
  return `# Faults that the tests notice

Written by hand, put one at a time into a copy of the sources by \`npm run mutants\`, and looked for by
the test file that owns the invariant: ${killed} of ${outcomes.length} were killed when they were last put
in, the newest of them on ${date}.

| fault | breaks | owner | killed by | which says |
|---|---|---|---|---|
${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
