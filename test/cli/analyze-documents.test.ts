import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {z} from 'zod';
import {
  comparisonDocument,
  diagnosisDocument,
  reportDocument,
  templateDocument,
} from '../../src/cli/analyze/documents.js';
import type {Comparison, LogReport} from '../../src/lib/core/logs/report.js';
import {analysis, at, empty, healthy, hostile, shop, source, spot, watchdog} from '../support/logs/sample-reports.js';
import {fixtures} from '../support/rig.js';
import {packageRoot, runErp} from '../support/run-erp.js';

type Schema = Record<string, unknown> & {$defs: Record<string, Record<string, unknown>>};
const schema = JSON.parse(readFileSync(join(packageRoot, 'docs/reference/analyze.schema.json'), 'utf8')) as Schema;

/** What the schema does not tell must not be there: so every key is documented. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inner = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)]));
  return 'properties' in inner && inner['type'] === 'object' && !('additionalProperties' in inner)
    ? {...inner, additionalProperties: false}
    : inner;
}

const strict = closed(schema) as Schema;
const checkOf = (name: string | null) =>
  z.fromJSONSchema(name === null ? strict : {$ref: `#/$defs/${name}`, $defs: strict.$defs});

function expectValid(name: string | null, document: unknown): void {
  const result = checkOf(name).safeParse(JSON.parse(JSON.stringify(document)));
  expect(result.error?.issues ?? []).toEqual([]);
}

const samples: readonly [string, () => LogReport][] = [
  ['watchdog', watchdog],
  ['shop', shop],
  ['healthy', healthy],
  ['empty', empty],
  ['hostile', hostile],
];

describe('docs/reference/analyze.schema.json', () => {
  it.each(samples)('%s: the report and its templates', (_, make) => {
    const report = make();
    expectValid(null, reportDocument(report, {top: 20}));
    for (const template of report.analysis.templates.slice(0, 5))
      expectValid('template', templateDocument(template, report.analysis));
  });

  it('refuses what it does not describe', () => {
    const document = reportDocument(shop(), {top: 20});
    const refused = (wrong: object) => checkOf(null).safeParse({...document, ...wrong}).success;
    expect(refused({})).toBe(true);
    expect(refused({extra: 1})).toBe(false);
    expect(refused({from: '2026-05-22 09:00:00'})).toBe(false);
    expect(refused({events: '12'})).toBe(false);
    expect(refused({incidents: [{kind: 'nothing'}]})).toBe(false);
  });

  it('what the command prints of a real log', async () => {
    const log = join(fixtures, 'legacy', 'watchdog_20250522.log');
    const json = async (...args: string[]) =>
      JSON.parse(
        (await runErp(['logs', 'analyze', '--json', ...args], {cwd: packageRoot, env: process.env})).stdout,
      ) as {
        templates: {id: string}[];
      };
    const report = await json(log);
    expectValid(null, report);
    expectValid('template', await json('--template', report.templates[0]?.id ?? '', log));
    expectValid('diagnosis', await json('--diagnose', log));
    expectValid('comparison', await json('--compare', log, log));
  });
});

describe('documents', () => {
  it('a diagnosis: evidence as line numbers, the subject an object, nothing secret', () => {
    const {diagnosis} = hostile().incidents[0] as LogReport['incidents'][number];
    const document = diagnosisDocument(diagnosis as NonNullable<typeof diagnosis>);
    expectValid('diagnosis', document);
    expect(document.evidence).toEqual([1]);
    expect(document.evidenceText).toHaveLength(1);
    expect(typeof document.subject).toBe('object');
  });

  it.each(samples)('%s: nothing secret', (_, make) => {
    expect(JSON.stringify(reportDocument(make(), {top: 20})).includes('password=hunter2')).toBe(false);
  });

  it('the example of what became rarer comes from A', () => {
    const change = {
      text: 'x',
      level: null,
      countA: 50,
      countB: 5,
      expectedB: 50,
      significance: 0.001,
      series: {buckets: [], counts: []},
      example: {spot: spot(7, at(9, 0)), text: 'x'},
    };
    const comparison: Comparison = {
      a: analysis({sources: [source('old.log')]}),
      b: analysis({sources: [source('new.log')]}),
      changes: (['new', 'more', 'less', 'gone'] as const).map((kind) => ({...change, kind})),
    };
    const document = comparisonDocument(comparison);
    expectValid('comparison', document);
    expect(document.changes.map(({example}) => example.source)).toEqual(['new.log', 'new.log', 'old.log', 'old.log']);
  });
});
