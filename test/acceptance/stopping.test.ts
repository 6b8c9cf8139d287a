// Every way to stop a service, and what happens when it does not work.
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {kill, program, type Rig, until} from '../support/rig.js';
import {itErp} from '../support/tools.js';

type Habit = 'obeys' | 'ignores' | 'leaves' | 'refuses' | 'hangs';

/** Starts one service with a child in its group, and tells what it said and how long `erp stop` took. */
async function stopped(rig: Rig, habit: Habit, more: object): Promise<{said: string; ms: number; killed: boolean}> {
  const port = await freePort();
  rig.config({
    shop: {
      command: [
        'sh',
        '-c',
        '(trap "" TERM; exec sleep 30001) & exec "$@"',
        'sh',
        process.execPath,
        program('stops.mjs'),
        String(port),
        habit,
      ],
      port,
      ...more,
    },
  });
  await rig.expectErp(0, ['start', '--detach']);
  const begun = performance.now();
  await rig.stop();
  const killed = rig.events().some(({type}) => type === 'killed');
  return {said: rig.log('shop').replace(/^ready \d+\n/, ''), ms: performance.now() - begun, killed};
}

itErp('SIGTERM by default; who ignores it in its group is killed after the grace', async (rig) => {
  const {said, killed} = await stopped(rig, 'obeys', {stopGrace: '300ms'});
  expect(said).toBe('got SIGTERM\n');
  expect(killed).toBe(true); // the child
});

for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1'] as const) {
  itErp(`stop: ${signal}`, async (rig) => {
    const {said} = await stopped(rig, 'obeys', {stop: signal, stopGrace: '300ms'});
    expect(said).toBe(`got ${signal}\n`);
  });
}

itErp('a process that ignores SIGTERM gets its grace, then it and its group are killed', async (rig) => {
  const {said, ms, killed} = await stopped(rig, 'ignores', {stopGrace: '700ms'});
  expect([said, killed]).toEqual(['got SIGTERM\n', true]);
  expect(ms).toBeGreaterThan(700);
  expect(rig.events().find(({type}) => type === 'killed')?.text).toBe('shop did not stop within 0.7s: killed');
});

itErp('stopGrace: 0 kills without asking twice', async (rig) => {
  const {ms} = await stopped(rig, 'ignores', {stopGrace: 0});
  expect(ms).toBeLessThan(8000); // less than any grace of the defaults
});

itErp('stop: {command}: it runs with the service’s environment, then the signal follows', async (rig) => {
  const {said} = await stopped(rig, 'obeys', {
    stop: {command: 'echo "stops $ERP_MARK" | grep -c /shop/; sleep 0.1', signal: 'SIGINT'},
    stopGrace: '2s',
  });
  expect(said).toBe('1\ngot SIGINT\n');
});

itErp('a stop command that hangs is killed with the service when the grace is over', async (rig) => {
  const {ms, killed} = await stopped(rig, 'ignores', {stop: {command: 'sleep 30002 & wait'}, stopGrace: '500ms'});
  expect(killed).toBe(true);
  expect(ms).toBeGreaterThan(500);
});

itErp('a stop command that fails or is missing: the signal follows all the same', async (rig) => {
  expect((await stopped(rig, 'obeys', {stop: {command: 'exit 7'}, stopGrace: '300ms'})).said).toBe('got SIGTERM\n');
  rig.remove('logs');
  const {said} = await stopped(rig, 'obeys', {stop: {command: ['no-such-program']}, stopGrace: '300ms'});
  expect(said).toBe('got SIGTERM\n');
});

for (const [habit, what] of [
  ['leaves', 'asked to stop\n'],
  ['refuses', 'asked to stop\ngot SIGTERM\n'],
  ['hangs', 'asked to stop\ngot SIGTERM\n'],
] as const) {
  itErp(`stop: {http} that ${habit}`, async (rig) => {
    const {said} = await stopped(rig, habit, {stop: {http: 'http://127.0.0.1:{port}/stop'}, stopGrace: '4s'});
    expect(said).toBe(what);
  });
}

// ——— wrappers ———

for (const [what, command] of [
  ['npm start', ['npm', 'start', '--silent']],
  ['a shell that stays', 'node stops.mjs $PORT obeys; echo "ended with $?"'],
  ['npm in a shell', 'npm start --silent; true'],
] as const) {
  itErp(`${what}: crash, restart and stop leave nothing of npm, sh and node`, async (rig) => {
    const port = await freePort();
    rig.write('package.json', {name: 'shop', version: '1.0.0', scripts: {start: 'node stops.mjs $PORT obeys'}});
    rig.write('stops.mjs', `import ${JSON.stringify(program('stops.mjs'))};\n`);
    rig.config({shop: {command, port, env: {PORT: '{port}', npm_config_update_notifier: 'false'}, backOff: [0]}});
    await rig.expectErp(0, ['start', '--detach']);
    const programs = () => rig.having('node stops.mjs').filter(({command: words}) => words.startsWith('node '));
    const [first] = programs();
    expect(programs()).toHaveLength(1);
    kill((await rig.service('shop')).pid ?? 0);
    await until('one new copy', () => programs().length === 1 && programs()[0]?.pid !== first?.pid);
    await rig.expectErp(0, ['status', '--wait', 'ready']);
    const [second] = programs();
    await rig.expectErp(0, ['restart', 'shop']);
    await until('one new copy again', () => programs().length === 1 && programs()[0]?.pid !== second?.pid);
    await rig.stop();
  });
}
