// What can be tested here of macOS and Windows: our parsers and the command lines that we make. The outputs are written
// after the tools' documentation, not recorded on such machines, unless it says so.
import {describe, expect, it} from '@jest/globals';
import {spawnSync} from 'node:child_process';
import type {CommandRunner} from '../../src/lib/platform/command-runner.js';
import {DarwinListeners, parseLsof} from '../../src/lib/platform/listeners.darwin.js';
import {parseDarwinNetstat} from '../../src/lib/platform/netstat.darwin.js';
import {parseNetstat, WindowsListeners} from '../../src/lib/platform/listeners.windows.js';
import {DarwinProcessTable} from '../../src/lib/platform/process-table.darwin.js';
import {parseCimProcesses} from '../../src/lib/platform/process-table.windows.js';
import {isEnded, variableOf} from '../../src/lib/platform/process-table.js';
import {
  escapeForCmd,
  explainWindowsExit,
  findWindowsExecutable,
  isStoreStub,
  quoteForProgram,
  windowsSpawnPlan,
} from '../../src/lib/platform/spawn-plan.windows.js';
import type {Listener} from '../../src/lib/platform/types.js';
import {listenerFixture} from '../support/recorded-tools.js';

/** Answers as recorded, by the beginning of the command line. */
const recorded = (answers: Record<string, string>): CommandRunner => {
  const answer = (file: string, args: readonly string[]): string | null => {
    const line = [file, ...args].join(' ');
    return Object.entries(answers).find(([start]) => line.startsWith(start))?.[1] ?? null;
  };
  return {
    run: (file, args, callback) => setImmediate(() => callback(answer(file, args))),
    runSync: answer,
  };
};

describe('macOS', () => {
  const ps = [
    '    1     0     1     0 Ss   Fri May 22 09:05:30 2026     1:02.50  12345 /sbin/launchd',
    '  812     1   812   501 S+   Fri May 22 09:06:00 2026     0:00.10   2048 /opt/My Tools/redis-server',
    '  813   812   812   501 Z    Fri May 22 09:06:01 2026     0:00.00      0 (sh)',
    '  900     1   900   501 T    Sun Mar  1 10:00:00 2026 1-02:03:04.00   100 node',
  ].join('\n');

  it('reads ps', async () => {
    const table = new DarwinProcessTable(recorded({'ps -axo': ps, sysctl: 'ABCD-12\n'}));
    expect(table.bootId).toBe('ABCD-12');
    const rows = await new Promise<readonly {pid: number}[]>((done) => table.scan(done));
    expect(rows).toMatchObject([
      {pid: 1, ppid: 0, pgrp: 1, state: 'S', name: 'launchd', cpuSeconds: 62.5, rssBytes: 12345 * 1024},
      {pid: 812, name: 'redis-server', startedAt: new Date(2026, 4, 22, 9, 6).getTime()},
      {pid: 813, state: 'Z'},
      {pid: 900, state: 'T', cpuSeconds: 86_400 + 7384},
    ]);
    expect(table.uid(812)).toBe(501);
    expect(table.firstInGroup(812)).toBe(812);
  });

  it('reads the ps of this machine, whose words are the same', () => {
    const table = new DarwinProcessTable();
    const self = table.read(process.pid);
    expect(self).toMatchObject({pid: process.pid, ppid: process.ppid});
    expect(Math.abs((self?.startedAt ?? 0) - (Date.now() - process.uptime() * 1000))).toBeLessThan(3000);
    expect(self !== null && isEnded(self)).toBe(false);
    expect(table.commandLine(process.pid)).toContain('jest');
  });

  it('finds a mark in what ps -E shows', () => {
    const table = new DarwinProcessTable(
      recorded({'ps -Eww': 'node server.js PATH=/bin ERP_MARK=abc/web/3 HOME=/x\n'}),
    );
    expect(variableOf(table.environ(5) ?? '', 'ERP_MARK')).toBe('abc/web/3');
  });

  it('counts who is connected by lsof, and sees listeners of other users by netstat', async () => {
    const connected = [
      'p4107',
      'n127.0.0.1:8001->127.0.0.1:52011',
      'p77',
      'n127.0.0.1:52011->127.0.0.1:8001',
      'n[::1]:8001->[::1]:52012',
      'n127.0.0.1:18001->127.0.0.1:5',
    ].join('\n');
    const netstat = listenerFixture('macos-15-netstat.composed.txt');
    const listeners = new DarwinListeners({} as never, recorded({'lsof -nP -iTCP:8001': connected, netstat}));
    expect(await new Promise((done) => listeners.connections(8001, done))).toBe(2);
    expect(await new Promise((done) => listeners.connections(9999, done))).toBe(0);
    const port = parseDarwinNetstat(netstat)?.[0]?.port ?? 0;
    const seen = (of: DarwinListeners, at: number): Promise<readonly {address: string}[] | null> =>
      new Promise((done) => of.listening(at, done));
    expect((await seen(listeners, port))?.length).toBeGreaterThan(0);
    expect(await seen(listeners, 9)).toEqual([]);
    expect(await seen(new DarwinListeners({} as never, recorded({})), port)).toBeNull();
  });

  it('reads lsof', async () => {
    const output =
      'p812\nLops\nf6\nd0xabc\nn127.0.0.1:6379\nf7\nd0xabd\nn[::1]:6379\np900\nLroot\nf3\nd0xabe\nn*:6379\n';
    expect(parseLsof(output).map(({address, port, pid, inode, user}) => [address, port, pid, inode, user])).toEqual([
      ['127.0.0.1', 6379, 812, '0xabc', 'ops'],
      ['::1', 6379, 812, '0xabd', 'ops'],
      ['0.0.0.0', 6379, 900, '0xabe', 'root'],
    ]);
    const runner = recorded({lsof: output, 'ps -ww': 'redis-server *:6379\n', 'ps -o': ps.split('\n')[1] as string});
    const listeners = new DarwinListeners(new DarwinProcessTable(runner), runner);
    const found = await new Promise<Listener>((done) =>
      listeners.sockets(6379, 'now', (sockets) => listeners.describe(sockets?.[0] as never, 812, done)),
    );
    expect(found).toMatchObject({pid: 812, user: 'ops', command: 'redis-server *:6379', address: '127.0.0.1'});
  });
});

describe('Windows', () => {
  it('counts who is connected, whatever the state is called; what is over counts for nobody', async () => {
    const output = [
      '  TCP    0.0.0.0:8000           0.0.0.0:0              ABHÖREN         26208',
      '  TCP    127.0.0.1:8000         127.0.0.1:53211        HERGESTELLT     26208',
      '  TCP    127.0.0.1:53211        127.0.0.1:8000         HERGESTELLT     77',
      '  TCP    [::1]:8000             [::1]:53212            ESTABLISHED     26208',
      '  TCP    127.0.0.1:8000         127.0.0.1:53213        WARTEND         0',
      '  TCP    127.0.0.1:18000        127.0.0.1:53214        HERGESTELLT     5',
    ].join('\r\n');
    const listeners = new WindowsListeners({} as never, recorded({netstat: output}));
    expect(await new Promise((done) => listeners.connections(8000, done))).toBe(2);
    const none = new WindowsListeners({} as never, recorded({}));
    expect(await new Promise((done) => none.connections(8000, done))).toBeNull();
  });

  it('reads netstat in any language', async () => {
    const output = [
      '',
      'Aktive Verbindungen',
      '',
      '  Proto  Lokale Adresse         Remoteadresse          Status           PID',
      '  TCP    0.0.0.0:135            0.0.0.0:0              ABH\ufffdREN         1032',
      '  TCP    127.0.0.1:8000         0.0.0.0:0              ABHÖREN         26208',
      '  TCP    127.0.0.1:8000         127.0.0.1:53211        HERGESTELLT     26208',
      '  TCP    [::]:8000              [::]:0                 LISTENING       4',
      '  TCP    [::1]:6379             [::]:0                 À L’ÉCOUTE      77',
      '  UDP    0.0.0.0:8000           *:*                                    99',
    ].join('\r\n');
    expect(parseNetstat(output).map(({address, port, pid}) => [address, port, pid])).toEqual([
      ['0.0.0.0', 135, 1032],
      ['127.0.0.1', 8000, 26208],
      ['::', 8000, 4],
      ['::1', 6379, 77],
    ]);
    const runner = recorded({netstat: output});
    const listeners = new WindowsListeners({} as never, runner);
    const pids = await new Promise((done) =>
      listeners.sockets(8000, 'now', (sockets) => done(sockets?.map((socket) => socket.pid))),
    );
    expect(pids).toEqual([26208, 4]);
  });

  it('reads CIM', () => {
    const rows = parseCimProcesses(
      '\ufeff{"p":26208,"q":812,"n":"python.exe","c":"python -m uvicorn \\"main:app\\"","e":"C:\\\\Python\\\\python.exe","s":1747897530123,"u":0.515625,"r":85540864,"t":24}\r\n' +
        '{"p":4,"q":0,"n":"System","c":null,"e":null,"s":0,"u":1,"r":1,"t":1}\r\nGarbage\r\n{"p":',
    );
    expect(rows).toMatchObject([
      {pid: 26208, ppid: 812, name: 'python.exe', startedAt: 1747897530123, cpuSeconds: 0.515625, threads: 24},
      {pid: 4, commandLine: null, startedAt: null},
    ]);
  });

  const files = new Set([
    'C:\\nodejs\\npm.cmd',
    'C:\\nodejs\\node.exe',
    'C:\\erp\\run.bat',
    'C:\\U\\Microsoft\\WindowsApps\\python.exe',
  ]);
  const isFile = (path: string): boolean => files.has(path);
  const env = {
    Path: 'C:\\U\\Microsoft\\WindowsApps;"C:\\nodejs"',
    PATHEXT: '.COM;.EXE;.BAT;.CMD',
    ComSpec: 'C:\\Windows\\system32\\cmd.exe',
  };
  const plan = (argv: [string, ...string[]], logFile: string | null = 'C:\\erp\\logs\\web.log') =>
    windowsSpawnPlan({command: {argv}, cwd: 'C:\\erp', env, logFile}, isFile);

  it('finds programs by PATHEXT', () => {
    const find = (name: string, pathExt?: string) => findWindowsExecutable(name, 'C:\\erp', env.Path, pathExt, isFile);
    expect(find('npm')).toBe('C:\\nodejs\\npm.cmd');
    expect(find('node')).toBe('C:\\nodejs\\node.exe');
    expect(find('node.exe')).toBe('C:\\nodejs\\node.exe');
    expect(find('node.js')).toBeNull();
    expect(find('.\\run')).toBe('C:\\erp\\run.bat');
    expect(find('run')).toBeNull();
    expect(find('npm', '.EXE')).toBeNull();
  });

  it('makes a hidden line with redirection that the service outlives us by', () => {
    expect(plan(['node', 'server.js', '--port', '8000'])).toEqual({
      file: 'C:\\Windows\\system32\\cmd.exe',
      args: [
        '/d',
        '/s',
        '/c',
        '"^"C:\\nodejs\\node.exe^" server.js --port 8000 >> ^"C:\\erp\\logs\\web.log^" 2>&1 < NUL"',
      ],
      options: {windowsVerbatimArguments: true, windowsHide: true, detached: false, stdio: 'ignore'},
      executable: 'C:\\nodejs\\node.exe',
      warning: null,
    });
    expect(plan(['nothing'])).toMatchObject({code: 'ENOENT'});
    expect(plan(['node', 'two\nlines'])).toMatchObject({code: 'EINVAL'});
    expect(plan(['npm', 'run', 'a&b'])).toMatchObject({
      args: ['/d', '/s', '/c', expect.stringContaining('run ^^^"a^^^&b^^^" >>')],
    });
    expect(
      windowsSpawnPlan({command: {shell: 'a && echo "b"'}, cwd: 'C:\\', env, logFile: null}, isFile),
    ).toMatchObject({
      args: ['/d', '/s', '/c', '"cmd /d /s /c ^"a^ ^&^&^ echo^ ^"b^"^" > NUL 2>&1 < NUL"'],
      executable: null,
    });
  });

  it('names the placeholder of the Store and explains exit codes', () => {
    expect(plan(['python', '-V'])).toMatchObject({warning: expect.stringContaining('Microsoft Store')});
    expect(isStoreStub('C:\\Python312\\python.exe')).toBe(false);
    expect(explainWindowsExit(9009)).toContain('not found');
    expect(explainWindowsExit(-1073741510)).toContain('Ctrl-C');
    expect(explainWindowsExit(1)).toBeNull();
  });

  it('quotes so that cmd and the program each take off their part', () => {
    const nasty = [
      '',
      'a b',
      'a"b',
      'a\\',
      'a\\"b',
      'a b\\',
      '%PATH%',
      '100%',
      '^',
      'a&b|c>d<e',
      '(x)',
      '!v!',
      'ü "q" \\\\',
    ];
    for (const argument of nasty) {
      const line = escapeForCmd(quoteForProgram(argument));
      expect(split(uncaret(line))).toEqual([argument]);
      // Nothing that cmd would act upon is left without its caret.
      expect(line.replace(/\^./gs, '')).not.toMatch(/[()%!"<>&|]/);
    }
    expect(quoteForProgram('plain-arg.js')).toBe('plain-arg.js');
  });
});

/** What cmd makes of carets. */
const uncaret = (line: string): string => line.replace(/\^(.)/gs, '$1');

/** How the C run-time library takes a command line apart, after Microsoft's description. */
function split(line: string): string[] {
  const args: string[] = [];
  let current = '';
  let quoted = false;
  let any = false;
  for (let at = 0; at < line.length; at++) {
    const slashes = /^\\+/.exec(line.slice(at))?.[0].length ?? 0;
    if (slashes > 0 && line[at + slashes] === '"') {
      current += '\\'.repeat(slashes >> 1);
      at += slashes;
      if (slashes % 2 === 1) current += '"';
      else quoted = !quoted;
      any = true;
    } else if (line[at] === '"') {
      quoted = !quoted;
      any = true;
    } else if (!quoted && /\s/.test(line[at] as string)) {
      if (any || current !== '') args.push(current);
      current = '';
      any = false;
    } else current += line[at] as string;
  }
  if (any || current !== '') args.push(current);
  return args;
}

it('has ps for the comparison above', () => {
  expect(spawnSync('ps', ['--version']).error).toBeUndefined();
});
