import {mkdirSync} from 'node:fs';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {canConnect, kill, program, rootFile, until} from '../support/rig.js';
import {itErp, itNeeds, python, redis} from '../support/tools.js';

const once = {restart: 'no'};

itErp('a real esbuild --watch stays up as a service and rebuilds', async (rig) => {
  const esbuild = rootFile('node_modules', '.bin', 'esbuild');
  rig.write('src/app.js', 'console.log("first");\n');
  rig.config({
    bundle: {
      command: [esbuild, 'src/app.js', '--bundle', '--outfile=out.js', '--watch'],
      readiness: {log: 'build finished'},
    },
  });
  await rig.expectErp(0, ['start', '--detach']);
  const {pid} = await rig.service('bundle');
  expect(rig.read('out.js')).toContain('first');
  rig.write('src/app.js', 'console.log("second");\n');
  await until('it has built again', () => rig.read('out.js').includes('second'));
  expect(await rig.service('bundle')).toMatchObject({state: 'ready', pid, totalRestarts: 0});
  // Its input stays open over the death of the supervisor too.
  const former = rig.supervisors()[0]?.pid ?? 0;
  kill(former);
  await until('another supervisor lives', () => rig.supervisors().some((each) => each.pid !== former));
  rig.write('src/app.js', 'console.log("third");\n');
  await until('it has built again', () => rig.read('out.js').includes('third'));
  await rig.expectErp(0, ['status', '--wait', 'ready']);
  expect(await rig.service('bundle')).toMatchObject({state: 'ready', pid, totalRestarts: 0});
  await rig.stop();
});

itErp('sh that writes to /dev/stderr truncates nothing: all three lines are there, in order', async (rig) => {
  rig.config({say: {command: ['sh', '-c', 'echo a; echo b > /dev/stderr; echo c'], kind: 'job'}});
  await rig.expectErp(0, ['start', '--detach']);
  expect(rig.log('say')).toBe('a\nb\nc\n');
  await rig.expectErp(0, ['restart', 'say']);
  expect(rig.log('say')).toBe('a\nb\nc\na\nb\nc\n');
  await rig.stop();
});

itNeeds([python], '50 lines of Python survive its kill -9', async (rig) => {
  rig.config({py: {command: ['/usr/bin/python3', program('prints.py')], kind: 'job'}});
  await rig.expectErp(4, ['start', '--detach']);
  expect(rig.log('py').split('\n').slice(0, -1)).toEqual(
    Array.from({length: 50}, (_, index) => `python line ${index + 1}`),
  );
  await rig.stop();
});

itErp('invalid UTF-8, ANSI, NUL and a line without an end are stored as they were written', async (rig) => {
  const bytes = String.raw`\377\376 caf\303\251 \033[31mred\033[0m \000 \r end`;
  rig.config({raw: {command: ['sh', '-c', `printf '${bytes}\\nno end'; sleep 1000`], readiness: {log: 'end'}}});
  await rig.expectErp(0, ['start', '--detach']);
  await until('all of it is there', () => rig.log('raw').endsWith('no end'));
  expect(Buffer.from(rig.log('raw'), 'latin1')).toEqual(
    Buffer.from('\xff\xfe caf\xc3\xa9 \x1b[31mred\x1b[0m \x00 \r end\nno end', 'latin1'),
  );
  // Shown neutralised: nobody's terminal is painted or moved by a service.
  const {stdout} = await rig.expectErp(0, ['logs', 'raw']);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(stdout).not.toMatch(/[\u0000\u001b\r]/);
  expect(stdout).toContain('red');
  await rig.stop();
});

itErp('a service with a child, one in a session of its own and a daemon leaves none of them', async (rig) => {
  rig.config({family: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon'}}});
  await rig.expectErp(0, ['start', '--detach']);
  expect(rig.having('sleep 100')).toHaveLength(3);
  await rig.stop();
});

itErp('killed from outside, it leaves none of them to its next life', async (rig) => {
  rig.config({family: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon'}}});
  await rig.expectErp(0, ['start', '--detach']);
  const old = rig.having('sleep 100').map(({pid}) => pid);
  const {pid} = await rig.service('family');
  kill(pid ?? 0);
  await until('a second life is ready', async () => {
    const service = await rig.service('family');
    return service.state === 'ready' && service.pid !== pid;
  });
  await until('only the second life is there', () => {
    const now = rig.having('sleep 100').map((each) => each.pid);
    return now.length === 3 && !now.some((each) => old.includes(each));
  });
  expect((await rig.service('family')).restartsUsed).toBe(1);
  await rig.stop();
});

itErp('a service that ignores SIGTERM is killed after its grace', async (rig) => {
  rig.config({
    stubborn: {command: ['sh', program('ignores-sigterm.sh')], readiness: {log: 'ready'}, stopGrace: '500ms'},
  });
  await rig.expectErp(0, ['start', '--detach']);
  await rig.stop();
  expect(rig.ownLog()).toMatch(/stubborn did not stop within/);
});

itErp('erp stop --now kills it at once', async (rig) => {
  rig.config({
    stubborn: {command: ['sh', program('ignores-sigterm.sh')], readiness: {log: 'ready'}, stopGrace: '10m'},
  });
  await rig.expectErp(0, ['start', '--detach']);
  await rig.expectErp(0, ['stop', '--now']);
  await rig.nothingLeft();
});

itErp('what a killed service wrote last is in the log, and in the words of erp about it', async (rig) => {
  rig.config({
    shop: {command: ['sh', '-c', 'echo "KeyError: tax_rate" >&2; exit 7'], ...once, afterBudget: 'fail'},
  });
  const {stderr} = await rig.expectErp(4, ['start', '--detach']);
  expect(stderr).toContain('KeyError: tax_rate');
  expect(rig.log('shop')).toBe('KeyError: tax_rate\n');
  await rig.stop();
});

itErp('a service that floods: nothing is lost, erp answers meanwhile', async (rig) => {
  const last = 300_000;
  const flood = `i=0; seq 1 ${last}; echo flooded; exec sleep 1000`;
  rig.config({flood: {command: ['sh', '-c', flood], readiness: {log: 'flooded'}}}, {logging: {maxFileSize: '50MB'}});
  const run = rig.start(['start', '--detach']);
  expect((await run.end()).code).toBe(0);
  const lines = rig.log('flood').split('\n');
  expect(lines.length).toBe(last + 2);
  expect(lines[last - 1]).toBe(String(last));
  await rig.stop();
});

itNeeds([redis], 'a real redis-server in the foreground, with a tcp probe', async (rig) => {
  const port = await freePort();
  mkdirSync(`${rig.project}/data`);
  rig.config({
    redis: {
      command: ['redis-server', '--port', '{port}', '--save', '', '--dir', `${rig.project}/data`],
      port,
      probe: 'tcp',
    },
  });
  await rig.expectErp(0, ['start', '--detach']);
  expect(await canConnect(port)).toBe(true);
  const before = await rig.service('redis');
  expect(before).toMatchObject({state: 'ready', port, listener: 'own'});
  kill(before.pid ?? 0);
  await until('it is ready again', async () => {
    const now = await rig.service('redis');
    return now.state === 'ready' && now.pid !== before.pid;
  });
  expect(rig.having('redis-server')).toHaveLength(1);
  await rig.stop();
  expect(await canConnect(port)).toBe(false);
});

itNeeds([redis], 'redis-server that goes into the background: gone after stop, or said', async (rig) => {
  const port = await freePort();
  mkdirSync(`${rig.project}/data`);
  rig.config({
    redis: {
      command: ['redis-server', '--port', '{port}', '--save', '', '--dir', `${rig.project}/data`, '--daemonize', 'yes'],
      port,
      probe: 'tcp',
      maxRestarts: 1,
      backOff: [0],
      afterBudget: 'fail',
    },
  });
  await rig.erp(['start', '--detach', '--timeout', '10s']);
  await rig.expectErp(0, ['stop']);
  await rig.nothingLeft();
  expect(await canConnect(port)).toBe(false);
});

itNeeds(
  [redis],
  'two services that go into the background at once: each told its cause, none takes the other for its own',
  async (rig) => {
    const ports = [await freePort(), await freePort()] as const;
    mkdirSync(`${rig.project}/data`);
    // As text: a shell stands between, and the daemon wipes its environment; nothing but the port leads back to us.
    const service = (port: number) => ({
      command: `redis-server --port {port} --save "" --dir '${rig.project}/data' --daemonize yes`,
      port,
      maxRestarts: 1,
      backOff: [0],
      afterBudget: 'fail',
    });
    rig.config({one: service(ports[0]), two: service(ports[1])});
    await rig.erp(['start', '--detach', '--timeout', '10s']);
    for (const [name, port] of [
      ['one', ports[0]],
      ['two', ports[1]],
    ] as const) {
      await rig.logged(
        new RegExp(
          `${name} had left redis-server \\*:${port} \\(pid \\d+\\) behind: ended\\n +cause: goes-into-background`,
        ),
      );
    }
    expect(rig.ownLog()).not.toMatch(
      new RegExp(`one had left redis-server \\*:${ports[1]}|two had left redis-server \\*:${ports[0]}`),
    );
    await rig.expectErp(0, ['stop']);
    await rig.nothingLeft();
    for (const port of ports) expect(await canConnect(port)).toBe(false);
  },
);
