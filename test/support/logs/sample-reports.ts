import type {Analysis, LogLevel, LogTemplate, Series, Spot} from '../../../src/lib/core/logs/analysis.js';
import type {Incident, LogReport} from '../../../src/lib/core/logs/report.js';

/** Local, so that screens show the same in every zone. */
export const at = (hour: number, minute: number, second = 0): number =>
  new Date(2026, 4, 22, hour, minute, second).getTime();
const bucketMs = 60_000;
const none: Series = {buckets: [], counts: []};

export function series(from: number, counts: readonly number[]): Series {
  const first = Math.floor(from / bucketMs);
  const filled = counts.flatMap((count, index) => (count > 0 ? [{bucket: first + index, count}] : []));
  return {buckets: filled.map(({bucket}) => bucket), counts: filled.map(({count}) => count)};
}

export const spot = (line: number, time: number | null = null, source = 0): Spot => ({source, line, time});

export function template(id: string, text: string, count: number, more: Partial<LogTemplate> = {}): LogTemplate {
  return {
    id,
    text,
    level: null,
    count,
    levels: {},
    sources: [0],
    first: spot(1, at(9, 5)),
    last: spot(200, at(9, 41)),
    series: none,
    spots: [],
    examples: [],
    variables: [],
    measures: [],
    ...more,
  };
}

export function analysis(more: Partial<Analysis> = {}): Analysis {
  return {
    sources: [source('watchdog.log', {lines: 201, events: 195})],
    bytes: 20_000,
    lines: 201,
    events: 195,
    untimed: 0,
    from: null,
    to: null,
    bucketMs,
    levels: {none: 0, DEBUG: 0, INFO: 0, WARNING: 0, ERROR: 0, CRITICAL: 0},
    levelSeries: {none, DEBUG: none, INFO: none, WARNING: none, ERROR: none, CRITICAL: none},
    templates: [],
    endpoints: [],
    gaps: [],
    ...more,
  };
}

export function source(name: string, more: Partial<Analysis['sources'][number]> = {}): Analysis['sources'][number] {
  return {
    name,
    service: null,
    bytes: 20_000,
    lines: 1,
    events: 1,
    formats: {bracketed: 1},
    encoding: 'utf-8',
    notes: [],
    ...more,
  };
}

export function report(of: Analysis, more: Partial<LogReport> = {}): LogReport {
  return {
    analysis: of,
    incidents: [],
    appeared: [],
    vanished: [],
    bursts: [],
    reliability: [],
    next: [],
    runs: 0,
    ...more,
  };
}

export function incident(title: string, more: Partial<Incident> = {}): Incident {
  return {
    kind: 'errors',
    title,
    from: at(9, 5, 36),
    to: at(9, 25, 36),
    isOver: true,
    first: {spot: spot(12, at(9, 5, 36)), text: 'it begins'},
    end: null,
    templates: [],
    evidence: [],
    diagnosis: null,
    recovery: null,
    next: null,
    ...more,
  };
}

const health = 'Health-Check fehlgeschlagen: Die Verbindung mit dem Remoteserver kann nicht hergestellt werden.';
const start = 'start it by hand and see where it listens: erp ports --all';

/** What data like watchdog_20250522.log of the original project amounts to: three runs, none of them ever healthy. */
export function watchdog(): LogReport {
  const counts = [...Array<number>(6).fill(4), ...Array<number>(17).fill(0), 4, 6, 4, 4, 4, 6, 0, 0, 4, 4, 4, 4, 6, 2];
  const of = analysis({
    from: at(9, 5, 30),
    to: at(9, 41, 59),
    levels: {none: 0, DEBUG: 39, INFO: 39, WARNING: 57, ERROR: 60, CRITICAL: 0},
    levelSeries: {...analysis().levelSeries, ERROR: series(at(9, 5), counts)},
    templates: [
      template('t2c3d0f', health, 39, {level: 'ERROR'}),
      template('ta0149f', 'Prozessüberwachung (PID: <*>): CPU=<*>, RAM=<*>, Threads=<*>', 39, {level: 'DEBUG'}),
      template('tcbb08d', 'Backend reagiert nicht. Neustart in <*> Sekunden', 21, {level: 'WARNING'}),
    ],
    gaps: [{after: spot(71, at(9, 10, 40)), before: spot(72, at(9, 28, 22)), ms: 1_062_000}],
  });
  const spell = (from: number, to: number, line: number) => ({from, to, end: spot(line, to)});
  return report(of, {
    runs: 3,
    incidents: [
      incident('never healthy: 18 starts, 15 restarts wasted, nothing ever listened', {
        kind: 'never-healthy',
        to: at(9, 41, 59),
        isOver: false,
        first: {spot: spot(12, at(9, 5, 36)), text: health},
        end: {spot: spot(71, at(9, 10, 40)), text: 'Maximale Anzahl von Neustarts (5) erreicht. Beende Watchdog.'},
        diagnosis: {
          cause: 'hang',
          confidence: 0.5,
          subject: {},
          evidence: [{line: 12, text: health}],
          remedy: start,
          explanation: 'It hangs, or it listens elsewhere: the process lived (85 MB, 14 to 24 threads).',
          isPermanent: false,
          mendedBy: null,
        },
        next: start,
        spells: [
          spell(at(9, 5, 30), at(9, 10, 40), 71),
          spell(at(9, 28, 22), at(9, 33, 32), 136),
          spell(at(9, 36, 48), at(9, 41, 59), 201),
        ],
      }),
    ],
    reliability: [
      {name: 'backend', starts: 18, exits: 18, restarts: 15, availability: 0, mtbfMs: 121_000, mttrMs: null},
    ],
    next: [start],
  });
}

/** An ERP with two logs, an outage of its database and an access log. */
export function shop(): LogReport {
  const levels: Readonly<Record<LogLevel | 'none', number>> = {
    none: 12,
    DEBUG: 0,
    INFO: 113_268,
    WARNING: 7665,
    ERROR: 3595,
    CRITICAL: 2,
  };
  const refused = 'connect ECONNREFUSED 127.0.0.1:5432';
  const pool = template('t0b1c2d', 'connection pool exhausted: <*> of <*> in use', 58, {
    level: 'ERROR',
    first: spot(40, at(8, 30), 1),
    last: spot(99, at(8, 50), 1),
    series: series(at(8, 30), [3, 8, 20, 27]),
    sources: [1],
    examples: [{spot: spot(40, at(8, 30), 1), text: 'connection pool exhausted: 20 of 20 in use'}],
    variables: [['20', '19'], ['20']],
    measures: [
      {kind: 'duration', name: 'took', count: 58, mean: 400, p50: 300, p95: 2500, max: 61_000, series: none},
      {kind: 'memory', name: 'rss', count: 9, mean: 1e8, p50: 1e8, p95: 2e8, max: 2.1e8, series: none},
    ],
  });
  const of = analysis({
    sources: [source('logs/access.log'), source('logs/backend.log', {notes: ['a line of more than 16 MB is cut']})],
    lines: 158_151,
    events: 130_689,
    bytes: 20_000_000,
    from: at(8, 0),
    to: at(10, 0),
    levels,
    levelSeries: {
      ...analysis().levelSeries,
      INFO: series(at(8, 0), Array<number>(120).fill(900)),
      ERROR: series(at(8, 30), [10, 200, 10]),
      CRITICAL: series(at(8, 31), [2]),
    },
    templates: [template('t51975a', '"<*> <*> HTTP/1.1" 200 OK', 51_975, {level: 'INFO'}), pool],
    endpoints: [
      {
        method: 'GET',
        path: '/api/orders/<*>',
        count: 2817,
        statuses: {'200': 2792, '503': 25},
        failed: 25,
        duration: {mean: 50, p50: 38, p95: 212, max: 9000},
        series: series(at(8, 0), Array<number>(120).fill(23)),
        failedSeries: none,
      },
      {
        method: 'POST',
        path: '/api/report',
        count: 12,
        statuses: {'200': 12},
        failed: 0,
        duration: {mean: 9000, p50: 8000, p95: 15_000, max: 20_000},
        series: none,
        failedSeries: none,
      },
    ],
  });
  return report(of, {
    incidents: [
      incident('postgres refused connections', {
        kind: 'dependency-outage',
        from: at(8, 30),
        to: at(8, 50),
        first: {spot: spot(38, at(8, 30), 1), text: refused},
        templates: [{id: pool.id, text: pool.text, count: 58, usual: 0}],
        evidence: [
          {spot: spot(38, at(8, 30), 1), text: refused},
          {spot: spot(40, at(8, 30), 1), text: 'connection pool exhausted: 20 of 20 in use'},
          {spot: spot(41, at(8, 31), 1), text: 'connection pool exhausted: 19 of 20 in use'},
        ],
        recovery: 'no more of it after 20m',
        next: 'see whether postgres runs and listens: erp ports --all',
      }),
    ],
    appeared: [{template: template('tnew123', 'migrated to schema <*>', 3), at: at(9, 30)}],
    vanished: [{template: template('tgone12', 'cache warmed in <*> ms', 40), at: at(9, 0)}],
    bursts: [{template: 't51975a', from: at(9, 0), to: at(9, 2), count: 9000, usual: 800}],
    reliability: [
      {name: 'worker', starts: 4, exits: 3, restarts: 3, availability: 0.991, mtbfMs: 5_100_000, mttrMs: 148_000},
    ],
    next: ['see whether postgres runs and listens: erp ports --all'],
    runs: 1,
  });
}

export const healthy = (): LogReport =>
  report(
    analysis({
      from: at(9, 0),
      to: at(9, 0, 4),
      lines: 4,
      events: 4,
      levels: {none: 0, DEBUG: 0, INFO: 4, WARNING: 0, ERROR: 0, CRITICAL: 0},
      templates: [template('t9d4431', 'ready', 4, {level: 'INFO'})],
    }),
  );

export const empty = (): LogReport => report(analysis({lines: 0, events: 0, bytes: 0}));

/** What an attacker, a binary file or a careless program may have written. */
export const hostileText =
  '</script><script>alert(1)</script> "\'<img src=x onerror=alert(2)> \u202egnp.exe\u202c \u0000\u001b[2J\u001b]0;t\u0007 ' +
  '| `x` ``y`` @everyone [l](javascript:alert(3)) password=hunter2 漢字漢字漢字漢字 👩‍👩‍👧 \u2028end';

export function hostile(): LogReport {
  const texts = {spot: spot(1, at(9, 0)), text: hostileText};
  const one = template('tffffff', hostileText, 1e12, {
    level: 'CRITICAL',
    series: series(at(8, 0), [1e12]),
    examples: [texts],
    variables: [[hostileText]],
  });
  const of = analysis({
    sources: [
      source(`${hostileText.replace('password', 'word')}/${'long/'.repeat(40)}a.log`, {notes: [hostileText]}),
      source('b.log'),
    ],
    lines: 1e12,
    events: 1e12,
    from: at(8, 0),
    to: at(8, 0) + 40 * 365 * 86_400_000,
    bucketMs: 3_600_000,
    levels: {none: 0, DEBUG: 0, INFO: 0, WARNING: 0, ERROR: 0, CRITICAL: 1e12},
    levelSeries: {...analysis().levelSeries, CRITICAL: {buckets: [Math.floor(at(8, 0) / 3_600_000)], counts: [1e12]}},
    templates: Array.from({length: 3000}, (_, i) => ({...one, id: `t${String(i).padStart(6, '0')}`})),
    endpoints: Array.from({length: 500}, () => ({
      method: 'GET',
      path: `/${hostileText}`,
      count: 1e9,
      statuses: {'500': 1e9},
      failed: 1e9,
      duration: {mean: 1e9, p50: 1e9, p95: 1e9, max: 1e9},
      series: none,
      failedSeries: none,
    })),
    gaps: Array.from({length: 50}, () => ({after: spot(0, at(9, 0)), before: spot(0, at(9, 1)), ms: 60_000})),
  });
  const bad = incident(hostileText, {
    first: texts,
    end: texts,
    evidence: Array.from({length: 30}, () => texts),
    templates: [{id: one.id, text: hostileText, count: 1e9, usual: 1}],
    diagnosis: {
      cause: 'unhandled-exception',
      confidence: 0.95,
      subject: {what: hostileText},
      evidence: [{line: 1, text: hostileText}],
      remedy: hostileText,
      explanation: hostileText,
      isPermanent: true,
      mendedBy: null,
    },
    recovery: hostileText,
    next: hostileText,
  });
  return report(of, {
    incidents: Array.from({length: 200}, () => bad),
    appeared: [{template: one, at: at(9, 0)}],
    vanished: [{template: one, at: at(9, 0)}],
    bursts: [{template: hostileText, from: at(9, 0), to: at(9, 1), count: 1e9, usual: 0.1}],
    reliability: [
      {name: hostileText, starts: 1e9, exits: 1e9, restarts: 1e9, availability: 1, mtbfMs: 1e15, mttrMs: 1},
    ],
    next: [hostileText],
    runs: 1e6,
  });
}
