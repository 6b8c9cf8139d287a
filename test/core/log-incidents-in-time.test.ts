import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import type {Analysis} from '../../src/lib/core/logs/analysis.js';
import {reportOf} from '../../src/lib/core/logs/incidents/report-of.js';
import type {Incident} from '../../src/lib/core/logs/report.js';
import {day, hour, serviceLog, start, type Trouble} from '../support/logs/service-log.js';
import {simpleAnalysis} from '../support/logs/simple-analysis.js';
import {expectLinear} from '../support/growth.js';

const minute = 60_000;
const monday = (text: string): Analysis => simpleAnalysis({name: 'app.log', text});
const told = ({kind, title}: Incident) => `${kind}: ${title}`;

describe('a log with days, nights, weekends, planned restarts and complaints each night', () => {
  const seeds = fc.integer({min: 1, max: 1e6});

  it('has no incidents', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.constantFrom({days: 7, perHour: 60}, {days: 3, perHour: 500}, {days: 9, perHour: 20}),
        (seed, life) => {
          const {incidents} = reportOf(monday(serviceLog({seed, ...life})));
          expect(incidents.map(told)).toEqual([]);
        },
      ),
      {numRuns: 3},
    );
  });

  it('has none when its file was rotated, or is cut anywhere', () => {
    fc.assert(
      fc.property(seeds, fc.double({min: 0.2, max: 0.8, noNaN: true}), (seed, share) => {
        const lines = serviceLog({seed, days: 4, perHour: 100}).split('\n');
        const cut = Math.floor(lines.length * share);
        const [older, newer] = [lines.slice(0, cut).join('\n'), lines.slice(cut).join('\n')];
        const both = simpleAnalysis({name: 'app.log.1', text: older}, {name: 'app.log', text: newer});
        expect(reportOf(both).incidents.map(told)).toEqual([]);
        // A single night's complaints in the rest of a log are news to it, and a day has one night.
        const quiet = lines.slice(cut, cut + 800).filter((line) => !line.includes('nightly'));
        expect(reportOf(monday(quiet.join('\n'))).incidents.map(told)).toEqual([]);
      }),
      {numRuns: 3},
    );
  });

  it('has none when another log covers but a part of the time', () => {
    const other = serviceLog({seed: 5, days: 3, perHour: 300})
      .replaceAll('exchange rates', 'tax rates')
      .replaceAll('Order', 'Job');
    const both = simpleAnalysis(
      {name: 'app.log', text: serviceLog({seed: 4, days: 10, perHour: 60})},
      {name: 'jobs.log', text: other},
    );
    expect(reportOf(both).incidents.map(told)).toEqual([]);
  });
});

const from = 2 * day + 10 * hour;
const within = (minutes: number, everyMs: number, line: Trouble['line']): Trouble => ({
  from,
  to: from + minutes * minute,
  everyMs,
  line,
});
const cases: readonly (readonly [kind: string, title: RegExp, troubles: readonly Trouble[]])[] = [
  [
    'dependency-outage',
    /^mysql refused connections$/,
    [
      within(15, 30_000, () => 'ERROR SQLSTATE[HY000] [2002] Connection refused by mysql at db.internal:3306'),
      within(15, 10_000, (n) => `INFO 10.0.0.3 - "GET /api/orders/${n} HTTP/1.1" 500 Internal Server Error`),
    ],
  ],
  [
    'dependency-outage',
    /^redis refused connections$/,
    [
      within(20, 30_000, (n) => `WARNING job ${n} waits`),
      within(
        20,
        30_000,
        () =>
          'ERROR Error 10061 connecting to localhost:6379. Es konnte keine Verbindung hergestellt werden, da der Zielcomputer die Verbindung verweigerte.',
      ),
    ],
  ],
  [
    'errors',
    /^new, \d+ times: Fehler beim Buchen/,
    [within(30, 40_000, (n) => `ERROR Fehler beim Buchen von Auftrag ${n}: Lager unbekannt`)],
  ],
  [
    'errors',
    /TypeError/,
    [within(45, 60_000, () => "ERROR TypeError: Cannot read properties of undefined (reading 'discount')")],
  ],
  [
    'memory-growth',
    /^worker ran out of memory \d+ times/,
    [
      within(
        60,
        150_000,
        (n) => `ERROR worker (pid ${n}) exited with signal SIGKILL (out of memory), restart ${n} in 4 s`,
      ),
      within(60, 150_000, (n) => `WARNING worker rss ${1500 + n} MB above limit 1500 MB`),
    ],
  ],
  [
    'errors',
    /no space left/,
    [within(20, 60_000, (n) => `ERROR write /var/lib/erp/spool/${n}.tmp: ENOSPC: no space left on device`)],
  ],
  [
    'restart-loop',
    /^mailer exited \d+ times$/,
    [within(10, 40_000, (n) => `ERROR mailer (pid ${n}) exited with code 3, restart ${n} in 2 s`)],
  ],
];

describe('a trouble in the middle of a week', () => {
  it.each(cases)('%s %s is found from its first line on, and nothing else is', (kind, title, troubles) => {
    fc.assert(
      fc.property(fc.integer({min: 1, max: 1e6}), (seed) => {
        const {incidents} = reportOf(monday(serviceLog({seed, days: 7, perHour: 120, troubles})));
        expect(incidents).toHaveLength(1);
        const [incident] = incidents;
        expect(incident).toMatchObject({kind, title: expect.stringMatching(title), isOver: true});
        expect(Math.abs((incident?.from ?? 0) - start - from)).toBeLessThan(1.5 * minute);
        expect(Math.abs((incident?.to ?? 0) - start - (troubles[0]?.to ?? 0))).toBeLessThan(10 * minute);
      }),
      {numRuns: 1},
    );
  });

  it('two outages of one database are two incidents', () => {
    const line = () => 'ERROR redis: ECONNREFUSED 127.0.0.1:6379';
    const troubles = [0, 9 * hour].map((later) => ({
      from: from + later,
      to: from + later + 15 * minute,
      everyMs: 20_000,
      line,
    }));
    const {incidents} = reportOf(monday(serviceLog({seed: 9, days: 7, perHour: 120, troubles})));
    expect(incidents.map(told)).toEqual(Array(2).fill('dependency-outage: redis refused connections'));
  });

  it('an error of a new release that nobody has mended is not over, and its template appeared', () => {
    const troubles = [{from, to: 7 * day, everyMs: 2 * minute, line: () => 'ERROR KeyError: discount'}];
    const {incidents, appeared} = reportOf(monday(serviceLog({seed: 3, days: 7, perHour: 120, troubles})));
    expect(incidents).toMatchObject([{kind: 'errors', isOver: false}]);
    expect(appeared.map(({template}) => template.text)).toEqual(['KeyError: discount']);
  });

  it.each([
    ['each day at the same time', [-2 * day, -day, 0], 20, 20_000, 3],
    [
      'every twelve minutes for an hour and a half',
      [0, 12, 24, 36, 48, 60, 72, 84].map((later) => later * minute),
      2,
      8000,
      1,
    ],
  ] as const)('an outage that comes %s is no habit', (_, times, minutes, everyMs, count) => {
    const line = () => 'ERROR connect ECONNREFUSED 10.0.0.5:5432';
    const troubles = times.map((later) => ({
      from: from + later,
      to: from + later + minutes * minute,
      everyMs,
      line,
    }));
    const {incidents} = reportOf(monday(serviceLog({seed: 9, days: 4, perHour: 60, troubles})));
    expect(incidents.map(told)).toEqual(Array(count).fill('dependency-outage: postgres refused connections'));
    for (const {diagnosis} of incidents) expect(diagnosis?.cause).toBe('database-unreachable');
  });

  it('an error that fills three quarters of a log is found all the same', () => {
    const troubles = [{from: day, to: 4 * day, everyMs: minute, line: () => 'ERROR TypeError: x is undefined'}];
    const {incidents} = reportOf(monday(serviceLog({seed: 1, days: 4, perHour: 60, troubles})));
    expect(incidents).toMatchObject([{kind: 'errors', isOver: false, from: start + day}]);
  });

  it('a single critical event is an incident, three errors are none', () => {
    const critical = {from, to: from + 1, everyMs: hour, line: () => 'CRITICAL database corrupted'};
    const {incidents} = reportOf(monday(serviceLog({seed: 1, days: 4, perHour: 60, troubles: [critical]})));
    expect(incidents.map(told)).toEqual(['errors: once: database corrupted']);
    const errors = within(3, 40_000, () => 'ERROR odd thing');
    expect(reportOf(monday(serviceLog({seed: 1, days: 4, perHour: 60, troubles: [errors]}))).incidents).toEqual([]);
  });

  it('what never comes again has vanished', () => {
    const troubles = [{from: 0, to: from, everyMs: 10 * minute, line: () => 'INFO old import finished'}];
    const {incidents, vanished} = reportOf(monday(serviceLog({seed: 3, days: 7, perHour: 120, troubles})));
    expect(incidents).toEqual([]);
    expect(vanished.map(({template}) => template.text)).toEqual(['old import finished']);
  });

  it('a burst of harmless messages is a burst, no incident', () => {
    const {incidents, bursts} = reportOf(
      monday(
        serviceLog({seed: 3, days: 7, perHour: 120, troubles: [within(10, 500, (n) => `INFO reindexed article ${n}`)]}),
      ),
    );
    expect(incidents).toEqual([]);
    expect(bursts.some(({count, from: at}) => count > 900 && Math.abs(at - start - from) < 2 * minute)).toBe(true);
  });
});

describe('the time it takes', () => {
  it('grows with the number of templates, not with its square', async () => {
    const one = monday(serviceLog({seed: 1, days: 4, perHour: 300}));
    const copies = (count: number, of = one.templates) => ({
      ...one,
      templates: Array.from({length: count}, (_, i) => {
        const template = of[i % of.length];
        return {...(template as NonNullable<typeof template>), id: `t${i}`, text: `${template?.text ?? ''} ${i}`};
      }),
    });
    await expectLinear(300, (count) => copies(count), reportOf);
    const rare = one.templates.filter(({count}) => count < 100);
    await expectLinear(12_500, (count) => copies(count, rare), reportOf);
  });
});
