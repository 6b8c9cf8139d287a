import {expect, it} from '@jest/globals';
import {GapWatch} from '../../../src/lib/core/supervision/gap-watch.js';

const start = {now: 50_000, wall: 1_800_000_000_000};
const after = (now: number, wall = now) => ({now: start.now + now, wall: start.wall + wall});

it.each([
  ['in time', after(1000), null],
  ['late, but no more than a busy machine is', after(2900), null],
  ['nobody lived through it', after(60_000), {tag: 'gap', sleptMs: 59_000, lostMs: 60_000}],
  ['a sleep in which the monotonic clock stood still', after(1000, 61_000), {tag: 'gap', sleptMs: 60_000, lostMs: 0}],
  ['the wall clock was set back', after(1000, -4000), {tag: 'set-back', byMs: 5000}],
  ['the wall clock crept back', after(1000, 0), null],
])('%s', (_, clocks, expected) => {
  expect(new GapWatch(start).look(clocks, start.now + 1000)).toEqual(expected);
});

it('counts from the last look, and says each jump once', () => {
  const watch = new GapWatch(start);
  watch.passed(after(10_000));
  expect(watch.look(after(14_000), start.now + 11_000)).toEqual({tag: 'gap', sleptMs: 3000, lostMs: 4000});
  expect(watch.look(after(15_000), start.now + 15_000)).toBeNull();
});
