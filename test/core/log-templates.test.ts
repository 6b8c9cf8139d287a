import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import {type Distinct, templatesOf, variablesOf} from '../../src/lib/core/logs/templates/templates.js';
import {analysedLines} from '../support/logs/analysed-lines.js';
import {groupingScores} from '../support/logs/grouping-scores.js';
import {logStyles} from '../support/logs/log-styles.js';
import {randomOf} from '../support/logs/service-log.js';
import {styledLog} from '../support/logs/styled-log.js';
import {expectLinear} from '../support/growth.js';

const of = (...texts: string[]): Distinct[] => texts.map((text) => ({text, from: 0, source: 0, count: 1}));
const found = (...texts: string[]): string[] =>
  templatesOf(of(...texts))
    .map(({text}) => text)
    .sort();

describe('accuracy without configuration', () => {
  const scores = logStyles.map((style) => {
    const seeds = [11, 12].map((seed) => {
      const {lines, templates} = styledLog(style, seed);
      return groupingScores(templates, analysedLines(lines));
    });
    return {
      name: style.name,
      ga: Math.min(...seeds.map(({ga}) => ga)),
      fga: Math.min(...seeds.map(({fga}) => fga)),
    };
  });
  it.each(scores)('$name', ({ga, fga}) => {
    expect(ga).toBeGreaterThanOrEqual(0.9);
    expect(fga).toBeGreaterThanOrEqual(0.8);
  });

  it('holds for all styles together', () => {
    const mean = (values: number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
    expect(mean(scores.map(({ga}) => ga))).toBeGreaterThanOrEqual(0.97);
    expect(mean(scores.map(({fga}) => fga))).toBeGreaterThanOrEqual(0.94);
  });
});

describe('what is a value, and what is not', () => {
  it('states tell events apart', () => {
    expect(found('VM Started', 'VM Paused', 'VM Resumed')).toEqual(['VM Paused', 'VM Resumed', 'VM Started']);
    const steps = ['NEW', 'ASSIGNED', 'RUNNING', 'COMMIT', 'DONE', 'FAILED', 'KILLED', 'LOST'];
    expect(found(...steps.slice(1).map((to, i) => `attempt 1 moved from ${steps[i]} to ${to}`))).toHaveLength(7);
  });

  it('an object that a program printed is one value, however many parts it has', () => {
    const timer = '<pool.Timer object at 0x7f3a21>';
    const bound = '<bound method Pool.run of <pool.Pool object at 0x7f3a88>>';
    expect(found(`added callback=${timer}`, `added callback=${bound}`)).toEqual(['added callback=<*>']);
    expect(
      found("score(Font(name='Serif (wide)', style='normal')) = 1.5", "score(Font(name='Sans', style='bold')) = 2"),
    ).toEqual(['score(<*>) = <*>']);
    expect(found('sent {"to": "anna"}', 'sent {"to": "bert", "copies": ["x", "y"]}')).toEqual(['sent <*>']);
    expect(found("names are ['a', 'b']", "names are ['c']")).toEqual(['names are <*>']);
  });

  it('brackets without an object in them are text', () => {
    expect(found('key <left> pressed', 'key <right> pressed')).toHaveLength(2);
    expect(found('it\'s ["open', "it's {'a': 'closed")).toHaveLength(2);
    expect(found('{"a": "left"}', '{"a": "right"}')).toHaveLength(2);
  });

  it('a logger between level and message is no part of it', () => {
    const lines = ['cache', 'index.reader', 'shop.orders', 'shop.stock', 'mail', 'queue'].map(
      (name) => `${name}:took over`,
    );
    expect(found(...lines)).toEqual(['took over']);
  });

  it('names of users are values of one event', () => {
    const users = ['anna', 'bert', 'carla', 'dora', 'emil', 'fritz'];
    expect(found(...users.map((user) => `session opened for user ${user} by root`))).toEqual([
      'session opened for user <*> by root',
    ]);
  });

  it('a name may come first, if there are many', () => {
    const users = 'anna bert carla dora emil fritz gerd hans ida jana kurt lena max'.split(' ');
    expect(found(...users.map((user) => `${user} joined the game`))).toEqual(['<*> joined the game']);
    expect(found('cache left the pool', 'worker left the pool', 'item left the pool')).toHaveLength(3);
  });

  it('two names at once', () => {
    const users = ['anna', 'bert', 'carla', 'dora', 'emil', 'fritz', 'gerd'];
    expect(
      found(...users.map((user, i) => `mail from ${user} to ${users[(i + 3) % 7]} was handed over in time`)),
    ).toEqual(['mail from <*> to <*> was handed over in time']);
  });

  it('a unit, a list of any length, an optional part in brackets', () => {
    expect(found('took 1 ms', 'took 2 s')).toEqual(['took <*> <*>']);
    expect(found('deleted blk_1', 'deleted blk_2 blk_3', 'deleted blk_4, blk_5, blk_6')).toEqual(['deleted <*>']);
    expect(found('1 bytes sent, 2 bytes received', '1 bytes (1.2 KB) sent, 3 bytes (2 MB) received')).toHaveLength(1);
  });

  it('key=value dumps', () => {
    expect(
      found(
        'acquire lock=1, tag="View Lock", ws=null, held= true',
        'acquire lock=2, tag="*job*", ws=WorkSource{10113}, held= false',
      ),
    ).toHaveLength(1);
    expect(found('done state=ok id=1', 'done state=failed id=2')).toHaveLength(2);
    expect(found('failure; logname= uid=0 rhost=10.0.0.1', 'failure; logname=x1 uid=0 rhost=10.0.0.2')).toHaveLength(1);
  });

  it('paths with blanks, URLs and dates are one value', () => {
    expect(found('opened C:\\Program Files\\erp\\a.exe now', 'opened C:\\erp\\b.exe now')).toEqual(['opened <*> now']);
    expect(found('fetching https://shop.test/a done', 'fetching ftp://files.test/b/c done')).toEqual([
      'fetching <*> done',
    ]);
    expect(found('last seen Mon Nov 23 07:00:01 2026 here', 'last seen Sun Nov  1 07:00:01 2026 here')).toEqual([
      'last seen <*> here',
    ]);
  });

  it('the end of a traceback belongs to the identity', () => {
    const one = {text: 'request 1 failed', from: 0, source: 0, count: 1};
    const templates = templatesOf([
      {...one, detail: 'KeyError: id'},
      {...one, text: 'request 2 failed', detail: 'KeyError: id'},
      {...one, text: 'request 3 failed', detail: 'TypeError: no number'},
    ]).map(({text}) => text);
    expect(templates.sort()).toEqual([
      'request <*> failed ⏎ KeyError: id',
      'request <*> failed ⏎ TypeError: no number',
    ]);
  });

  it('the thread of a header is no part of the message', () => {
    const threads = ['Server thread', 'Worker-Main-3', 'Netty IO'];
    const messages = ['Stopping server', 'Saving chunks', 'Done loading', 'Unloading the world'];
    const lines = messages.flatMap((message) => threads.map((thread) => `[10:00:00] [${thread}/INFO]: ${message}`));
    expect(new Set(analysedLines(lines)).size).toBe(messages.length);
  });

  it('headers that nobody knows are cut by their columns', () => {
    const lines = ['disk full', 'disk replaced', 'fan stopped', 'fan running again', 'power lost', 'power is back'];
    expect(
      found(...lines.map((text, i) => `R0${i}-M1 RAS ${i % 2 === 0 ? 'KERNEL' : 'APP'} INFO ${text}`)).sort(),
    ).toEqual([...lines].sort());
  });
});

describe('any input', () => {
  const line = fc.oneof(
    fc.string({unit: 'binary', maxLength: 60}),
    fc
      .array(
        fc.constantFrom(
          'a',
          'b=',
          '1',
          '(',
          ')',
          '[',
          '"x y"',
          ', ',
          ' ',
          '=',
          'KB',
          'null',
          'user',
          '{',
          '}',
          '<*>',
          '/a/b',
          '.',
        ),
        {maxLength: 20},
      )
      .map((parts) => parts.join('')),
    fc
      .array(fc.constantFrom('open', 'close', 'door', 'gate', '7', 'a.b', '5 MB'), {minLength: 1, maxLength: 5})
      .map((parts) => parts.join(' ')),
  );
  const distinct = fc
    .uniqueArray(line, {maxLength: 60})
    .map((texts) =>
      texts.map((text, i) => ({text, from: Math.min(text.length, i % 3), source: i % 2, count: 1 + (i % 4)})),
    );

  it('each message is in one template', () => {
    fc.assert(
      fc.property(distinct, (some) => {
        const members = templatesOf(some).flatMap((one) => [...one.members]);
        expect(members.sort((a, b) => a - b)).toEqual(some.map((_, i) => i));
      }),
    );
  });

  it('the order decides nothing', () => {
    const asTexts = (some: readonly Distinct[]) =>
      templatesOf(some)
        .map(
          ({text, members}) =>
            `${text}\n${members
              .map((i) => `${some[i]?.source}${some[i]?.text}`)
              .sort()
              .join('\n')}`,
        )
        .sort();
    fc.assert(
      fc.property(distinct, fc.integer(), (some, seed) => {
        const random = randomOf(seed);
        const shuffled = some
          .map((one) => ({one, at: random()}))
          .sort((a, b) => a.at - b.at)
          .map(({one}) => one);
        expect(asTexts(shuffled)).toEqual(asTexts(some));
      }),
    );
  });

  it('a template stands for its messages', () => {
    const misses = logStyles.flatMap((style) => {
      const lines = styledLog(style, 5, 600).lines.map((text) => text.replace(/^.*?(?:INFO|\]:|LOG:) +/, ''));
      const some = of(...new Set(lines)).map((one, i) => ({...one, source: i}));
      return templatesOf(some).flatMap(({text, members}) =>
        members.filter((i) => variablesOf(text, some[i]?.text ?? '') === null).map((i) => `${text} | ${some[i]?.text}`),
      );
    });
    expect(misses.slice(0, 5)).toEqual([]);
  });
});

describe('time', () => {
  const cluster = (some: readonly Distinct[]): void => {
    expect(templatesOf(some).flatMap(({members}) => members)).toHaveLength(some.length);
  };
  const letters = (n: number): string =>
    n.toString(26).replace(/[0-9]/g, (digit) => String.fromCodePoint(107 + Number(digit)));

  it.each([
    ['brackets', '('],
    ['pairs', 'a=a='],
    ['words', 'word '],
    ['one word', 'x'],
    ['back slashes', 'a a\\', 'C:\\'],
    ['quotes', '"a b '],
    ['dates', 'Jan 1 '],
    ['dots', 'a.'],
    ['open brackets', '[{'],
    ['blanks', ' ', 'a'],
  ])('a message of a megabyte: %s', async (_name, unit, before = '') => {
    const made = (size: number) => {
      const text = `${before}${unit.repeat(size / unit.length)}b`;
      return of(text, `${text}x`, 'a', 'b', 'c', 'd');
    };
    await expectLinear(250_000, made, cluster);
  });

  it('many different words in one place', async () => {
    const made = (n: number) => of(...Array.from({length: n}, (_, i) => `loaded module ${letters(i)} in time`));
    expect(templatesOf(made(20_000))).toHaveLength(1);
    await expectLinear(10_000, made, cluster);
  });

  it('many different messages', async () => {
    const random = randomOf(3);
    const text = () =>
      Array.from({length: 4 + Math.floor(random() * 10)}, () => letters(Math.floor(random() ** 2 * 3000))).join(' ');
    await expectLinear(5000, (n) => of(...new Set(Array.from({length: n}, text))), cluster);
  });
});
