/** The table of what kills each fault, for the docs. */

import type { Mutant } from './mutant.ts';

export interface Outcome {
  readonly mutant: Mutant;
  readonly verdict: 'killed' | 'survived';
  /** The first test of the owner that failed. */
  readonly killedBy: string | undefined;
}

export function reportOf(outcomes: readonly Outcome[]): string {
  const killed = outcomes.filter(({ verdict }) => verdict === 'killed').length;
  const date = new Date().toISOString().slice(0, 10);
  const rows = outcomes.map(({ mutant, killedBy }) => {
    const owner = mutant.owner.replace(/^test\//, '');
    return `| ${cell(mutant.id)} | ${mutant.breaks} | ${owner} | ${cell(killedBy ?? 'nothing')} |`;
  });
  return `# Faults that the tests notice

Written by hand, put one at a time into a copy of the sources by \`npm run mutants\`, and looked for by
the test file that owns the invariant: ${killed} of ${outcomes.length} killed on ${date}.

| fault | breaks | owner | killed by |
|---|---|---|---|
${rows.join('\n')}
`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
