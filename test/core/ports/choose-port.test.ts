import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {
  choosePort,
  isFixed,
  isNobodyElses,
  type PortChoice,
  type PortClaims,
  type PortEntry,
  type PortFinding,
} from '../../../src/lib/core/ports/choose-port.js';

const entry = (name: string, primary: number, alternatives: readonly number[] = [], any = false): PortEntry => ({
  name,
  primary,
  alternatives,
  any,
  addresses: ['127.0.0.1'],
});

/** All ports are free but these. */
function choose(
  one: PortEntry,
  findings: Readonly<Record<number, PortFinding>> = {},
  claims: Partial<PortClaims> = {},
): PortChoice {
  return choosePort(one, {others: [], given: {}, last: null, ...claims}, (port) => findings[port] ?? 'free');
}

const web = entry('web', 8000, [8001, 8002]);

describe('the port of an entry', () => {
  it('is the primary, else the alternatives in their order', () => {
    expect(choose(web)).toEqual({tag: 'chosen', port: 8000, passed: []});
    expect(choose(web, {8000: 'taken'})).toEqual({
      tag: 'chosen',
      port: 8001,
      passed: [{port: 8000, why: 'taken', by: null}],
    });
    expect(choose(web, {8000: 'reserved', 8001: 'lost'})).toMatchObject({
      port: 8002,
      passed: [{why: 'reserved'}, {port: 8001, why: 'lost'}],
    });
  });

  it('is none when all are taken, and never another one without alternatives', () => {
    expect(choose(web, {8000: 'taken', 8001: 'taken', 8002: 'taken'}).tag).toBe('none');
    expect(choose(entry('web', 8000), {8000: 'taken'})).toEqual({
      tag: 'none',
      passed: [{port: 8000, why: 'taken', by: null}],
    });
  });

  it('is asked about one at a time, and not again', () => {
    const known = new Map<number, PortFinding>();
    const asked: number[] = [];
    for (;;) {
      const choice = choosePort(web, {others: [], given: {}, last: null}, (port) => known.get(port) ?? null);
      if (choice.tag !== 'ask') {
        expect(choice).toMatchObject({tag: 'chosen', port: 8002});
        break;
      }
      asked.push(choice.port);
      known.set(choice.port, choice.port === 8002 ? 'free' : 'taken');
    }
    expect(asked).toEqual([8000, 8001, 8002]);
  });

  it('is the last one again, as long as it is one of its own or any will do', () => {
    expect(choose(web, {}, {last: 8002})).toMatchObject({port: 8002, passed: []});
    expect(choose(web, {8002: 'taken'}, {last: 8002})).toMatchObject({port: 8000});
    expect(choose(web, {}, {last: 9999})).toMatchObject({port: 8000});
    expect(choose(entry('web', 8000, [], true), {}, {last: 41_234})).toMatchObject({port: 41_234});
  });

  it('with `any` comes from the system when nothing else is free', () => {
    expect(choose(entry('web', 8000, [8001], true), {8000: 'taken', 8001: 'taken'})).toMatchObject({port: 0});
    expect(choose(entry('web', 8000, [], true), {8000: 'taken', 0: 'taken'}).tag).toBe('none');
  });

  it('is none that another entry has', () => {
    expect(choose(web, {}, {given: {other: 8000, web: 8001}})).toMatchObject({
      port: 8001,
      passed: [{port: 8000, why: 'given', by: 'other'}],
    });
  });
});

describe('the primary of another entry', () => {
  const movable = entry('api', 8001, [8011]);
  const fixed = entry('api', 8001);

  it('comes after all other ports, also the one from the system', () => {
    expect(choose(web, {8000: 'taken'}, {others: [movable]})).toMatchObject({port: 8002});
    expect(choose({...web, any: true}, {8000: 'taken', 8002: 'taken'}, {others: [movable]})).toMatchObject({port: 0});
    expect(choose(web, {}, {others: [movable], last: 8001})).toMatchObject({port: 8000});
  });

  it('is taken at last, if that entry can move', () => {
    expect(choose(web, {8000: 'taken', 8002: 'taken'}, {others: [movable]})).toMatchObject({port: 8001});
    const choice = choose(web, {8000: 'taken', 8002: 'taken'}, {others: [fixed]});
    expect(choice).toMatchObject({tag: 'none', passed: [{}, {}, {port: 8001, why: 'wanted', by: 'api'}]});
  });

  it('that has nothing else is left to it by one that has the same and can move, whoever starts first', () => {
    expect(choose(web, {}, {others: [entry('api', 8000)]})).toMatchObject({port: 8001});
    // Its own after all, when nothing else is left.
    expect(choose(web, {8001: 'taken', 8002: 'taken'}, {others: [entry('api', 8000)]})).toMatchObject({port: 8000});
    expect(choose(web, {}, {others: [entry('api', 8000, [8009])]})).toMatchObject({port: 8000});
    expect(choose(entry('api', 8000), {}, {others: [web]})).toMatchObject({port: 8000});
  });
});

it('a port from the system is none that somebody else has or may want', () => {
  const claims: PortClaims = {others: [entry('api', 40_001, [40_002])], given: {x: 40_003}, last: null};
  expect([40_001, 40_002, 40_003, 40_004].map((port) => isNobodyElses(port, web, claims))).toEqual([
    false,
    false,
    false,
    true,
  ]);
});

describe('any entries in any order', () => {
  const port = fc.integer({min: 1, max: 7});
  const entries = fc.array(
    fc.record({primary: port, alternatives: fc.array(port, {maxLength: 3}), any: fc.boolean()}),
    {
      minLength: 2,
      maxLength: 4,
    },
  );

  it('never share a port, never take what has no alternative, and get one whenever theirs is free', () => {
    fc.assert(
      fc.property(
        entries,
        fc.uniqueArray(port, {maxLength: 5}),
        fc.infiniteStream(fc.nat(3)),
        (drawn, taken, order) => {
          const all = drawn.map((one, index) => ({
            ...entry(
              `e${index}`,
              one.primary,
              [...new Set(one.alternatives)].filter((p) => p !== one.primary),
              one.any,
            ),
          }));
          const given: Record<string, number> = {};
          let next = 100;
          for (let turn = 0; turn < 12; turn += 1) {
            const one = all[(order.next().value as number) % all.length] as PortEntry;
            const others = all.filter((other) => other !== one);
            const last = given[one.name] ?? null;
            const choice = choosePort(one, {others, given, last}, (p) => (taken.includes(p) ? 'taken' : 'free'));
            const own = [one.primary, ...one.alternatives];
            const rivals = others.filter(({primary}) => choice.tag === 'chosen' && primary === choice.port);
            if (choice.tag !== 'chosen') {
              expect(one.any).toBe(false);
              const free = own.filter((p) => !taken.includes(p) && others.every(({name}) => given[name] !== p));
              // What is left is all that somebody else has.
              for (const p of free) expect(others.some((other) => other.primary === p && isFixed(other))).toBe(true);
              Reflect.deleteProperty(given, one.name);
              continue;
            }
            if (choice.port !== 0) {
              expect(others.map(({name}) => given[name])).not.toContain(choice.port);
              expect(taken).not.toContain(choice.port);
              if (isFixed(one)) expect(choice.port).toBe(one.primary);
              if (choice.port !== one.primary) expect(rivals.filter(isFixed)).toEqual([]);
            }
            given[one.name] = choice.port === 0 ? next++ : choice.port;
          }
        },
      ),
      {numRuns: 500},
    );
  });
});
