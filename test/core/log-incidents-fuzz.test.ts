import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import type {Analysis} from '../../src/lib/core/logs/analysis.js';
import {compare} from '../../src/lib/core/logs/compare.js';
import {meanings} from '../../src/lib/core/logs/incidents/meanings.js';
import {reportOf} from '../../src/lib/core/logs/incidents/report-of.js';
import {simpleAnalysis} from '../support/logs/simple-analysis.js';
import {expectLinear} from '../support/growth.js';

const message = fc.oneof(
  fc.constantFrom(...meanings.flatMap(({examples}) => examples)),
  fc.constantFrom(
    'Order 7 created',
    'api is ready',
    'rss 300 MB',
    'took 5 ms',
    '"GET /a HTTP/1.1" 503 Service Unavailable',
  ),
  fc.string(),
);
/** Mostly forward, sometimes far back or far ahead, sometimes without a time. */
const step = fc.oneof(
  {weight: 8, arbitrary: fc.integer({min: 0, max: 90_000})},
  {weight: 1, arbitrary: fc.integer({min: -1e9, max: 1e9})},
  {weight: 1, arbitrary: fc.constant(null)},
);
const line = fc.record({
  step,
  level: fc.constantFrom('DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL', ''),
  message,
  times: fc.integer({min: 1, max: 12}),
});
const log = fc.array(line, {maxLength: 120}).map((lines) => {
  let now = Date.UTC(2025, 4, 19);
  return lines
    .flatMap(({step: ms, level, message: text, times}) => {
      now += ms ?? 0;
      const stamp = ms === null ? '' : `${new Date(now).toISOString().slice(0, 19)} `;
      return Array<string>(times).fill(`${stamp}${level} ${text}`);
    })
    .join('\n');
});

function holds(analysis: Analysis): void {
  const report = reportOf(analysis);
  const ids = new Set(analysis.templates.map(({id}) => id));
  const starts = report.incidents.map(({from}) => from ?? 0);
  expect(starts).toEqual([...starts].sort((a, b) => a - b));
  for (const {from, to, isOver, recovery, first, end, templates, evidence, title, diagnosis} of report.incidents) {
    if (from !== null && to !== null) expect(from).toBeLessThanOrEqual(to);
    expect(isOver || recovery === null).toBe(true);
    for (const {spot} of [first, ...evidence, ...(end === null ? [] : [end])]) {
      expect(spot.line).toBeLessThanOrEqual(analysis.sources[spot.source]?.lines ?? 0);
    }
    for (const {id, count, usual} of templates) {
      expect(ids.has(id)).toBe(true);
      expect(count).toBeGreaterThan(0);
      expect(Number.isFinite(usual)).toBe(true);
    }
    expect(title.length).toBeLessThanOrEqual(100);
    expect(title).not.toBe('');
    expect(diagnosis === null || diagnosis.evidence.length > 0).toBe(true);
  }
  for (const {starts: started, restarts, exits, availability, mtbfMs, mttrMs} of report.reliability) {
    expect(started).toBeGreaterThanOrEqual(restarts);
    expect(exits).toBeGreaterThanOrEqual(0);
    if (availability !== null) expect(availability >= 0 && availability <= 1).toBe(true);
    expect((mtbfMs ?? 0) >= 0 && (mttrMs ?? 0) >= 0).toBe(true);
  }
}

describe('whatever a log says', () => {
  it('gives a report that makes sense', () => {
    fc.assert(
      fc.property(log, log, (a, b) => {
        holds(simpleAnalysis({name: 'a.log', text: a}));
        holds(simpleAnalysis({name: 'a.log', text: a}, {name: 'b.log', text: b, service: 'b'}));
      }),
      {numRuns: 60},
    );
  });

  it('can be compared, and with itself nothing has changed', () => {
    fc.assert(
      fc.property(log, log, (a, b) => {
        const [one, two] = [simpleAnalysis({name: 'a', text: a}), simpleAnalysis({name: 'b', text: b})];
        expect(compare(one, one).changes).toEqual([]);
        for (const {kind, countA, countB, significance} of compare(one, two).changes) {
          expect(significance).toBeLessThanOrEqual(0.05);
          expect(kind === 'new').toBe(countA === 0);
          expect(kind === 'gone').toBe(countB === 0);
        }
      }),
      {numRuns: 60},
    );
  });

  it.each([
    'a',
    'ab ',
    'A',
    '1',
    '::',
    'a.b:',
    'port ',
    '⏎ a',
    '<*>-',
    'exit code ',
  ])('takes linear time for lines of megabytes: %s', async (unit) => {
    const plain = simpleAnalysis({name: 'a', text: '2025-05-19 10:00:00 ERROR x failed\n'});
    const made = (size: number): Analysis => {
      const text = `${unit.repeat(size / unit.length)} failed`;
      const templates = plain.templates.map((template) => ({
        ...template,
        text,
        examples: template.examples.map(({spot}) => ({spot, text: `2025-05-19 10:00:00 ERROR ${text}`})),
      }));
      return {...plain, templates};
    };
    await expectLinear(250_000, made, holds);
  });
});
