import type {Analysis, LogTemplate, Series} from './analysis.js';
import type {Comparison, TemplateChange} from './report.js';
import {chanceOf, corrected} from './significance.js';

/** One change in twenty of those that are listed may be chance. */
const mostChance = 0.05;
/** Beyond this a change is worth a look; a million events make any difference significant. */
const leastRatio = 1.5;

interface Pair {
  readonly text: string;
  readonly a: Side | null;
  readonly b: Side | null;
}

interface Side {
  readonly count: number;
  readonly template: LogTemplate;
  readonly series: Series;
}

/**
 * What is new, gone, more and less in B: two files, windows or releases of any length. Templates are the same where their
 * texts are.
 */
export function compare(a: Analysis, b: Analysis): Comparison {
  const pairs = pairsOf(a, b);
  const scale = scaleOf(pairs, a, b);
  const chances = corrected(pairs.map((pair) => chanceOfPair(pair, scale)));
  const changes = pairs.flatMap((pair, i): TemplateChange[] => {
    const change = changeOf(pair, scale, chances[i] ?? 1);
    return change === null ? [] : [change];
  });
  return {a, b, changes: changes.sort(byWeight)};
}

function pairsOf(a: Analysis, b: Analysis): Pair[] {
  const inA = sidesOf(a);
  const inB = sidesOf(b);
  return [...new Set([...inA.keys(), ...inB.keys()])].map((text) => ({
    text,
    a: inA.get(text) ?? null,
    b: inB.get(text) ?? null,
  }));
}

function sidesOf({templates}: Analysis): Map<string, Side> {
  const sides = new Map<string, Side>();
  for (const template of templates) {
    const before = sides.get(template.text);
    sides.set(
      template.text,
      before === undefined
        ? {count: template.count, template, series: template.series}
        : {...before, count: before.count + template.count},
    );
  }
  return sides;
}

/**
 * Events in B for each in A, were nothing changed: the middle ratio of the templates that both have in number. Neither a
 * flood of one message nor the end of another moves it, as they would move the ratio of all events.
 */
function scaleOf(pairs: readonly Pair[], a: Analysis, b: Analysis): number {
  const ratios = pairs.flatMap((pair) => {
    const [countA, countB] = [pair.a?.count ?? 0, pair.b?.count ?? 0];
    return countA >= 10 && countB >= 10 ? [countB / countA] : [];
  });
  if (ratios.length >= 5) return ratios.sort((x, y) => x - y)[Math.floor(ratios.length / 2)] ?? 1;
  const spanA = (a.to ?? 0) - (a.from ?? 0);
  const spanB = (b.to ?? 0) - (b.from ?? 0);
  const byEvents = a.events > 0 && b.events > 0 ? b.events / a.events : 1;
  return spanA > 0 && spanB > 0 && ratios.length === 0 ? spanB / spanA : byEvents;
}

/** What comes in bursts is fewer independent events than it seems. */
function chanceOfPair({a, b}: Pair, scale: number): number {
  if (a === null || b === null) return chanceOf(a?.count ?? 0, b?.count ?? 0, scale);
  const bunch = Math.max(burstiness(a.series), burstiness(b.series));
  return chanceOf(a.count / bunch, b.count / bunch, scale);
}

/** Variance by mean of the counts in 32 equal parts of its time: 1 for independent events. */
function burstiness({buckets, counts}: Series): number {
  const first = buckets[0] ?? 0;
  const width = ((buckets.at(-1) ?? 0) - first + 1) / 32;
  if (width < 1) return 1;
  const parts = new Float64Array(32);
  for (let i = 0; i < buckets.length; i += 1) {
    const at = Math.min(31, Math.floor(((buckets[i] ?? 0) - first) / width));
    parts[at] = (parts[at] ?? 0) + (counts[i] ?? 0);
  }
  const mean = parts.reduce((sum, count) => sum + count, 0) / 32;
  const variance = parts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / 31;
  return mean === 0 ? 1 : Math.min(100, Math.max(1, variance / mean));
}

function changeOf({text, a, b}: Pair, scale: number, significance: number): TemplateChange | null {
  if (significance > mostChance) return null;
  const countA = a?.count ?? 0;
  const countB = b?.count ?? 0;
  const expectedB = countA * scale;
  const kind = a === null ? 'new' : b === null ? 'gone' : countB > expectedB ? 'more' : 'less';
  if (kind === 'more' && countB < leastRatio * expectedB) return null;
  if (kind === 'less' && countB * leastRatio > expectedB) return null;
  const side = kind === 'gone' || kind === 'less' ? a : b;
  const example = side?.template.examples[0];
  if (side === null || example === undefined) return null;
  return {
    kind,
    text,
    level: side.template.level,
    countA,
    countB,
    expectedB,
    significance,
    example,
    series: side.series,
  };
}

const severities: readonly LogTemplate['level'][] = ['CRITICAL', 'ERROR', 'WARNING'];
const severityOf = ({level}: TemplateChange) =>
  severities.includes(level) ? severities.indexOf(level) : severities.length;
const effectOf = ({countB, expectedB}: TemplateChange) => Math.abs(Math.log((countB + 0.5) / (expectedB + 0.5)));

/** Errors first, among equals the surest, then the largest. */
function byWeight(x: TemplateChange, y: TemplateChange): number {
  const sure = (change: TemplateChange) => Math.max(change.significance, 1e-12);
  return severityOf(x) - severityOf(y) || sure(x) - sure(y) || effectOf(y) - effectOf(x) || (x.text < y.text ? -1 : 1);
}
