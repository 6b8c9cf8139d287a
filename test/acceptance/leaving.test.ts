import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {erpBinary, isAlive, kill, program, type Rig, type Run, until} from '../support/rig.js';
import {itErp, itNeeds, python} from '../support/tools.js';

const erp: readonly [string, string] = [process.execPath, erpBinary];

/** Two services, one needs the other; one of them has children of every kind. */
function shop(rig: Rig, more: object = {}): void {
  rig.config(
    {
      store: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon \\d+'}},
      shop: {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}, dependsOn: ['store']},
    },
    more,
  );
}

const stubborn = (rig: Rig): void =>
  rig.config({
    stubborn: {command: ['sh', program('ignores-sigterm.sh')], readiness: {log: 'ready'}, stopGrace: '2m'},
  });

const healthy = /healthy after/;

async function started(rig: Rig, ...flags: string[]): Promise<Run> {
  const run = rig.start(['start', ...flags]);
  await run.says(healthy);
  return run;
}

const pids = async (rig: Rig) => (await rig.status()).services.map(({pid}) => pid);

itErp('Ctrl-C stops everything in reverse order, ends with 130 and leaves nothing', async (rig) => {
  shop(rig);
  const run = await started(rig);
  expect(rig.processes().length).toBeGreaterThan(5); // cli, guardian, supervisor, two services, three children
  run.signal('SIGINT');
  const {code, all} = {...(await run.end()), all: run.all};
  expect(code).toBe(130);
  expect(all).toMatch(/Stopping 2 services\. Ctrl-C again kills them\./);
  expect(all.indexOf('shop stopped')).toBeGreaterThan(0);
  expect(all.indexOf('store stopped')).toBeGreaterThan(all.indexOf('shop stopped'));
  await rig.nothingLeft();
});

itErp('Ctrl-C while it is only just starting leaves nothing either', async (rig) => {
  shop(rig);
  for (const moment of ['guardian', 'supervisor', 'store', 'shop'] as const) {
    const run = rig.start(['start']);
    await until(`the ${moment} is there`, () =>
      moment === 'guardian'
        ? rig.guardians().length > 0
        : moment === 'supervisor'
          ? rig.supervisors().length > 0
          : rig.having(moment === 'store' ? 'leaves-children' : 'sleep 100000').length > 0,
    );
    run.signal('SIGINT');
    expect((await run.end()).code).toBe(130);
    await rig.nothingLeft();
  }
});

itErp('a second Ctrl-C kills what ignores SIGTERM', async (rig) => {
  stubborn(rig);
  const run = await started(rig);
  run.signal('SIGINT');
  await run.says(/Stopping 1 service/);
  await until('the supervisor has asked it to stop', () => rig.events().some(({type}) => type === 'stopping'));
  run.signal('SIGINT');
  expect((await run.end(10_000)).code).toBe(130);
  await rig.nothingLeft();
});

itErp('erp stop ends everything and the foreground start with it', async (rig) => {
  shop(rig);
  const run = await started(rig);
  const {stdout} = await rig.expectErp(0, ['stop']);
  expect(stdout).toMatch(/stopped: store and shop|stopped: shop and store/);
  expect((await run.end()).code).toBe(0);
  await rig.nothingLeft();
});

itErp('SIGTERM to the command stops everything and ends with 0', async (rig) => {
  shop(rig);
  const run = await started(rig);
  run.signal('SIGTERM');
  expect((await run.end()).code).toBe(0);
  await rig.nothingLeft();
});

itErp('SIGTERM to the supervisor stops everything, and the guardian does not bring it back', async (rig) => {
  shop(rig);
  const run = await started(rig);
  const [supervisor] = rig.supervisors();
  kill(supervisor?.pid ?? 0, 'SIGTERM');
  expect((await run.end()).code).toBe(0);
  await rig.nothingLeft();
});

itErp('SIGTERM to the guardian stops everything', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const [guardian] = rig.guardians();
  kill(guardian?.pid ?? 0, 'SIGTERM');
  await rig.nothingLeft(15_000);
});

itErp('kill -9 of the command: the services go on, and say so', async (rig) => {
  shop(rig);
  const run = await started(rig);
  const before = await pids(rig);
  run.signal('SIGKILL');
  await run.exited;
  await until('the end of the lease is told', () => rig.events().some(({type}) => type === 'lease-ended'));
  expect(await pids(rig)).toEqual(before);
  expect(rig.events().find(({type}) => type === 'lease-ended')?.text).toMatch(/go on.*erp attach/);
  await rig.stop();
});

itErp('kill -9 of the command with tie: terminal: the services stop', async (rig) => {
  shop(rig, {tie: 'terminal'});
  const run = await started(rig);
  run.signal('SIGKILL');
  await run.exited;
  await rig.nothingLeft(15_000);
});

itErp('erp start | head -1 goes on without its reader, and Ctrl-C still stops everything', async (rig) => {
  shop(rig);
  const shell = rig.spawn(['bash', '-c', `"$0" "$1" start | { head -1; echo "head has gone" >&2; }`, ...erp]);
  await shell.says(/head has gone/);
  const before = await pids(rig);
  expect(before.every((pid) => pid !== null && isAlive(pid))).toBe(true);
  expect(shell.stdout).toMatch(healthy);
  for (const {pid} of rig.having(erpBinary, 'start')) kill(pid, 'SIGINT');
  await shell.end();
  await rig.nothingLeft();
});

itErp('erp start --output jsonl | head -1: the command ends without a word, the services go on', async (rig) => {
  shop(rig);
  const shell = rig.spawn([
    'bash',
    '-c',
    `"$0" "$1" start --output jsonl | head -1; echo "codes \${PIPESTATUS[*]}"`,
    ...erp,
  ]);
  await shell.says(/start of/);
  // All lines of the start may be in the pipe before head has gone: the next one finds nobody there.
  await rig.expectErp(0, ['status', '--wait', 'ready']);
  await rig.expectErp(0, ['restart', 'shop']);
  const {stdout, stderr} = await shell.end();
  expect(JSON.parse(stdout.split('\n')[0] ?? '')).toBeTruthy();
  expect(stderr).toBe('');
  expect(stdout).toMatch(/codes (0|141) 0/);
  await rig.expectErp(0, ['status', '--wait', 'ready']);
  await rig.stop();
});

itErp('Ctrl-Z of the command harms nothing: services go on, others are answered, and fg goes on', async (rig) => {
  shop(rig);
  const run = await started(rig);
  const before = await pids(rig);
  run.signal('SIGSTOP');
  expect(await pids(rig)).toEqual(before);
  await rig.expectErp(0, ['restart', 'shop']);
  run.signal('SIGCONT');
  await run.says(/restart of shop/);
  run.signal('SIGINT');
  expect((await run.end()).code).toBe(130);
  await rig.nothingLeft();
});

itErp('erp stop ends everything although the command that started it is suspended', async (rig) => {
  shop(rig);
  const run = await started(rig);
  run.signal('SIGTSTP');
  await rig.expectErp(0, ['stop']);
  await until('only the suspended command is left', () => rig.processes().every(({pid}) => pid === run.pid));
  run.signal('SIGCONT');
  expect((await run.end()).code).toBe(0);
});

itErp('a critical service spends its budget: exit 4, everything else stopped', async (rig) => {
  const port = await freePort();
  rig.config({
    bystander: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon'}},
    core: {
      command: 'echo "no tax table" >&2; exit 3',
      port,
      critical: true,
      maxRestarts: 2,
      backOff: [0],
      afterBudget: 'fail',
    },
  });
  const run = rig.start(['start']);
  const {code} = await run.end();
  expect(code).toBe(4);
  expect(run.all).toMatch(/core.*failed/);
  expect(run.all).toMatch(/no tax table/);
  expect(run.all).toMatch(/critical/);
  expect(rig.log('core').match(/no tax table/g)).toHaveLength(3);
  await rig.nothingLeft();
});

// ——— in a terminal ———

itNeeds([python], 'Ctrl-C in a terminal', async (rig) => {
  shop(rig);
  const terminal = rig.terminal(['start']);
  await terminal.says(healthy);
  await until(
    'the screen ends with the ready line',
    () => /healthy after/.test(terminal.screen.at(-2) ?? ''),
    2000,
    () => terminal.screen.join('\n'),
  );
  expect(terminal.screen.filter((line) => line.includes('starting'))).toEqual([]);
  terminal.type('\x03');
  expect(await terminal.end()).toEqual({code: 130, signal: null});
  await rig.nothingLeft();
});

itNeeds([python], 'Ctrl-C twice in a terminal kills what ignores SIGTERM', async (rig) => {
  stubborn(rig);
  const terminal = rig.terminal(['start']);
  await terminal.says(healthy);
  terminal.type('\x03');
  await terminal.says(/Ctrl-C again kills it/);
  terminal.type('\x03');
  expect(await terminal.end(10_000)).toEqual({code: 130, signal: null});
  await rig.nothingLeft();
});

itNeeds([python], 'a terminal that is closed: the services go on, and erp attach gets the view back', async (rig) => {
  shop(rig);
  const terminal = rig.terminal(['start']);
  await terminal.says(healthy);
  const before = await pids(rig);
  terminal.close();
  expect(await terminal.end()).toEqual({code: 130, signal: null});
  await until('the end of the lease is told', () => rig.events().some(({type}) => type === 'lease-ended'));
  expect(await pids(rig)).toEqual(before);
  const again = rig.terminal(['attach']);
  await again.says(/shop/);
  await rig.expectErp(0, ['restart', 'shop']);
  await again.says(/restart of shop/);
  again.type('\x03');
  expect((await again.end()).code).toBe(0);
  const third = rig.terminal(['attach']);
  await third.says(/shop/);
  await rig.expectErp(0, ['restart', 'shop']);
  await third.says(/restart of shop/);
  third.close();
  expect(await third.end()).toEqual({code: 130, signal: null});
  await until('one supervisor', () => rig.supervisors().length === 1);
  await rig.stop();
});

itNeeds([python], 'a terminal that is closed with tie: terminal: the services stop', async (rig) => {
  shop(rig, {tie: 'terminal'});
  const terminal = rig.terminal(['start']);
  await terminal.says(healthy);
  terminal.close();
  expect(await terminal.end()).toEqual({code: 130, signal: null});
  await rig.nothingLeft(15_000);
});

itNeeds([python], 'a terminal that is closed while everything stops: it stops all the same', async (rig) => {
  rig.config({
    slow: {command: 'trap "sleep 1; exit" TERM; echo ready; while :; do sleep 0.1; done', readiness: {log: 'ready'}},
  });
  const terminal = rig.terminal(['start']);
  await terminal.says(healthy);
  terminal.type('\x03');
  await terminal.says(/Stopping 1 service/);
  terminal.close();
  expect(await terminal.end()).toEqual({code: 130, signal: null});
  await rig.nothingLeft(15_000);
});

itNeeds([python], 'Ctrl-Z in a terminal suspends the command, not the services; fg brings it back', async (rig) => {
  shop(rig);
  // A shell with job control, as people have one.
  const terminal = rig.terminalOf(['bash', '--norc', '--noprofile', '-i'], {
    env: {PS1: 'prompt> ', ERP: erp.join(' ')},
  });
  await terminal.says(/prompt> /);
  terminal.type('$ERP start\r');
  await terminal.says(healthy);
  const before = await pids(rig);
  terminal.type('\x1a');
  await terminal.says(/Stopped/);
  expect(await pids(rig)).toEqual(before);
  terminal.type('fg\r');
  await rig.expectErp(0, ['restart', 'shop']);
  await terminal.says(/restart of shop/);
  terminal.type('\x03');
  await terminal.says(/store +stopped[^]*prompt> /);
  await rig.nothingLeftBut(await terminal.pid());
  terminal.type('exit\r');
  await terminal.end();
});

itErp('a stop of everything leaves no pipe in the runtime folder; a supervisor that dies leaves them', async (rig) => {
  shop(rig);
  await rig.expectErp(0, ['start', '--detach']);
  const [folder = ''] = readdirSync(join(rig.runtime, 'erp')).map((name) => join(rig.runtime, 'erp', name));
  const pipes = () => readdirSync(folder).filter((name) => /\.(?:in|out|hook)$/.test(name));
  const before = pipes();
  expect(before.length).toBeGreaterThan(0);
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await until('the supervisor is gone', () => rig.supervisors().length === 0);
  expect(pipes()).toEqual(before);
  await rig.stop();
  expect(pipes()).toEqual([]);
  expect(readdirSync(folder).some((name) => name.startsWith('lock.'))).toBe(true);
});
