import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import {renderHtml} from '../../src/cli/analyze/render-html.js';
import {renderMarkdown} from '../../src/cli/analyze/render-markdown.js';
import {renderReport} from '../../src/cli/analyze/render-report.js';
import {paintFor} from '../../src/cli/render/colour.js';
import {utf8Glyphs} from '../../src/cli/render/marks.js';
import type {LogReport} from '../../src/lib/core/logs/report.js';
import {reportOf} from '../../src/lib/core/logs/incidents/report-of.js';
import {analysed, readAt} from '../support/analysed.js';

const attacks = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</style><script>alert(1)</script>',
  '\u001b[2J\u001b]0;owned\u0007',
  '\u009b31m',
  '\u202e\u2066',
  '[click](javascript:alert(1))',
  '```\n# heading\n',
  '| a | b |',
  '`code` **bold**',
  '&lt;b&gt;',
];
/** What reaches the report: errors, starts and ends, requests, slow ones, with an attack in every part. */
const line = fc.tuple(fc.nat(3000), fc.constantFrom(...attacks), fc.nat(9)).map(([second, attack, kind]) => {
  const time = new Date(readAt.getTime() + second * 1000).toISOString();
  const forms = [
    `${time} ERROR ${attack} failed to connect to ${attack}`,
    `${time} [${attack}] INFO Started server process [1]`,
    `${time} ERROR ${attack} exited with code 1`,
    `127.0.0.1 - - [24/Nov/2026:12:00:00 +0000] "GET /${attack} HTTP/1.1" 500 3 "${attack}" "${attack}"`,
    JSON.stringify({
      level: 50,
      time: readAt.getTime() + second * 1000,
      msg: attack,
      err: {message: attack},
      path: `/${attack}`,
    }),
    `${attack}: Error: connect ECONNREFUSED 127.0.0.1:5432`,
    `Traceback (most recent call last):\n  File "${attack}", line 1\n${attack}Error: ${attack}`,
    `${attack} | ${time} ERROR [Errno 98] address already in use ('0.0.0.0', 8001)`,
    `level=error msg="${attack}" duration=${second}ms ts=${time}`,
    attack,
  ];
  return forms[kind] ?? attack;
});

async function reported(lines: readonly string[]): Promise<LogReport> {
  return reportOf(await analysed([Buffer.from(lines.join('\n'))]));
}

const view = {columns: 100, paint: paintFor(false), glyphs: utf8Glyphs, now: readAt};
const runs = {numRuns: 120};
const logs = fc.array(line, {minLength: 1, maxLength: 60});

describe('what strangers write into a log does nothing in the report', () => {
  it('on the terminal', async () => {
    await fc.assert(
      fc.asyncProperty(logs, async (lines) => {
        for (const row of renderReport(await reported(lines), view, {top: 20}))
          expect(row).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
      runs,
    );
  });

  it('in the page', async () => {
    const empty = renderHtml(await reported(['2026-11-24 12:00:00 INFO fine']), {top: 20});
    const own = (page: string, tag: string) => page.split(tag).length;
    await fc.assert(
      fc.asyncProperty(logs, async (lines) => {
        const page = renderHtml(await reported(lines), {top: 20});
        expect(own(page, '<script')).toBe(own(empty, '<script'));
        expect(own(page, '<style')).toBe(own(empty, '<style'));
        expect(page).not.toMatch(/<img|<[^>]*\son\w+\s*=|href="javascript/i);
        expect(page).not.toMatch(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
      runs,
    );
  });

  it('in Markdown', async () => {
    await fc.assert(
      fc.asyncProperty(logs, async (lines) => {
        const text = renderMarkdown(await reported(lines), {top: 20});
        // Outside of code nothing of it may be markup.
        const prose = text.replace(/(`+)(?:(?!\1)[\s\S])*?[^`]\1(?!`)/g, '');
        expect(prose).not.toMatch(/<script|<img|\]\(javascript/i);
        expect(text).not.toMatch(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        expect(text).not.toMatch(/^# heading/m);
      }),
      runs,
    );
  });
});
