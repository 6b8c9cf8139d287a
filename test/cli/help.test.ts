import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {commandGroups, variablesOf} from '../../src/cli/help.js';
import {overrideKeys} from '../../src/lib/core/config/overrides.js';
import {variableName} from '../../src/lib/core/config/variable-names.js';
import {packageRoot, runErp} from '../support/run-erp.js';

interface Flag {
  readonly name: string;
  readonly type: string;
  readonly char?: string;
  readonly allowNo?: boolean;
  readonly options?: readonly string[];
  readonly default?: string | number | boolean;
  readonly env?: string;
  readonly helpGroup?: string;
}
interface Manifest {
  readonly commands: Readonly<Record<string, {readonly args: object; readonly flags: Readonly<Record<string, Flag>>}>>;
}

const {commands} = JSON.parse(readFileSync(join(packageRoot, 'oclif.manifest.json'), 'utf8')) as Manifest;
const erp = (...args: string[]) => runErp(args, {cwd: packageRoot, env: {PATH: process.env['PATH'], LANG: 'C.UTF-8'}});

describe('help', () => {
  it('erp --help fits on one small screen and names every command', async () => {
    const {stdout, code} = await erp('--help');
    expect(stdout).toBe(`Keeps an ERP system running on this machine and says why when it does not.
  $ erp start      start everything in order, watch it, restart it
  $ erp status     what runs, what does not, and why

RUN     start stop restart watchdog attach monitor-connection supervisor
LOOK    status ports port url logs ls
SET UP  config autostart demo

erp COMMAND --help has examples, exit codes and variables. Everywhere: --json
`);
    expect(code).toBe(0);
    const first = new Set(Object.keys(commands).map((id) => id.split(':')[0]));
    expect(new Set(commandGroups.flatMap(([, names]) => names))).toEqual(first);
  });

  it.each([
    [['help'], ['--help']],
    [
      ['help', 'start'],
      ['start', '--help'],
    ],
    [
      ['help', 'config'],
      ['config', '--help'],
    ],
    [
      ['help', 'config', 'show'],
      ['config', 'show', '--help'],
    ],
    [
      ['logs', '-h'],
      ['logs', '--help'],
    ],
  ])('erp %j is erp %j', async (words, flag) => {
    const asked = await erp(...words);
    expect(asked).toEqual(await erp(...flag));
    expect(asked).toMatchObject({code: 0, stderr: ''});
  });

  it('help for what does not exist is an error', async () => {
    expect(await erp('help', 'strat')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean erp start?'),
    });
  });

  it('erp start --help: examples, flags, exit codes and variables, each once', async () => {
    const {stdout} = await erp('start', '--help');
    expect(stdout.split('\n')[0]).toBe('Start services in order, wait until they are ready, then watch them.');
    expect(stdout).not.toContain('DESCRIPTION');
    expect(stdout.match(/wait until they are ready/g)).toHaveLength(1);
    expect(stdout).toContain('      --color, --no-color ');
    expect(stdout).toMatch(/^EXIT {4}0 stopped as asked, 3 configuration, .*\n {8}\S/m);
    expect(stdout).toMatch(/^ENV {5}ERP_PROJECT ERP_CONFIG ERP_MAX_RESTARTS /m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('erp logs --help has a plain usage', async () => {
    expect((await erp('logs', '--help')).stdout).toContain('USAGE   erp logs [SERVICES…] [FLAGS]\n');
  });

  it('every variable that is shown works', () => {
    const known = ['ERP_PROJECT', 'ERP_CONFIG', 'ERP_DEMO_URL', ...overrideKeys.map(variableName)];
    for (const {flags} of Object.values(commands)) {
      for (const variable of variablesOf(Object.values(flags))) expect(known).toContain(variable);
    }
  });
});

describe('commands and flags', () => {
  it('are those of command-snapshot.json', () => {
    const file = join(packageRoot, 'test', 'cli', 'command-snapshot.json');
    const present = Object.fromEntries(
      Object.entries(commands).map(([id, {args, flags}]) => [
        `erp ${id.replaceAll(':', ' ')}`,
        {
          args: Object.keys(args),
          flags: Object.fromEntries(Object.values(flags).map((flag) => [flag.name, shape(flag)])),
        },
      ]),
    );
    // A change is meant? UPDATE_SNAPSHOT=1 npm test -- test/cli/help, and commit what it writes.
    if (process.env['UPDATE_SNAPSHOT'] === '1') writeFileSync(file, `${JSON.stringify(present, null, 2)}\n`);
    expect(present).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });
});

/** What somebody's script may rely on, in one line. */
function shape({type, char, allowNo, options, default: preset, env}: Flag): string {
  const parts = [
    char === undefined ? '' : `-${char}`,
    type === 'boolean' ? (allowNo === true ? 'yes or no' : 'switch') : (options?.join('|') ?? 'value'),
    preset === undefined || preset === false ? '' : `default ${String(preset)}`,
    env ?? '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}
