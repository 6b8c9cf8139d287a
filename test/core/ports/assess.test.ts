import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {assessEntries, assessPort, type Surroundings} from '../../../src/lib/core/ports/assess.js';
import type {PlannedEntry} from '../../../src/lib/core/ports/plan.js';
import {around, listener, living, planned} from '../../support/ports.js';

const backend = planned('backend', 8000, {alternatives: [8001, 8002]});
const states = (entries: readonly PlannedEntry[], world: Surroundings) =>
  assessEntries(entries, world).map(({entry, willUse, outcome, mark, ports}) => [
    entry.name,
    willUse,
    outcome,
    mark,
    ports.map(({state}) => state).join(' '),
  ]);

describe('what an entry would get', () => {
  const marked = (mark: string, port = 8000, facts = {}) => around({listeners: [listener(port, {mark, ...facts})]});
  const supervised = (services: Parameters<typeof living>[1][], listeners: Parameters<typeof listener>[1][]) =>
    around(
      {listeners: listeners.map((facts) => listener(facts?.port ?? 8000, facts))},
      {ours: {projects: ['shop'], services: services.map((facts) => living('backend', facts))}},
    );

  it.each<[string, Surroundings, unknown[]]>([
    ['nobody listens', around(), [8000, 'primary', 'good', 'free free free']],
    ['a stranger', around({listeners: [listener(8000)]}), [8001, 'alternative', 'degraded', 'taken free free']],
    [
      "another user's process",
      around({listeners: [listener(8000, {pid: null, name: null, command: null, user: 'nobody'})]}),
      [8001, 'alternative', 'degraded', 'owner-unknown free free'],
    ],
    [
      'strangers everywhere',
      around({listeners: [8000, 8001, 8002].map((port) => listener(port))}),
      [null, 'none', 'failed', 'taken taken taken'],
    ],
    [
      'a port that is kept back',
      around({reserved: [{from: 7990, to: 8000, why: 'excluded', source: 'netsh'}]}),
      [8001, 'alternative', 'degraded', 'reserved free free'],
    ],
    [
      'a listener on an address that is not ours',
      around({listeners: [listener(8000, {address: '10.0.0.7'})]}),
      [8001, 'alternative', 'degraded', 'taken free free'],
    ],
    ['nobody can tell', around({listeners: null}), [8000, 'not-known', 'unknown', 'unknown unknown unknown']],
    ['it ran on 8001 last', around({}, {last: {backend: 8001}}), [8001, 'alternative', 'degraded', 'free free free']],
    ['it was left running', marked('shop/backend/3/8000'), [8000, 'primary', 'good', 'ours free free']],
    [
      'it was left running elsewhere',
      marked('shop/backend/3/8001', 8001),
      [8001, 'alternative', 'degraded', 'free ours free'],
    ],
    [
      'another service was left running there',
      marked('shop/worker/3'),
      [8001, 'alternative', 'degraded', 'ours free free'],
    ],
    ["another project's service", marked('fair/backend/3'), [8001, 'alternative', 'degraded', 'taken free free']],
    [
      'it runs',
      supervised([{port: 8000}], [{mark: 'shop/backend/1/8000', pid: 5233}]),
      [8000, 'primary', 'good', 'ours free free'],
    ],
    [
      'it runs and wrote its title over its mark',
      supervised([{port: 8000}], [{mark: null, pid: 5233}]),
      [8000, 'primary', 'good', 'ours free free'],
    ],
    [
      'a child of it listens, as the supervisor has seen',
      supervised([{port: 8000, isVerified: true}], [{mark: null, pid: 5240}]),
      [8000, 'primary', 'good', 'ours free free'],
    ],
    [
      'it runs elsewhere, and a stranger has its primary',
      supervised([{port: 8001}], [{}, {port: 8001, pid: 5233}]),
      [8001, 'alternative', 'degraded', 'taken ours free'],
    ],
    [
      'an old copy of it, which is stopped first',
      supervised([{pid: null, incarnation: 4}], [{mark: 'shop/backend/2/8000'}]),
      [8000, 'primary', 'good', 'ours free free'],
    ],
  ])('%s', (_, world, expected) => {
    expect(states([backend], world)).toEqual([['backend', ...expected]]);
  });

  it('a listener on one address leaves the others to who wants only those', () => {
    const entry = planned('backend', 8000, {addresses: ['127.0.0.1']});
    const world = around({listeners: [listener(8000, {address: '10.0.0.7'})]});
    expect(states([entry], world)).toEqual([['backend', 8000, 'primary', 'good', 'free']]);
    expect(assessPort(8000, [entry], world).state).toBe('taken');
  });

  it('what is only watched is well when somebody listens', () => {
    const entry = planned('db', 5432, {kind: 'external'});
    expect(states([entry], around({listeners: [listener(5432)]}))).toEqual([
      ['db', 5432, 'watched', 'good', 'watched'],
    ]);
    expect(states([entry], around())).toEqual([['db', 5432, 'watched', 'stopped', 'free']]);
  });

  it('whoever may use a stranger would use it', () => {
    const entry = planned('redis', 6379, {ifRunning: 'use'});
    expect(states([entry], around({listeners: [listener(6379)]}))).toEqual([['redis', 6379, 'used', 'good', 'taken']]);
  });

  it('what is kept back on single addresses only is free for who listens on all', () => {
    const world = around({
      reserved: [{from: 1, to: 1023, why: 'privileged', exceptOnAllAddresses: true, source: 'macOS'}],
    });
    expect(states([planned('web', 80, {addresses: ['0.0.0.0']})], world)).toEqual([
      ['web', 80, 'primary', 'good', 'free'],
    ]);
    expect(states([planned('web', 80)], world)).toEqual([['web', null, 'none', 'failed', 'reserved']]);
  });

  it('one process with a socket for each family is one holder', () => {
    const both = [listener(8000), listener(8000, {address: '::', inode: '2'})];
    expect(assessPort(8000, [], around({listeners: both})).holders).toMatchObject([{addresses: ['0.0.0.0', '::']}]);
  });

  it('tells an old copy without a mark by its command', () => {
    const entry = planned('backend', 8000, {command: 'python3 -m uvicorn main:app --port {port}'});
    const copy = listener(8000, {command: '/usr/bin/python3 -m uvicorn main:app --port 8000'});
    const other = listener(8000, {command: '/usr/bin/python3 -m uvicorn other:app --port 8000'});
    const whose = (found: typeof copy) => assessPort(8000, [entry], around({listeners: [found]})).holders[0]?.whose;
    expect(whose(copy)).toEqual({tag: 'same-command', service: 'backend'});
    expect(whose(other)).toEqual({tag: 'stranger'});
  });
});

describe('any configuration on any machine', () => {
  const port = fc.integer({min: 8000, max: 8012});
  const entries = fc
    .array(fc.record({primary: port, alternatives: fc.uniqueArray(port, {maxLength: 4}), isForward: fc.boolean()}), {
      minLength: 1,
      maxLength: 6,
    })
    .map((list) =>
      list.map(({primary, alternatives, isForward}, index) =>
        planned(`s${index}`, primary, {
          alternatives: alternatives.filter((one) => one !== primary),
          kind: isForward ? 'forward' : 'service',
        }),
      ),
    );
  const world = fc
    .record({
      taken: fc.uniqueArray(port, {maxLength: 6}),
      unknown: fc.uniqueArray(port, {maxLength: 3}),
      last: fc.dictionary(fc.constantFrom('s0', 's1', 's2'), port, {maxKeys: 3}),
    })
    .map(({taken, unknown, last}) => ({
      busy: new Set([...taken, ...unknown]),
      surroundings: around(
        {
          listeners: [
            ...taken.map((one) => listener(one)),
            ...unknown.map((one) => listener(one, {pid: null, address: '::', inode: `u${one}`})),
          ],
        },
        {last},
      ),
    }));

  it('no two get one port, and nobody a taken one', () => {
    fc.assert(
      fc.property(entries, world, (list, {busy, surroundings}) => {
        const given = assessEntries(list, surroundings).flatMap(({willUse}) =>
          typeof willUse === 'number' ? [willUse] : [],
        );
        expect(new Set(given).size).toBe(given.length);
        for (const one of given) expect(busy.has(one)).toBe(false);
      }),
    );
  });

  it('a primary goes to another only when there is nothing else for it', () => {
    fc.assert(
      fc.property(entries, world, (list, {busy, surroundings}) => {
        const found = assessEntries(list, surroundings);
        const given = new Map(found.map(({entry, willUse}) => [entry.name, willUse]));
        for (const {entry, willUse} of found) {
          if (typeof willUse !== 'number' || willUse === entry.primary) continue;
          const isPrimaryOfAnother = list.some(({name, primary}) => name !== entry.name && primary === willUse);
          if (!isPrimaryOfAnother) continue;
          // Everything else that it names is busy, another's primary too, or given to who came before.
          const rest = [entry.primary, ...entry.alternatives].filter(
            (one) => !busy.has(one) && !list.some(({name, primary}) => name !== entry.name && primary === one),
          );
          for (const one of rest)
            expect([...given].some(([name, port]) => name !== entry.name && port === one)).toBe(true);
        }
      }),
    );
  });
});
