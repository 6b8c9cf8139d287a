import type {Analysis, Endpoint, LogLevel, LogSource, LogTemplate, Measure, Series, Spot} from './analysis.js';
import {logLevels} from './analysis.js';
import type {Ints} from './scan/grown.js';
import {formats} from './scan/header.js';
import {bucketValue, shapeKind} from './scan/segment.js';
import type {CollectedSource, Collector, Shape} from './scan/collector.js';

/** One of the shapes of a log, for whoever finds the templates. */
export interface DistinctMessage {
  readonly text: string;
  /** Where the message begins, as far as the scanner knows. */
  readonly from: number;
  /** Source and format: messages with the same number have the same kind of header. */
  readonly source: number;
  readonly count: number;
  readonly detail: string | null;
}

export interface Clustering {
  readonly templatesOf: (
    distinct: readonly DistinctMessage[],
  ) => readonly {readonly text: string; readonly members: readonly number[]}[];
  /** Values of the `<*>` of a template in one of its messages. */
  readonly variablesOf: (template: string, message: string) => readonly string[] | null;
}

/** What the runtime knows of a source besides its events. */
export type SourceFacts = Pick<LogSource, 'name' | 'service' | 'bytes' | 'encoding' | 'notes'>;

const mostSpots = 256;
const mostExamples = 20;
const mostValues = 20;

export interface Assembled {
  readonly analysis: Analysis;
  /** Index of its template for each shape of the collector; -1: it is no message. */
  readonly templateOf: Int32Array;
}

/** From what was counted to what is shown: finds templates, adds up their shapes. */
export function assemble(collector: Collector, facts: readonly SourceFacts[], clustering: Clustering): Assembled {
  collector.compact();
  const {shapes} = collector;
  const bucketMs = collector.scale * 60_000;
  const groups = groupsOf(shapes, clustering);
  const ids = new Set<string>();
  const made = groups.map(({text, members}) =>
    templateOf(
      text,
      members.map((index) => shapes[index] as Shape),
      clustering,
      ids,
    ),
  );
  const order = made.map((_, index) => index).sort((a, b) => byCount(made[a] as LogTemplate, made[b] as LogTemplate));
  const templateIndex = new Int32Array(shapes.length).fill(-1);
  for (const [place, index] of order.entries())
    for (const member of groups[index]?.members ?? []) templateIndex[member] = place;
  const events = collector.sources.reduce((sum, {events: count}) => sum + count, 0);
  const analysis: Analysis = {
    sources: facts.map((fact, index) => sourceOf(fact, collector.sources[index])),
    bytes: facts.reduce((sum, {bytes}) => sum + bytes, 0),
    lines: collector.sources.reduce((sum, {lines}) => sum + lines, 0),
    events,
    untimed: collector.sources.reduce((sum, {untimed}) => sum + untimed, 0),
    from: collector.from,
    to: collector.to,
    bucketMs,
    ...levelsOf(shapes),
    templates: order.map((index) => made[index] as LogTemplate),
    endpoints: endpointsOf(shapes),
    gaps: gapsOf(collector, events),
  };
  return {analysis, templateOf: templateIndex};
}

const byCount = (a: LogTemplate, b: LogTemplate): number => b.count - a.count || (a.text < b.text ? -1 : 1);

function groupsOf(shapes: readonly Shape[], {templatesOf}: Clustering): {text: string; members: readonly number[]}[] {
  const places: number[] = [];
  const distinct: DistinctMessage[] = [];
  const access = new Map<string, number[]>();
  for (const [index, shape] of shapes.entries()) {
    const example = shape.examples[0];
    if (example === undefined) continue;
    const {kind, header, message, detail, format} = example.of;
    if (kind === shapeKind.access) {
      const text = accessText(message);
      const there = access.get(text);
      if (there === undefined) access.set(text, [index]);
      else there.push(index);
    } else if (kind === shapeKind.message) {
      places.push(index);
      distinct.push({
        text: header + message,
        from: header.length,
        source: example.source * 64 + format,
        count: shape.count,
        detail,
      });
    }
  }
  return [
    ...templatesOf(distinct).map(({text, members}) => ({text, members: members.map((at) => places[at] as number)})),
    ...[...access].map(([text, members]) => ({text, members})),
  ];
}

/** `"<*> <*> HTTP/1.1" 503 Service Unavailable`: what it was answered, not where it went. */
function accessText(message: string): string {
  const match = /"[A-Z]+ [^"]*?(HTTP\/[\d.]+)?" (\d{3})(?: ([A-Z][A-Za-z' -]+)$)?/.exec(message);
  if (match === null) return '"<*> <*>" <*>';
  const [, protocol = 'HTTP/1.1', status = '', reason] = match;
  return `"<*> <*> ${protocol}" ${status}${reason === undefined ? '' : ` ${reason}`}`;
}

function templateOf(text: string, shapes: readonly Shape[], clustering: Clustering, ids: Set<string>): LogTemplate {
  const levels: Partial<Record<LogLevel, number>> = {};
  for (const shape of shapes) {
    const level = logLevels[(shape.examples[0]?.of.level ?? 0) - 1];
    if (level !== undefined) levels[level] = (levels[level] ?? 0) + shape.count;
  }
  const count = shapes.reduce((sum, shape) => sum + shape.count, 0);
  const examples = shapes
    .flatMap(({examples: some}) => some)
    .sort((a, b) => a.source - b.source || a.line - b.line)
    .slice(0, mostExamples);
  const firsts = shapes.map(({first}) => first).sort(inOrder);
  const lasts = shapes.map(({last}) => last).sort(inOrder);
  return {
    id: idOf(text, ids),
    text,
    level: logLevels.findLast((level) => (levels[level] ?? 0) * 10 >= count && levels[level] !== undefined) ?? null,
    count,
    levels,
    sources: [...new Set(shapes.flatMap(({sources}) => sources))].sort((a, b) => a - b),
    first: firsts[0] as Spot,
    last: lasts.at(-1) as Spot,
    series: seriesOf(shapes),
    spots: shapes
      .flatMap(({spots}) => spots)
      .sort(inOrder)
      .slice(0, mostSpots),
    examples: examples.map(({source, line, time, of}) => ({spot: {source, line, time}, text: of.text})),
    variables: variablesOf(
      text,
      examples.map(({of}) => of.message + (of.detail === null ? '' : ` ⏎ ${of.detail}`)),
      clustering,
    ),
    measures: measuresOf(shapes),
  };
}

const inOrder = (a: Spot, b: Spot): number => a.source - b.source || a.line - b.line;

function idOf(text: string, ids: Set<string>): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  for (;;) {
    const id = `t${((hash ^ (hash >>> 24)) & 0xffffff).toString(16).padStart(6, '0')}`;
    if (!ids.has(id)) {
      ids.add(id);
      return id;
    }
    hash = Math.imul(hash + 1, 0x01000193);
  }
}

/** Series of several shapes added up. */
function seriesOf(shapes: readonly Shape[]): Series {
  const sums = new BucketSums(shapes.map(({entries}) => entries));
  for (const {entries} of shapes)
    for (let i = 0; i < entries.length; i += 2) sums.add(entries.at(i), entries.at(i + 1));
  return sums.series();
}

/** Sums by bucket, without an object for each where the span allows it. */
class BucketSums {
  readonly #from: number;
  readonly #dense: Float64Array | null;
  readonly #sparse = new Map<number, number>();

  constructor(all: readonly Ints[]) {
    let from = Number.POSITIVE_INFINITY;
    let to = Number.NEGATIVE_INFINITY;
    for (const entries of all) {
      if (entries.length === 0) continue;
      from = Math.min(from, entries.at(0));
      to = Math.max(to, entries.at(entries.length - 2));
    }
    this.#from = from;
    const span = to - from + 1;
    this.#dense = span > 0 && span < 1_000_000 ? new Float64Array(span) : null;
  }

  add(bucket: number, value: number): void {
    const dense = this.#dense;
    if (dense !== null) dense[bucket - this.#from] = (dense[bucket - this.#from] as number) + value;
    else this.#sparse.set(bucket, (this.#sparse.get(bucket) ?? 0) + value);
  }

  get(bucket: number): number {
    return this.#dense === null ? (this.#sparse.get(bucket) ?? 0) : (this.#dense[bucket - this.#from] as number);
  }

  series(): Series {
    const buckets: number[] = [];
    const counts: number[] = [];
    const take = (bucket: number, value: number): void => {
      if (value === 0) return;
      buckets.push(bucket);
      counts.push(value);
    };
    if (this.#dense !== null) for (const [i, value] of this.#dense.entries()) take(this.#from + i, value);
    else for (const [bucket, value] of [...this.#sparse].sort((a, b) => a[0] - b[0])) take(bucket, value);
    return {buckets, counts};
  }
}

function variablesOf(text: string, messages: readonly string[], {variablesOf: read}: Clustering): string[][] {
  const places = text.split('<*>').length - 1;
  const values = Array.from({length: places}, () => new Set<string>());
  for (const message of messages)
    for (const [place, value] of (read(text, message) ?? []).entries())
      if ((values[place]?.size ?? mostValues) < mostValues) values[place]?.add(value);
  return values.map((set) => [...set]);
}

function measuresOf(shapes: readonly Shape[]): Measure[] {
  const found = shapes.filter(({measure}) => measure !== null);
  const first = found[0];
  if (first === undefined) return [];
  const example = first.examples[0]?.of;
  const kind =
    example !== undefined && /\b(?:rss|ram|mem|memory|heap|speicher)/i.test(example.message) ? 'memory' : 'duration';
  const summary = durationsOf(found);
  const entries = found.flatMap(({measure}) => (measure === null ? [] : [measure.entries]));
  const [counts, sums] = [new BucketSums(entries), new BucketSums(entries)];
  for (const {measure} of found)
    for (let i = 0; measure !== null && i < measure.entries.length; i += 2) {
      counts.add(measure.entries.at(i), measure.entries.at(i + 1));
      sums.add(measure.entries.at(i), measure.sums.at(i / 2));
    }
  const {buckets} = counts.series();
  const means = buckets.map((bucket) => Math.round(sums.get(bucket) / counts.get(bucket)));
  return [{kind, name: kind, ...summary, series: {buckets, counts: means}}];
}

function durationsOf(shapes: readonly Shape[]): Pick<Measure, 'count' | 'mean' | 'p50' | 'p95' | 'max'> {
  let count = 0;
  let sum = 0;
  let max = 0;
  const total: number[] = [];
  for (const {measure} of shapes) {
    if (measure === null) continue;
    for (let i = 0; i < measure.sums.length; i += 1) {
      count += measure.entries.at(i * 2 + 1);
      sum += measure.sums.at(i);
    }
    max = Math.max(max, measure.max);
    for (const [i, n] of measure.histogram.entries()) total[i] = (total[i] ?? 0) + n;
  }
  const all = total.reduce((whole, n) => whole + n, 0);
  const percentile = (share: number): number => {
    let seen = 0;
    for (const [i, n] of total.entries()) {
      seen += n;
      if (seen >= all * share) return Math.min(max, bucketValue(i));
    }
    return max;
  };
  return {
    count: Math.max(count, all),
    mean: count === 0 ? 0 : sum / count,
    p50: percentile(0.5),
    p95: percentile(0.95),
    max,
  };
}

function levelsOf(shapes: readonly Shape[]): Pick<Analysis, 'levels' | 'levelSeries'> {
  const by = new Map<LogLevel | 'none', Shape[]>();
  for (const shape of shapes) {
    const example = shape.examples[0]?.of;
    if (example === undefined || example.kind === shapeKind.endpoint) continue;
    const level = logLevels[example.level - 1] ?? 'none';
    const there = by.get(level);
    if (there === undefined) by.set(level, [shape]);
    else there.push(shape);
  }
  const names = [...logLevels, 'none'] as const;
  const countOf = (name: LogLevel | 'none') => (by.get(name) ?? []).reduce((sum, {count}) => sum + count, 0);
  return {
    levels: Object.fromEntries(names.map((name) => [name, countOf(name)])) as Analysis['levels'],
    levelSeries: Object.fromEntries(
      names.map((name) => [name, seriesOf(by.get(name) ?? [])]),
    ) as Analysis['levelSeries'],
  };
}

function endpointsOf(shapes: readonly Shape[]): Endpoint[] {
  const groups = new Map<string, {method: string; path: string; shapes: Shape[]}>();
  for (const shape of shapes) {
    const example = shape.examples[0]?.of;
    if (example?.kind !== shapeKind.endpoint) continue;
    const path = example.message.replace(/[^/?&=]*\d[^/?&=]*/g, '<*>');
    const key = `${example.header} ${path}`;
    const group = groups.get(key) ?? {method: example.header, path, shapes: []};
    group.shapes.push(shape);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({method, path, shapes: parts}) => {
      const statusOf = (shape: Shape) => shape.examples[0]?.of.detail ?? '';
      const failed = parts.filter((shape) => statusOf(shape) >= '500');
      const statuses: Record<string, number> = {};
      for (const shape of parts) statuses[statusOf(shape)] = (statuses[statusOf(shape)] ?? 0) + shape.count;
      const count = (of: readonly Shape[]) => of.reduce((sum, shape) => sum + shape.count, 0);
      return {
        method,
        path,
        count: count(parts),
        statuses,
        failed: count(failed),
        duration: parts.some(({measure}) => measure !== null) ? durationsOf(parts) : null,
        series: seriesOf(parts),
        failedSeries: seriesOf(failed),
      };
    })
    .sort((a, b) => b.count - a.count || (a.method + a.path < b.method + b.path ? -1 : 1));
}

/** Silence stands out that is ten times the usual pause, and a minute at least. */
function gapsOf(collector: Collector, events: number): Analysis['gaps'] {
  if (collector.from === null || collector.to === null || events < 2) return [];
  const usual = (collector.to - collector.from) / events;
  return collector
    .longestGaps()
    .filter(({ms}) => ms >= Math.max(60_000, usual * 10))
    .slice(0, 12)
    .sort((a, b) => (a.after.time ?? 0) - (b.after.time ?? 0));
}

function sourceOf(fact: SourceFacts, collected: CollectedSource | undefined): LogSource {
  const counts: Record<string, number> = {};
  for (const [code, count] of (collected?.formats ?? []).entries())
    if (count > 0) counts[formats[code] ?? 'plain'] = count;
  return {
    ...fact,
    encoding: fact.encoding === 'utf-8' && collected?.invalidUtf8 === true ? 'cp1252' : fact.encoding,
    lines: collected?.lines ?? 0,
    events: collected?.events ?? 0,
    formats: counts,
  };
}
