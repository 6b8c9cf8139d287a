import {existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {renderComparison, renderDiagnosis, renderTemplate} from '../../src/cli/analyze/render-details.js';
import {renderMarkdown} from '../../src/cli/analyze/render-markdown.js';
import {renderReport} from '../../src/cli/analyze/render-report.js';
import {paintFor} from '../../src/cli/render/colour.js';
import {asciiGlyphs, utf8Glyphs} from '../../src/cli/render/marks.js';
import type {View} from '../../src/cli/render/table.js';
import {cellWidth} from '../../src/cli/render/width.js';
import type {LogDiagnosis} from '../../src/lib/core/logs/diagnosis/log-diagnosis.js';
import type {Comparison, LogReport, TemplateChange} from '../../src/lib/core/logs/report.js';
import {
  analysis,
  at,
  empty,
  healthy,
  hostile,
  hostileText,
  incident,
  report,
  series,
  shop,
  source,
  spot,
  watchdog,
} from '../support/logs/sample-reports.js';
import {packageRoot} from '../support/run-erp.js';

const folder = join(packageRoot, 'test/fixtures/analyze');

/** A change is meant? UPDATE_SNAPSHOT=1 npm test -- test/cli/analyze-screens, read and commit what it writes. */
function expectScreen(name: string, text: string): void {
  const file = join(folder, name);
  if (process.env['UPDATE_SNAPSHOT'] === '1') {
    mkdirSync(folder, {recursive: true});
    writeFileSync(file, text);
  }
  expect(text).toBe(existsSync(file) ? readFileSync(file, 'utf8') : '');
}

const view = (columns: number | null, more: Partial<View> = {}): View => ({
  columns,
  paint: paintFor(false),
  glyphs: utf8Glyphs,
  now: new Date(at(12, 0)),
  ...more,
});
const screen = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
const samples: readonly [string, () => LogReport][] = [
  ['watchdog', watchdog],
  ['shop', shop],
  ['healthy', healthy],
  ['empty', empty],
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not reach a terminal
const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f]/;

const diagnosis: LogDiagnosis = {
  cause: 'missing-module',
  confidence: 0.95,
  subject: {module: 'fastapi'},
  evidence: [{line: 5, text: "ModuleNotFoundError: No module named 'fastapi'"}],
  remedy: 'python3 -m pip install fastapi',
  explanation: 'The Python module fastapi is not installed for the interpreter that ran.',
  isPermanent: true,
  mendedBy: null,
};
const change = (kind: TemplateChange['kind'], more: Partial<TemplateChange> = {}): TemplateChange => ({
  kind,
  text: 'tax <*> missing for invoice <*>, the customer has no country and the default of the tenant is not set',
  level: 'ERROR',
  countA: kind === 'new' ? 0 : 120,
  countB: kind === 'gone' ? 0 : 1800,
  expectedB: kind === 'new' ? 0 : 130,
  significance: 1e-9,
  example: {spot: spot(31, at(9, 30)), text: 'tax 7 missing for invoice 12'},
  series: series(at(9, 0), [1]),
  ...more,
});
const comparison: Comparison = {
  a: analysis({events: 12_000, from: at(8, 0), to: at(9, 0), sources: [source('old.log')]}),
  b: analysis({events: 13_000, from: at(9, 0), to: at(10, 0), sources: [source('new.log')]}),
  changes: [
    change('new'),
    change('more', {level: 'WARNING', significance: 0.004}),
    change('less', {countB: 20, text: 'cache hit'}),
    change('gone', {level: null}),
  ],
};

describe('the screens', () => {
  it.each(samples)('%s: 80 columns', (name, make) => {
    expectScreen(`${name}.txt`, screen(renderReport(make(), view(80), {top: 10})));
  });

  it('ASCII, 60 columns', () => {
    expectScreen('shop-ascii-60.txt', screen(renderReport(shop(), view(60, {glyphs: asciiGlyphs}), {top: 10})));
  });

  it('one template', () => {
    const of = shop();
    const template = of.analysis.templates[1] as LogReport['analysis']['templates'][number];
    expectScreen('template.txt', screen(renderTemplate(template, of, view(80))));
  });

  it('a diagnosis, and that there is nothing to diagnose', () => {
    const none: LogDiagnosis = {...diagnosis, cause: null, evidence: [], explanation: 'It exited with code 0.'};
    const unsure = {...diagnosis, confidence: 0.4, remedy: null};
    expectScreen(
      'diagnosis.txt',
      [diagnosis, unsure, none].map((one) => screen(renderDiagnosis(one, view(80)))).join('\n'),
    );
  });

  it('a comparison', () => {
    expectScreen('comparison.txt', screen(renderComparison(comparison, view(80), 10)));
  });

  it('Markdown', () => {
    expectScreen('shop.md', renderMarkdown(shop(), {top: 10}));
  });
});

describe('what must hold for each screen', () => {
  const screens = (of: LogReport, one: View): string[] => [
    ...renderReport(of, one, {top: 20}),
    ...of.analysis.templates.slice(0, 3).flatMap((template) => renderTemplate(template, of, one)),
    ...of.incidents
      .slice(0, 1)
      .flatMap((each) => (each.diagnosis === null ? [] : renderDiagnosis(each.diagnosis, one))),
    ...renderComparison({...comparison, changes: [change('new', {text: hostileText}), change('more')]}, one, 5),
  ];
  const all: readonly [string, () => LogReport][] = [...samples, ['hostile', hostile]];

  it.each(all)('%s: no row wraps, none is empty', (_, make) => {
    for (const columns of [60, 80, 100, 140]) {
      const lines = screens(make(), view(columns));
      expect(lines.filter((line) => cellWidth(line) > columns)).toEqual([]);
      expect(lines.filter((line) => line.trim() === '' || line.includes('\n'))).toEqual([]);
    }
  });

  it.each(all)('%s: colours change nothing but colours', (_, make) => {
    const painted = screens(make(), view(80, {paint: paintFor(true)})).join('\n');
    const codes = [...painted.matchAll(/\u001b\[([\d;]*)m/g)].map(([, code]) => code as string);
    expect(
      [...new Set(codes)].filter((code) => !['0', '1', '2', '32', '33', '36', '1;31', '1;33'].includes(code)),
    ).toEqual([]);
    expect(painted.replace(/\u001b\[[\d;]*m/g, '')).toBe(screens(make(), view(80)).join('\n'));
  });

  it('what logs say can neither steer the terminal nor carry secrets out', () => {
    for (const columns of [80, null]) {
      const text = screens(hostile(), view(columns)).join('\n');
      expect(dangerous.test(text)).toBe(false);
      expect(text.includes('hunter2') && text.includes('password=hunter2')).toBe(false);
    }
    const markdown = renderMarkdown(hostile(), {top: 20});
    expect(dangerous.test(markdown)).toBe(false);
    expect(markdown.includes('password=hunter2')).toBe(false);
  });

  it('many incidents: the first ones in full, then rows, then a number', () => {
    const many = report(healthy().analysis, {incidents: Array.from({length: 40}, (_, i) => incident(`number ${i}`))});
    const lines = renderReport(many, view(80), {top: 1});
    expect(lines.filter((line) => line.startsWith('finding'))).toHaveLength(8);
    expect(lines.filter((line) => /^ {11}and 12 more: --json has all$/.test(line))).toHaveLength(1);
  });
});
