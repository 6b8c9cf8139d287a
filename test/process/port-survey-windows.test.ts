// The whole survey of a Windows machine with what its tools print: test/fixtures/listeners/README.md says what is
// recorded.
import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import type {PortListener} from '../../src/lib/core/ports/survey.js';
import {parseNetstat, WindowsListeners} from '../../src/lib/platform/listeners.windows.js';
import {
  parseConnections,
  parseExcluded,
  parseTasklist,
  surveyWindows,
} from '../../src/lib/platform/port-survey.windows.js';
import {powershell, utf8} from '../../src/lib/platform/process-table.windows.js';
import type {Listener} from '../../src/lib/platform/types.js';
import {listenerFixture, notInstalled, recordedTools, tooSlow} from '../support/recorded-tools.js';

const english = listenerFixture('windows-10-netstat.en.txt');
const rows = (output: string): readonly unknown[] =>
  parseNetstat(output).map(({address, port, pid}) => [address, port, pid]);

describe('netstat', () => {
  it('reads what was recorded', () => {
    expect(rows(english)).toEqual([
      ['0.0.0.0', 135, 1712],
      ['0.0.0.0', 443, 9396],
      ['0.0.0.0', 445, 4],
      ['0.0.0.0', 49667, 2160],
      ['127.0.0.1', 1310, 9328],
      ['127.0.0.1', 8307, 9396],
      ['127.0.0.1', 8884, 4],
      ['172.17.96.1', 139, 4],
      ['::', 135, 1712],
      ['::', 443, 9396],
      ['::', 445, 4],
      ['::', 2179, 4032],
      ['::1', 1025, 6088],
      ['::1', 8307, 9396],
    ]);
    expect(rows(listenerFixture('windows-7-netstat.zh.txt'))).toEqual([
      ['0.0.0.0', 80, 2288],
      ['0.0.0.0', 135, 736],
      ['0.0.0.0', 445, 4],
      ['0.0.0.0', 5357, 4],
      ['0.0.0.0', 49152, 420],
      ['10.211.55.6', 139, 4],
      ['127.0.0.1', 4012, 672],
    ]);
  });

  // Word for "listening", as bytes of the console's code page. Headings are left out: nothing in them counts.
  it.each<[string, string | readonly number[]]>([
    ['German, code page 850 and 437', [0x41, 0x42, 0x48, 0x99, 0x52, 0x45, 0x4e]],
    ['German, code page 1252', [0x41, 0x42, 0x48, 0xd6, 0x52, 0x45, 0x4e]],
    ['German, UTF-8', 'ABHÖREN'],
    ['French, code page 850, of two words', [0xb7, 0x20, 0x4c, 0x27, 0x90, 0x43, 0x4f, 0x55, 0x54, 0x45]],
    ['French with a no-break space', 'À\u00a0L’ÉCOUTE'],
    ['Spanish', 'ESCUCHANDO'],
    ['Italian', 'IN ASCOLTO'],
    ['Portuguese, code page 850', [0x45, 0x53, 0x43, 0x55, 0x54, 0x41, 0x80, 0xc7, 0x4f]],
    ['Japanese, code page 932, with a backslash as second byte', [0x83, 0x5c, 0x83, 0x8a, 0x91, 0xd2, 0x82, 0xbf]],
    ['Chinese, code page 936', [0xd5, 0xec, 0xcc, 0xfd]],
    ['Russian, code page 866', [0x8f, 0x90, 0x8e, 0x91, 0x8b]],
    ['Polish', 'NASŁUCHIWANIE'],
    ['nothing at all', ''],
  ])('does not depend on the word: %s', (_, word) => {
    const state = typeof word === 'string' ? Buffer.from(word) : Buffer.from(word);
    const line = (local: string, foreign: string, pid: number): Buffer =>
      Buffer.concat([Buffer.from(`  TCP    ${local}   ${foreign}   `), state, Buffer.from(`   ${pid}\r\n`)]);
    const output = Buffer.concat([
      line('0.0.0.0:8000', '0.0.0.0:0', 26208),
      line('127.0.0.1:8000', '127.0.0.1:53211', 26208),
      line('[::1]:8000', '[::]:0', 77),
    ]);
    expect(rows(output.toString('utf8'))).toEqual([
      ['0.0.0.0', 8000, 26208],
      ['::1', 8000, 77],
    ]);
  });

  it('reads the same with any word for the state', () => {
    const words = fc.array(fc.string({unit: 'grapheme'}), {maxLength: 3}).map((parts) => parts.join(' '));
    fc.assert(
      fc.property(words, (word) => {
        const state = word.replace(/[\r\n\u2028\u2029\u0085]/g, '');
        expect(rows(`  TCP    [::]:443   [::]:0   ${state}   9396\r\n`)).toEqual([['::', 443, 9396]]);
        expect(rows(`  TCP    [::1]:443   [::1]:0   ${state}   9396\r\n`)).toEqual([]);
      }),
    );
  });

  it('knows a listener without an owner', () => {
    expect(rows('  TCP    0.0.0.0:80   0.0.0.0:0   LISTENING   0\r\n')).toEqual([['0.0.0.0', 80, null]]);
    expect(rows('  TCP    0.0.0.0:80   0.0.0.0:0   ABHÖREN\r\n')).toEqual([['0.0.0.0', 80, null]]);
    expect(rows('  TCP    [fe80::1%12]:80   [::]:0   LISTENING   9\r\n')).toEqual([['fe80::1%12', 80, 9]]);
    expect(rows('  TCP    [::ffff:127.0.0.1]:80   *:*   LISTENING   9\r\n')).toEqual([['127.0.0.1', 80, 9]]);
    expect(rows('  TCP    nonsense   0.0.0.0:0   LISTENING   9\r\n  TCP    0.0.0.0:0.0\r\nTCP\r\n\0')).toEqual([]);
  });
});

describe('excluded ranges', () => {
  it('reads what was recorded', () => {
    const ranges = parseExcluded(listenerFixture('windows-10-excluded.en.txt'), 'ipv4');
    expect(ranges?.map(({from, to}) => [from, to])).toEqual([
      [1462, 1462],
      [5357, 5357],
      [49177, 49276],
      [49277, 49376],
      [49377, 49476],
      [49477, 49576],
      [49703, 49802],
      [49812, 49911],
      [50000, 50059],
      [65415, 65514],
    ]);
    expect(ranges?.[0]).toEqual({
      from: 1462,
      to: 1462,
      why: 'excluded',
      source: 'netsh interface ipv4 show excludedportrange protocol=tcp: 1462',
    });
    expect(ranges?.[8]?.source).toMatch(/50000 to 50059, set by an administrator$/);
  });

  it('reads it in Japanese and German, and an empty list', () => {
    const list = (heading: string, lines: string): string =>
      `\r\n${heading}\r\n----------    --------\r\n${lines}\r\n* - ausgeschlossen 1 2.\r\n`;
    expect(parseExcluded(list('開始ポート    終了ポート', '     50000       50059     *\r\n'), 'ipv4')).toHaveLength(1);
    expect(parseExcluded(list('Startport    Endport', '  80  80\r\n  443  443\r\n'), 'ipv6')).toMatchObject([
      {from: 80, to: 80, source: expect.stringContaining('netsh interface ipv6')},
      {from: 443, to: 443},
    ]);
    expect(parseExcluded(list('Start Port    End Port', ''), 'ipv4')).toEqual([]);
  });

  it('takes nothing else for a list', () => {
    expect(parseExcluded('', 'ipv4')).toBeNull();
    expect(parseExcluded('Der angegebene Befehl wurde nicht gefunden: 80 90.\r\n', 'ipv4')).toBeNull();
    expect(parseExcluded('---- ----\r\n 90 80\r\n 1 70000\r\n 5 five\r\n', 'ipv4')).toEqual([]);
  });
});

it('reads Get-NetTCPConnection: several, one, none, states as numbers and words', () => {
  const one = '{"LocalAddress":"::","LocalPort":8080,"OwningProcess":4}';
  const ports = (json: string): unknown => parseConnections(json)?.map(({address, port, pid}) => [address, port, pid]);
  expect(ports(one)).toEqual([['::', 8080, 4]]);
  expect(ports(`\ufeff[${one},{"LocalAddress":"127.0.0.1","LocalPort":1,"OwningProcess":0}]\r\n`)).toEqual([
    ['::', 8080, 4],
    ['127.0.0.1', 1, null],
  ]);
  expect(ports(one.replace('}', ',"State":2}'))).toHaveLength(1);
  expect(ports(one.replace('}', ',"State":"Listen"}'))).toHaveLength(1);
  expect(ports(one.replace('}', ',"State":5}'))).toHaveLength(0);
  expect(ports('[null,3,{"LocalPort":"x","LocalAddress":"::"}]')).toEqual([]);
  expect(ports('')).toBeUndefined();
  expect(ports('[{"LocalAddress":"::","Loc')).toBeUndefined();
});

it('reads the names of tasklist in any language', () => {
  const names = parseTasklist(
    '"System","4","Services","0","8.464 K"\r\n"M\ufffdller App.exe","4711","Console","1","45,000 K"\r\nINFO: keine\r\n',
  );
  expect([...names]).toEqual([
    [4, 'System'],
    [4711, 'M\ufffdller App.exe'],
  ]);
});

const cim = [
  '{"p":4,"q":0,"n":"System","c":null,"e":null,"s":0,"u":1,"r":1,"t":1,"o":""}',
  '{"p":9396,"q":1,"n":"node.exe","c":"node \\"C:\\\\Meine Dateien\\\\server.js\\"","e":"C:\\\\node.exe","s":1747897530123,"u":0.5,"r":1,"t":9,"o":"WERK\\\\Jürgen"}',
  '{"p":9328,"q":1,"n":"old.exe","c":null,"e":"C:\\\\old.exe","s":1747897530000,"u":0.5,"r":1,"t":9,"o":null}',
  '',
].join('\r\n');
const windows = {
  'netstat.exe -ano': english,
  'netsh.exe interface ipv4': listenerFixture('windows-10-excluded.en.txt'),
  'netsh.exe interface ipv6': 'x\r\n---- ----\r\n 1462 1462\r\n 7000 7010 *\r\n',
  'powershell.exe': cim,
};
const survey = (answers: Parameters<typeof recordedTools>[0], wanted: 'all' | number[] = [443, 445, 1310]) =>
  surveyWindows(recordedTools({...answers, ...windows, ...answers}).run, wanted, 'C:\\Windows');
const brief = (listeners: readonly PortListener[] | null): unknown =>
  listeners?.map(({port, address, pid, name}) => [port, address, pid, name]);

describe('the survey of a Windows machine', () => {
  it('tells holders by one call of PowerShell', async () => {
    const tools = recordedTools(windows);
    const {listeners, problem, reserved} = await surveyWindows(tools.run, [443, 445, 1310], 'C:\\Windows');
    expect(problem).toBeNull();
    expect(brief(listeners)).toEqual([
      [443, '0.0.0.0', 9396, 'node.exe'],
      [445, '0.0.0.0', 4, 'System'],
      [1310, '127.0.0.1', 9328, 'old.exe'],
      [443, '::', 9396, 'node.exe'],
      [445, '::', 4, 'System'],
    ]);
    expect(listeners?.[0]).toMatchObject({
      command: 'node "C:\\Meine Dateien\\server.js"',
      user: 'WERK\\Jürgen',
      startedAt: 1747897530123,
      isDualStack: false,
      cwd: null,
      mark: null,
    });
    expect(listeners?.[2]).toMatchObject({command: 'C:\\old.exe', user: null});
    expect(listeners?.[3]?.isDualStack).toBeNull();
    expect(reserved.map(({from, to}) => `${from}-${to}`)).toContain('7000-7010');
    expect(reserved.filter(({from}) => from === 1462)).toHaveLength(1);
    expect(tools.calls.filter((line) => line.startsWith('powershell.exe'))).toEqual([
      expect.stringContaining('@(9396,4,9328) -contains $_.ProcessId'),
    ]);
  });

  it('names nobody where the number is that of a process which has ended: a child has inherited its socket', async () => {
    const found = await survey({'powershell.exe': cim.split('\r\n').slice(0, 2).join('\r\n')}, [445, 1310]);
    expect(found.problem).toBeNull();
    expect(brief(found.listeners)).toEqual([
      [445, '0.0.0.0', 4, 'System'],
      [1310, '127.0.0.1', null, null],
      [445, '::', 4, 'System'],
    ]);
  });

  it('keeps what PowerShell told before it was cut off', async () => {
    const output = cim.split('\r\n').slice(1, 2).join('') + '\r\n{"p":93';
    const found = await survey({'powershell.exe': {...tooSlow, output}}, [443, 1310]);
    expect(found.problem).toMatch(/^PowerShell: no answer within 5s: /);
    expect(brief(found.listeners)).toEqual([
      [443, '0.0.0.0', 9396, 'node.exe'],
      [1310, '127.0.0.1', 9328, null],
      [443, '::', 9396, 'node.exe'],
    ]);
  });

  it('does not start PowerShell for ports that nobody holds', async () => {
    const tools = recordedTools(windows);
    expect(await surveyWindows(tools.run, [3000], 'C:\\Windows')).toMatchObject({listeners: [], problem: null});
    expect(tools.calls).toHaveLength(3);
  });

  it('looks for tools only where Windows has them: the current folder comes before the PATH', async () => {
    const files: string[] = [];
    const {run} = recordedTools(windows);
    await surveyWindows((file, ...rest) => (files.push(file), run(file, ...rest)), 'all', 'D:\\WINNT');
    for (const file of files) expect(file).toMatch(/^D:\\WINNT\\System32\\/);
  });

  it.each([
    ['may not run', {code: null, failure: 'may not be run'}, 'may not be run'],
    ['takes too long', tooSlow, 'no answer within 5s'],
    ['says something else', {output: '', code: 1, complaint: 'Zugriff verweigert'}, 'Zugriff verweigert'],
  ])('has at least names when PowerShell %s', async (_, answer, why) => {
    const found = await survey({'powershell.exe': answer, 'tasklist.exe': '"node.exe","9396","Console","1","4 K"\r\n'});
    expect(found.problem).toBe(`PowerShell: ${why}: command lines and owners of the holders are missing`);
    expect(brief(found.listeners)).toEqual([
      [443, '0.0.0.0', 9396, 'node.exe'],
      [445, '0.0.0.0', 4, 'System'],
      [1310, '127.0.0.1', 9328, null],
      [443, '::', 9396, 'node.exe'],
      [445, '::', 4, 'System'],
    ]);
  });

  const connections = '[{"LocalAddress":"0.0.0.0","LocalPort":443,"OwningProcess":9396}]\r\n';
  const broken = [
    ['is not there', notInstalled],
    ['hangs', {...tooSlow, output: english.slice(0, 300)}],
    ['ends in the middle', english.slice(0, 700)],
    ['fails half way', {output: english, code: 1}],
    ['prints only its heading', english.slice(0, 120).replace(/TCP.*$/s, '')],
    ['says nothing', ''],
  ] as const;
  it.each(broken)('asks Get-NetTCPConnection when netstat %s', async (_, answer) => {
    const found = await survey({
      'netstat.exe -ano': answer,
      [`powershell.exe ${powershell(`${utf8}Get-NetTCP`).join(' ')}`]: connections,
    });
    expect(brief(found.listeners)).toEqual([[443, '0.0.0.0', 9396, 'node.exe']]);
  });

  it.each(broken)('never calls a port free when netstat %s and PowerShell is no help', async (_, answer) => {
    for (const shell of [notInstalled, tooSlow, '', 'Get-NetTCPConnection : is not recognized\r\n', '[]']) {
      const found = await survey({'netstat.exe -ano': answer, 'powershell.exe': shell}, [3000]);
      expect(found.listeners).toBeNull();
      expect(found.problem).toMatch(/^who listens can not be told: netstat: /);
      expect(found.reserved).not.toHaveLength(0);
    }
  });

  it('says when the excluded ranges are not known', async () => {
    for (const answer of [notInstalled, tooSlow, 'kein solcher Befehl\r\n']) {
      const found = await survey({'netsh.exe interface ipv4': answer}, [3000]);
      expect(found.listeners).toEqual([]);
      expect(found.problem).toMatch(/^netsh: .*: which ports Windows excludes is not known$/);
      expect(found.reserved).toHaveLength(2);
    }
  });
});

it("describes one listener with its owner, for the supervisor's check whose listener it is", async () => {
  const asked: string[] = [];
  const runner = {
    run: (_: string, args: readonly string[], callback: (output: string | null) => void) => {
      asked.push(args.at(-1) as string);
      setImmediate(() => callback(cim.split('\r\n')[1] as string));
    },
    runSync: () => null,
  };
  const table = {commandLine: () => 'node server.js', read: () => ({startedAt: 5, name: 'node.exe'})};
  const listeners = new WindowsListeners(table as never, runner);
  const [socket] = parseNetstat(english);
  const found = await new Promise<Listener>((done) => listeners.describe(socket as never, 9396, done));
  expect(found).toMatchObject({pid: 9396, user: 'WERK\\Jürgen', command: 'node server.js', startedAt: 5});
  expect(asked).toEqual([expect.stringContaining('@(9396) -contains')]);
});

it('does not take a netstat that says nothing for a machine without listeners', async () => {
  const listeners = (output: string | null): WindowsListeners =>
    new WindowsListeners({} as never, {
      run: (_, __, callback) => void setImmediate(callback, output),
      runSync: () => null,
    });
  for (const output of [null, '', 'Zugriff verweigert\r\n'])
    expect(await new Promise((done) => listeners(output).sockets(8000, 'now', done))).toBeNull();
  expect(await new Promise((done) => listeners(english).sockets(8000, 'now', done))).toEqual([]);
});
