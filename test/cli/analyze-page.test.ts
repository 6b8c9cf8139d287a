import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {renderHtml} from '../../src/cli/analyze/render-html.js';
import type {LogReport} from '../../src/lib/core/logs/report.js';
import {empty, healthy, hostile, shop, watchdog} from '../support/logs/sample-reports.js';
import {chromium, itNeeds} from '../support/tools.js';

const samples: readonly [string, () => LogReport][] = [
  ['watchdog', watchdog],
  ['shop', shop],
  ['healthy', healthy],
  ['empty', empty],
  ['hostile', hostile],
];
const page = (make: () => LogReport): string => renderHtml(make(), {top: 50});

describe('the page', () => {
  it.each(samples)('%s: text of logs never becomes markup', (_, make) => {
    const html = page(make);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html.match(/<\/script/g)).toHaveLength(1);
    expect(html.includes('<img')).toBe(false);
    expect(html.includes('password=hunter2')).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not reach the page
    expect(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(html)).toBe(false);
  });

  it.each(samples)('%s: names nothing outside itself', (_, make) => {
    const targets = [...page(make).matchAll(/<[^>]*\s(?:src|href|action|data)="([^"]*)"/g)].map(([, target]) => target);
    expect(targets.filter((target) => !/^(?:#|data:,$)/.test(target as string))).toEqual([]);
  });

  it.each(samples)('%s: each link has its target, each id stands once', (_, make) => {
    const html = page(make);
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...html.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('has a limit whatever the logs hold', () => {
    const html = page(hostile);
    expect(html.length).toBeLessThan(2_000_000);
    expect(html).toContain('and 2950 more');
    expect(html).toContain('and 150 more');
  });
});

interface Visit {
  readonly dom: string;
  readonly console: readonly string[];
  readonly requests: readonly string[];
}

/** Shown by a real browser; every request that it makes, to whatever host, comes to us. */
async function visit(html: string, profile: string): Promise<Visit> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    response.setHeader('content-type', 'text/html; charset=utf-8').end(html);
  }).on('connect', (request, socket) => {
    requests.push(request.url ?? '');
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--no-first-run',
  ];
  const quiet = ['--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-dev-shm-usage'];
  const browser = spawn(
    'chromium',
    [
      ...flags,
      ...quiet,
      `--proxy-server=http://127.0.0.1:${port}`,
      '--proxy-bypass-list=<-loopback>',
      `--user-data-dir=${profile}`,
      '--enable-logging=stderr',
      '--dump-dom',
      'http://report.invalid/',
    ],
    {stdio: ['ignore', 'pipe', 'pipe'], env: {...process.env, HOME: profile}},
  );
  let dom = '';
  let log = '';
  browser.stdout.setEncoding('utf8').on('data', (text: string) => {
    dom += text;
  });
  browser.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  try {
    await once(browser, 'close');
  } finally {
    server.close();
    server.closeAllConnections();
  }
  // The browser's own calls are not the page's.
  const own = /(?:^|[/.])(?:google|googleapis|gstatic|gvt\d|googleusercontent|chromium)\.\w+/;
  return {
    dom,
    console: log.split('\n').filter((line) => line.includes(':CONSOLE')),
    requests: requests.filter((url) => !own.test(url)),
  };
}

describe('in a browser', () => {
  itNeeds([chromium], 'an error and a request would be seen', async (rig) => {
    const bad = '<script>console.error(1)</script><img src="http://elsewhere.invalid/x.png">';
    const {console: said, requests} = await visit(bad, join(rig.project, 'profile'));
    expect(said).toHaveLength(1);
    expect(requests).toContain('http://elsewhere.invalid/x.png');
  });

  for (const [name, make] of samples)
    itNeeds([chromium], `${name}: no error, no request, nothing of the logs runs`, async (rig) => {
      const {dom, console: said, requests} = await visit(page(make), join(rig.project, 'profile'));
      expect(said).toEqual([]);
      expect(requests).toEqual(['http://report.invalid/']);
      expect(dom).toContain('</html>');
      expect(dom.match(/<script/g)).toHaveLength(1);
      // The script ran: it shows the filter.
      expect(dom).toMatch(/<label class="filter">/);
    });
});
