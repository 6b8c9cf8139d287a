import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import type {ServiceStatus} from '../../src/lib/core/report/status.js';
import {holds, isAlive, kill, program, type Rig, until} from '../support/rig.js';
import {itErp} from '../support/tools.js';

const waits = {command: ['sh', program('lives.sh'), '/dev/null', '-1'], readiness: {log: 'ready'}};
/** It makes room for another program: then only the journal knows who it is. */
const execs = {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}};

const journalOf = (rig: Rig, service: string) => join(rig.project, '.erp', 'journal', `${service}.jsonl`);

const livesOf = (rig: Rig, name: string): string[] => {
  const file = join(rig.project, name);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
};

/** Its guardian brings the next. */
async function loseSupervisor(rig: Rig): Promise<void> {
  const former = rig.supervisors()[0]?.pid ?? 0;
  kill(former);
  await until('another supervisor lives', () => rig.supervisors().some(({pid}) => pid !== former));
  await until('it answers', async () => (await rig.erp(['status'])).code !== 6);
}

/** Nobody supervises any more; services live on. */
async function loseBoth(rig: Rig): Promise<void> {
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
}

/** Everything is gone, and the journals speak of another boot: what is left after a power cut. */
async function reboot(rig: Rig): Promise<void> {
  for (const {pid} of [...rig.guardians(), ...rig.supervisors(), ...rig.processes()]) kill(pid);
  await rig.nothingLeft();
  const folder = join(rig.project, '.erp', 'journal');
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/"boot":"[^"]*"/g, '"boot":"another-boot:1"'));
  }
}

const told = ({restartsUsed, totalRestarts, unstable, lastExit, note, state, diagnosis}: ServiceStatus) => ({
  restartsUsed,
  totalRestarts,
  unstable,
  lastExit: lastExit?.text,
  note,
  state,
  diagnosis,
});

const secondsApart = (a: string | null | undefined, b: string | null | undefined) =>
  Math.abs(Date.parse(a ?? '') - Date.parse(b ?? '')) / 1000;

itErp('restarts, instability and the last end are the same after the supervisor has died', async (rig) => {
  rig.config({
    web: {command: ['sh', program('lives.sh'), 'lives', '3'], readiness: {log: 'ready'}, backOff: [0]},
  });
  await rig.expectErp(0, ['start', '--detach']);
  const before = await rig.service('web');
  expect(before).toMatchObject({restartsUsed: 3, totalRestarts: 3, unstable: true});
  expect(before.note).toMatch(/unstable: 3 restarts/);
  for (const lose of [loseSupervisor, loseBoth]) {
    await lose(rig);
    await rig.expectErp(0, ['start', '--detach']);
    const after = await rig.service('web');
    expect(after.pid).toBe(before.pid);
    expect(told(after)).toEqual(told(before));
    expect(secondsApart(after.lastExit?.at, before.lastExit?.at)).toBeLessThan(2);
  }
  await rig.stop();
});

itErp('a pause between restarts goes on, whatever becomes of the supervisor', async (rig) => {
  rig.config({web: {command: ['sh', program('lives.sh'), 'lives', '99'], backOff: {pauses: [0, 3000], jitter: 0}}});
  await rig.expectErp(9, ['start', '--detach', '--timeout', '1']);
  await until('the pause', async () => (await rig.service('web')).state === 'backing-off');
  const before = await rig.service('web');
  expect(livesOf(rig, 'lives')).toHaveLength(2);
  await loseSupervisor(rig);
  const after = await rig.service('web');
  expect(told(after)).toEqual(told(before));
  expect(secondsApart(after.nextTryAt, before.nextTryAt)).toBeLessThan(1);
  expect(after.diagnosis?.evidence).toEqual(before.diagnosis?.evidence);
  expect(livesOf(rig, 'lives')).toHaveLength(2);
  await rig.stop();
});

itErp('failed stays failed over the death of the supervisor, with cause and next try', async (rig) => {
  rig.config({
    web: {
      command: ['sh', program('lives.sh'), 'lives', '99'],
      maxRestarts: 1,
      backOff: [0],
      afterBudget: 'cooldown 10m',
    },
    migrate: {kind: 'job', command: ['sh', '-c', 'echo one >> runs; exit 3']},
  });
  await rig.expectErp(4, ['start', '--detach']);
  await until('web has failed', async () => (await rig.service('web')).state === 'failed');
  const before = (await rig.status()).services;
  await loseSupervisor(rig);
  const after = (await rig.status()).services;
  expect(after.map(told)).toEqual(before.map(told));
  expect(secondsApart(after[0]?.nextTryAt, before[0]?.nextTryAt)).toBeLessThan(1);
  expect(after[0]?.mark).toBe(before[0]?.mark);
  await holds('nobody tries', () => livesOf(rig, 'lives').length === 2 && livesOf(rig, 'runs').length === 1, 300);
  await rig.stop();
});

itErp('a crash while nobody supervises counts: the budget is not given away', async (rig) => {
  rig.config({web: {command: ['sh', program('lives.sh'), 'lives', '0'], readiness: {log: 'ready'}, maxRestarts: 1}});
  await rig.expectErp(0, ['start', '--detach']);
  await loseBoth(rig);
  kill(Number(livesOf(rig, 'lives')[0]));
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['status', '--wait', 'ready']);
  const after = await rig.service('web');
  expect(after).toMatchObject({restartsUsed: 1, totalRestarts: 1, lastExit: {text: 'ended (exit code unknown)'}});
  await rig.logged(/web ended \(exit code unknown\); restart 1 of 1/);
  await rig.stop();
});

itErp('what ended by itself and shall not be restarted is not started by the next supervisor', async (rig) => {
  rig.config({once: {command: ['sh', '-c', 'echo one >> runs'], restart: 'on-failure'}, web: waits});
  await rig.erp(['start', '--detach', '--timeout', '1']);
  await until('it has ended', async () => (await rig.service('once')).note === 'ended by itself');
  await loseSupervisor(rig);
  expect(await rig.service('once')).toMatchObject({state: 'stopped', note: 'ended by itself', wanted: 'up'});
  expect(livesOf(rig, 'runs')).toHaveLength(1);
  await rig.stop();
});

itErp('a job whose end nobody saw runs again, and says so', async (rig) => {
  rig.config({migrate: {kind: 'job', command: ['sh', '-c', 'echo $$ >> runs; [ -e go ] || exec sleep 100000']}});
  await rig.erp(['start', '--detach', '--timeout', '1']);
  await until('it runs', () => livesOf(rig, 'runs').length === 1);
  const former = rig.supervisors()[0]?.pid ?? 0;
  kill(former, 'SIGSTOP');
  kill(Number(livesOf(rig, 'runs')[0]));
  rig.write('go', '');
  kill(former);
  await until('another supervisor lives', () => rig.supervisors().some(({pid}) => pid !== former));
  await until('it is done', async () => (await rig.service('migrate')).state === 'done');
  expect(livesOf(rig, 'runs')).toHaveLength(2);
  await rig.logged(/migrate ended while nobody watched, so its exit code is not known: it runs again/);
  await rig.stop();
});

itErp('after a reboot nothing is adopted, and the reboot is the cause', async (rig) => {
  rig.config({
    web: {command: ['sh', program('lives.sh'), 'lives', '2'], readiness: {log: 'ready'}, backOff: [0]},
    idle: waits,
  });
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['stop', 'idle']);
  await reboot(rig);
  await rig.expectErp(0, ['start', '--ensure']);
  await rig.expectErp(0, ['status', 'web', '--wait', 'ready']);
  const web = await rig.service('web');
  expect(web).toMatchObject({totalRestarts: 2, restartsUsed: 0, state: 'ready'});
  expect(web.lastExit?.text).toMatch(/^machine rebooted at \d/);
  expect((await rig.service('idle')).state).toBe('stopped');
  const event = rig.events().find(({type, service}) => type === 'reboot' && service === 'web');
  expect(event?.diagnosis?.cause).toBe('reboot');
  expect(rig.events().filter(({type, service}) => type === 'reboot' && service === 'idle')).toEqual([]);
  // It is remembered, too.
  await loseSupervisor(rig);
  expect((await rig.service('web')).lastExit?.text).toBe(web.lastExit?.text);
  await rig.stop();
});

itErp('a stranger with the number of a service is neither adopted nor signalled, nor its group', async (rig) => {
  rig.config({web: waits});
  await rig.expectErp(0, ['start', '--detach']);
  const {pid} = await rig.service('web');
  await loseBoth(rig);
  kill(pid ?? 0);
  await until('it has gone', () => !isAlive(pid ?? 0));
  const stranger = spawn('sh', ['-c', 'sleep 100000 & exec sleep 100000'], {detached: true, stdio: 'ignore'});
  rig.onEnd(() => process.kill(-(stranger.pid as number), 'SIGKILL'));
  const path = journalOf(rig, 'web');
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(`"pid":${pid}`, `"pid":${stranger.pid}`));
  const group = () => spawnedBy(stranger.pid as number);
  await until('the stranger has a child', () => group().length === 2);
  await rig.expectErp(0, ['start', '--detach']);
  const after = await rig.service('web');
  expect(after.pid).not.toBe(stranger.pid);
  expect(isAlive(after.pid ?? 0)).toBe(true);
  await rig.expectErp(0, ['stop']);
  expect(group()).toHaveLength(2);
});

/** Living members of a group. */
function spawnedBy(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(pgrp) === group && state !== 'Z';
      } catch {
        return false;
      }
    });
}

const damages: Readonly<Record<string, (path: string) => void>> = {
  'a torn tail': (path) => truncateSync(path, readFileSync(path).length - 20),
  'a hole in the middle': (path) => {
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, `${text.slice(0, text.length / 3)}\0\0\0${text.slice(text.length / 2)}`);
  },
  'only garbage': (path) => writeFileSync(path, Buffer.from(Array.from({length: 5000}, (_, i) => (i * 37) % 256))),
  'an empty file': (path) => writeFileSync(path, ''),
  'no file': (path) => rmSync(path),
  'a folder in its place': (path) => {
    rmSync(path);
    mkdirSync(join(path, 'deep'), {recursive: true});
  },
  'JSON of somebody else': (path) => writeFileSync(path, '{"hello":"world"}\n[1,2]\n{"t":"dreamt","pid":1}\n'),
  'an older state of it': (path) => writeFileSync(path, '{"v":1,"t":"wanted","up":true,"at":1,"by":null}\n'),
};

for (const [name, damage] of Object.entries(damages)) {
  itErp(
    `the journal of a service that lives is ${name}: the same process goes on, and there is no second`,
    async (rig) => {
      rig.config({web: {...waits, maxRestarts: 0}, other: waits});
      await rig.expectErp(0, ['start', '--detach']);
      const before = (await rig.status()).services.map(({pid}) => pid);
      await loseBoth(rig);
      damage(journalOf(rig, 'web'));
      await rig.expectErp(0, ['start', '--detach']);
      expect((await rig.status()).services.map(({pid}) => pid)).toEqual(before);
      expect(rig.having('sleep 100000')).toHaveLength(2);
      const problems = rig.events().filter(({type, service}) => type === 'journal-problem' && service === 'web');
      const silent = ['an empty file', 'no file', 'an older state of it'].includes(name);
      expect(problems).toHaveLength(silent ? 0 : 1);
      if (!silent) expect(problems[0]?.text).toContain(journalOf(rig, 'web'));
      // From now on the journal knows it again.
      await loseSupervisor(rig);
      expect((await rig.status()).services.map(({pid}) => pid)).toEqual(before);
      expect(rig.events().filter(({type}) => type === 'journal-problem')).toHaveLength(problems.length);
      await rig.stop();
    },
  );
}

itErp('a journal of a newer version gives pid, port and what was wanted', async (rig) => {
  rig.config({web: waits, idle: waits});
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['stop', 'idle']);
  const {pid} = await rig.service('web');
  await loseBoth(rig);
  for (const name of ['web', 'idle']) {
    const path = journalOf(rig, name);
    writeFileSync(path, `${readFileSync(path, 'utf8').replaceAll('"v":1', '"v":2,"whim":{}')}{"v":2,"t":"dreamt"}\n`);
  }
  await rig.expectErp(0, ['start', '--ensure']);
  expect(await rig.service('web')).toMatchObject({pid, state: 'ready'});
  expect((await rig.service('idle')).state).toBe('stopped');
  await rig.logged(/web.*its journal is of a newer erp/);
  await rig.stop();
});

itErp('all state is gone and nobody supervises: start finds what lives, and so does stop', async (rig) => {
  rig.config({web: waits, tree: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon'}}});
  await rig.expectErp(0, ['start', '--detach']);
  const before = (await rig.status()).services.map(({pid}) => pid);
  await loseBoth(rig);
  for (const name of ['.erp', 'logs', 'watchdog_logs']) rig.remove(name);
  await rig.expectErp(0, ['start', '--detach']);
  expect((await rig.status()).services.map(({pid}) => pid)).toEqual(before);
  expect(rig.having('waits.sh').length + rig.having('sleep 100000').length).toBeGreaterThan(0);
  await rig.stop();
});

const points = {
  'after-wanted': 1,
  'after-intent': 1,
  // What is not in the journal is found by its mark. (That it was spawned is there when the turn of the loop is over.)
  'after-spawn': 0,
  'after-spawned': 0,
  'after-exited': 1,
  'after-memory': 1,
};

itErp(
  'a script that has made room for another program is not known without its journal: ended, then one',
  async (rig) => {
    rig.config({web: execs});
    await rig.expectErp(0, ['start', '--detach']);
    const {pid} = await rig.service('web');
    await loseBoth(rig);
    rmSync(journalOf(rig, 'web'));
    await rig.expectErp(0, ['start', '--detach']);
    await rig.expectErp(0, ['status', '--wait', 'ready']);
    expect(isAlive(pid ?? 0)).toBe(false);
    expect(rig.having('sleep 100000')).toHaveLength(1);
    await rig.stop();
  },
);

for (const [point, fails] of Object.entries(points)) {
  itErp(`a supervisor that dies ${point}: one copy, counted once`, async (rig) => {
    const command = ['sh', program('lives.sh'), 'lives', String(fails)];
    rig.config({web: {command, readiness: {log: 'ready'}, backOff: [0]}});
    const once = join(rig.dir, 'once');
    // Who asks may hear nothing: the supervisor dies with the request.
    await rig.erp(['start', '--detach'], {env: {ERP_FAULT: `${point}:1`, ERP_FAULT_ONCE: once}});
    await until('the fault', () => existsSync(once));
    await rig.expectErp(0, ['start', '--detach']);
    await rig.expectErp(0, ['status', '--wait', 'ready']);
    const web = await rig.service('web');
    const lives = livesOf(rig, 'lives');
    expect(lives).toHaveLength(fails + 1);
    expect(web).toMatchObject({pid: Number(lives.at(-1)), totalRestarts: fails, restartsUsed: fails});
    expect(rig.having('sleep 100000')).toHaveLength(1);
    await rig.stop();
  });
}

itErp('an awaited line that came while nobody supervised is heard, and not one of an earlier life', async (rig) => {
  rig.config({late: {command: ['sh', program('ready-late.sh')], readiness: {log: '^ready$'}}});
  const isStarting = async (pid: number | null): Promise<boolean> => {
    const late = await rig.service('late');
    return late.state === 'starting' && late.pid !== null && (pid === null || late.pid === pid);
  };
  await rig.expectErp(0, ['start', '--detach']);
  rig.write('go1', '');
  await until('its next life starts', () => isStarting(null));
  const {pid} = await rig.service('late');
  await loseBoth(rig);
  const start = rig.start(['start', '--detach']);
  await until('it is taken over', () => isStarting(pid).catch(() => false));
  await holds('nobody takes the line of its former life for its own', () => isStarting(pid), 500);
  await loseBoth(rig);
  rig.write('go2', '');
  await until('it has said more than a supervisor keeps', () => existsSync(join(rig.project, 'said')));
  await rig.expectErp(0, ['start', '--detach', '--timeout', '20s']);
  expect(await rig.service('late')).toMatchObject({state: 'ready', pid});
  start.signal('SIGKILL');
  await rig.stop();
});
