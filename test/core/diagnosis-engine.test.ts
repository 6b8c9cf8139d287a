import {describe, expect, it, test} from '@jest/globals';
import fc from '../support/property.js';
import {diagnose} from '../../src/lib/core/logs/diagnosis/diagnose.js';
import {readLines} from '../../src/lib/core/logs/diagnosis/lines.js';
import type {ProgramEnd} from '../../src/lib/core/logs/diagnosis/log-diagnosis.js';
import {expectLinear} from '../support/growth.js';

const failed: ProgramEnd = {code: 1, signal: null};
const running: ProgramEnd = {code: null, signal: null};
const ended: ProgramEnd = {code: 0, signal: null};
const lines = (text: string): string[] => text.split('\n');
const requests = (count: number): string[] =>
  Array.from({length: count}, (_, i) => `127.0.0.1 - - [22/Nov/2026:15:18:18 +0000] "GET /items/${i} HTTP/1.1" 200 15`);

describe('what the program got over is no failure', () => {
  it.each([
    [
      'a connection that came at the third attempt',
      [
        'WARN redis: connect ECONNREFUSED 127.0.0.1:6379, retrying in 1 s',
        'WARN redis: connect ECONNREFUSED 127.0.0.1:6379, retrying in 2 s',
        'INFO redis: connected to 127.0.0.1:6379',
        ...requests(5),
      ],
    ],
    [
      'a traceback that was handled',
      [
        'WARNING mail not sent, will be retried',
        'Traceback (most recent call last):',
        '  File "/opt/erp/mail.py", line 3, in send',
        '    connect()',
        'ConnectionRefusedError: [Errno 111] Connection refused',
        ...requests(8),
      ],
    ],
    [
      'an error that is worth a debug line only',
      [
        'level=info msg="Server is ready to receive web requests."',
        'level=debug msg="Scrape failed" err="dial tcp 127.0.0.1:9100: connect: connection refused"',
        'level=info msg="write block"',
      ],
    ],
    [
      'one address of several that it could not have',
      [
        '1762070400: Opening ipv6 listen socket on port 1883.',
        '1762070400: Error: Cannot assign requested address',
        '1762070400: mosquitto version 2.0.11 running',
      ],
    ],
    [
      "a success that stands behind the framework's name, the trace without it",
      [
        '[Nest] 911  - 11/02/2026, 8:00:00 AM     LOG [NestFactory] Starting Nest application...',
        '[Nest] 911  - 11/02/2026, 8:00:01 AM   ERROR [TypeOrmModule] Unable to connect to the database. Retrying (1)...',
        'Error: connect ECONNREFUSED 127.0.0.1:5432',
        '    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16)',
        '[Nest] 911  - 11/02/2026, 8:00:04 AM     LOG [NestApplication] Nest application successfully started +2ms',
      ],
    ],
    [
      'a browser that left while a port was forwarded to it',
      [
        'Handling connection for 8080',
        'E1102 08:00:05.000000 911 portforward.go:381] error copying from remote stream to local connection: readfrom tcp4 127.0.0.1:8080->127.0.0.1:41000: write: broken pipe',
        'Handling connection for 8080',
      ],
    ],
    [
      'a session that ran out, told as news: a level is no time zone',
      [
        '2026-11-02 08:00:00,100 INFO  [main] o.a.z.s.ZooKeeperServer: Created server with tickTime 2000',
        '2026-11-02 08:03:01,100 INFO  [SessionTracker] o.a.z.s.ZooKeeperServer: Expiring session 0x1000, timeout of 30000ms exceeded',
      ],
    ],
    [
      'a client that speaks plain text to a server that speaks TLS',
      [
        '{"level":"info","ts":"2026-11-02T08:00:02Z","msg":"ready to serve client requests"}',
        '{"level":"warn","ts":"2026-11-02T08:06:02Z","msg":"rejected connection on client endpoint","error":"tls: first record does not look like a TLS handshake","remote-addr":"127.0.0.1:41000"}',
      ],
    ],
    [
      'a file that was there the second time',
      [
        'dnsmasq[911]: failed to access /etc/resolv.dnsmasq.conf: No such file or directory',
        'dnsmasq[911]: read /etc/hosts - 7 names',
        'dnsmasq[911]: reading /etc/resolv.dnsmasq.conf',
      ],
    ],
    [
      'a duplicate key in a table is none in the settings',
      [
        'INFO shop werkzeug: "POST /web/dataset HTTP/1.1" 200 -',
        'ERROR: duplicate key value violates unique constraint "ir_logging_uniq"',
        'INFO shop werkzeug: "POST /web/dataset HTTP/1.1" 200 -',
      ],
    ],
    [
      'mistakes of clients in the log of a database',
      [
        'LOG:  database system is ready to accept connections',
        'ERROR:  relation "stok_moves" does not exist at character 15',
        'STATEMENT:  select * from stok_moves',
        'FATAL:  password authentication failed for user "nosuch"',
      ],
    ],
    [
      'a mistake that was corrected while a watcher ran',
      [
        '[nodemon] starting `node api.js`',
        '/opt/erp/api.js:3',
        'const x = ;',
        '          ^',
        '',
        "SyntaxError: Unexpected token ';'",
        '[nodemon] app crashed - waiting for file changes before starting...',
        '[nodemon] restarting due to changes...',
        '[nodemon] starting `node api.js`',
        'api up',
        ...requests(8),
      ],
    ],
  ])('%s', (_, text) => {
    expect(diagnose(text, running)).toMatchObject({cause: null, evidence: []});
  });

  it('an end with exit code 0', () => {
    expect(diagnose(lines('npm warn EBADENGINE Unsupported engine\nup to date in 905ms'), ended).cause).toBeNull();
    expect(
      diagnose(['[error] listen EADDRINUSE: address already in use :::3000', '[info] shutdown complete'], ended).cause,
    ).toBeNull();
    expect(
      diagnose(['[error] BOOT FAILED', '[error] listen EADDRINUSE: address already in use :::3000'], ended).cause,
    ).toBe('port-in-use');
  });
});

describe('the first cause, not what followed from it', () => {
  const mixed = [
    "[api] Error: Cannot find module 'cookie-session'",
    '[web] VITE v7.3.8  ready in 175 ms',
    '[api]     at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)',
    '[api] node server.js exited with code 1',
    ...Array.from({length: 12}, () => '[web] Error: connect ECONNREFUSED 127.0.0.1:3001'),
  ];

  it('of several programs', () => {
    expect(diagnose(mixed, running)).toMatchObject({cause: 'missing-module', subject: {module: 'cookie-session'}});
  });

  it('of what was tolerated and what ended it', () => {
    const seen = diagnose(
      [
        'redis: connect ECONNREFUSED 127.0.0.1:6379, continuing without cache',
        'Error: listen EADDRINUSE: address already in use 127.0.0.1:3000',
      ],
      failed,
    );
    expect(seen).toMatchObject({cause: 'port-in-use', subject: {port: 3000}, mendedBy: {kind: 'port', port: 3000}});
  });

  it('of a loop of restarts, once', () => {
    const once = ['starting', "ModuleNotFoundError: No module named 'yaml'"];
    const seen = diagnose([...once, ...once, ...once], failed, {platform: 'win32'});
    expect(seen).toMatchObject({cause: 'missing-module', subject: {module: 'yaml'}, isPermanent: true});
    expect(seen.remedy).toMatch(/^py -m pip install PyYAML/);
    expect(seen.evidence.map(({line}) => line).sort()).toEqual([2, 4, 6]);
  });
});

describe('how it ended', () => {
  test.each([
    [{code: null, signal: 'SIGKILL'}, ['GET /health 200'], 'killed-by-signal', {signal: 'SIGKILL'}],
    [{code: 143, signal: null}, ['GET /health 200'], 'killed-by-signal', {signal: 'SIGTERM'}],
    [{code: 139, signal: null}, [], 'killed-by-signal', {signal: 'SIGSEGV'}],
    [{code: 13, signal: null}, ['loading'], 'hang', {}],
    [{code: 127, signal: null}, [], 'missing-module', {}],
    [{code: 126, signal: null}, [], 'permission-denied', {}],
    [
      {code: null, signal: 'SIGABRT'},
      ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
      'out-of-memory',
      {},
    ],
    [running, ['INFO started', 'INFO acquiring period lock'], 'hang', {}],
    [running, ['INFO started', 'INFO ready, waiting for requests'], null, {}],
    [running, [], 'hang', {}],
    [ended, [], null, {}],
  ] as const)('%j after %j: %s', (end, text, cause, subject) => {
    expect(diagnose(text, end)).toMatchObject({cause, subject});
  });
});

it('shows no secrets', () => {
  const seen = diagnose(
    ['Error: connect ECONNREFUSED postgres://erp:hunter2secret@127.0.0.1:5432/erp?password=alsosecret'],
    failed,
  );
  expect(JSON.stringify(seen)).not.toMatch(/hunter2secret|alsosecret/);
  expect(seen).toMatchObject({cause: 'database-unreachable', subject: {host: '127.0.0.1', port: 5432}});
});

it('reads records: JSON with a stack in it, quotes in quotes', () => {
  const stack = 'TypeError: x is undefined\n    at total (/opt/erp/total.js:4:2)';
  const json = JSON.stringify({level: 50, time: 1, err: {type: 'TypeError', stack}, msg: 'order failed'});
  expect(diagnose([json], failed)).toMatchObject({
    cause: 'unhandled-exception',
    subject: {file: '/opt/erp/total.js', line: 4},
    evidence: [{line: 1}],
  });
  expect(
    readLines(['level=error msg="cannot \\"load\\" it\\nline two"']).map(({text, number}) => [number, text]),
  ).toEqual([
    [1, 'level=error msg="cannot "load" it'],
    [1, 'line two"'],
  ]);
});

it('numbers the lines of a log that is too long to be read whole', () => {
  const long = [...requests(40_000), 'Error: listen EADDRINUSE: address already in use 127.0.0.1:3000'];
  expect(diagnose(long, failed).evidence[0]?.line).toBe(40_001);
});

it('never throws, whatever it reads, and tells lines that are there', () => {
  const words = [
    'Error:',
    'Traceback (most recent call last):',
    '  at ',
    'ECONNREFUSED',
    '127.0.0.1:5432',
    '{"',
    '}',
    '[api]',
    '\u001b[31m',
    '\0',
    'exited with code 1',
    "'",
    '"',
    '\\n',
  ];
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string({unit: 'binary'}),
          fc.array(fc.constantFrom(...words)).map((some) => some.join(' ')),
        ),
      ),
      fc.constantFrom(failed, running, ended, {code: null, signal: 'SIGTERM'}),
      (text, end) => {
        const seen = diagnose(text, end);
        expect(seen.evidence.every(({line}) => line >= 1 && line <= text.length)).toBe(true);
        expect(seen.confidence).toBeGreaterThanOrEqual(0);
        expect(seen.confidence).toBeLessThanOrEqual(1);
      },
    ),
    {numRuns: 300},
  );
});

/** Twice the text may take twice the time and then some; a pattern that runs away takes four times and more. */
test.each([
  [
    'a huge line',
    (n: number) => ['error '.repeat(n * 10), '('.repeat(n), `${' '.repeat(n)}x`, 'a'.repeat(n), "'".repeat(n)],
  ],
  [
    'dots and slashes',
    (n: number) => Array.from({length: n / 20}, () => `error ${'a.'.repeat(400)} ${'/b'.repeat(400)}`),
  ],
  [
    'words of an error',
    (n: number) =>
      Array.from({length: n / 4}, (_, i) => `Error ${i}: cannot open file 'x${i}' at y.js:${i}, connect ECONNREFUSED`),
  ],
  ['one traceback', (n: number) => Array.from({length: n}, (_, i) => `    at f${i} (/x/y.js:${i}:1)`)],
])('linear time: %s', async (_, make) => {
  await expectLinear(4000, make, (text) => diagnose(text, failed));
});

test('linear time: thousands of files that are missing while it runs', async () => {
  const missing = (count: number): string[] =>
    Array.from({length: count}, (_, i) => [
      `cannot read: ENOENT: no such file, open '/in/${i}.csv'`,
      `using row ${i}`,
    ]).flat();
  await expectLinear(2000, missing, (text) => diagnose(text, running));
});

test('what is missing may be named a few lines below', () => {
  const {cause, subject} = diagnose(
    [
      'npm error code ENOENT',
      'npm error syscall open',
      'npm error errno -2',
      "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open '/srv/shop/package.json'",
    ],
    failed,
  );
  expect({cause, subject}).toEqual({cause: 'missing-file', subject: {file: '/srv/shop/package.json'}});
});
