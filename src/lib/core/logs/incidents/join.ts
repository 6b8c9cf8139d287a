import type {Finding} from './finding.js';

const minute = 60_000;
/** Signs of one trouble begin within this time, and pauses in it are no longer. */
const slackMs = 5 * minute;

/** Findings that are one trouble. Those that only accompany, such as warnings, never make or bridge incidents. */
export function joined(findings: readonly Finding[]): Finding[][] {
  const seeds = findings.filter(({isSeed}) => isSeed).sort(byTime);
  const groups: Finding[][] = [];
  for (const seed of seeds) {
    const group = groups.find((members) => members.some((member) => belong(member, seed)));
    if (group === undefined) groups.push([seed]);
    else group.push(seed);
  }
  const merged = mergeAll(groups);
  for (const finding of findings) {
    if (finding.isSeed) continue;
    merged.find((members) => accompanies(finding, members))?.push(finding);
  }
  return merged.sort((a, b) => byTime(earliest(a), earliest(b)));
}

/** A later seed may show that two groups are one. */
function mergeAll(groups: readonly Finding[][]): Finding[][] {
  const merged: Finding[][] = [];
  for (const group of groups) {
    const other = merged.find((members) => members.some((a) => group.some((b) => belong(a, b))));
    if (other === undefined) merged.push([...group]);
    else other.push(...group);
  }
  return merged.length === groups.length ? merged : mergeAll(merged);
}

const byTime = (a: Finding, b: Finding) => (a.from ?? 0) - (b.from ?? 0) || a.first.line - b.first.line;
const earliest = (group: readonly Finding[]) => group.reduce((a, b) => (byTime(a, b) <= 0 ? a : b));

/** One program's slowness is not part of another's outage. */
const isStranger = (slow: Finding, other: Finding): boolean =>
  slow.kind === 'slow' && slow.name !== null && other.name !== slow.name;

/** They overlap, and neither is a short trouble in the middle of a long one that has nothing to do with it. */
function belong(a: Finding, b: Finding): boolean {
  if (isStranger(a, b) || isStranger(b, a)) return false;
  if (a.from === null || b.from === null || a.to === null || b.to === null)
    return a.from === b.from && a.kind === b.kind;
  const slack = areSame(a, b) ? Math.max(3 * slackMs, Math.min(60 * minute, lengthOf(a), lengthOf(b))) : slackMs;
  if (Math.max(a.from, b.from) > Math.min(a.to, b.to) + slack) return false;
  if (areSame(a, b) || (a.name !== null && a.name === b.name)) return true;
  if (Math.abs(a.from - b.from) <= slackMs) return lengthsFit(a, b);
  const [first, second] = a.from <= b.from ? [a, b] : [b, a];
  const isTail = (second.from ?? 0) > (first.to ?? 0);
  return !isTail && lengthsFit(a, b);
}

function lengthsFit(a: Finding, b: Finding): boolean {
  const long = Math.max(lengthOf(a), lengthOf(b), slackMs);
  const short = Math.max(Math.min(lengthOf(a), lengthOf(b)), 1);
  const begin = Math.abs((a.from ?? 0) - (b.from ?? 0));
  return begin <= slackMs || (begin <= 0.5 * long && long <= 12 * short) || long <= 4 * short || long <= 30 * minute;
}

/** Parts of one trouble that paused. */
const areSame = (a: Finding, b: Finding) =>
  (a.reading !== null && a.reading === b.reading) || (a.kind === b.kind && a.name !== null && a.name === b.name);

const lengthOf = ({from, to}: Finding) => (to ?? 0) - (from ?? 0);

function accompanies(finding: Finding, group: readonly Finding[]): boolean {
  if (finding.from === null || finding.to === null) return false;
  const from = Math.min(...group.map((one) => one.from ?? Number.POSITIVE_INFINITY));
  const to = Math.max(...group.map((one) => one.to ?? Number.NEGATIVE_INFINITY));
  return finding.from >= from - slackMs && finding.from <= to && finding.to <= to + 3 * slackMs;
}
