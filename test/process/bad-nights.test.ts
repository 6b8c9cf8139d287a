// Stories of operation: what happened, and that nothing is lost, left behind or believed wrongly.
import {describe, expect, it} from '@jest/globals';
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createServer} from 'node:tls';
import type {AddressInfo} from 'node:net';
import {gunzipSync, gzipSync} from 'node:zlib';
import {compiled, programs, Rig, until} from './rig.js';
import {FileJournal} from '../../src/lib/platform/journal.js';
import {SocketProber} from '../../src/lib/platform/prober.js';
import {ServiceLog} from '../../src/lib/platform/service-log.js';
import type {ProbeAnswer, ProcessIdentity, StrayProcess} from '../../src/lib/platform/types.js';

const has = (tool: string, ...args: string[]): boolean => spawnSync(tool, args).error === undefined;

describe('the supervisor is killed', () => {
  it('loses no line of service or hook, and its successor takes both over', async () => {
    await using rig = new Rig();
    const supervisor = spawn(
      process.execPath,
      [join(programs, 'supervises.mjs'), compiled('.'), rig.dir, rig.project],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const logs = (service: string): string =>
      readdirSync(join(rig.dir, 'logs'))
        .filter((name) => name.startsWith(`${service}-`) && !name.endsWith('.times'))
        .sort((a, b) => a.localeCompare(b, 'en', {numeric: true}))
        .concat(`${service}.log`)
        .map((name) => readFileSync(join(rig.dir, 'logs', name)))
        .map((bytes) => (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString())
        .join('');
    await until('both have written', () => {
      try {
        return logs('web').includes('line 50\n') && logs('job').includes('step 20\n');
      } catch {
        return false;
      }
    });
    supervisor.kill('SIGKILL');
    await once(supervisor, 'exit');
    const [{spawned}] = rig.world.journal.read('web').records as [{spawned: ProcessIdentity}];
    const {processes, output} = rig.world;
    expect(processes.isAlive(spawned)).toBe(true);
    const exit = new Promise((done) => processes.watch(spawned, done));
    const before = Number(/(\d+)\n$/.exec(logs('web'))?.[1]);
    output.open(['web', 'job']);
    expect(output.tail('web', 1)).toEqual([`line ${before}`]);
    await rig.line('web', new RegExp(`line ${before + 300}$`));
    await rig.line('job', /step 200$/);
    const strays = await new Promise<readonly StrayProcess[]>((done) =>
      processes.stragglers({service: 'job', markPrefix: `${rig.project}/job/`, leaders: [], except: null}, done),
    );
    expect(strays.length).toBeGreaterThan(0);
    for (const stray of strays) processes.signal(stray, 'SIGKILL');
    expect(processes.signalGroup(spawned.pid, 'SIGKILL')).toBe('sent');
    expect(await exit).toEqual({code: null, signal: null});
    output.drain('web');
    for (const [service, word] of [
      ['web', 'line'],
      ['job', 'step'],
    ] as const) {
      const lines = logs(service).trimEnd().split('\n');
      expect(lines).toEqual(Array.from({length: lines.length}, (_, i) => `${word} ${i + 1}`));
    }
  });
});

describe('daemons', () => {
  const withRedis = has('redis-server', '--version') ? it : it.skip;
  withRedis('finds a redis that has gone into the background and wiped its environment', async () => {
    await using rig = new Rig();
    const service = 'redis';
    const argv = [
      'redis-server',
      '--daemonize',
      'yes',
      '--port',
      '0',
      '--unixsocket',
      join(rig.dir, 's'),
      '--save',
      '',
    ] as const;
    const life = rig.start(service, {argv: [...argv, '--pidfile', join(rig.dir, 'pid')]});
    expect(await life.exit).toEqual({code: 0, signal: null});
    await until('it runs', () => {
      try {
        return readFileSync(join(rig.dir, 'pid'), 'utf8').trim() !== '';
      } catch {
        return false;
      }
    });
    const pid = Number(readFileSync(join(rig.dir, 'pid'), 'utf8'));
    const found = await new Promise<readonly StrayProcess[]>((done) =>
      rig.world.processes.stragglers(
        {service, markPrefix: `${rig.project}/${service}/`, leaders: [life.identity], except: null},
        done,
      ),
    );
    expect(found.map((stray) => stray.pid)).toEqual([pid]);
    process.kill(pid, 'SIGKILL');
  });
});

describe('a number that was given away', () => {
  it('is no group of ours any more', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {argv: ['sleep', '1000']});
    const {processes} = rig.world;
    // As if the number had belonged to a service that we knew and that has ended since.
    const cancel = processes.watch({...life.identity, startTime: '1'}, () => undefined);
    cancel();
    expect(processes.groupAlive(life.pid)).toBe(false);
    expect(processes.signalGroup(life.pid, 'SIGKILL')).toBe('gone');
    processes.watch(life.identity, () => undefined)();
    expect(processes.groupAlive(life.pid)).toBe(true);
    const found = await new Promise<readonly StrayProcess[]>((done) =>
      processes.stragglers(
        {service: 'x', markPrefix: 'none/x/', leaders: [{...life.identity, startTime: '1'}], except: null},
        done,
      ),
    );
    expect(found).toEqual([]);
  });
});

describe('the disk is full', () => {
  const mount = (dir: string, size: string): boolean =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'none', dir]).status === 0;
  const probe = mkdtempSync(join(tmpdir(), 'erp-mount-'));
  const canMount = process.platform === 'linux' && mount(probe, '64k');
  if (canMount) spawnSync('umount', [probe]);
  rmSync(probe, {recursive: true});
  if (!canMount) console.warn('SKIPPED: full disk (needs a user who may mount)');
  const withDisk = canMount ? it : it.skip;

  function smallDisk(size: string) {
    const dir = mkdtempSync(join(tmpdir(), 'erp-small-'));
    mount(dir, size);
    return {
      dir,
      [Symbol.dispose]: () => {
        spawnSync('umount', ['-l', dir]);
        rmSync(dir, {recursive: true});
      },
    };
  }

  withDisk('drops and counts output, and marks the gap once there is room', async () => {
    using disk = smallDisk('256k');
    const problems: string[] = [];
    const log = new ServiceLog({
      service: 'web',
      logDir: disk.dir,
      maxFileBytes: 1e9,
      rotateEveryMs: null,
      onProblem: (level, text) => problems.push(`${level} ${text}`),
      onRotated: () => undefined,
      onFull: () => false,
    });
    writeFileSync(join(disk.dir, 'ballast'), Buffer.alloc(150_000));
    // Pieces as they come out of a pipe: some end in the middle of a line.
    const all = Buffer.from(Array.from({length: 2000}, (_, n) => `${n} ${'x'.repeat(94)}\n`).join(''));
    for (let at = 0; at < all.length; at += 777) log.write(all.subarray(at, at + 777));
    expect(problems).toEqual([
      expect.stringMatching(/^ERROR The output of web can't be written .*: the disk is full\. It goes on/),
    ]);
    expect(log.lines.last(1)[0]).toBe(`1999 ${'x'.repeat(94)}`);
    rmSync(join(disk.dir, 'ballast'));
    // Without another word of the service.
    await until('the gap is marked', () => problems.length === 2);
    log.write(Buffer.from('back\n'));
    const text = readFileSync(log.path, 'utf8');
    const [, lines] = /\n--- erp: (\d+) lines \(\d+ bytes\) of output are missing here/.exec(text) ?? [];
    const kept = text.split('\n').slice(0, -3);
    // No torn line, and each one is either there or counted.
    expect(kept).toEqual(Array.from({length: kept.length}, (_, n) => `${n} ${'x'.repeat(94)}`));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length + Number(lines)).toBe(2000);
    expect(text).toMatch(/ ---\nback\n$/);
    log.close();
  });

  withDisk('gives up the reserve for the journal, then keeps records in memory, in order', () => {
    using disk = smallDisk('512k');
    const problems: string[] = [];
    const journal = new FileJournal(disk.dir, (level, text) => problems.push(`${level} ${text}`));
    journal.append('web', {n: 0});
    try {
      writeFileSync(join(disk.dir, 'ballast'), Buffer.alloc(1_000_000));
    } catch {
      // as full as it can be
    }
    const filler = 'y'.repeat(2000);
    let n = 1;
    while (n < 100) journal.append('web', {n: n++, filler});
    expect(problems).toEqual([]);
    expect(readdirSync(disk.dir)).not.toContain('reserve');
    while (n < 200) journal.append('web', {n: n++, filler});
    expect(problems).toEqual([expect.stringContaining('the disk is full')]);
    expect(journal.read('web').problem).toBeNull();
    rmSync(join(disk.dir, 'ballast'));
    journal.append('web', {n: n++});
    expect(journal.read('web').records.map((record) => (record as {n: number}).n)).toEqual(
      Array.from({length: 201}, (_, i) => i),
    );
    expect(problems[1]).toContain('written again');
    journal.close();
  });

  withDisk('removes old logs before new output is lost', async () => {
    using disk = smallDisk('2m');
    await using base = new Rig();
    const logDir = join(disk.dir, 'logs');
    await using rig = new Rig({
      logDir,
      machine: {sampleIntervalMs: 1000, cpuWarnRatio: 1, memoryWarnRatio: 1, minFreeBytes: 600_000, minFreeRatio: 1},
      logging: {...base.options.logging, maxFileBytes: 200_000},
    });
    const life = rig.start('web', {
      shell:
        'i=0; while [ $i -lt 40000 ]; do i=$((i+1)); echo "this is the line number $i of a long story that goes on"; [ $((i % 2000)) = 0 ] && sleep 0.02; done',
    });
    await life.exit;
    rig.world.output.drain('web');
    expect(rig.world.output.tail('web', 1)[0]).toContain('number 40000 of');
    expect(rig.problems.length).toBeGreaterThan(0);
    expect(rig.problems.filter((text) => !/^WARNING Little space on the disk: the old log/.test(text))).toEqual([]);
    expect(readFileSync(join(logDir, 'web.log'), 'utf8')).not.toContain('missing here');
  });
});

describe('compression', () => {
  it('takes up what an earlier supervisor left, and never loses both files', async () => {
    await using base = new Rig();
    await using rig = new Rig({logging: {...base.options.logging, gzip: true}});
    const logs = join(rig.dir, 'logs');
    mkdirSync(logs, {recursive: true});
    writeFileSync(join(logs, 'web-20260522-090530.log'), 'old\n');
    writeFileSync(join(logs, 'web-20260522-090530.log.gz.part'), 'half');
    writeFileSync(join(logs, 'web-20260522-090531.log'), 'plain');
    writeFileSync(join(logs, 'web-20260522-090531.log.gz'), 'not what it should be');
    writeFileSync(join(logs, 'web-20260522-090532.log'), 'both');
    writeFileSync(join(logs, 'web-20260522-090532.log.gz'), gzipSync('both'));
    writeFileSync(join(logs, 'app-20260522-090531.log'), 'not ours');
    const now = new Date();
    for (const name of readdirSync(logs)) spawnSync('touch', ['-d', now.toISOString(), join(logs, name)]);
    rig.world.output.open(['web']);
    const plain = () => readdirSync(logs).filter((name) => /^web-.*\.(log|part)$/.test(name));
    await until('all are compressed', () => plain().length === 0, 20_000);
    const content = (second: number) =>
      gunzipSync(readFileSync(join(logs, `web-20260522-0905${second}.log.gz`))).toString();
    expect([30, 31, 32].map(content)).toEqual(['old\n', 'plain', 'both']);
    expect(readdirSync(logs).sort()).toEqual([
      'app-20260522-090531.log',
      'web-20260522-090530.log.gz',
      'web-20260522-090531.log.gz',
      'web-20260522-090532.log.gz',
      'web.log',
    ]);
  });
});

describe('https', () => {
  const withOpenssl = has('openssl', 'version') ? it : it.skip;
  withOpenssl('is asked on loopback whatever its certificate', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'erp-tls-'));
    const [key, cert] = [join(dir, 'key'), join(dir, 'cert')];
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
      '-days',
      '2',
      '-subj',
      '/CN=test',
    ]);
    const server = createServer({key: readFileSync(key), cert: readFileSync(cert)}, (socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{"status":"up"}');
    });
    await new Promise<void>((done) => server.listen(0, '0.0.0.0', done));
    const {port} = server.address() as AddressInfo;
    const ask = (host: string): Promise<ProbeAnswer> =>
      new Promise((done) =>
        new SocketProber().probe({type: 'http', url: `https://${host}:${port}/`, expect: [], headers: {}}, 3000, done),
      );
    expect(await ask('127.0.0.1')).toMatchObject({tag: 'answered', health: 'healthy'});
    expect(await ask('localhost')).toMatchObject({tag: 'answered', health: 'healthy'});
    server.close();
    rmSync(dir, {recursive: true});
  });
});

describe('a flood', () => {
  it('is written completely at less than half a second a million lines', async () => {
    await using base = new Rig();
    await using rig = new Rig({logging: {...base.options.logging, maxFileBytes: 5e6}});
    const program = join(rig.dir, 'floods');
    if (spawnSync('cc', ['-O1', '-o', program, join(programs, 'floods.c')]).status !== 0) {
      console.warn('SKIPPED: flood (needs a C compiler)');
      return;
    }
    const life = rig.start('web', {argv: [program, '200000']});
    const before = process.cpuUsage();
    expect(await life.exit).toEqual({code: 0, signal: null});
    rig.world.output.drain('web');
    const {user, system} = process.cpuUsage(before);
    const bytes = readdirSync(join(rig.dir, 'logs'))
      .filter((name) => name.endsWith('.log'))
      .map((name) => readFileSync(join(rig.dir, 'logs', name)).length)
      .reduce((sum, size) => sum + size);
    expect(bytes).toBe(200_000 * 120);
    expect(rig.world.output.tail('web', 1)[0]).toMatch(/^line 0000199999 /);
    // Ten times what is expected: the machine may be busy, a quadratic slip would still be seen.
    expect((user + system) / 1e6).toBeLessThan(1);
  });
});
