import {copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, it} from '@jest/globals';
import {analysedFrom, readAt} from '../support/analysed.js';

/** What a person reads in a file of test/fixtures/logs; README.md there says how it was made. */
interface Expected {
  readonly lines: number;
  readonly events: number;
  /** ISO; without a zone in that of the machine. null: none, or not told. */
  readonly firstTime: string | null;
  readonly lastTime: string | null;
  readonly levels: Readonly<Record<string, number>>;
  /** That of most events; null: there are many. */
  readonly format: string | null;
  readonly encoding: string;
}

const fixtures = 'test/fixtures/logs';
const names = readdirSync(fixtures)
  .filter((file) => file.endsWith('.log'))
  .map((file) => file.slice(0, -4));
const folder = mkdtempSync(join(tmpdir(), 'erp-formats-'));
afterAll(() => rmSync(folder, {recursive: true, force: true}));

async function read(name: string, segmentBytes?: number) {
  const path = join(folder, `${name}.log`);
  copyFileSync(join(fixtures, `${name}.log`), path);
  // Dates without a year are before the last change of the file, which a checkout does not keep.
  utimesSync(path, readAt, readAt);
  return await analysedFrom({path}, segmentBytes);
}

const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());

describe('what stands in a log', () => {
  it.each(names)('%s', async (name) => {
    const expected = JSON.parse(readFileSync(join(fixtures, `${name}.expected.json`), 'utf8')) as Expected;
    const {lines, events, levels, from, to, sources} = await read(name);
    const [source] = sources;
    const formats = Object.entries(source?.formats ?? {}).sort((a, b) => b[1] - a[1]);
    const counted = Object.fromEntries(Object.entries(levels).filter(([, count]) => count > 0));
    const {firstTime, lastTime, format} = expected;
    expect({
      lines,
      events,
      levels: counted,
      firstTime: firstTime === null ? null : iso(from),
      lastTime: lastTime === null ? null : iso(to),
      format: format === null ? null : formats[0]?.[0],
      encoding: source?.encoding,
    }).toEqual({
      lines: expected.lines,
      events: expected.events,
      levels: expected.levels,
      firstTime: firstTime === null ? null : new Date(firstTime).toISOString(),
      lastTime: lastTime === null ? null : new Date(lastTime).toISOString(),
      format,
      encoding: expected.encoding,
    });
  });

  it.each(names)('%s: the same, wherever it is cut', async (name) => {
    const whole = await read(name);
    for (const segmentBytes of [1, 64, 333, 1000]) {
      const cut = await read(name, segmentBytes);
      expect({segmentBytes, ...cut}).toEqual({segmentBytes, ...whole});
    }
  });
});
