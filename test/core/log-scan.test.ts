import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import {assemble} from '../../src/lib/core/logs/assemble.js';
import {Collector} from '../../src/lib/core/logs/scan/collector.js';
import {lastCut} from '../../src/lib/core/logs/scan/cutting.js';
import {formats} from '../../src/lib/core/logs/scan/header.js';
import {Scanner, type ScanOptions} from '../../src/lib/core/logs/scan/scanner.js';
import type {ShapeExample} from '../../src/lib/core/logs/scan/segment.js';
import {TimeReader} from '../../src/lib/core/logs/scan/time-reader.js';
import {templatesOf, variablesOf} from '../../src/lib/core/logs/templates/templates.js';

const reference = Date.UTC(2026, 10, 23, 12);
const options: ScanOptions = {reference, since: null, until: null, level: 0, greps: [], labels: true};

const scan = (text: string | Buffer, some: Partial<ScanOptions> = {}) =>
  new Scanner({...options, ...some}).scan(Buffer.isBuffer(text) ? text : Buffer.from(text));
const examples = (text: string | Buffer): readonly ShapeExample[] => scan(text).examples.filter(({kind}) => kind !== 2);
const only = (line: string): ShapeExample => {
  const [first, ...rest] = examples(line);
  if (first === undefined || rest.length > 0) throw new Error(`not one event: ${rest.length + 1}`);
  return first;
};
const local = (...parts: [number, number, number, number, number, number, number?]) =>
  new Date(parts[0], parts[1] - 1, ...(parts.slice(2) as [number])).getTime();

describe('times', () => {
  it.each([
    ['2026-11-22 15:30:56', local(2026, 11, 22, 15, 30, 56)],
    ['2026-11-22 15:30:56,123', local(2026, 11, 22, 15, 30, 56, 123)],
    ['2026-11-22T15:30:56.123456Z', Date.UTC(2026, 10, 22, 15, 30, 56, 123)],
    ['2026-11-22T15:30:56+01:00', Date.UTC(2026, 10, 22, 14, 30, 56)],
    ['2026-11-22 15:30:56 -0530', null],
    ['2026-11-22 15:30:56.5 UTC', Date.UTC(2026, 10, 22, 15, 30, 56, 500)],
    ['2026-11-22 15:30:56 CET', Date.UTC(2026, 10, 22, 14, 30, 56)],
    ['2026/11/22 15:30:56', local(2026, 11, 22, 15, 30, 56)],
    ['22.11.2026 15:30:56', local(2026, 11, 22, 15, 30, 56)],
    ['22.11.26 15:30', local(2026, 11, 22, 15, 30, 0)],
    ['22/Nov/2026:15:30:56 +0000', Date.UTC(2026, 10, 22, 15, 30, 56)],
    ['22 Nov 2026 15:30:56.123', local(2026, 11, 22, 15, 30, 56, 123)],
    ['22-Nov-2026 15:30:56', local(2026, 11, 22, 15, 30, 56)],
    ['Nov 22 15:30:56', local(2026, 11, 22, 15, 30, 56)],
    ['Dec  4 15:30:56', local(2025, 12, 4, 15, 30, 56)],
    ['Sun Dec 04 04:47:44 2005', local(2005, 12, 4, 4, 47, 44)],
    ['Sun Dec 04 04:47:44.123456 2005', local(2005, 12, 4, 4, 47, 44, 123)],
    ['Sun, 22 Nov 2026 15:30:56 GMT', Date.UTC(2026, 10, 22, 15, 30, 56)],
    ['1779000000', 1_779_000_000_000],
    ['1779000000.25', 1_779_000_000_250],
    ['1779000000123', 1_779_000_000_123],
    ['081109 203615', local(2008, 11, 9, 20, 36, 15)],
    ['20171223-22:15:29:606', local(2017, 12, 23, 22, 15, 29, 606)],
    ['20250522T090530Z', Date.UTC(2025, 4, 22, 9, 5, 30)],
    ['17/06/09 20:10:40', local(2017, 6, 9, 20, 10, 40)],
    ['5/22/2025 9:05:30 PM', local(2025, 5, 22, 21, 5, 30)],
    ['03-17 16:13:38.811', local(2026, 3, 17, 16, 13, 38, 811)],
    ['10.30 16:49:06', local(2026, 10, 30, 16, 49, 6)],
  ])('%s', (text, expected) => {
    const reader = new TimeReader(reference);
    const bytes = Buffer.from(`${text} message behind it`);
    expect(reader.read(bytes, 0, bytes.length)).toBe(true);
    if (expected !== null) {
      expect(new Date(reader.time).toISOString()).toBe(new Date(expected).toISOString());
      expect(reader.end).toBe(text.length);
    }
  });

  it.each([
    '12 apples',
    '2026-99-22 15:30:56',
    '2026-11-22',
    '99:99:99',
    '12345678901234567890 x',
    '192.168.1.1 GET',
    '1.2.3 released',
    'May be',
  ])('%s is none', (text) => {
    const bytes = Buffer.from(`${text} and some more words behind it`);
    expect(new TimeReader(reference).read(bytes, 0, bytes.length)).toBe(false);
  });
});

describe('headers', () => {
  it.each([
    ['[2025-05-22 09:05:30] [WARNING] Backend reagiert nicht.', 3, 'bracketed', 'Backend reagiert nicht.'],
    ['2025-05-22 22:10:40,004 - observer - INFO - Konfiguration geladen', 2, 'python', 'Konfiguration geladen'],
    ['2026-11-22 15:40:25,687 ERROR    [uvicorn.error] boom', 4, 'timestamped', 'boom'],
    ['INFO:     Started server process [6458]', 2, 'levelled', 'Started server process [6458]'],
    ['2026/11/22 15:38:52 [error] 5843#5843: *70 open() failed', 4, 'nginx-error', '5843#5843: *70 open() failed'],
    ['[Sun Dec 04 04:47:44 2005] [error] mod_jk child died', 4, 'apache-error', 'mod_jk child died'],
    ['I0522 09:41:07.123456    1234 controller.go:12] Synced', 2, 'klog', 'Synced'],
    ['1234:M 22 Nov 2026 15:30:56.123 # Server initialized', 3, 'redis', 'Server initialized'],
    ['2026-11-22 15:30:56.123 UTC [77] FATAL:  role "x" does not exist', 5, 'postgresql', 'role "x" does not exist'],
    ['[2026-11-22 15:30:56,123: ERROR/MainProcess] Task failed', 4, 'celery', 'Task failed'],
    ['[2026-11-22 15:30:56 +0000] [1234] [INFO] Booting worker', 2, 'gunicorn', 'Booting worker'],
    ['Jun 14 15:16:01 combo sshd(pam_unix)[19939]: authentication failure', 0, 'syslog', 'authentication failure'],
    ['<34>Oct 11 22:14:15 mymachine su: failed for lonvick', 5, 'syslog', 'failed for lonvick'],
    ['<165>1 2003-10-11T22:14:15.003Z host app 123 ID47 [a@1 b="\\]"] An event', 2, 'syslog-5424', 'An event'],
    ['time=2026-11-22T15:30:56Z level=warn msg="lock timeout" dur=12ms', 3, 'logfmt', 'lock timeout'],
    ['{"timestamp":"2026-11-22T15:30:56Z","level":"error","message":"say \\"no\\""}', 4, 'json', 'say "no"'],
    ['{"level":50,"time":1779000000123,"pid":7,"msg":"pino"}', 4, 'json', 'pino'],
    ['{"t":{"$date":"2026-11-22T15:30:56.123Z"},"s":"W","c":"NETWORK","msg":"Slow"}', 3, 'json', 'Slow'],
    ['03-17 16:13:38.811  1702  2395 D WindowManager: printing', 1, 'timestamped', 'WindowManager: printing'],
    ['\u001b[32mINFO\u001b[0m:     Waiting', 2, 'levelled', 'Waiting'],
    ['2026-11-22T15:30:56Z \u001b[33mwarn\u001b[39m: careful', 3, 'timestamped', 'careful'],
    ['api_1  | 2026-11-22 15:30:56 ERROR boom', 4, 'timestamped', 'boom'],
    ['[WARN] low', 3, 'levelled', 'low'],
  ])('%s', (line, level, format, message) => {
    const example = only(line);
    expect({level: example.level, format: formats[example.format], message: example.message}).toEqual({
      level,
      format,
      message,
    });
  });

  it('takes an access line for what it answers', () => {
    const result = scan(
      '127.0.0.1 - - [22/Nov/2026:15:30:56 +0000] "GET /api/items/7?page=2 HTTP/1.1" 404 150 "-" "curl" 0.250\n',
    );
    expect(result.events).toBe(1);
    const endpoint = result.examples.find(({kind}) => kind === 2);
    expect([endpoint?.header, endpoint?.message, endpoint?.detail]).toEqual(['GET', '/api/items/7', '404']);
    expect([...result.maxima].at(1)).toBe(250);
  });
});

describe('events of several lines', () => {
  it.each([
    [
      'Python',
      '2026-11-22 15:30:56 ERROR boom\nTraceback (most recent call last):\n  File "a.py", line 1, in f\n    x\nKeyError: \'tax\'\n',
      1,
      "KeyError: 'tax'",
    ],
    [
      'Python, chained',
      'ERROR: boom\nTraceback (most recent call last):\n  File "a.py"\nKeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "b.py"\nValueError: 2\n',
      1,
      'ValueError: 2',
    ],
    [
      'Java',
      '2026-11-22 15:30:56 ERROR boom\njava.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\nCaused by: java.net.ConnectException: refused\n\t... 12 more\n',
      1,
      'Caused by: java.net.ConnectException: refused',
    ],
    ['Node', "TypeError: Cannot read properties\n    at f (/a.js:1:2)\n    at g {\n  code: 'X'\n}\n", 1, null],
    ['Go', 'panic: runtime error\n\ngoroutine 1 [running]:\nmain.main()\n\t/a.go:3\n', 1, null],
  ])('%s', (_, text, events, detail) => {
    const result = scan(text);
    expect(result.events).toBe(events);
    expect(result.examples[0]?.detail).toBe(detail);
    expect(result.examples[0]?.level).toBeGreaterThanOrEqual(4);
  });

  it('an error behind a cheerful line of another service is an event of its own', () => {
    expect(
      scan('2026-11-22 15:30:56 INFO fine\nTraceback (most recent call last):\n  File "a"\nKeyError: 1\n').events,
    ).toBe(2);
  });
});

it('reads UTF-8, cp1252, NULs, carriage returns, a last line without its end', () => {
  const [first, second, third] = examples(
    Buffer.concat([
      Buffer.from('2026-11-22 15:30:56 INFO Überwachung\r\n'),
      Buffer.from('2026-11-22 15:30:57 INFO \xdcberwachung an\r\n', 'latin1'),
      Buffer.from('\0\0\0\n2026-11-22 15:30:58 INFO Ende'),
    ]),
  );
  expect([first?.message, second?.message, third?.message]).toEqual(['Überwachung', 'Überwachung an', 'Ende']);
});

it('filters by time, level and text', () => {
  const text = '2026-11-22T10:00:00Z INFO a\n2026-11-22T11:00:00Z ERROR b\n2026-11-22T12:00:00Z ERROR c\n';
  expect(scan(text, {since: Date.UTC(2026, 10, 22, 11)}).events).toBe(2);
  expect(scan(text, {until: Date.UTC(2026, 10, 22, 11)}).events).toBe(2);
  expect(scan(text, {level: 4}).events).toBe(2);
  expect(scan(text, {greps: [/c$/]}).events).toBe(1);
});

const line = fc.oneof(
  fc.constantFrom(
    '2026-11-22T10:00:00Z INFO order 12 created',
    '2026-11-22T10:07:00Z ERROR [erp.db] pool exhausted 7 of 20',
    '{"timestamp":"2026-11-22T11:00:00Z","level":"warn","message":"slow","duration_ms":120}',
    '10.0.0.1 - - [22/Nov/2026:12:30:56 +0000] "GET /a/1 HTTP/1.1" 500 15',
    '  File "a.py", line 7, in f',
    'Traceback (most recent call last):',
    "KeyError: 'x'",
    '\u001b[31mERROR\u001b[0m: red',
    'printed without a header',
    '',
  ),
  fc.string(),
  fc.string({unit: 'binary'}),
);

it('comes to the same wherever the log is cut', () => {
  fc.assert(
    fc.property(fc.array(line, {maxLength: 60}), fc.integer({min: 40, max: 900}), (lines, size) => {
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      expect(analysed(bytes, size)).toEqual(analysed(bytes, bytes.length + 1));
    }),
    {numRuns: 300},
  );
});

it('tells only so many kinds of messages apart, and still counts each event with its level', () => {
  fc.assert(
    fc.property(fc.array(line, {maxLength: 60}), fc.integer({min: 40, max: 900}), (lines, size) => {
      const bytes = Buffer.from(`${lines.join('\n')}\n`);
      const few = analysed(bytes, size, 4) as ReturnType<typeof assemble>;
      expect(few).toEqual(analysed(bytes, bytes.length + 1, 4));
      const all = analysed(bytes, size) as ReturnType<typeof assemble>;
      expect(few.analysis.levels).toEqual(all.analysis.levels);
      expect(few.analysis.events).toBe(all.analysis.events);
      expect(few.analysis.templates.reduce((sum, {count}) => sum + count, 0)).toBe(all.analysis.events);
    }),
    {numRuns: 200},
  );
});

it('of a long time it keeps coarser counts, and loses none', () => {
  const minutes = fc.array(
    fc.tuple(fc.integer({min: 0, max: 5000}), fc.constantFrom('started', 'took 7 ms', 'failed')),
    {
      minLength: 1,
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(minutes, fc.integer({min: 60, max: 900}), (events, size) => {
      const lines = events.map(
        ([minute, text]) => `${new Date(reference + minute * 60_000).toISOString()} INFO ${text}\n`,
      );
      const bytes = Buffer.from(lines.join(''));
      const {analysis} = analysed(bytes, size, 100, 12) as ReturnType<typeof assemble>;
      expect(analysed(bytes, bytes.length + 1, 100, 12)).toEqual(analysed(bytes, size, 100, 12));
      for (const {count, series, measures} of analysis.templates) {
        expect(series.buckets).toEqual([...new Set(series.buckets)].toSorted((a, b) => a - b));
        expect(series.counts.reduce((sum, one) => sum + one, 0)).toBe(count);
        for (const {mean, count: measured} of measures) expect([mean, measured]).toEqual([7, count]);
      }
      const kept = analysis.templates.reduce((sum, {series}) => sum + series.buckets.length, 0);
      expect(kept).toBeLessThanOrEqual(12);
    }),
    {numRuns: 200},
  );
});

/** Cut at events that begin for sure, as whoever reads a log does. */
function analysed(bytes: Buffer, size: number, shapes = 100_000, entries?: number): unknown {
  const scanner = new Scanner(options);
  const collector = new Collector({shapes, ...(entries === undefined ? {} : {entries})});
  const source = collector.begin();
  let from = 0;
  while (from < bytes.length) {
    const piece = bytes.subarray(from, from + size);
    const cut = from + size >= bytes.length ? piece.length : lastCut(scanner, piece, piece.length);
    if (cut <= 0) {
      // Nothing begins here: a longer piece.
      size += 200;
      continue;
    }
    collector.add(source, scanner.scan(Buffer.from(piece.subarray(0, cut))));
    from += cut;
  }
  const facts = [{name: 'x', service: null, bytes: bytes.length, encoding: 'utf-8' as const, notes: []}];
  const {analysis, templateOf} = assemble(collector, facts, {templatesOf, variablesOf});
  const labels = collector.sources[0]?.labels.flatMap((some) => [...some].map((shape) => templateOf[shape] ?? -1));
  return {analysis, labels};
}

it('counts each event once: in templates, levels and time', () => {
  fc.assert(
    fc.property(fc.array(line, {maxLength: 60}), (lines) => {
      const bytes = Buffer.from(lines.join('\n'));
      const {analysis} = analysed(bytes, bytes.length + 1) as ReturnType<typeof assemble>;
      const sum = (numbers: readonly number[]) => numbers.reduce((whole, n) => whole + n, 0);
      expect(sum(analysis.templates.map(({count}) => count))).toBe(analysis.events);
      expect(sum(Object.values(analysis.levels))).toBe(analysis.events);
      expect(sum(analysis.templates.map(({spots}) => spots.length))).toBe(analysis.events);
    }),
    {numRuns: 200},
  );
});
