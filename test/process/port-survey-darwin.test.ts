// The whole survey of a Mac with what its tools print: test/fixtures/listeners/README.md says what is recorded.
import {describe, expect, it} from '@jest/globals';
import {spawnSync} from 'node:child_process';
import {createServer, type AddressInfo} from 'node:net';
import {userInfo} from 'node:os';
import {basename} from 'node:path';
import type {PortListener} from '../../src/lib/core/ports/survey.js';
import {systemTools, type ToolRunner} from '../../src/lib/platform/command-runner.js';
import {DarwinListeners, parseLsof} from '../../src/lib/platform/listeners.darwin.js';
import {parseDarwinNetstat} from '../../src/lib/platform/netstat.darwin.js';
import {surveyDarwin} from '../../src/lib/platform/port-survey.darwin.js';
import {listenerFixture, notInstalled, recordedTools, tooSlow} from '../support/recorded-tools.js';

const rows = (output: string): readonly unknown[] | undefined =>
  parseDarwinNetstat(output)?.map(({address, port, isDualStack, pid}) => [address, port, isDualStack, pid]);

describe("netstat's forms", () => {
  it('reads what was recorded', () => {
    expect(rows(listenerFixture('macos-10.12-netstat.txt'))).toEqual([
      ['::', 443, true, 61044],
      ['::', 8888, true, 61044],
    ]);
    expect(rows(listenerFixture('macos-12-netstat.txt'))).toEqual([
      ['::', 80, true, 68606],
      ['::', 443, true, 68606],
      ['127.0.0.1', 6443, false, 68606],
      ['127.0.0.1', 2222, false, 68606],
    ]);
    expect(rows(listenerFixture('macos-26-netstat.txt'))).toEqual([]); // connections only
  });

  it('finds the pid behind whatever columns a version has', () => {
    expect(rows(listenerFixture('macos-14-netstat.composed.txt'))).toEqual([
      ['127.0.0.1', 6379, false, 812],
      ['::', 8080, true, 900],
      ['0.0.0.0', 22, false, 1],
      ['::', 22, false, 1],
    ]);
    expect(rows(listenerFixture('macos-15-netstat.composed.txt'))).toEqual([
      ['127.0.0.1', 6379, false, 812],
      ['::', 8080, true, 900],
      ['fe80::aede:48ff:fe00:1122', 49152, false, 412],
      ['0.0.0.0', 22, false, 1],
    ]);
    expect(rows(listenerFixture('macos-26-netstat.composed.txt'))).toEqual([
      ['127.0.0.1', 6379, false, 812],
      ['::', 8080, true, 900],
      ['0.0.0.0', 7000, false, 77],
      ['0.0.0.0', 22, false, 1],
    ]);
  });

  it('tells no pid rather than a wrong one', () => {
    const heading = 'Proto Recv-Q Send-Q  Local Address  Foreign Address  (state)';
    const row = 'tcp4       0      0  ::ffff:127.0.0.1.8080         *.*                    LISTEN';
    expect(rows(`${heading}\n${row}      \n`)).toEqual([['127.0.0.1', 8080, false, null]]);
    expect(rows(`${heading} rhiwat pid\n${row} 131072\n`)).toEqual([['127.0.0.1', 8080, false, null]]);
    expect(rows(`${heading} rhiwat pid\n${row} 131072 0\n`)).toEqual([['127.0.0.1', 8080, false, null]]);
    expect(rows(`${heading} a process:pid\n${row} 7 node\n`)).toEqual([['127.0.0.1', 8080, false, null]]);
    expect(rows('')).toBeUndefined();
    expect(rows('netstat: option requires an argument -- p\n')).toBeUndefined();
  });
});

it("reads lsof's fields and leaves out what does not listen on TCP", () => {
  expect(parseLsof(listenerFixture('lsof-fields.txt')).map(({address, port, pid}) => [address, port, pid])).toEqual([
    ['127.0.0.1', 2022, 6835],
    ['0.0.0.0', 22, 8708],
    ['::', 22, 8708],
  ]);
  expect(parseLsof('p1\nf3\ntIPv6\nPTCP\nn[::ffff:127.0.0.1]:80\n')).toMatchObject([{address: '127.0.0.1', port: 80}]);
  expect(parseLsof('pgarbage\nn*:80\n\0\nn:\np\n')).toEqual([]);
});

const ps = [
  '    1     0     1     0 Ss   Fri May 22 09:05:30 2026     1:02.50  12345 /sbin/launchd',
  '  412     1   412   501 S    Fri May 22 09:06:00 2026     0:00.10   2048 /usr/libexec/rapportd',
  '  812     1   812   501 S+   Fri May 22 09:06:00 2026     0:00.10   2048 /opt/My Tools/redis-server',
  '  900   812   900   501 S    Fri May 22 10:00:00 2026     0:00.10   2048 node',
  '  901   900   900   501 S    Fri May 22 10:00:01 2026     0:00.10   2048 node',
  '',
].join('\n');
const commands = [
  '    1 root  /sbin/launchd',
  '  412 ops   /usr/libexec/rapportd',
  '  812 ops   /opt/My Tools/redis-server 127.0.0.1:6379',
  '  900 ops   node server.js --note ERP_MARK=not/the/mark',
  '  901 ops   node worker.js',
  '',
].join('\n');
const environments = commands
  .replace('worker.js', 'worker.js PATH=/bin ERP_MARK=a/web/4 HOME=/x')
  .replace('the/mark', 'the/mark PATH=/bin ERP_MARK=a/web/3 HOME=/x');
const mac = {
  'lsof -nP -iTCP': listenerFixture('macos-lsof.composed.txt'),
  'netstat -anvl': listenerFixture('macos-15-netstat.composed.txt'),
  'ps -o': ps,
  'ps -ww': commands,
  'ps -Eww': environments,
  'lsof -a': {output: 'p812\nfcwd\nn/Users/ops/My Data\np900\nfcwd\nn/Users/ops/erp\n', code: 1},
};
const survey = (answers: Parameters<typeof recordedTools>[0], wanted: 'all' | number[] = 'all', isRoot = false) =>
  surveyDarwin(recordedTools({...mac, ...answers}).run, wanted, isRoot);
const brief = (listeners: readonly PortListener[] | null): unknown =>
  listeners?.map(({port, address, pid, user}) => [port, address, pid, user]);

describe('the survey of a Mac', () => {
  it('tells all of everybody whom lsof shows, and of the others what netstat knows', async () => {
    const {listeners, problem, reserved} = await survey({});
    expect(problem).toBeNull();
    expect(brief(listeners)).toEqual([
      [22, '0.0.0.0', 1, 'root'], // launchd's: not in lsof's list for an ordinary user
      [6379, '127.0.0.1', 812, 'ops'],
      [6379, '::1', 812, 'ops'],
      [8080, '::', 900, 'ops'],
      [49152, 'fe80:5::aede:48ff:fe00:1122', 412, 'ops'],
    ]);
    expect(listeners?.find(({port}) => port === 8080)).toEqual({
      port: 8080,
      address: '::',
      isDualStack: true,
      inode: '0xabe',
      pid: 900,
      alsoHeldBy: [901],
      name: 'node',
      command: 'node server.js --note ERP_MARK=not/the/mark',
      user: 'ops',
      startedAt: new Date(2026, 4, 22, 10).getTime(),
      cwd: '/Users/ops/erp',
      mark: 'a/web/3',
    });
    expect(listeners?.[1]).toMatchObject({name: 'redis-server', cwd: '/Users/ops/My Data', mark: null});
    expect(reserved).toMatchObject([{from: 1, to: 1023, why: 'privileged', exceptOnAllAddresses: true}]);
    expect(reserved[0]?.source).toMatch(/exact address.*root only.*all addresses.*everybody/);
  });

  it('asks once for all ports, and only for the holders of those that are wanted', async () => {
    const tools = recordedTools(mac);
    const {listeners} = await surveyDarwin(tools.run, [6379, 3000], false);
    expect(brief(listeners)).toEqual([
      [6379, '127.0.0.1', 812, 'ops'],
      [6379, '::1', 812, 'ops'],
    ]);
    expect(tools.calls).toHaveLength(6);
    expect(tools.calls.filter((line) => / -p 812( |$)/.test(line))).toHaveLength(4);
    const free = recordedTools(mac);
    expect(await surveyDarwin(free.run, [3000], true)).toEqual({listeners: [], problem: null, reserved: []});
    expect(free.calls).toHaveLength(2);
  });

  it('names nobody where the number is that of a process which has ended', async () => {
    const {listeners} = await survey({'ps -o': ps.replace(/^ {4}1 .*\n/, '')}, [22]);
    expect(listeners).toMatchObject([{port: 22, pid: null, name: null, user: null}]);
  });

  it('counts sockets that share an address: the one that lsof may not show is somebody', async () => {
    const twice = listenerFixture('macos-15-netstat.composed.txt').replace(
      /^tcp46 .*8080.*$/m,
      (line) => `${line}\n${line.replace(' 900 ', ' 412 ')}`,
    );
    const {listeners} = await survey({'netstat -anvl': twice}, [8080]);
    expect(brief(listeners)).toEqual([
      [8080, '::', 900, 'ops'],
      [8080, '::', 412, 'ops'],
    ]);
  });

  it.each([
    ['lsof is not there', notInstalled, 'lsof: not found: holders are as netstat tells them'],
    ['lsof hangs', tooSlow, 'lsof: no answer within 5s: holders are as netstat tells them'],
    ['lsof was cut off', 'p812\nLops\nf6\ntIPv4\nd0xabc\nn127.0', 'lsof: its output was cut off'],
    ['lsof prints something else', 'lsof: hello\n', 'lsof: an output that is not understood'],
    ['lsof only complains', {code: 1, complaint: "lsof: can't open /dev/mem"}, "lsof: lsof: can't open /dev/mem"],
  ])('goes on with netstat when %s', async (_, answer, problem) => {
    const found = await survey({'lsof -nP -iTCP': answer});
    expect(found.problem).toContain(problem);
    expect(brief(found.listeners)).toEqual(
      [
        [6379, '127.0.0.1', 812, 'ops'],
        [8080, '::', 900, 'ops'],
        [49152, 'fe80::aede:48ff:fe00:1122', 412, 'ops'],
        [22, '0.0.0.0', 1, 'root'],
      ].sort((a, b) => Number(a[0]) - Number(b[0])),
    );
  });

  it('takes an lsof that finds nobody at its word', async () => {
    const found = await survey({'lsof -nP -iTCP': {code: 1}}, [22, 3000]);
    expect(found.problem).toBeNull();
    expect(brief(found.listeners)).toEqual([[22, '0.0.0.0', 1, 'root']]);
  });

  it.each([
    ['is not there', notInstalled],
    ['hangs', tooSlow],
    ['ends in the middle', listenerFixture('macos-15-netstat.composed.txt').slice(0, -40)],
    ['fails half way', {output: listenerFixture('macos-15-netstat.composed.txt'), code: 1}],
    ['prints something else', '\0\0\n'],
  ])('tells nothing when netstat %s, but to root, to whom lsof shows everybody', async (_, answer) => {
    const found = await survey({'netstat -anvl': answer});
    expect(found.listeners).toBeNull();
    expect(found.problem).toMatch(/^who listens can not be told: netstat: .*, and lsof shows only our own$/);
    const all = await survey({'netstat -anvl': answer}, 'all', true);
    expect(all.problem).toBeNull();
    expect(brief(all.listeners)).toHaveLength(4);
    expect(all.listeners?.find(({port}) => port === 8080)?.isDualStack).toBeNull();
  });

  it('never calls a port free when nobody could be asked', async () => {
    for (const answer of [notInstalled, tooSlow, 'rubbish\n', {output: '', code: 1, complaint: 'no'}]) {
      const found = await survey({'lsof -nP -iTCP': answer, 'netstat -anvl': answer}, [3000]);
      expect(found.listeners).toBeNull();
      expect(found.problem).toMatch(/can not be told: lsof: .*; netstat: /);
    }
  });

  it('keeps the pids when ps does not answer', async () => {
    const found = await survey({'ps -o': tooSlow, 'ps -ww': tooSlow, 'ps -Eww': tooSlow}, [6379, 22]);
    expect(found.problem).toBe('ps: no answer within 5s: names and start times of the holders are missing');
    expect(brief(found.listeners)).toEqual([
      [22, '0.0.0.0', 1, null],
      [6379, '127.0.0.1', 812, 'ops'],
      [6379, '::1', 812, 'ops'],
    ]);
    const few = await survey({'ps -ww': notInstalled, 'ps -Eww': notInstalled, 'lsof -a': notInstalled}, [8080]);
    expect(few.listeners).toMatchObject([{name: 'node', command: null, cwd: null, mark: null, user: 'ops'}]);
  });
});

it("finds the holder of a port that lsof hides, for the supervisor's check whose listener it is", async () => {
  const asked = async (netstat: string | null): Promise<unknown> => {
    const run = (file: string, _: readonly string[], callback: (output: string | null) => void): void =>
      void setImmediate(() => callback(file === 'netstat' ? netstat : null));
    const listeners = new DarwinListeners({} as never, {run, runSync: () => null});
    return new Promise((done) => listeners.sockets(22, 'now', done));
  };
  expect(await asked(listenerFixture('macos-15-netstat.composed.txt'))).toMatchObject([{address: '0.0.0.0', pid: 1}]);
  expect(await asked(listenerFixture('macos-12-netstat.txt'))).toEqual([]);
  expect(await asked(null)).toBeNull();
});

const hasLsof = spawnSync('lsof', ['-v'], {stdio: 'ignore'}).error === undefined;
(hasLsof ? it : it.skip)(
  'surveys with the real lsof and ps of this machine (needs lsof: apt-get install lsof)',
  async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const {port} = server.address() as AddressInfo;
      // Tools by name: only macOS has them in those folders. Its netstat is not to be had here, so lsof stands alone.
      const run: ToolRunner = (file, args) => systemTools(basename(file), args, 30_000);
      const {listeners, problem} = await surveyDarwin(run, [port], true);
      expect([problem, listeners?.length]).toEqual([null, 1]);
      const [found] = listeners as readonly [PortListener];
      expect(found).toMatchObject({
        port,
        address: '127.0.0.1',
        pid: process.pid,
        cwd: process.cwd(),
        isDualStack: false,
      });
      expect(found.command).toContain('jest');
      expect(found.user).toBe(userInfo().username);
      expect(Math.abs((found.startedAt ?? 0) - (Date.now() - process.uptime() * 1000))).toBeLessThan(3000);
    } finally {
      server.close();
    }
  },
);
