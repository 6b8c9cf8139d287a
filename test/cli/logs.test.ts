import {appendFileSync, renameSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {afterEach, beforeEach, describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import {filterBackwards, filterForwards, type LineFilter} from '../../src/cli/logs/filter-lines.js';
import {completeSizes, followFiles} from '../../src/cli/logs/follow-files.js';
import {levelOf, ownTime} from '../../src/cli/logs/line-times.js';
import {logFilesOf} from '../../src/cli/logs/log-files.js';
import {linePrinter} from '../../src/cli/logs/print-lines.js';
import {linesBackwards, linesForwards, type LogLine, merged} from '../../src/cli/logs/read-lines.js';
import {parseWhen} from '../../src/cli/logs/when.js';
import {paintFor} from '../../src/cli/render/colour.js';
import {utf8Glyphs} from '../../src/cli/render/marks.js';
import {scratch} from '../support/fake-supervisor.js';

let place: ReturnType<typeof scratch>;
beforeEach(() => {
  place = scratch();
});
afterEach(() => place[Symbol.dispose]());

const file = (name: string) => join(place.dir, name);
async function texts(lines: AsyncIterable<LogLine>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line.text);
  return all;
}
const everything: LineFilter = {since: null, until: null, grep: null, level: null};

describe('reading logs', () => {
  it('takes rotated files in the order of their stamps, also compressed ones', async () => {
    writeFileSync(file('backend-20260521-080000.log.gz'), gzipSync('one\ntwo\n'));
    writeFileSync(file('backend-20260522-080000.log'), 'three\n');
    writeFileSync(file('backend-20260522-080000-2.log'), 'four\n');
    writeFileSync(file('backend-20260522-080000-10.log'), 'five\n');
    writeFileSync(file('backend.log'), 'six\nseven');
    writeFileSync(file('backend-extra.log'), 'of another service\n');
    const all = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
    expect(await texts(linesForwards(place.dir, 'backend', null))).toEqual(all);
    expect(await texts(linesBackwards(place.dir, 'backend'))).toEqual([...all].reverse());
    expect(logFilesOf(place.dir, 'backend')).toHaveLength(5);
  });

  it('reads the plain file while its compressed copy is being made', async () => {
    writeFileSync(file('a-20260521-080000.log'), 'whole\n');
    writeFileSync(file('a-20260521-080000.log.gz'), gzipSync('whole\n').subarray(0, 8));
    expect(await texts(linesForwards(place.dir, 'a', null))).toEqual(['whole']);
  });

  it('backwards is forwards turned round, whatever the lines are and however long', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.string(), fc.string({minLength: 60_000, maxLength: 70_000}), fc.constant('')), {
          maxLength: 12,
        }),
        fc.boolean(),
        async (lines, ended) => {
          const clean = lines.map((line) => line.replaceAll(/[\r\n]/g, ' '));
          writeFileSync(file('x.log'), clean.join('\n') + (ended && clean.length > 0 ? '\n' : ''));
          const forwards = await texts(linesForwards(place.dir, 'x', null));
          expect(await texts(linesBackwards(place.dir, 'x'))).toEqual(forwards.reverse());
        },
      ),
      {numRuns: 60},
    );
  });

  it('does not read a large file to its beginning for its last lines', async () => {
    writeFileSync(file('big.log'), `${'x'.repeat(99)}\n`.repeat(300_000));
    const started = process.memoryUsage().heapUsed + process.memoryUsage().external;
    const lines = linesBackwards(place.dir, 'big');
    for (let count = 0; count < 5; count += 1) await lines.next();
    await lines.return(undefined);
    expect(process.memoryUsage().heapUsed + process.memoryUsage().external - started).toBeLessThan(20_000_000);
  });

  it('gives lines their arrival time, then their own, then that of their neighbours', async () => {
    writeFileSync(file('a.log'), 'first\nsecond\nthird\n');
    writeFileSync(file('a.log.times'), '0 1000\n13 5000\n');
    writeFileSync(file('b.log'), '2026-05-22T09:00:00Z start\n  continued\n');
    const times = async (lines: AsyncIterable<LogLine>) => {
      const all: (number | null)[] = [];
      for await (const line of lines) all.push(line.at);
      return all;
    };
    expect(await times(linesForwards(place.dir, 'a', null))).toEqual([1000, 1000, 5000]);
    const nine = Date.UTC(2026, 4, 22, 9);
    expect(await times(linesForwards(place.dir, 'b', null))).toEqual([nine, nine]);
  });

  it('merges services by time and keeps a traceback together, in both directions', async () => {
    writeFileSync(file('a.log'), 'a1\na2\na3\n');
    writeFileSync(file('a.log.times'), '0 1000\n3 3000\n');
    writeFileSync(file('b.log'), 'b1\nb2\n');
    writeFileSync(file('b.log.times'), '0 2000\n3 3000\n');
    const forwards = ['a', 'b'].map((name) => linesForwards(place.dir, name, null));
    const backwards = ['a', 'b'].map((name) => linesBackwards(place.dir, name));
    expect(await texts(merged(forwards, 1))).toEqual(['a1', 'b1', 'b2', 'a2', 'a3']);
    expect((await texts(merged(backwards, -1))).reverse()).toEqual(['a1', 'b1', 'b2', 'a2', 'a3']);
  });

  it('begins near the time that is asked for', async () => {
    writeFileSync(file('a.log'), 'old\nold\nnew\n');
    writeFileSync(file('a.log.times'), '0 1000\n8 9000\n');
    const filter = {...everything, since: 5000};
    expect(await texts(filterForwards(linesForwards(place.dir, 'a', 5000), filter))).toEqual(['new']);
    expect(await texts(filterBackwards(linesBackwards(place.dir, 'a'), filter))).toEqual(['new']);
  });

  it('a level brings the lines that belong to it, and agrees in both directions', async () => {
    const lines = [
      'starting',
      'INFO ready',
      'ERROR in total',
      '  File invoice.py',
      'KeyError',
      'DEBUG x',
      'more',
      'FATAL y',
    ];
    writeFileSync(file('a.log'), `${lines.join('\n')}\n`);
    const filter = {...everything, level: 'ERROR'} as const;
    const forwards = await texts(filterForwards(linesForwards(place.dir, 'a', null), filter));
    expect(forwards).toEqual(['ERROR in total', '  File invoice.py', 'KeyError', 'FATAL y']);
    expect((await texts(filterBackwards(linesBackwards(place.dir, 'a'), filter))).reverse()).toEqual(forwards);
  });

  it('a folder or file that is not there has no lines', async () => {
    expect(await texts(linesBackwards(join(place.dir, 'none'), 'a'))).toEqual([]);
    expect(await texts(linesForwards(place.dir, 'a', null))).toEqual([]);
  });
});

describe('following logs', () => {
  it('reads on over rotation and truncation, complete lines only', async () => {
    const seen: string[] = [];
    let wake = () => {};
    const arrived = async (text: string) => {
      while (!seen.includes(text)) await new Promise<void>((resolve) => (wake = resolve));
    };
    writeFileSync(file('a.log'), 'before\nhalf');
    const ends = completeSizes(place.dir, ['a', 'later']);
    const stop = followFiles(place.dir, ['a', 'later'], ends, (line) => {
      seen.push(line.text);
      wake();
    });
    try {
      appendFileSync(file('a.log'), ' done\n');
      await arrived('half done');
      appendFileSync(file('a.log'), 'last of the old\n');
      renameSync(file('a.log'), file('a-20260522-090000.log'));
      writeFileSync(file('a.log'), 'first of the new\n');
      await arrived('first of the new');
      truncateSync(file('a.log'), 0);
      appendFileSync(file('a.log'), 'cut\n');
      await arrived('cut');
      writeFileSync(file('later.log'), 'a service that had no log\n');
      await arrived('a service that had no log');
    } finally {
      stop();
    }
    expect(seen).toEqual(['half done', 'last of the old', 'first of the new', 'cut', 'a service that had no log']);
  });
});

describe('what lines tell', () => {
  it.each([
    ['2026-05-22T09:00:00Z x', Date.UTC(2026, 4, 22, 9)],
    ['[2026-05-22T09:00:00.250+02:00] x', Date.UTC(2026, 4, 22, 7, 0, 0, 250)],
    ['2026-05-22 09:00:00,123 INFO x', new Date(2026, 4, 22, 9, 0, 0, 123).getTime()],
    ['INFO: 2026-05-22 09:00 x', new Date(2026, 4, 22, 9).getTime()],
    ['2026-13-22 09:00:00 x', null],
    ['order 2026-05-22 09:00:00', null],
    ['', null],
  ])('the time of %j', (line, time) => {
    expect(ownTime(line)).toBe(time);
  });

  it.each([
    ['[2026-05-22 09:05:30] [WARNING] text', 'WARNING'],
    ['INFO:     127.0.0.1 "GET /error"', 'INFO'],
    ['{"level":50,"msg":"x"}', 'ERROR'],
    ['level=warn msg=x', 'WARNING'],
    ['fatal: not a repository', 'CRITICAL'],
    ['  File "x.py", line 3', null],
    ['please log in', null],
    ['error-free', null],
  ])('the level of %j', (line, level) => {
    expect(levelOf(line)).toBe(level);
  });

  it.each([
    ['10m', '2026-05-22T09:30:00'],
    ['09:30', '2026-05-22T09:30:00'],
    ['23:50', '2026-05-21T23:50:00'],
    ['2026-05-20 08:00:01', '2026-05-20T08:00:01'],
    ['2026-02-30', null],
    ['25:00', null],
    ['soon', null],
  ])('the moment %j', (text, iso) => {
    const now = new Date('2026-05-22T09:40:00');
    expect(parseWhen(text, now)).toBe(iso === null ? null : new Date(iso).getTime());
  });
});

describe('printing lines', () => {
  const view = {columns: null, paint: paintFor(true), glyphs: utf8Glyphs, now: new Date('2026-05-22T10:00:00')};
  const at = new Date('2026-05-22T09:41:07').getTime();

  it('names services in turns of two colours and never lets their output reach the terminal raw', () => {
    const print = linePrinter({services: ['api', 'worker'], times: true, view});
    expect(print({service: 'api', at, text: '\u001b]0;title\u0007\u001b[31mred\u001b[0m'})).toBe(
      '\u001b[36mapi   \u001b[0m  09:41:07 red',
    );
    expect(print({service: 'worker', at, text: 'login password=hunter2'})).toBe(
      '\u001b[35mworker\u001b[0m  09:41:07 login password=***',
    );
  });

  it('does not repeat a time that stands there, and leaves it out when asked', () => {
    const one = linePrinter({services: ['api'], times: true, view});
    expect(one({service: 'api', at, text: '2026-05-22 09:41:07 x'})).toBe('2026-05-22 09:41:07 x');
    expect(linePrinter({services: ['api'], times: false, view})({service: 'api', at, text: 'x'})).toBe('x');
  });
});
