/** Share of lines in exactly their true group (GA), and F1 over groups (FGA). */
export function groupingScores(truth: readonly string[], given: readonly string[]): {ga: number; fga: number} {
  const sizes = countOf(truth);
  const givenSizes = countOf(given);
  const both = countOf(truth.map((one, i) => `${one}\u0000${given[i]}`));
  let lines = 0;
  let groups = 0;
  for (const [pair, count] of both) {
    const [one = '', other = ''] = pair.split('\u0000');
    if (sizes.get(one) !== count || givenSizes.get(other) !== count) continue;
    lines += count;
    groups += 1;
  }
  return {ga: lines / truth.length, fga: (2 * groups) / (sizes.size + givenSizes.size)};
}

function countOf(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
