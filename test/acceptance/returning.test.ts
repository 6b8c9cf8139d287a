import {spawnSync} from 'node:child_process';
import {readdirSync, readFileSync, readlinkSync} from 'node:fs';
import {connect} from 'node:net';
import {constants} from 'node:os';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {holds, kill, program, type Rig, until} from '../support/rig.js';
import {itErp, itNeeds, type Tool} from '../support/tools.js';

const prlimit: Tool = {
  name: 'prlimit',
  missing: spawnSync('prlimit', ['--version'], {stdio: 'ignore'}).status === 0 ? null : 'apt-get install util-linux',
};

async function shop(rig: Rig): Promise<void> {
  rig.config({
    counter: {command: ['sh', program('counts.sh')], readiness: {log: 'line 1'}},
    shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}},
  });
  await rig.expectErp(0, ['start', '--detach']);
}

const pids = async (rig: Rig) => (await rig.status()).services.map(({pid}) => pid);
const supervisor = (rig: Rig) => rig.supervisors()[0]?.pid ?? 0;
const returns = (rig: Rig) => rig.events().filter(({type}) => type === 'supervisor-returned');

/** A shell that was just started has no trap yet, and a signal would end it like any program. */
function catches(pid: number, signal: 'SIGTERM'): boolean {
  const [, mask = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

async function another(rig: Rig, former: number, count = 1): Promise<void> {
  await until('it has come back and says so', () => returns(rig).length === count);
  expect(supervisor(rig)).not.toBe(former);
}

for (const [signal, text] of [
  ['SIGKILL', /^the supervisor was killed \(SIGKILL\), back after \d/],
  ['SIGSEGV', /^the supervisor crashed \(SIGSEGV\), back after \d/],
  ['SIGABRT', /^the supervisor crashed \(SIGABRT\), back after \d/],
] as const) {
  itErp(`${signal} of the supervisor: the next one takes over what runs and says what happened`, async (rig) => {
    await shop(rig);
    const before = await pids(rig);
    const former = supervisor(rig);
    kill(former, signal);
    await another(rig, former);
    const [event] = returns(rig);
    expect(event?.text).toMatch(text);
    expect(event?.text).toMatch(/; 2 services adopted, 0 restarted$/);
    expect(event?.diagnosis?.subject).toBe(signal);
    expect(event?.level).toBe('WARNING');
    const {stdout} = await rig.expectErp(0, ['status', '--wait', 'ready']);
    expect(stdout).toMatch(/\(came back once in the last hour\)/);
    expect(await pids(rig)).toEqual(before);
    await rig.stop();
  });
}

itNeeds([prlimit], 'a supervisor that gets no more memory: it comes back, and services go on', async (rig) => {
  await shop(rig);
  const before = await pids(rig);
  const former = supervisor(rig);
  // No more address space than it has, and a lot to read: an allocation fails, as on a machine that is full.
  spawnSync('prlimit', ['--pid', String(former), '--as=1048576']);
  const head = 'POST /v1/stop HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n{"x":"';
  const [base = ''] = readdirSync(join(rig.runtime, 'erp'));
  for (let count = 0; count < 150; count += 1) {
    const socket = connect(join(rig.runtime, 'erp', base, 'control.sock')).on('error', () => {});
    rig.onEnd(() => socket.destroy());
    socket.write(head);
    socket.write('a'.repeat(3_000_000));
  }
  await another(rig, former);
  expect(returns(rig)[0]?.text).toMatch(/^the supervisor (ran out of memory|crashed|met a defect)/);
  expect(await pids(rig)).toEqual(before);
  await rig.stop();
});

itErp('forty kills in a row: forty adoptions, none of them waits', async (rig) => {
  await shop(rig);
  const before = await pids(rig);
  const begunAt = performance.now();
  for (let round = 1; round <= 40; round += 1) {
    const former = supervisor(rig);
    kill(former);
    await another(rig, former, round);
  }
  expect(performance.now() - begunAt).toBeLessThan(60_000);
  const status = await rig.status({args: ['--wait', 'ready']});
  expect(status.supervisor?.returns).toBe(40);
  expect(status.services.map(({pid}) => pid)).toEqual(before);
  expect(status.services.map(({totalRestarts}) => totalRestarts)).toEqual([0, 0]);
  const last = returns(rig).at(-1);
  expect(last?.text).toMatch(/; 40 times in the last hour$/);
  await rig.stop();
});

itErp('kill -9 of the guardian: another one stands in, and brings the supervisor back', async (rig) => {
  await shop(rig);
  const before = await pids(rig);
  for (let round = 1; round <= 2; round += 1) {
    const guardian = rig.guardians()[0]?.pid ?? 0;
    kill(guardian);
    await until(
      'another one stands in',
      () => rig.events().filter(({type}) => type === 'guardian-lost').length === round,
    );
    const former = supervisor(rig);
    kill(former);
    await another(rig, former, round);
    expect(returns(rig).at(-1)?.text).toMatch(/nobody saw how/);
    expect(rig.guardians()).toHaveLength(1);
    expect(await pids(rig)).toEqual(before);
  }
  await rig.stop();
});

itErp('a guardian that stands in ends with a supervisor that is stopped, replaced or told to end', async (rig) => {
  await shop(rig);
  const before = await pids(rig);
  const lost = async (count: number): Promise<void> => {
    kill(rig.guardians()[0]?.pid ?? 0);
    await until(
      'another one stands in',
      () => rig.events().filter(({type}) => type === 'guardian-lost').length === count,
    );
  };
  await lost(1);
  await rig.expectErp(0, ['supervisor', 'restart']);
  await until('one of each', () => rig.guardians().length === 1 && rig.supervisors().length === 1);
  expect(await pids(rig)).toEqual(before);
  await lost(2);
  const standIn = rig.guardians()[0]?.pid ?? 0;
  await until('it listens to signals', () => catches(standIn, 'SIGTERM'));
  kill(standIn, 'SIGTERM');
  await rig.nothingLeft(15_000);
  await rig.expectErp(0, ['start', '--detach']);
  await rig.stop();
});

itErp('erp attach goes on over the death of the supervisor', async (rig) => {
  await shop(rig);
  const run = rig.start(['attach']);
  await run.says(/counter.*ready/);
  kill(supervisor(rig));
  await run.says(/the supervisor was killed \(SIGKILL\), back after/);
  await rig.expectErp(0, ['restart', 'shop']);
  await run.says(/restart of shop/);
  expect(run.running).toBe(true);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(0);
  await rig.stop();
});

itErp('kill -USR1, with which other daemons rotate their logs: no debugger opens, nothing happens', async (rig) => {
  await shop(rig);
  const pid = supervisor(rig);
  kill(pid, 'SIGUSR1');
  kill(pid, 'SIGUSR2');
  kill(pid, 'SIGHUP');
  await rig.expectErp(0, ['restart', 'shop']); // whatever the signals would do has happened before this
  await holds('it listens to no TCP port', () => listening(pid).length === 0, 500);
  expect(supervisor(rig)).toBe(pid);
  await rig.stop();
});

/** Listening TCP ports of a process, from the system's table. */
function listening(pid: number): string[] {
  const table = ['tcp', 'tcp6'].flatMap((name) =>
    readFileSync(`/proc/${pid}/net/${name}`, 'utf8').split('\n').slice(1),
  );
  const sockets = new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(join('/proc', String(pid), 'fd', fd));
      } catch {
        return '';
      }
    }),
  );
  return table.filter((line) => {
    const fields = line.trim().split(/\s+/);
    return fields[3] === '0A' && sockets.has(`socket:[${fields[9] ?? ''}]`);
  });
}
