// The judge of the chaos fleet: each kind of violation, planted, is found; what may be is not blamed.
import {describe, expect, it} from '@jest/globals';
import {judgeLives, judgeMemory, judgeWishes, orphansOf, type BookRecord} from '../support/chaos/judge.js';
import {judgeLines, readEntries, type Life} from '../support/chaos/judge-lines.js';

const line = (life: string, n: number, at = n) => `web ${life} ${n} ${at} .`;
const lines = (life: string, from: number, to: number) =>
  Array.from({length: to - from + 1}, (_, i) => line(life, from + i));
const marker = (count: number) =>
  `--- erp: ${count} lines (9 bytes) of output are missing here: they could not be written ---`;
const life = (name: string, said: number, about = said): Life => {
  const [incarnation = 0, pid = 0] = name.split(':').map(Number);
  return {incarnation, pid, said, about};
};
const judge = (
  lives: readonly Life[],
  log: readonly string[],
  kills: readonly number[] = [],
  full: readonly number[] = [],
) =>
  judgeLines('web', lives, readEntries('web', log.map((text) => `${text}\n`).join('')), {
    kills: kills.map((at) => ({from: at, to: at})),
    full: full.map((at) => ({from: at, to: at})),
  });

describe('lines', () => {
  it('that are all there, in order, once, over two lives', () => {
    const verdict = judge([life('1:7', 3), life('2:8', 2)], [...lines('1:7', 1, 3), ...lines('2:8', 1, 2)]);
    expect(verdict).toEqual({lines: 5, violations: [], losses: []});
  });

  it('of a killed life: the last write may have come or not', () => {
    for (const last of [3, 4])
      expect(judge([life('1:7', 3, 4), life('2:8', 1)], [...lines('1:7', 1, last), line('2:8', 1)]).violations).toEqual(
        [],
      );
  });

  it.each([
    ['twice', [...lines('1:7', 1, 3), line('1:7', 3)], /line 3 comes twice/],
    ['out of order', [line('1:7', 1), line('1:7', 3), line('1:7', 2)], /1 lines are missing/],
    [
      'missing in the middle',
      [line('1:7', 1), line('1:7', 3)],
      /between 1:7 line 1 and 1:7 line 3: 1 lines are missing/,
    ],
    ['missing at the end', lines('1:7', 1, 2), /between 1:7 line 2 and the end: 1 lines are missing/],
    ['missing at the beginning', lines('1:7', 2, 3), /between the beginning and 1:7 line 2: 1 lines/],
    ['never written', lines('1:7', 1, 4), /line 4 was never written \(3 were\)/],
    ['of nobody', [...lines('1:7', 1, 3), line('9:9', 1)], /9:9 line 1 is of a life that nobody began/],
    ['torn', [...lines('1:7', 1, 3), 'web 1:7 3 17'], /what is this\? "web 1:7 3 17"/],
  ])('%s: found', (_, log, words) => {
    expect(judge([life('1:7', 3)], log).violations.join('\n')).toMatch(words);
  });

  it('of a life that come behind those of the next: found', () => {
    const {violations} = judge([life('1:7', 2), life('2:8', 1)], [line('1:7', 1), line('2:8', 1), line('1:7', 2)]);
    expect(violations.join('\n')).toMatch(/1:7 line 2 comes after a line of a later life/);
  });

  it('beside a kill of the supervisor are counted; one kill explains one piece', () => {
    const log = [line('1:7', 1), line('1:7', 4), line('1:7', 5)];
    expect(judge([life('1:7', 5)], log, [3])).toMatchObject({
      violations: [],
      losses: [{why: 'supervisor killed', lines: 2}],
    });
    const two = [line('1:7', 1), line('1:7', 4), line('1:7', 6)];
    expect(judge([life('1:7', 6)], two, [3]).violations).toHaveLength(1);
    expect(judge([life('1:7', 6)], two, [3, 5]).violations).toEqual([]);
  });

  it('far from a kill are not explained by it', () => {
    const log = [line('1:7', 1, 1000), line('1:7', 3, 1010)];
    expect(judge([life('1:7', 3)], log, [900, 5000]).violations).toHaveLength(1);
  });

  it('are more than a killed supervisor can have held: found', () => {
    const log = [line('1:7', 1), line('1:7', 9000)];
    expect(judge([life('1:7', 9000)], log, [3]).violations.join('\n')).toMatch(/more than a supervisor holds/);
  });

  it('of old logs that made room: only at the beginning', () => {
    const verdict = (log: readonly string[]) =>
      judgeLines('web', [life('1:7', 9)], readEntries('web', log.join('\n')), {removed: true});
    expect(verdict(lines('1:7', 5, 9))).toMatchObject({violations: [], losses: [{lines: 4}]});
    expect(verdict([line('1:7', 1), ...lines('1:7', 5, 9)]).violations).toHaveLength(1);
  });

  it('that a full disk took: exactly as many as erp says', () => {
    const log = (count: number) => [line('1:7', 1), 'web 1:7 2 1', marker(count), line('1:7', 5)];
    expect(judge([life('1:7', 5)], log(3))).toMatchObject({violations: [], losses: [{why: 'disk full', lines: 3}]});
    expect(judge([life('1:7', 5)], log(2)).violations).toHaveLength(1);
    expect(judge([life('1:7', 5)], log(4)).violations).toHaveLength(1);
  });

  it('that a supervisor killed at a full disk had counted: named as such', () => {
    const log = [line('1:7', 1), line('2:8', 3)];
    const lives = [life('1:7', 9), life('2:8', 3)];
    expect(judge(lives, log, [2], [2]).losses).toMatchObject([
      {why: 'supervisor killed while the disk was full', lines: 10},
    ]);
    expect(judge(lives, log, [2]).violations).toHaveLength(1);
    expect(judge(lives, log, [], [2]).violations).toHaveLength(1);
  });
});

describe('lives', () => {
  const start = (incarnation: number, pid: number): BookRecord => ({
    t: 'start',
    pid,
    mark: `p/web/${incarnation}/8000`,
  });
  const seen = (incarnation: number, totalRestarts: number) =>
    ({name: 'web', wanted: 'up', pid: 9, incarnation, totalRestarts}) as const;
  const books = [start(1, 7), start(2, 8), start(3, 9)];

  it('that add up', () => {
    expect(judgeLives(books, seen(3, 2), {exact: true})).toEqual([]);
    // A start that failed before its process used up a number.
    expect(judgeLives(books, seen(5, 2), {exact: false})).toEqual([]);
  });

  it.each([
    [
      'a second copy',
      [...books, {t: 'second', pid: 10, mark: 'p/web/3'} as const],
      seen(3, 2),
      /second copy ran.*pid 10/,
    ],
    [
      'a number given twice',
      [...books, start(3, 10)],
      seen(3, 2),
      /incarnation 3 \(pid 10\) began after incarnation 3/,
    ],
    ['a life that erp does not know', books, seen(2, 2), /has begun incarnation 3, erp counts 2/],
    ['a restart that erp did not count', books, seen(3, 1), /3 starts by its own books/],
    ['an incarnation that never began', books, seen(4, 2), /erp counts 4 incarnations/],
  ])('%s: found', (_, records, service, words) => {
    expect(judgeLives(records, service, {exact: true}).join('\n')).toMatch(words);
  });
});

describe('processes', () => {
  const services = [
    {name: 'web', wanted: 'up', pid: 7, incarnation: 2, totalRestarts: 1},
    {name: 'api', wanted: 'down', pid: null, incarnation: 4, totalRestarts: 0},
  ] as const;
  const process = (mark: string | null) => ({pid: 30, command: 'sleep', mark});

  it('of the present life, and of nobody, are no orphans', () => {
    expect(
      orphansOf([process('p/web/2'), process('p/web/2/8000'), process(null), process('p/@supervisor')], services),
    ).toEqual([]);
  });

  it.each(['p/web/1', 'p/api/4', 'p/gone/1'])('of %s: found', (mark) => {
    expect(orphansOf([process(mark)], services)).toHaveLength(1);
  });
});

describe('wishes', () => {
  const services = [{name: 'web', wanted: 'down', pid: null, incarnation: 1, totalRestarts: 0}] as const;
  it('that were forgotten: found; those that nobody knows are not', () => {
    expect(judgeWishes(new Map([['web', 'up']] as const), services)).toHaveLength(1);
    expect(judgeWishes(new Map([['web', 'down']] as const), services)).toEqual([]);
    expect(judgeWishes(new Map([['web', 'open']] as const), services)).toEqual([]);
  });
});

describe('memory', () => {
  const mebibytes = (at: (second: number) => number, pid = 1) =>
    Array.from({length: 300}, (_, second) => ({pid, atMs: second * 1000, rssBytes: at(second) * 1024 * 1024}));

  it('that breathes is fine, that grows or is large is found', () => {
    expect(judgeMemory(mebibytes((second) => 60 + (second % 10)))).toEqual([]);
    expect(judgeMemory(mebibytes((second) => 60 + second / 2.5))).toHaveLength(1);
    expect(judgeMemory(mebibytes(() => 300))).toHaveLength(1);
  });
});
