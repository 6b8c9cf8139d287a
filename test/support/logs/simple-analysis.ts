import type {
  Analysis,
  LogLevel,
  LogSource,
  LogTemplate,
  Measure,
  Series,
  Spot,
} from '../../../src/lib/core/logs/analysis.js';

/**
 * An `Analysis` by the plainest means, for tests of what is made of one: whole strings, a few regular expressions, every
 * word with a digit in it is a variable. The scanner of the program has to agree with it in what matters, not in detail.
 */
export function simpleAnalysis(...files: readonly {name: string; text: string; service?: string}[]): Analysis {
  const sources: LogSource[] = [];
  const found = new Map<string, Group>();
  const levels = {none: 0, DEBUG: 0, INFO: 0, WARNING: 0, ERROR: 0, CRITICAL: 0};
  const levelCounts = {
    none: new Counts(),
    DEBUG: new Counts(),
    INFO: new Counts(),
    WARNING: new Counts(),
    ERROR: new Counts(),
    CRITICAL: new Counts(),
  };
  const requests = new Map<
    string,
    {count: Counts; failed: Counts; statuses: Record<string, number>; failedSum: number}
  >();
  let untimed = 0;
  let from: number | null = null;
  let to: number | null = null;
  files.forEach(({name, text, service}, source) => {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    let events = 0;
    let last: number | null = null;
    for (let i = 0; i < lines.length; ) {
      let end = i + 1;
      while (end < lines.length && isContinuation(lines[end] ?? '')) end += 1;
      const event = parse(lines.slice(i, end));
      if (event.time === null) untimed += 1;
      else {
        last = event.time;
        from = from === null ? event.time : Math.min(from, event.time);
        to = to === null ? event.time : Math.max(to, event.time);
      }
      events += 1;
      levels[event.level ?? 'none'] += 1;
      if (last !== null) levelCounts[event.level ?? 'none'].add(last);
      groupOf(found, event.template).add(event, {source, line: i + 1, time: last});
      addRequest(requests, event.text, last);
      i = end;
    }
    const formats = {simple: events};
    sources.push({
      name,
      service: service ?? null,
      bytes: text.length,
      lines: lines.length,
      events,
      formats,
      encoding: 'utf-8',
      notes: [],
    });
  });
  const templates = [...found.entries()].map(([text, group]) => group.template(text)).sort((a, b) => b.count - a.count);
  const sum = (key: 'bytes' | 'lines' | 'events') => sources.reduce((total, source) => total + source[key], 0);
  return {
    sources,
    bytes: sum('bytes'),
    lines: sum('lines'),
    events: sum('events'),
    untimed,
    from,
    to,
    bucketMs: 60_000,
    levels,
    levelSeries: Object.fromEntries(
      Object.entries(levelCounts).map(([level, counts]) => [level, counts.series()]),
    ) as Analysis['levelSeries'],
    templates,
    endpoints: [...requests].map(([key, {count, failed, statuses, failedSum}]) => {
      const [method = '', path = ''] = key.split(' ');
      const total = Object.values(statuses).reduce((a, b) => a + b, 0);
      return {
        method,
        path,
        count: total,
        statuses,
        failed: failedSum,
        duration: null,
        series: count.series(),
        failedSeries: failed.series(),
      };
    }),
    gaps: gapsOf(found),
  };
}

class Counts {
  readonly #counts = new Map<number, number>();
  add(time: number, n = 1): void {
    const bucket = Math.floor(time / 60_000);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + n);
  }
  get(bucket: number): number {
    return this.#counts.get(bucket) ?? 0;
  }
  series(): Series {
    const buckets = [...this.#counts.keys()].sort((a, b) => a - b);
    return {buckets, counts: buckets.map((bucket) => this.get(bucket))};
  }
}

interface Event {
  readonly time: number | null;
  readonly level: LogLevel | null;
  readonly text: string;
  readonly template: string;
  readonly values: readonly string[];
}

interface Measured {
  readonly kind: 'memory' | 'duration';
  readonly values: number[];
  readonly sums: Map<number, {sum: number; n: number}>;
}

class Group {
  readonly #levels: Partial<Record<LogLevel, number>> = {};
  readonly #sources = new Set<number>();
  readonly #counts = new Counts();
  readonly #spots: Spot[] = [];
  readonly #examples: {spot: Spot; text: string}[] = [];
  readonly #variables: string[][] = [];
  readonly #measures = new Map<string, Measured>();
  #count = 0;
  #first: Spot | null = null;
  #last: Spot = {source: 0, line: 0, time: null};

  add(event: Event, spot: Spot): void {
    this.#count += 1;
    this.#first ??= spot;
    this.#last = spot;
    this.#sources.add(spot.source);
    if (event.level !== null) this.#levels[event.level] = (this.#levels[event.level] ?? 0) + 1;
    if (spot.time !== null) this.#counts.add(spot.time);
    if (this.#spots.length < 256) this.#spots.push(spot);
    if (this.#examples.length < 20) {
      this.#examples.push({spot, text: event.text});
      event.values.forEach((value, i) => {
        this.#variables[i] ??= [];
        if (!this.#variables[i].includes(value)) this.#variables[i].push(value);
      });
    }
    for (const {name, kind, value} of measured(event.text)) this.#measure(name, kind, value, spot.time);
  }

  template(text: string): LogTemplate {
    const level = (['CRITICAL', 'ERROR', 'WARNING', 'INFO', 'DEBUG'] as const).find(
      (l) => (this.#levels[l] ?? 0) >= this.#count / 10,
    );
    return {
      id: `t${hash(text)}`,
      text,
      level: level ?? null,
      count: this.#count,
      levels: this.#levels,
      sources: [...this.#sources],
      first: this.#first ?? this.#last,
      last: this.#last,
      series: this.#counts.series(),
      spots: this.#spots,
      examples: this.#examples,
      variables: this.#variables,
      measures: this.#measureList(),
    };
  }

  #measure(name: string, kind: 'memory' | 'duration', value: number, time: number | null): void {
    const measure: Measured = this.#measures.get(name) ?? {kind, values: [], sums: new Map()};
    this.#measures.set(name, measure);
    measure.values.push(value);
    if (time === null) return;
    const bucket = Math.floor(time / 60_000);
    const at = measure.sums.get(bucket) ?? {sum: 0, n: 0};
    measure.sums.set(bucket, {sum: at.sum + value, n: at.n + 1});
  }

  #measureList(): Measure[] {
    return [...this.#measures].map(([name, {kind, values, sums}]) => {
      const sorted = values.toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
      const buckets = [...sums.keys()].sort((a, b) => a - b);
      const counts = buckets.map((bucket) => Math.round((sums.get(bucket)?.sum ?? 0) / (sums.get(bucket)?.n ?? 1)));
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      return {
        kind,
        name,
        count: values.length,
        mean,
        p50: at(0.5),
        p95: at(0.95),
        max: at(1),
        series: {buckets, counts},
      };
    });
  }
}

function groupOf(found: Map<string, Group>, text: string): Group {
  const group = found.get(text) ?? new Group();
  found.set(text, group);
  return group;
}

const isContinuation = (line: string): boolean =>
  /^\s|^$|^Traceback |^Caused by|^[\w.]+(?:Error|Exception|Denied)(?::|$)/.test(line);
const timed = /^\[?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{3}))?Z?\]?\s*/;

function parse(lines: readonly string[]): Event {
  const whole = lines.join('\n');
  const line = lines[0] ?? '';
  if (line.startsWith('{')) return parseJson(line, whole);
  const logfmt = /^time=(\S+) level=(\w+) msg="([^"]*)"(.*)$/.exec(line);
  if (logfmt !== null) return event(Date.parse(logfmt[1] ?? ''), logfmt[2], `${logfmt[3]}${logfmt[4]}`, whole);
  const head = timed.exec(line);
  const time = head === null ? null : Date.parse(`${head[1]}T${head[2]}.${head[3] ?? '000'}Z`);
  const rest = head === null ? line : line.slice(head[0].length);
  const level = /\b(DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL)\b:?/.exec(rest.slice(0, 60));
  const text = level === null ? rest : rest.slice(level.index + level[0].length);
  const end = lines.length > 1 ? ` ⏎ ${lines.at(-1)?.trim() ?? ''}` : '';
  return event(time, level?.[1], `${text.replace(/^[\]\s]*(?:\[[\w.]+\]|- )?\s*/, '')}${end}`, whole);
}

function parseJson(line: string, whole: string): Event {
  const json = JSON.parse(line) as {timestamp: string; level: string; message: string};
  return event(Date.parse(json.timestamp), json.level, json.message, whole);
}

function event(time: number | null, level: string | undefined, message: string, text: string): Event {
  const values: string[] = [];
  const template = message
    .replace(
      /"(?:Your [^"]*)"|\S+@\S+|\b(?:invoice|order|delivery|quote|credit_note|purchase_order|payment)\b/g,
      (value) => {
        values.push(value);
        return '<*>';
      },
    )
    .replace(/[^\s"(),:=[\]<>']*\d[^\s"(),:=[\]<>']*/g, (value) => {
      if (/^[45]\d\d$/.test(value)) return value;
      values.push(value);
      return '<*>';
    });
  const name = level?.toUpperCase() ?? null;
  return {time, level: name === 'WARN' ? 'WARNING' : (name as LogLevel | null), text, template, values};
}

function* measured(text: string): Generator<{name: string; kind: 'memory' | 'duration'; value: number}> {
  const duration = /"duration_ms":(\d+)/.exec(text) ?? /\bdur=(\d+)ms/.exec(text);
  if (duration !== null)
    yield {name: text.includes('duration_ms') ? 'duration_ms' : 'dur', kind: 'duration', value: Number(duration[1])};
  const memory = /\b(rss|RAM)[ =](\d+(?:\.\d+)?) ?MB/.exec(text);
  if (memory !== null) yield {name: memory[1] ?? '', kind: 'memory', value: Number(memory[2]) * 1048576};
}

function addRequest(
  requests: Map<string, {count: Counts; failed: Counts; statuses: Record<string, number>; failedSum: number}>,
  text: string,
  time: number | null,
): void {
  const found = /"(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP\/1\.1" (\d{3})/.exec(text);
  if (found === null || time === null) return;
  const key = `${found[1]} ${(found[2] ?? '').replace(/[^/?&=]*\d[^/?&=]*/g, '<*>')}`;
  const request = requests.get(key) ?? {count: new Counts(), failed: new Counts(), statuses: {}, failedSum: 0};
  requests.set(key, request);
  request.count.add(time);
  const status = found[3] ?? '';
  request.statuses[status] = (request.statuses[status] ?? 0) + 1;
  if (Number(status) < 500) return;
  request.failed.add(time);
  request.failedSum += 1;
}

function gapsOf(found: Map<string, Group>): Analysis['gaps'] {
  const spots = [...found.values()].flatMap((group) => group.template('').spots).filter((spot) => spot.time !== null);
  spots.sort((a, b) => (a.time ?? 0) - (b.time ?? 0));
  const gaps: {after: Spot; before: Spot; ms: number}[] = [];
  for (let i = 1; i < spots.length; i += 1) {
    const [after, before] = [spots[i - 1], spots[i]];
    if (after === undefined || before === undefined) continue;
    const ms = (before.time ?? 0) - (after.time ?? 0);
    if (ms > 120_000 && spots.length < 5000) gaps.push({after, before, ms});
  }
  return gaps;
}

function hash(text: string): string {
  let h = 5381;
  for (const char of text) h = (Math.imul(h, 33) ^ (char.codePointAt(0) ?? 0)) >>> 0;
  return (h & 0xffffff).toString(16).padStart(6, '0');
}
