import {execFileSync} from 'node:child_process';
import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {expressionMistake, isTimezone, nextRun, type Schedule} from '../../../src/lib/core/schedule/cron.js';
import {look, type Plan, planFrom} from '../../../src/lib/core/schedule/plan.js';

const local = (expression: string): Schedule => ({expression, timezone: 'Europe/Berlin'});
const at = (iso: string): number => Date.parse(iso);

/** The next runs, as ISO in UTC. */
function runs(schedule: Schedule, from: string, count: number): string[] {
  const found: string[] = [];
  for (let after = at(from); found.length < count; ) {
    const next = nextRun(schedule, after);
    if (next === null) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    after = next;
  }
  return found;
}

describe('an expression', () => {
  it('without a time zone means the clock of the machine, summer and winter', () => {
    // Within jest the time zone of the process can't be changed.
    const module = new URL('../../../src/lib/core/schedule/cron.js', import.meta.url).href;
    const code = `import(${JSON.stringify(module)}).then(({nextRun}) => {
      const asked = [['30 2 * * *', '2026-03-28T12:00:00Z'], ['30 2 * * *', '2026-10-24T12:00:00Z'],
        ['30 2 * * *', '2026-10-25T00:30:00Z'], ['0 3 * * *', '2026-01-10T12:00:00Z']];
      for (const [expression, from] of asked)
        console.log(new Date(nextRun({expression, timezone: null}, Date.parse(from))).toISOString());
    })`;
    const said = execFileSync(process.execPath, ['-e', code], {env: {TZ: 'Europe/Berlin'}, encoding: 'utf8'});
    expect(said.trim().split('\n')).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
      '2026-01-11T02:00:00.000Z',
    ]);
  });

  it('means the clock of its time zone', () => {
    expect(runs(local('0 3 * * *'), '2026-01-10T12:00:00Z', 1)).toEqual(['2026-01-11T02:00']);
    expect(runs({expression: '0 3 * * *', timezone: 'America/New_York'}, '2026-01-10T12:00:00Z', 1)).toEqual([
      '2026-01-11T08:00',
    ]);
  });

  it.each([
    ['*/20 8-9 * * mon-fri', '2026-01-12T07:00', '2026-01-12T07:20', '2026-01-12T07:40'],
    ['0 3 1,15 * *', '2026-01-15T02:00', '2026-02-01T02:00', '2026-02-15T02:00'],
    ['@weekly', '2026-01-10T23:00', '2026-01-17T23:00', '2026-01-24T23:00'],
    ['0 0 29 feb *', '2028-02-28T23:00', '2032-02-28T23:00', '2036-02-28T23:00'],
  ])('%s', (expression, ...expected) => {
    expect(runs(local(expression), '2026-01-10T12:00:00Z', 3)).toEqual(expected);
  });

  it('whose hour summer time skips runs at the next minute there is', () => {
    expect(runs(local('30 2 * * *'), '2026-03-28T12:00:00Z', 2)).toEqual(['2026-03-29T01:00', '2026-03-30T00:30']);
    expect(runs(local('30 2,14 * * *'), '2026-03-28T20:00:00Z', 1)).toEqual(['2026-03-29T01:00']);
  });

  it('whose hour comes twice runs once; every half hour goes on by real time', () => {
    expect(runs(local('30 2 * * *'), '2026-10-24T12:00:00Z', 2)).toEqual(['2026-10-25T00:30', '2026-10-26T01:30']);
    expect(runs(local('*/30 * * * *'), '2026-10-25T00:10:00Z', 4)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:00',
      '2026-10-25T01:30',
      '2026-10-25T02:00',
    ]);
  });

  it.each([
    ['0 3 * *', 'a schedule has five fields'],
    ['0 0 3 * * *', 'a schedule has five fields'],
    ['', 'a schedule has five fields'],
    ['61 3 * * *', 'invalid value for minute: 61'],
    ['0 24 * * *', 'invalid value for hour: 24'],
    ['0 3 * * MONDAY', "Syntax error, a month or day name has to stand alone ('MONDAY')"],
    ['0 0 30 2 *', 'no day of the calendar matches it'],
    ['2026-12-24T03:00:00', 'a moment comes once; a schedule has five fields'],
    ['@reboot', '@reboot is no time of day: what was wanted up starts after a reboot anyway'],
  ])('%j is wrong: %s', (expression, mistake) => {
    expect(expressionMistake(expression)?.toLowerCase()).toBe(mistake.toLowerCase());
  });

  it.each(['0 3 * * *', '@daily', '*/5 * * * *', '0 22 * * sun', '0 3 L * *'])('%s is right', (expression) => {
    expect(expressionMistake(expression)).toBeNull();
  });

  it('knows time zones', () => {
    expect([isTimezone('Europe/Berlin'), isTimezone('UTC'), isTimezone('Europa/Berlin')]).toEqual([true, true, false]);
  });
});

describe('a plan', () => {
  const nightly = local('0 3 * * *');
  const three = at('2026-01-11T02:00:00Z');

  /** What a clock that shows these times leads to. */
  function through(schedule: Schedule, walls: readonly number[]): string[] {
    let plan: Plan = planFrom(schedule, walls[0] ?? 0);
    return walls.slice(1).flatMap((wall) => {
      const [next, due] = look(plan, schedule, wall);
      plan = next;
      return due.tag === 'nothing' ? [] : [`${due.tag} ${new Date(due.plannedAt).toISOString()}`];
    });
  }

  it('runs when its minute comes, once', () => {
    const walls = Array.from({length: 200}, (_, i) => three - 100_000 + i * 1000);
    expect(through(nightly, walls)).toEqual(['run 2026-01-11T02:00:00.000Z']);
  });

  it('is skipped when the machine slept over it, and said', () => {
    expect(through(nightly, [three - 1000, three + 5 * 3_600_000])).toEqual(['missed 2026-01-11T02:00:00.000Z']);
    expect(through(local('* * * * *'), [three, three + 8 * 3_600_000 + 1])).toHaveLength(1);
  });

  it('does not run twice when the clock is set back over it', () => {
    const walls = [three - 1000, three + 1000, three - 3_600_000, three - 1000, three + 1000];
    expect(through(nightly, walls)).toEqual(['run 2026-01-11T02:00:00.000Z']);
  });

  it('is made anew when the clock was wrong by days', () => {
    const walls = [three + 40 * 86_400_000, three - 1000, three + 1000];
    expect(through(nightly, walls)).toEqual(['run 2026-01-11T02:00:00.000Z']);
  });

  it('never comes twice for one moment, whatever the clock does within a day', () => {
    const jumps = fc.array(fc.integer({min: -80_000_000, max: 90_000_000}), {minLength: 1, maxLength: 30});
    const expressions = fc.constantFrom('0 3 * * *', '* * * * *', '*/30 * * * *', '30 2 * * *', '0 */6 * * *');
    fc.assert(
      fc.property(expressions, jumps, (expression, steps) => {
        const schedule = local(expression);
        let wall = at('2026-03-28T20:00:00Z');
        const walls = [wall];
        for (const step of steps) for (const part of [step, 1000, 61_000]) walls.push((wall += part));
        const told = through(schedule, walls);
        expect(new Set(told.map((line) => line.split(' ')[1])).size).toBe(told.length);
      }),
      {seed: 20261122},
    );
  });
});
