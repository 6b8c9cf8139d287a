import {describe, expect, it} from '@jest/globals';
import {deniedPort, saysPortTaken, takenPort} from '../../../src/lib/core/diagnosis/taken-port.js';

// What real programs print, one line for each. Provoked on Debian 12 where the program says so, else as its source or
// its users quote it.
const said: readonly (readonly [program: string, line: string, port: number])[] = [
  ['Node 20', 'Error: listen EADDRINUSE: address already in use 127.0.0.1:3000', 3000],
  ['Node 20, all addresses', 'Error: listen EADDRINUSE: address already in use :::3000', 3000],
  [
    'uvicorn',
    "ERROR:    [Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
    8000,
  ],
  [
    'asyncio, IPv6',
    "OSError: [Errno 98] error while attempting to bind on address ('::1', 8000, 0, 0): address already in use",
    8000,
  ],
  [
    'uvicorn on macOS',
    "ERROR:    [Errno 48] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
    8000,
  ],
  ['http.server', 'OSError: [Errno 98] Address already in use', 8000],
  ['Flask', 'Address already in use\nPort 5000 is in use by another program.', 5000],
  ['gunicorn', "[2026-11-22 15:11:04 +0000] [77] [ERROR] Connection in use: ('127.0.0.1', 8000)", 8000],
  [
    'gunicorn 26',
    "[2026-11-22 23:35:42 +0000] [29176] [ERROR] connection to ('127.0.0.1', 8000) failed: [Errno 98] Address already in use",
    8000,
  ],
  [
    'redis 7.0.15',
    '195:M 22 Nov 2026 15:11:08.108 # Warning: Could not create server TCP listening socket 127.0.0.1:6379: bind: Address already in use',
    6379,
  ],
  [
    'redis, all addresses',
    '195:M 22 Nov 2026 15:11:08.108 # Warning: Could not create server TCP listening socket *:6379: bind: Address already in use',
    6379,
  ],
  ['redis 5', '# Could not create server TCP listening socket *:6379: bind: Address already in use', 6379],
  [
    'PostgreSQL 15',
    '2026-11-22 23:35:59.110 UTC [29442] HINT:  Is another postmaster already running on port 5432? If not, wait a few seconds and retry.',
    5432,
  ],
  [
    'PostgreSQL 15, its first line',
    '2026-11-22 23:35:59.110 UTC [29442] LOG:  could not bind IPv4 address "127.0.0.1": Address already in use',
    5432,
  ],
  ['nginx', '2026/11/22 15:14:06 [emerg] 852#852: bind() to 0.0.0.0:80 failed (98: Address already in use)', 80],
  ['nginx, IPv6', '2026/11/22 15:14:06 [emerg] 852#852: bind() to [::]:443 failed (98: Address already in use)', 443],
  [
    'nginx on Windows',
    '2026/11/22 15:14:06 [emerg] 852#852: bind() to 0.0.0.0:80 failed (10048: Only one usage of each socket address)',
    80,
  ],
  ['Go', '2026/11/22 15:14:06 main.go:42: listen tcp :8080: bind: address already in use', 8080],
  ['Go, IPv6', 'panic: listen tcp [::1]:8080: bind: address already in use', 8080],
  [
    'Go on Windows',
    'listen tcp :8080: bind: Only one usage of each socket address (protocol/network address/port) is normally permitted.',
    8080,
  ],
  ['Caddy', 'Error: loading initial config: listening on :443: listen tcp :443: bind: address already in use', 443],
  ['Java 17', 'Exception in thread "main" java.net.BindException: Address already in use', 8080],
  ['Java on Windows', 'java.net.BindException: Address already in use: bind', 8080],
  ['Spring Boot', 'Web server failed to start. Port 8080 was already in use.', 8080],
  ['Rust', 'Error: Os { code: 98, kind: AddrInUse, message: "Address already in use" }', 8000],
  ['Rust, as text', 'failed to bind 127.0.0.1:8000: os error 98', 8000],
  ['PHP', 'Failed to listen on localhost:8000 (reason: Address already in use)', 8000],
  ['puma', 'Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)', 3000],
  ['Kestrel', 'System.IO.IOException: Failed to bind to address http://127.0.0.1:5000: address already in use.', 5000],
  ['vite --strictPort', 'Error: Port 5173 is already in use', 5173],
  ['vite', 'Port 5173 is in use, trying another one...', 5173],
  ['Next.js', ' ⚠ Port 3000 is in use, trying 3001 instead.', 3000],
  ['Angular', 'Port 4200 is already in use. Would you like to use a different port?', 4200],
  ['react-scripts', 'Something is already running on port 3000.', 3000],
  [
    'Python on Windows',
    "OSError: [WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted: ('0.0.0.0', 8000)",
    8000,
  ],
  [
    'Python on German Windows',
    "[Errno 10048] error while attempting to bind on address ('127.0.0.1', 8000): normalerweise darf jede socketadresse (protokoll, netzwerkadresse oder anschluss) nur jeweils einmal verwendet werden",
    8000,
  ],
  [
    '.NET on German Windows',
    'Normalerweise darf jede Socketadresse (Protokoll, Netzwerkadresse oder Anschluss) nur einmal verwendet werden.',
    5000,
  ],
  ['Java on German Linux', 'java.net.BindException: Die Adresse wird bereits verwendet', 8080],
];

describe('a port that was taken', () => {
  it.each(said)('is read from %s', (_program, text, port) => {
    expect(saysPortTaken(['starting', ...text.split('\n'), 'Node.js v20.20.2'], port)).toBe(true);
  });

  it.each(
    said.filter(([, line, port]) => line.includes(String(port))),
  )('of somebody else is not ours (%s)', (_program, text, port) => {
    expect(saysPortTaken(text.split('\n').slice(-1), port + 1)).toBe(false);
  });

  it.each([
    ['nginx may not', '2026/11/22 15:14:09 [emerg] 860#860: bind() to 0.0.0.0:443 failed (13: Permission denied)', 443],
    [
      'uvicorn, foreign address',
      "ERROR:    [Errno 99] error while attempting to bind on address ('10.20.30.40', 8000): cannot assign requested address",
      8000,
    ],
    ['redis-py', 'redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.', 6379],
    ['a client', 'Error: connect EADDRINUSE 10.0.0.5:5432 - Local (0.0.0.0:8000)', 8000],
    ['a socket file', 'Error: listen EADDRINUSE: address already in use /run/web.sock', 8000],
    ['PostgreSQL’s socket file', 'could not bind Unix address "/tmp/.s.PGSQL.5432": Address already in use', 5432],
    ['news of a proxy', 'proxy error: Error: connect ECONNREFUSED 127.0.0.1:8000', 8000],
  ])('is not %s', (_program, line, port) => {
    expect(saysPortTaken([line], port)).toBe(false);
  });

  it('is not ours when a port for metrics is: what follows names no port, but is about that one', () => {
    const node = [
      'listening on 127.0.0.1:8000',
      'Error: listen EADDRINUSE: address already in use :::9090',
      '    at Server.setupListenHandle [as _listen2] (node:net:1908:16)',
      "  code: 'EADDRINUSE',",
      '  port: 9090',
    ];
    expect(saysPortTaken(node, 8000)).toBe(false);
    expect(saysPortTaken(node, 9090)).toBe(true);
    expect(
      saysPortTaken(['Port 9090 was already in use.', 'java.net.BindException: Address already in use'], 8000),
    ).toBe(false);
    // Both are named: ours is the one that counts.
    expect(saysPortTaken([...node, 'listen tcp :8000: bind: address already in use'], 8000)).toBe(true);
  });

  it('is told by the line that says it, without colours', () => {
    const lines = [
      '\u001b[31mError: listen EADDRINUSE: address already in use :::8000\u001b[0m',
      "  code: 'EADDRINUSE',",
    ];
    expect(takenPort(lines, 8000)).toEqual({
      line: 'Error: listen EADDRINUSE: address already in use :::8000',
      movedTo: null,
    });
    expect(takenPort(lines, null)).toBeNull();
  });

  it.each([
    [
      ['Port 5173 is in use, trying another one...', '', '  ➜  Local:   http://localhost:\u001b[1m5174\u001b[22m/'],
      5174,
    ],
    [[' ⚠ Port 5173 is in use, trying 5180 instead.'], 5180],
    [['Port 5173 is in use by process 812, using available port 5175 instead.'], 5175],
    [['Error: Port 5173 is already in use'], null],
  ])('names where the program went by itself', (lines, movedTo) => {
    expect(takenPort(['http://localhost:4000/docs', ...lines], 5173)?.movedTo).toBe(movedTo);
  });
});

describe('a port that the service may not have', () => {
  it.each([
    ['Node 20', 'Error: listen EACCES: permission denied 0.0.0.0:80'],
    ['http.server', 'PermissionError: [Errno 13] Permission denied'],
    ['uvicorn', "ERROR:    [Errno 13] error while attempting to bind on address ('127.0.0.1', 80): permission denied"],
    ['gunicorn', "[ERROR] connection to ('127.0.0.1', 80) failed: [Errno 13] Permission denied"],
    ['nginx', '2026/11/22 15:14:09 [emerg] 860#860: bind() to 0.0.0.0:80 failed (13: Permission denied)'],
    ['Go', 'listen tcp :80: bind: permission denied'],
    ['redis', '# Warning: Could not create server TCP listening socket *:80: bind: Permission denied'],
    ['Java', 'java.net.BindException: Permission denied'],
    ['PostgreSQL', 'LOG:  could not bind IPv4 address "127.0.0.1": Permission denied'],
    [
      'Windows',
      "PermissionError: [WinError 10013] An attempt was made to access a socket in a way forbidden by its access permissions: ('0.0.0.0', 80)",
    ],
  ])('is read from %s', (_program, line) => {
    expect(deniedPort(['starting', line], 80)).toBe(line);
    expect(saysPortTaken([line], 80)).toBe(false);
  });

  it.each([
    "PermissionError: [Errno 13] Permission denied: '/var/lib/web'",
    'Error: EACCES: permission denied, open /etc/shadow',
    'listen tcp :81: bind: permission denied',
  ])('is not: %s', (line) => {
    expect(deniedPort([line], 80)).toBeNull();
  });
});
