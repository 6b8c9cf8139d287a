import {expect, it} from '@jest/globals';
import type {ServicePolicy, ServiceSpec} from '../../src/lib/core/spec.js';
import {crashes, type Habit, habit, wellBehaved} from '../support/sim/habits.js';
import {Rig} from '../support/sim/rig.js';
import {defaultPolicy, service} from '../support/sim/specs.js';
import {project} from '../support/sim/specs.js';

/** Ends before it listens. */
const says = (at: number, line: string): Habit =>
  habit({listens: null, saysReady: null, ends: {at, code: 1, signal: null, lines: [line]}});
const missing = (at = 20): Habit => says(at, 'cannot: missing-module fastapi /srv/fastapi');
const needs = (port: number, at = 20): Habit => says(at, `needs: ${port}`);
const slowTry = 60_000;

function started(
  habits: readonly Habit[],
  policy: Partial<ServicePolicy> = {},
  more: readonly ServiceSpec[] = [],
): Rig {
  const web = service('web', 8000, {policy: {...defaultPolicy, ...policy}});
  const rig = new Rig(project([web, ...more]), {web: habits}, 3);
  rig.world.keepsLog = true;
  rig.start(['web']);
  return rig;
}

const spawns = (rig: Rig, name = 'web'): number =>
  rig.world.log.filter((line) => line.includes(` ${name} spawned `)).length;
const told = (rig: Rig, type: string): readonly string[] =>
  rig.news.filter((news) => news.service === 'web' && news.type === type).map(({text}) => text);

/** The last habit is that of all later lives. */
const always = (one: Habit): readonly Habit[] => [one];

it.each([5, 20, 150, 1000])('the same permanent cause twice stops the restarts; a life lasts %d ms', (ms) => {
  const rig = started(always(missing(ms)), {backOffMs: [0, 250, 2000, 8000, 30_000, 60_000]});
  rig.advance(60_000);
  rig.check();
  const {state, memory} = rig.service('web');
  expect(state).toMatchObject({tag: 'failed', blockedOn: {kind: 'file', path: '/srv/fastapi'}});
  expect(memory.lastEnd?.end.diagnosis).toMatchObject({cause: 'missing-module', subject: 'fastapi'});
  // The pause before the third is a quarter of a second: the second verdict may come while that one is on.
  expect(spawns(rig)).toBeLessThanOrEqual(3);
  expect(told(rig, 'failed').at(-1)).toMatch(/^failed: the same cause twice; a restart can't mend it\. /);
});

it('without pauses it stops as well, at an end that is the same again', () => {
  const rig = started(always(missing(400)), {backOffMs: [0], maxRestarts: 1000});
  rig.advance(60_000);
  rig.check();
  expect(rig.tag('web')).toBe('failed');
  expect(spawns(rig)).toBeLessThanOrEqual(4);
});

it('it comes back within a second of the change, and when it still fails, waits for the next one', () => {
  const rig = started([missing(), missing(), missing(), missing(), wellBehaved]);
  rig.advance(30_000);
  const before = spawns(rig);
  for (let tries = 0; rig.tag('web') === 'failed' && tries < 4; tries += 1) {
    rig.world.files('/srv/fastapi', true);
    rig.advance(1000);
    expect(spawns(rig)).toBe(before + 1 + tries);
    rig.advance(10_000);
    rig.check();
  }
  expect(rig.tag('web')).toBe('ready');
});

it('what changes during a try that fails is not missed', () => {
  const rig = started([missing(), missing(), missing(300), missing(300), wellBehaved]);
  rig.advance(60_000);
  rig.world.files('/srv/fastapi', true);
  rig.advance(620);
  rig.world.files('/srv/fastapi', true);
  rig.advance(20_000);
  rig.world.files('/srv/fastapi', true);
  rig.advance(20_000);
  rig.check();
  expect(rig.tag('web')).toBe('ready');
});

it('nothing happens where nobody looks: the try after the cool-down stays', () => {
  const rig = started([missing(), missing(), missing(), wellBehaved]);
  rig.advance(2 * 300_000 + 30_000);
  rig.check();
  expect(rig.tag('web')).toBe('ready');
});

it('onPermanent: retry uses the budget', () => {
  const rig = started(always(missing()), {onPermanent: 'retry', maxRestarts: 3});
  rig.advance(60_000);
  rig.check();
  expect(spawns(rig)).toBe(4);
  expect(told(rig, 'failed').at(-1)).toMatch(/3 of 3 restarts used/);
});

it('a watchdog gives up after two', () => {
  const rig = started(always(missing()), {afterBudget: {then: 'fail'}});
  rig.advance(30_000);
  rig.check();
  expect(rig.service('web').state).toMatchObject({tag: 'failed', nextTryAt: null, blockedOn: null});
  expect(rig.news.find(({type}) => type === 'failed')?.level).toBe('CRITICAL');
});

it('two different causes, or a good life between, are not the same cause twice', () => {
  const other = says(20, 'cannot: missing-module pydantic');
  const rig = started([missing(), other, missing(), other, wellBehaved], {maxRestarts: 10, backOffMs: [4000]});
  rig.advance(60_000);
  rig.check();
  expect(rig.tag('web')).toBe('ready');
  expect(spawns(rig)).toBe(5);
  const ready = habit({ends: {at: 5000, code: 1, signal: null, lines: ['cannot: missing-module fastapi']}});
  const well = started([ready, ready, ready, ready, wellBehaved], {maxRestarts: 10});
  well.advance(120_000);
  well.check();
  expect(well.tag('web')).toBe('ready');
});

it('a restart never waits for a verdict', () => {
  const rig = started([needs(9000, 500), wellBehaved]);
  rig.world.diagnosisMs = 3000;
  rig.advance(600);
  expect(spawns(rig)).toBe(2);
});

it('a storm of crashes asks a helper now and then', () => {
  const rig = started(always(crashes(5, 1, ['Error: boom'])), {backOffMs: [0], maxRestarts: 400});
  rig.advance(10_000);
  rig.check();
  expect(spawns(rig)).toBe(401);
  expect(rig.world.diagnoses).toBeLessThanOrEqual(6);
});

it('a dependency is down for an hour: the budget stays whole, and it is back within a second of it', () => {
  const up = wellBehaved;
  const rig = started(Array.from({length: 200}, () => needs(9000)));
  rig.advance(3_600_000);
  rig.check();
  const {state, memory} = rig.service('web');
  expect(state).toMatchObject({tag: 'backing-off', blockedOn: {kind: 'listener', port: 9000}});
  expect(memory.restartsUsed).toBe(0);
  expect(memory.unstable).toBe('no');
  expect(spawns(rig)).toBeLessThanOrEqual(4 + 3_600_000 / slowTry);
  rig.world.habits.set('web', [up]);
  rig.world.stranger(9000, {}, 'outside');
  const before = spawns(rig);
  rig.advance(1100);
  rig.check();
  expect(rig.tag('web')).toBe('ready');
  expect(spawns(rig)).toBe(before + 1);
});

it('a dependency that is there, but says no: that is an ordinary crash', () => {
  const rig = started(always(needs(9000)), {maxRestarts: 3});
  rig.world.stranger(9000, {}, 'outside');
  rig.advance(120_000);
  rig.check();
  expect(rig.tag('web')).toBe('failed');
  expect(spawns(rig)).toBe(4);
});

it('giveUpAfter holds for what waits for a dependency, too', () => {
  const rig = started(always(needs(9000)), {giveUpAfterMs: 120_000, maxRestarts: 2});
  rig.advance(600_000);
  rig.check();
  expect(rig.service('web').state).toMatchObject({tag: 'failed', nextTryAt: null});
});

it('a hang is looked at, and ended all the same', () => {
  const rig = started([habit({trouble: [{at: 20_000, ms: 1e9, what: 'hang'}]}), wellBehaved]);
  rig.advance(90_000);
  rig.check();
  expect(rig.tag('web')).toBe('ready');
  expect(spawns(rig)).toBe(2);
  expect(told(rig, 'hang-seen')).toEqual(['hung: 0 % CPU']);
  expect(rig.service('web').memory.lastEnd?.end.diagnosis.evidence).toEqual(['hung: 0 % CPU']);
});
