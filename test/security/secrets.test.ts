import {mkdirSync, readdirSync, readFileSync, statSync, writeFileSync} from 'node:fs';
import {join, relative} from 'node:path';
import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {kill, program, rootFile, type Rig, until} from '../support/rig.js';
import {itErp} from '../support/tools.js';

/** One for each place where an operator may put a secret; found anywhere else, its name tells which way it took. */
const planted = {
  env: 's3cr3tInEnv',
  envFile: 's3cr3tInEnvFile',
  environment: 's3cr3tInTheEnvironment',
  url: 's3cr3tInUrl',
  healthUrl: 's3cr3tInHealthUrl',
  argument: 's3cr3tInArgument',
  assignedArgument: 's3cr3tInAssignedArgument',
  shell: 's3cr3tInShell',
  hook: 's3cr3tInHook',
  line: 's3cr3tInLine',
};

const leaks = (text: string): string[] => Object.values(planted).filter((secret) => text.includes(secret));

/** Files that hold them by design: the configuration, the environment for the next supervisor, the service's own words. */
const mayHold = (path: string): boolean =>
  /^(erp\.config\.json|secrets\.env|\.erp\/spec\.json|\.erp\/reserve|logs\/[\w-]+\.log(\.times)?|says\.sh)$/.test(path);

function leakingFiles(rig: Rig, folder: string): [string, string[]][] {
  return readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !mayHold(relative(rig.project, path)))
    .map((path): [string, string[]] => [path, leaks(readFileSync(path, 'utf8'))])
    .filter(([, found]) => found.length > 0);
}

itErp('a secret in any place of the configuration is on no surface and in no file but its own', async (rig) => {
  const port = await freePort();
  rig.write('secrets.env', `SESSION_SECRET=${planted.envFile}\n`);
  // It says all it knows, with and without a name before it, and dies.
  rig.write(
    'says.sh',
    `echo "error: password=${planted.line} refused"
echo "fatal: cannot connect to $DATABASE_URL with $DB_PASSWORD, $SESSION_SECRET, $API_TOKEN and $*"
exit 3
`,
  );
  rig.config({
    crashes: {
      command: ['sh', 'says.sh', '--token', planted.argument, `--api-key=${planted.assignedArgument}`],
      env: {DB_PASSWORD: planted.env, DATABASE_URL: `postgres://shop:${planted.url}@db/shop`},
      envFile: 'secrets.env',
    },
    missing: {command: ['/nonexistent/program', '--password', planted.argument]},
    shell: {command: `exec no-such-program --token=${planted.shell}`, kind: 'job'},
    silent: {
      command: ['sh', program('waits.sh')],
      port,
      health: `http://probe:${planted.healthUrl}@127.0.0.1:${port}/health`,
      startTimeout: '30s',
    },
    hooked: {
      command: ['sh', program('waits.sh'), '--password', planted.argument],
      readiness: {log: 'ready'},
      hooks: {preCheck: `echo "no: check --token=${planted.hook} failed with $API_TOKEN"; exit 1`},
    },
  });
  const env = {API_TOKEN: planted.environment};
  const surfaces: [string, string][] = [];
  const look = async (...args: string[]): Promise<void> => {
    const {stdout, stderr} = await rig.erp(args, {env});
    surfaces.push([`erp ${args.join(' ')}`, stdout + stderr]);
  };
  await look('config', 'show');
  await look('config', 'show', '--json');
  await look('config', 'validate');
  await look('start', '--dry-run');
  await look('start', '--dry-run', '--json');
  await look('autostart', 'cron');
  const follow = rig.start(['start', '--debug', '--max-restarts', '2', '--timeout-threshold', '30s'], {env});
  await follow.says(/crashes failed|crashes.*next try/);
  await follow.says(/missing.*failed|missing-module/);
  await until('the hooked one runs', async () => (await rig.service('hooked')).state === 'ready');
  await look('restart', 'hooked');
  await look('restart', 'hooked', '--json');
  await look('status');
  await look('status', '--json');
  for (const name of ['crashes', 'missing', 'shell', 'silent', 'hooked']) await look('status', name);
  const {stdout: words} = await rig.expectErp(0, ['logs', '-n', 'all']);
  // The service's own words, of which erp logs knows only what a name gives away.
  const namelessInLogs = [planted.env, planted.envFile, planted.environment];
  expect(leaks(words).filter((secret) => !namelessInLogs.includes(secret))).toEqual([]);
  await look('start', 'crashes', '--max-restarts', '9');
  await look('stop', '--token', planted.argument);
  const attach = rig.start(['attach', '--output', 'jsonl', '--debug'], {env});
  await until('it is there', async () => {
    await look('restart', 'crashes', '--no-wait');
    return attach.all.includes('"type":"event"');
  });
  attach.signal('SIGINT');
  await attach.end();
  surfaces.push(['erp attach', attach.all]);
  // Another configuration: the difference is shown.
  const config = JSON.parse(rig.read('erp.config.json')) as {services: Record<string, {command: unknown}>};
  (config.services['missing'] as {command: unknown}).command = [
    '/nonexistent/program',
    '--password',
    `${planted.argument}2`,
  ];
  rig.write('erp.config.json', config);
  await look('start', '--detach');
  await look('start', '--detach', '--json');
  for (const {pid} of [...rig.guardians(), ...rig.supervisors()]) kill(pid);
  await until('both are gone', () => rig.supervisors().length + rig.guardians().length === 0);
  await follow.end();
  surfaces.push(['erp start', follow.all]);
  await look('status');
  await look('status', '--json');
  await look('stop');
  await rig.nothingLeft();
  expect(surfaces.map(([name, text]) => [name, leaks(text)]).filter(([, found]) => (found ?? []).length > 0)).toEqual(
    [],
  );
  for (const folder of [rig.project, rig.runtime]) expect(leakingFiles(rig, folder)).toEqual([]);
  // The test can see what it looks for: it is where it may be, and what is shown in its place is there.
  expect(leaks(rig.read('.erp/spec.json'))).toEqual(expect.arrayContaining([planted.env, planted.environment]));
  expect(leaks(rig.log('crashes')).length).toBeGreaterThan(5);
  expect(rig.ownLog()).toContain('postgres://shop:***@db/shop with ***');
  expect(statSync(join(rig.project, '.erp', 'spec.json')).mode & 0o077).toBe(0);
});

itErp('a legacy configuration: its secrets are on no surface either', async (rig) => {
  mkdirSync(join(rig.project, 'config'));
  const legacy = JSON.parse(
    readFileSync(rootFile('test', 'fixtures', 'legacy', 'system_config.json'), 'utf8'),
  ) as Record<string, unknown>;
  writeFileSync(
    join(rig.project, 'config', 'system_config.json'),
    JSON.stringify({
      ...legacy,
      Redis: {...(legacy['Redis'] as object), Password: planted.env},
      ApiToken: planted.argument,
    }),
  );
  for (const args of [
    ['config', 'show'],
    ['config', 'show', '--json'],
    ['config', 'validate'],
    ['start', '--dry-run'],
  ]) {
    const {stdout, stderr} = await rig.erp(args);
    expect([args, leaks(stdout + stderr)]).toEqual([args, []]);
  }
});
