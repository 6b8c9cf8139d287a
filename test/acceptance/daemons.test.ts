// Real programs that go into the background: they never stay, whatever ends the service or the supervisor.
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {kill, type Rig, until} from '../support/rig.js';
import {itErp, itNeeds, nginx, redis, type Tool} from '../support/tools.js';

type Command = readonly string[] | string;

interface Daemon {
  readonly what: string;
  readonly needs: Tool;
  /** Words of the daemon, and of nothing else in this test. */
  readonly words: readonly string[];
  readonly service: (rig: Rig) => Promise<{readonly command: Command; readonly port?: number}>;
}

const redisArgs = (rig: Rig, port: number): string[] => [
  ...['--daemonize', 'yes', '--port', String(port), '--bind', '127.0.0.1', '--save', ''],
  ...['--dir', rig.project, '--unixsocket', join(rig.dir, `redis-${port}.sock`)],
];

function nginxConf(rig: Rig, port: number): string[] {
  rig.write(
    'nginx/nginx.conf',
    [
      'worker_processes 1;',
      `pid ${rig.dir}/nginx.pid;`,
      `error_log ${rig.dir}/nginx-error.log;`,
      'events { worker_connections 16; }',
      'http { access_log off;',
      ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${rig.dir}/${name};`),
      `server { listen 127.0.0.1:${port}; return 200 "up\\n"; } }`,
      '',
    ].join('\n'),
  );
  return ['nginx', '-p', join(rig.project, 'nginx'), '-c', 'nginx.conf'];
}

const daemons: readonly Daemon[] = [
  {
    what: 'redis-server as a list, with its port',
    needs: redis,
    words: ['redis-server', '127.0.0.1'],
    service: async (rig) => {
      const port = await freePort();
      return {command: ['redis-server', ...redisArgs(rig, port)], port};
    },
  },
  {
    what: 'redis-server as a list, without a port',
    needs: redis,
    words: ['redis-server', 'unixsocket'],
    service: async (rig) => ({command: ['redis-server', ...redisArgs(rig, 0)]}),
  },
  {
    what: 'redis-server in a shell, with its port',
    needs: redis,
    words: ['redis-server', '127.0.0.1'],
    service: async (rig) => {
      const port = await freePort();
      return {
        command: `cd . && redis-server ${redisArgs(rig, port)
          .map((arg) => `'${arg}'`)
          .join(' ')}`,
        port,
      };
    },
  },
  {
    what: 'redis-server in a shell, without a port',
    needs: redis,
    words: ['redis-server', 'unixsocket'],
    service: async (rig) => ({
      command: `cd . && redis-server ${redisArgs(rig, 0)
        .map((arg) => `'${arg}'`)
        .join(' ')}`,
    }),
  },
  {
    what: 'nginx as a list, with its port',
    needs: nginx,
    words: ['nginx: '],
    service: async (rig) => {
      const port = await freePort();
      return {command: nginxConf(rig, port), port};
    },
  },
  {
    what: 'nginx in a shell, without a port',
    needs: nginx,
    words: ['nginx: '],
    service: async (rig) => ({command: `cd . && ${nginxConf(rig, await freePort()).join(' ')}`}),
  },
];

/** By its traces alone: with a control group everything would be found by that. */
const itTraces = (needs: readonly Tool[], name: string, body: (rig: Rig) => Promise<void>): void =>
  itNeeds(needs, name, async (rig) => {
    rig.variables['ERP_NO_CGROUP'] = '1';
    await body(rig);
  });

itErp('one that is still in its group: ended with it, and the diagnosis names it', async (rig) => {
  rig.config({store: {command: 'sleep 3600 & exit 0', maxRestarts: 1, backOff: [0], afterBudget: 'fail'}});
  await rig.expectErp(4, ['start', '--detach']);
  expect((await rig.service('store')).diagnosis).toMatchObject({cause: 'goes-into-background', subject: 'sleep 3600'});
  expect(rig.ownLog()).toMatch(/remedy: use its foreground form/);
  expect(rig.having('sleep', '3600')).toEqual([]);
  await rig.stop();
});

for (const {what, needs, words, service} of daemons) {
  itTraces([needs], `${what}: ended, and the diagnosis says to keep it in the foreground`, async (rig) => {
    rig.config({store: {...(await service(rig)), maxRestarts: 1, backOff: [0], afterBudget: 'fail'}});
    const run = rig.start(['start', '--detach']);
    await until('it is said', () => rig.events().some(({diagnosis}) => diagnosis?.cause === 'goes-into-background'));
    await run.end();
    await until('no daemon is left', () => rig.having(...words).length === 0);
    expect(rig.ownLog()).toMatch(/remedy: use its foreground form/);
    await rig.stop();
  });

  itTraces(
    [needs],
    `${what}: the supervisor dies before it has looked, and nothing is left all the same`,
    async (rig) => {
      rig.config({store: {...(await service(rig)), restart: 'no'}});
      const env = {ERP_FAULT: 'after-exited:1', ERP_FAULT_ONCE: join(rig.dir, 'fault')};
      const run = rig.start(['start', '--detach', '--timeout', '5s'], {env});
      await until('the supervisor has died', () => existsSync(join(rig.dir, 'fault')));
      for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
      await run.end();
      await rig.stop();
    },
  );
}
