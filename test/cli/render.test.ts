import {afterEach, describe, expect, it, jest} from '@jest/globals';
import fc from '../support/property.js';
import {serviceRow} from '../../src/cli/progress/live.js';
import {plainProgress} from '../../src/cli/progress/plain.js';
import {paintFor, wantsColour} from '../../src/cli/render/colour.js';
import {errorDocument, renderError} from '../../src/cli/render/error.js';
import {liveEvent, plainEvent} from '../../src/cli/render/events.js';
import {neutralise, stripControls} from '../../src/cli/render/foreign.js';
import {asciiGlyphs, glyphsFor, utf8Glyphs} from '../../src/cli/render/marks.js';
import {renderForward} from '../../src/cli/render/forwards.js';
import {renderService, renderStatus} from '../../src/cli/render/status.js';
import {monitorLines} from '../../src/cli/monitor/live.js';
import {forwardRow} from '../../src/cli/progress/forward-row.js';
import {renderTable, type View} from '../../src/cli/render/table.js';
import {cellWidth, cutEnd, cutMiddle, wrap} from '../../src/cli/render/width.js';
import {wantsLive} from '../../src/cli/terminal.js';
import type {ErpEvent, Mark, ServiceStateName} from '../../src/lib/core/report/status.js';
import {ErpError} from '../../src/lib/core/errors.js';
import {context, forward, service, statusDocument} from '../support/fake-supervisor.js';

const now = new Date('2026-05-22T09:41:07');
const view = (facts: Partial<View> = {}): View => ({
  columns: 80,
  paint: paintFor(false),
  glyphs: utf8Glyphs,
  now,
  ...facts,
});
const movedTo8001 = {
  port: 8001,
  primary: 8000,
  primaryState: 'taken' as const,
  holder: {
    pid: 812,
    name: 'python3',
    user: 'ops1',
    command: 'python3 -m uvicorn main:app',
    startedAt: '2026-05-22T09:41:02',
    service: null,
  },
  public: false,
  text: '8001 instead of 8000, held by python3 (pid 812, user ops1)',
  remedy: 'erp ports release 8000, then: erp restart backend --primary',
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what this takes away
const uncoloured = (text: string) => text.replaceAll(/\u001b\[[\d;]*m/g, '');

const acme = statusDocument(
  '/srv/acme',
  [
    service('redis', {port: 6379, primaryPort: 6379, pid: 4101}),
    service('backend', {
      health: 'degraded',
      mark: 'degraded',
      port: 8001,
      portNote: 'held by python3 (pid 812, ops1, from 09:41:08)',
      pid: 5233,
      uptimeMs: 660_000,
      restartsUsed: 1,
      cpuRatio: 0.031,
      memoryBytes: 184 * 1024 ** 2,
      note: 'degraded: sessions in memory',
      lastExit: {
        at: '2026-05-22T09:41:07',
        code: 1,
        signal: null,
        text: 'exited with code 1',
        awayMs: 3500,
      },
    }),
    service('worker', {
      state: 'backing-off',
      health: 'unknown',
      mark: 'acting',
      port: null,
      primaryPort: null,
      pid: null,
      uptimeMs: null,
      restartsUsed: 2,
      cpuRatio: null,
      memoryBytes: null,
      nextTryInMs: 4200,
      diagnosis: {
        cause: 'redis-auth',
        confidence: 0.95,
        subject: null,
        evidence: ['WRONGPASS', 'logs/worker.log:311'],
        remedy: "give worker's REDIS_URL the password of redis.conf",
      },
    }),
  ],
  {overall: 'unhealthy', mark: 'acting', sampledAt: '2026-05-22T09:41:04'},
);

const forbidden = {
  cause: 'kube-forbidden',
  confidence: 0.95,
  subject: 'pods/portforward',
  evidence: ['User "dev" cannot create resource "pods/portforward"'],
  remedy:
    'get the right create pods/portforward in namespace tracing\nkubectl auth can-i create pods/portforward -n tracing',
};
const noVpn = {
  cause: 'cluster-unreachable',
  confidence: 0.8,
  subject: '10.8.0.1:6443',
  evidence: ['the internet is there'],
  remedy: 'switch the VPN on',
};
const tunnels = [
  forward('grafana', {port: 3001, portNote: 'frontend wants it', namespace: 'monitoring'}),
  forward('jaeger', {
    state: 'needs-you',
    mark: 'failed',
    turn: 'you',
    port: null,
    pid: null,
    answeredAt: null,
    answeredAgoMs: null,
    diagnosis: forbidden,
    namespace: 'tracing',
    primaryPort: 16686,
    nextTryInMs: 30_000,
  }),
  forward('loki', {
    state: 'waiting-for-network',
    mark: 'acting',
    turn: 'erp',
    answeredAgoMs: 41_000,
    diagnosis: noVpn,
    note: 'kubectl is kept and asked when the API server answers',
    lastLoss: {at: '2026-05-22T09:40:26', reason: 'network', text: 'network', recoveryMs: null},
  }),
];
const prod = context('prod', {
  state: 'offline',
  mark: 'acting',
  note: 'silent for 41s. Internet is there: VPN?',
  diagnosis: noVpn,
});

describe('port-forwards in erp status', () => {
  const shown = (facts: Partial<View> = {}): string =>
    renderStatus(statusDocument('/srv/acme', [], {forwards: tunnels, contexts: [prod]}), view(facts));

  it('a line for what is well, with the age of its proof; the others say whose turn it is, why, and what to do', () => {
    expect(
      shown({columns: 120}),
    ).toContain(`▼ offline  context prod, 10.8.0.1:6443 silent for 41s. Internet is there: VPN?
           remedy: switch the VPN on
  FORWARD  STATE                LOCAL  ANSWERED  TARGET
● grafana  verified              3001    2s ago  svc/grafana:80, monitoring, context prod
           3001 instead of 3000: frontend wants it
■ jaeger   needs-you                –         –  svc/jaeger:80, tracing, context prod
           kube-forbidden (certain): pods/portforward, User "dev" cannot create resource "pods/portforward"; next try in
           30s
           remedy: get the right create pods/portforward in namespace tracing
           remedy: kubectl auth can-i create pods/portforward -n tracing
           your turn; erp tries again when something has changed, or: erp restart jaeger
▼ loki     waiting-for-network   3000   41s ago  svc/loki:80, monitoring, context prod
           cluster-unreachable: see above
           kubectl is kept and asked when the API server answers
           lost 09:40:26 network, not back yet
`);
  });

  it('shows the last loss of what is well, and how long the way back took', () => {
    const lastLoss = {at: '2026-05-22T09:35:00', reason: 'no-answer', text: 'no answer', recoveryMs: 1200};
    const document = statusDocument('/srv/acme', [], {
      forwards: [forward('grafana', {lastLoss, totalRestarts: 3})],
      contexts: [context('prod')],
    });
    const text = renderStatus(document, view({columns: 120}));
    expect(text).toContain('lost 09:35:00 no-answer (no answer), back after 1.2s; replaced 3 times in all');
    expect(text).not.toContain('online');
  });

  it('fits into 80 and 60 columns, and into ASCII', () => {
    for (const columns of [60, 80]) {
      const lines = shown({columns, glyphs: asciiGlyphs}).split('\n');
      expect(lines.filter((line) => cellWidth(line) > columns)).toEqual([]);
      expect(lines.some((line) => line.startsWith('x jaeger'))).toBe(true);
    }
  });

  it('has one page about one of them', () => {
    const [, jaeger] = tunnels;
    const text = renderForward(jaeger as (typeof tunnels)[number], view());
    expect(text).toMatch(/^■ jaeger {2}needs-you\n/);
    expect(text).toMatch(/answered +never/);
    expect(text).toMatch(/primary +16686/);
  });

  it('never lets foreign text move the cursor', () => {
    const evil = forward('x', {target: 'svc/\u001b[2J', note: '\u001b[31mred', mark: 'degraded', state: 'suspect'});
    expect(renderStatus(statusDocument('/p', [], {forwards: [evil]}), view())).not.toContain('\u001b');
  });
});

describe('port-forwards while one looks', () => {
  const document = statusDocument('/srv/acme', [], {forwards: tunnels, contexts: [prod, context('dev')]});
  const names = tunnels.map(({name}) => name);

  it('contexts and forwards as they are, ages that grow on, and what somebody has to do', () => {
    const text = monitorLines(document, names, view({columns: 120}), 3000, 24).join('\n');
    expect(text).toContain('▼ offline  context prod, 10.8.0.1:6443 silent for 41s. Internet is there: VPN?');
    expect(text).toContain('● online   context dev, 10.8.0.1:6443 since');
    expect(text).toContain('● grafana  verified              3001  answered 5s ago  instead of 3000');
    expect(text).toContain('▼ loki     waiting-for-network   3000  answered 44s ago  cluster-unreachable');
    expect(text).toContain('■ jaeger   needs-you                –  never answered  kube-forbidden');
    expect(text).toContain('remedy: kubectl auth can-i create pods/portforward -n tracing');
  });

  it('only those that were named; taller than the terminal, what is well shares a row', () => {
    expect(monitorLines(document, ['grafana'], view(), 0, 24).join('\n')).not.toContain('jaeger');
    const many = Array.from({length: 30}, (_, index) => forward(`f${index}`));
    const text = monitorLines(
      statusDocument('/p', [], {forwards: many}),
      many.map(({name}) => name),
      view(),
      0,
      24,
    );
    expect(text).toEqual(['● 30 verified']);
  });

  it('a row of a start: pid, how long it took, why another port', () => {
    const [grafana] = tunnels;
    const row = forwardRow(grafana as (typeof tunnels)[number], {
      view: view({columns: 100}),
      nameWidth: 8,
      sinceMs: 0,
      mark: null,
      tookMs: 900,
    });
    expect(row).toBe('● grafana   verified      3001  pid 4120  0.9s  instead of 3000: frontend wants it');
  });
});

describe('a service on another port than its primary', () => {
  const shown = (moved: object, differs: object = {}): string =>
    renderStatus(
      statusDocument('/srv/acme', [
        service('backend', {port: 8001, primaryPort: 8000, moved: {...movedTo8001, ...moved}, ...differs}),
        service('redis', {port: 6379, primaryPort: 6379, moved: null}),
      ]),
      view({columns: 120}),
    );

  it('shows the port with its mark, and who has the other one', () => {
    const text = shown({});
    expect(text).toMatch(/^● backend +ready +healthy +▲ 8001 /m);
    expect(text).toMatch(/^● redis +ready +healthy +6379 /m);
    expect(text).toContain('8001 instead of 8000, held by python3 (pid 812, user ops1), from 09:41:02');
    expect(text).not.toContain('remedy');
  });

  it('names what clients outside are to expect, and the remedy', () => {
    const sentence = 'backend answers on 8001; clients outside still use 8000, held by Teams.exe (pid 5512, user ops1)';
    const text = shown({public: true, text: sentence}, {mark: 'degraded'});
    expect(text).toMatch(/^▲ backend +ready +healthy +▲ 8001 /m);
    expect(text).toContain(sentence);
    expect(text).toContain('remedy: erp ports release 8000, then: erp restart backend --primary');
  });

  it('says that the primary is free', () => {
    const text = '8001 instead of 8000; 8000 is free again: erp restart backend --primary';
    expect(shown({primaryState: 'free', holder: null, text})).toContain(text);
  });

  it('has a page with url and holder', () => {
    const page = renderService(
      service('backend', {port: 8001, primaryPort: 8000, url: 'http://127.0.0.1:8001/', moved: movedTo8001}),
      view(),
    );
    expect(page).toMatch(/^ {2}url +http:\/\/127\.0\.0\.1:8001\/$/m);
    expect(page).toMatch(/^ {2}primary +8000, held by python3, pid 812: python3 -m uvicorn main:app$/m);
  });
});

describe('warnings that stand', () => {
  const warnings = [
    {limit: 'memory-growth', since: '2026-05-22T09:00:00', text: 'memory 400 MiB grows by 40 MiB an hour: …'},
    {limit: 'slow', since: '2026-05-22T09:40:00', text: 'answers slowly: 2.4s (usually 80ms)'},
  ];

  it('explain why a healthy service is marked, a line each; those of the machine stand above all', () => {
    const machine = {
      cpuRatio: 0.1,
      memoryAvailableBytes: 1,
      memorySizeBytes: 2,
      diskFreeBytes: 1,
      diskSizeBytes: 2,
      warnings: [{limit: 'disk-forecast', since: '2026-05-22T09:00:00', text: 'disk full in about 5h at this rate'}],
    };
    const shown = renderStatus({...acme, machine, services: [service('web', {mark: 'degraded', warnings})]}, view());
    const lines = shown.split('\n').map((line) => line.trim());
    expect(lines[1]).toBe('▲ machine: disk full in about 5h at this rate');
    expect(lines.slice(4)).toEqual([
      'memory 400 MiB grows by 40 MiB an hour: …',
      'answers slowly: 2.4s (usually 80ms)',
      '',
    ]);
  });

  it('are no lines of a supervisor that does not watch them', () => {
    const {warnings: _none, ...old} = service('web', {mark: 'good'});
    expect(
      renderStatus({...acme, services: [old]}, view())
        .trim()
        .split('\n'),
    ).toHaveLength(3);
  });
});

describe('the status table', () => {
  it('answers first, then explains what is not simply well', () => {
    expect(renderStatus(acme, view())).toBe(
      [
        '▼ unhealthy  acme-erp, supervisor pid 8817 up 10h52m, sampled 3s ago',
        '  SERVICE  STATE        HEALTH    PORT   PID  UPTIME  RESTARTS   CPU      MEM',
        '● redis    ready        healthy   6379  4101    2d4h     0 / 5  0.4%   12 MiB',
        '▲ backend  ready        degraded  8001  5233     11m     1 / 5  3.1%  184 MiB',
        '           8001 instead of 8000, held by python3 (pid 812, ops1, from 09:41:08)',
        '           degraded: sessions in memory',
        '           last exit: exited with code 1, 09:41:07, away 3.5s',
        '▼ worker   backing-off  –            –     –       –     2 / 5     –        –',
        '           redis-auth (certain): WRONGPASS, logs/worker.log:311; next try in',
        '           4.2s',
        "           remedy: give worker's REDIS_URL the password of redis.conf",
        '',
      ].join('\n'),
    );
  });

  it('drops MEM, CPU, UPTIME and PID in that order, then cuts names in the middle', () => {
    const titles = (columns: number) =>
      renderStatus(acme, view({columns})).split('\n')[1]?.trim().replaceAll(/\s+/g, ' ');
    expect(titles(76)).toBe('SERVICE STATE HEALTH PORT PID UPTIME RESTARTS CPU');
    expect(titles(66)).toBe('SERVICE STATE HEALTH PORT PID UPTIME RESTARTS');
    expect(titles(57)).toBe('SERVICE STATE HEALTH PORT PID RESTARTS');
    expect(titles(50)).toBe('SERVICE STATE HEALTH PORT RESTARTS');
    const long = statusDocument('/p', [service('a-service-with-a-name-longer-than-most')]);
    expect(renderStatus(long, view({columns: 60}))).toContain('● a-service-wit…er-than-most  ready');
  });

  it('is not cut in a pipe', () => {
    const name = 'n'.repeat(300);
    expect(renderStatus(statusDocument('/p', [service(name)]), view({columns: null}))).toContain(`● ${name}  ready`);
  });

  it('shows command and folder from 100 columns on, when they are known', () => {
    const known = statusDocument('/p', [service('api', {command: 'uvicorn main:app', folder: '/srv/acme/api'})]);
    expect(renderStatus(known, view({columns: 99}))).not.toContain('uvicorn');
    expect(renderStatus(known, view({columns: 120}))).toContain('uvicorn main:app  /srv/acme/api');
    expect(renderStatus(acme, view({columns: 120}))).not.toContain('COMMAND');
  });

  it('colours the marks and not the words', () => {
    const text = renderStatus(acme, view({paint: paintFor(true)}));
    expect(text).toContain('\u001b[32m●\u001b[0m redis ');
    expect(text).toContain('\u001b[33m▲\u001b[0m backend ');
    expect(text).toContain('\u001b[1;33m▼\u001b[0m worker ');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is looked for
    const codes = new Set([...text.matchAll(/\u001b\[([\d;]+)m/g)].map((match) => match[1]));
    expect([...codes].sort()).toEqual(['0', '1', '1;33', '2', '32', '33']);
    expect(uncoloured(text)).toBe(renderStatus(acme, view()));
  });

  it('has only ASCII of its own where the terminal wants it', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what ASCII is
    expect(renderStatus(acme, view({glyphs: asciiGlyphs}))).toMatch(/^[\x00-\x7f]*$/);
  });

  it('no row is wider than the terminal, whatever the names are', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({unit: 'grapheme'}),
      fc.constantFrom('数据库服务', '\u001b[31mred', 'a\u0301'.repeat(40)),
    );
    const marks: Mark[] = ['good', 'moving', 'degraded', 'acting', 'failed', 'stopped', 'unknown'];
    const states: ServiceStateName[] = [
      'waiting',
      'starting',
      'ready',
      'backing-off',
      'stopping',
      'stopped',
      'failed',
      'done',
    ];
    const services = fc.array(
      fc
        .record({
          name: text,
          state: fc.constantFrom(...states),
          mark: fc.constantFrom(...marks),
          note: fc.option(text),
          portNote: fc.option(text),
          lastErrorLine: fc.option(text),
          port: fc.option(fc.integer({min: 1, max: 65_535})),
          restartsUsed: fc.nat(),
          command: fc.option(text),
        })
        .map(({name, ...facts}) => service(name, facts)),
      {maxLength: 4},
    );
    fc.assert(
      fc.property(services, fc.integer({min: 20, max: 160}), fc.boolean(), (list, columns, colour) => {
        const screen = view({columns, paint: paintFor(colour)});
        const document = statusDocument('/p', list, {sampledAt: null});
        const lines = [
          ...renderStatus(document, screen).split('\n'),
          ...list.flatMap((each) => renderService(each, screen).split('\n')),
          ...list.map((each) => serviceRow(each, {view: screen, nameWidth: 12, sinceMs: 0, mark: null})),
        ];
        for (const line of lines) expect(cellWidth(uncoloured(line))).toBeLessThanOrEqual(columns);
      }),
      {numRuns: 300},
    );
  });

  it('one service has a page', () => {
    const page = renderService(acme.services[2] as never, view());
    expect(page).toContain('▼ worker  backing-off\n');
    expect(page).toContain('  redis-auth (certain): WRONGPASS, logs/worker.log:311; next try in 4.2s\n');
    expect(page).toContain('  restarts   2 of 5 used, 0 in all\n');
  });

  it('says whose turn it is', () => {
    const failed = service('api', {state: 'failed', mark: 'failed', turn: 'you', lastErrorLine: 'Segmentation fault'});
    const text = renderStatus(statusDocument('/p', [failed]), view());
    expect(text).toContain('cause unknown');
    expect(text).toContain('last words: Segmentation fault');
    expect(text).toContain('your turn; then: erp restart api');
  });
});

describe('tables', () => {
  it('have aligned columns, a dash for what does not apply, and no spaces at the end', () => {
    const lines = renderTable(
      [
        {title: 'NAME', align: 'left'},
        {title: 'N', align: 'right'},
        {title: 'WORDS', align: 'left'},
      ],
      [
        {mark: 'good', cells: ['数据', '5', 'x']},
        {mark: null, cells: ['abcdef', null, 'long words'], below: ['why']},
      ],
      view({columns: null}),
    );
    expect(lines).toEqual(['  NAME    N  WORDS', '● 数据    5  x', '  abcdef  –  long words', '          why']);
  });
});

describe('cells', () => {
  it.each([
    ['abc', 3],
    ['数据', 4],
    ['e\u0301', 1],
    ['\u200d', 0],
    ['한국', 4],
    ['🚀', 2],
    ['❤️', 2],
    ['ｆｕｌｌ', 8],
    ['●►▲▼■○·…–', 9],
    ['', 0],
  ])('%j takes %i', (text, width) => expect(cellWidth(text)).toBe(width));

  it.each([
    ['abcdefghij', 5, 'abcd…', 'ab…ij'],
    ['数据库服务', 5, '数据…', '数…务'],
    ['abc', 3, 'abc', 'abc'],
    ['abc', 0, '', ''],
  ])('%j in %i: %j and %j', (text, max, end, middle) => {
    expect(cutEnd(text, max, '…')).toBe(end);
    expect(cutMiddle(text, max, '…')).toBe(middle);
  });

  it('cut texts fit, wrapped texts lose nothing but spaces', () => {
    fc.assert(
      fc.property(fc.string({unit: 'grapheme', maxLength: 60}), fc.integer({min: 2, max: 40}), (text, max) => {
        expect(cellWidth(cutEnd(text, max, '…'))).toBeLessThanOrEqual(max);
        expect(cellWidth(cutMiddle(text, max, '…'))).toBeLessThanOrEqual(max);
        const lines = wrap(text, max);
        for (const line of lines) expect(cellWidth(line)).toBeLessThanOrEqual(max);
        expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''));
      }),
    );
  });
});

describe('foreign text', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;owned\u0007after', 'after'],
    ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u001bPq#0\u001b\\sixel', 'sixel'],
    ['\u009b2Jcleared', 'cleared'],
    ['a\rb\u0008c\u0000', 'abc'],
    ['tab\there', 'tab here'],
    ['\u202eevil\u202c \u2066x\u2069', 'evil x'],
    ['\u001b', ''],
    ['plain ümläut 数', 'plain ümläut 数'],
  ])('%j becomes %j', (text, clean) => expect(stripControls(text)).toBe(clean));

  it('never holds anything that a terminal obeys', () => {
    fc.assert(
      fc.property(fc.string({unit: 'binary'}), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
        expect(neutralise(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  it.each([
    ['redis://:hunter2@host token=abc', 'redis://:***@host token=***'],
    ['{"password": "x y", "a": 1}', '{"password": ***, "a": 1}'],
    ['Authorization: Bearer abc.def', 'Authorization: ***'],
    ['run --api-key abc --verbose', 'run --api-key *** --verbose'],
    ['DB_PASS=abc', 'DB_PASS=***'],
    ['password authentication failed for user "erp"', 'password authentication failed for user "erp"'],
    ['12 passed, bypass: true', '12 passed, bypass: true'],
    ['give REDIS_URL the password of redis.conf', 'give REDIS_URL the password of redis.conf'],
  ])('hides secrets: %j', (text, clean) => expect(neutralise(text)).toBe(clean));
});

describe('marks and colours', () => {
  it.each([
    [{LANG: 'en_US.UTF-8'}, 'linux', true],
    [{LANG: 'C.utf8'}, 'linux', true],
    [{LANG: 'de_DE.ISO-8859-1'}, 'linux', false],
    [{}, 'linux', false],
    [{LANG: ''}, 'win32', true],
    [{LANG: 'C.UTF-8', TERM: 'dumb'}, 'linux', false],
    [{LANG: 'C.UTF-8', TERM: 'linux'}, 'linux', false],
    [{LANG: 'ja_JP.UTF-8'}, 'linux', false],
    [{LANG: 'en_US.UTF-8', LC_ALL: 'zh_CN.UTF-8'}, 'linux', false],
    [{LANG: 'de_DE', LC_CTYPE: 'de_DE.UTF-8'}, 'linux', true],
  ] as const)('%j on %s: UTF-8 %s', (env, platform, utf8) => {
    expect(glyphsFor(env, platform)).toBe(utf8 ? utf8Glyphs : asciiGlyphs);
  });

  it.each([
    [true, {}, undefined, true],
    [false, {}, undefined, false],
    [true, {NO_COLOR: '1'}, undefined, false],
    [true, {NO_COLOR: ''}, undefined, true],
    [true, {TERM: 'dumb'}, undefined, false],
    [false, {FORCE_COLOR: '1'}, undefined, true],
    [true, {FORCE_COLOR: '0'}, undefined, false],
    [true, {}, false, false],
    [false, {NO_COLOR: '1'}, true, true],
  ] as const)('terminal %s with %j and flag %s: colour %s', (isTTY, env, flag, on) => {
    expect(wantsColour({isTTY}, env, flag)).toBe(on);
  });

  it.each([
    [true, 80, {}, true],
    [true, 59, {}, false],
    [true, 60, {}, true],
    [false, 80, {}, false],
    [true, 80, {CI: 'true'}, false],
    [true, 80, {CI: ''}, true],
    [true, 80, {TERM: 'dumb'}, false],
  ] as const)('terminal %s of %i columns with %j: live %s', (isTTY, columns, env, live) => {
    expect(wantsLive({isTTY, columns}, env)).toBe(live);
  });
});

describe('events', () => {
  const event: ErpEvent = {
    seq: 1,
    at: new Date(2026, 4, 22, 9, 41, 7).toISOString(),
    level: 'WARNING',
    service: 'backend',
    type: 'exited',
    text: 'exited with code 1 after 2d3h; restart 1 of 5, at once',
    diagnosis: {
      cause: 'unhandled-exception',
      confidence: 0.7,
      subject: "KeyError 'tax_rate'",
      evidence: ['logs/backend.log:20418 "File invoice.py, line 88, in total"'],
      remedy: 'see what reached invoice.py:88: erp logs backend -n 60',
    },
  };

  it('are lines of the log in a pipe', () => {
    expect(
      plainEvent({...event, level: 'INFO', text: 'ready on 8000 after 3.4s (pid 4107)', diagnosis: undefined as never}),
    ).toBe('[2026-05-22 09:41:07] [INFO] backend ready on 8000 after 3.4s (pid 4107)');
    expect(plainEvent(event).split('\n')[1]).toBe(
      "[2026-05-22 09:41:07] [WARNING]   cause: unhandled-exception (likely): KeyError 'tax_rate'",
    );
  });

  it('say on the terminal what happened, why and what to do', () => {
    expect(liveEvent(event, 8, view({columns: 78}))).toEqual([
      '09:41:07 ▼ backend   exited with code 1 after 2d3h; restart 1 of 5, at once',
      "           cause     unhandled-exception (likely): KeyError 'tax_rate'",
      '           evidence  logs/backend.log:20418 "File invoice.py, line 88, in',
      '                     total"',
      '           remedy    see what reached invoice.py:88: erp logs backend -n 60',
    ]);
  });

  it('name the service once, whether its text does or not', () => {
    expect(liveEvent({...event, text: 'backend stopped', diagnosis: undefined as never}, 8, view())[0]).toBe(
      '09:41:07 ▼ backend   stopped',
    );
  });
});

describe('errors', () => {
  const error = new ErpError('No free port for backend: tried 8000, 8001.', {
    code: 'ERP_PORTS_EXHAUSTED',
    exitCode: 5,
    remedy: ['erp ports backend', 'add alternatives'],
    cause: new Error('bind: \u001b[31mEADDRINUSE'),
  });
  it('say what, why and what to do', () => {
    expect(renderError(error)).toBe(
      [
        'No free port for backend: tried 8000, 8001.',
        '  because bind: EADDRINUSE',
        '  remedy: erp ports backend',
        '          add alternatives',
        '',
      ].join('\n'),
    );
  });
  it('are documents for machines', () => {
    expect(errorDocument(error)).toEqual({
      error: {
        code: 'ERP_PORTS_EXHAUSTED',
        message: 'No free port for backend: tried 8000, 8001.',
        remedy: ['erp ports backend', 'add alternatives'],
        exitCode: 5,
        causes: ['bind: \u001b[31mEADDRINUSE'],
        facts: {},
      },
    });
  });
  it('of ours that nobody foresaw show their stack', () => {
    expect(renderError(new TypeError('x is not a function'))).toMatch(
      /TypeError: x is not a function\n {4}at .*\nThis is a defect/s,
    );
  });
});

describe('each fact once', () => {
  const page = (differs: Parameters<typeof service>[1]) => renderService(service('backend', differs), view());

  it('the last exit of a failed service', () => {
    const lastExit = {at: '2026-05-22T09:41:07Z', code: 1, signal: null, text: 'exited with code 1', awayMs: null};
    expect(page({state: 'failed', mark: 'failed', lastExit}).match(/exited with code 1/g)).toHaveLength(1);
    expect(page({lastExit}).match(/exited with code 1/g)).toHaveLength(1);
  });

  it('what an unhealthy answer says', () => {
    const words = '503 Service Unavailable';
    const diagnosis = {cause: 'unhealthy', confidence: 0.9, subject: null, evidence: [words], remedy: null};
    const text = page({health: 'unhealthy', mark: 'acting', note: `unhealthy: ${words}`, diagnosis});
    expect(text.match(/503/g)).toHaveLength(1);
  });

  it('a borrowed service is named as not ours', () => {
    expect(page({borrowed: true, pid: null})).toContain('not ours: it ran before (ifRunning: use)');
    expect(page({})).not.toContain('not ours');
  });
});

describe('lines instead of a live view', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('name what is awaited once, and say nothing of an output that is not known', () => {
    jest.useFakeTimers({now: 0});
    const lines: string[] = [];
    const progress = plainProgress({write: (text) => lines.push(text), level: 'INFO', lastLine: null});
    progress.status({...acme, services: [service('backend', {state: 'stopping', note: 'stopping'})]});
    jest.advanceTimersByTime(10_000);
    void progress.close();
    expect(lines.join('')).toMatch(/still waiting for backend: stopping, 10s so far\n$/);
  });
});
