import {spawn, spawnSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';
import {parseArgs} from 'node:util';
import {type Kind, kinds} from './plan.js';
import {type RunOptions, runChaos} from './run.js';
import type {Scene} from './scene.js';

const usage = `npm run chaos -- [FLAGS]
  --seed N                what happens, and when (default: drawn, and said)
  --rounds N              storms, each with a look at everything behind it (default 3)
  --minutes M             rounds until M minutes are over; memory is printed meanwhile
  --actions N             in a round (default 8)
  --round-seconds S       over which they spread (default 8)
  --only KIND,…           of ${kinds.join(' ')}
  --without KIND,…
  --supervisor-kills N    instead of rounds: so many in a row, each must be taken over
  --pause-ms N            between two lines of a service (default 5)
  --flood-lines N         in a flood (default 5000)
  --keep                  leave logs, journals and books behind, also when all went well
  --strict                no line may be lost, also not the piece that a killed supervisor had in its hands

The same seed gives the same actions at the same offsets; how long each thing takes is the machine's, so a replay is
the same storm and not the same history. Processes, signals, files and ports are real. A full disk is a tmpfs of our own,
for root only. A gap of the clock is a supervisor that is stopped for more than 2 s; the wall clock is never turned.`;

/** Set in the process that has mounts of its own. */
const insideName = 'ERP_CHAOS_OWN_MOUNTS';

function optionsOf(args: string[]): RunOptions {
  const {values} = parseArgs({
    args,
    options: {
      seed: {type: 'string'},
      rounds: {type: 'string'},
      minutes: {type: 'string'},
      actions: {type: 'string', default: '8'},
      'round-seconds': {type: 'string', default: '8'},
      only: {type: 'string'},
      without: {type: 'string'},
      'supervisor-kills': {type: 'string'},
      'pause-ms': {type: 'string', default: '5'},
      'flood-lines': {type: 'string', default: '5000'},
      strict: {type: 'boolean', default: false},
      keep: {type: 'boolean', default: false},
      help: {type: 'boolean', default: false},
    },
  });
  if (values.help) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  const list = (text: string | undefined) => text?.split(',').map(kindOf);
  const only = list(values.only) ?? kinds;
  const without = list(values.without) ?? [];
  const minutes = values.minutes === undefined ? null : number('minutes', values.minutes);
  const kills = values['supervisor-kills'];
  return {
    seed: values.seed === undefined ? Math.floor(Math.random() * 1e9) : number('seed', values.seed),
    rounds: number('rounds', values.rounds ?? (minutes === null ? '3' : '100000')),
    limitMs: minutes === null ? null : minutes * 60_000,
    roundMs: number('round-seconds', values['round-seconds']) * 1000,
    actions: number('actions', values.actions),
    kinds: only.filter((kind) => !without.includes(kind)),
    supervisorKills: kills === undefined ? null : number('supervisor-kills', kills),
    strict: values.strict,
    keep: values.keep,
    pauseMs: number('pause-ms', values['pause-ms']),
    floodLines: number('flood-lines', values['flood-lines']),
    ownDisk: process.env[insideName] === '1',
    say: (text) => process.stdout.write(`${text}\n`),
  };
}

function kindOf(word: string): Kind {
  const kind = kinds.find((each) => each === word);
  if (kind === undefined) throw new Error(`${word} is none of ${kinds.join(', ')}`);
  return kind;
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0)) throw new Error(`--${name} ${text} is no number`);
  return value;
}

/** Mounts in a name space of our own: they end with us, whatever happens. */
function withOwnMounts(args: string[]): boolean {
  if (process.env[insideName] !== undefined || process.getuid?.() !== 0) return false;
  if (spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status !== 0) return false;
  const child = spawn('unshare', ['-m', process.execPath, fileURLToPath(import.meta.url), ...args], {
    stdio: 'inherit',
    env: {...process.env, [insideName]: '1'},
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
  return true;
}

async function main(args: string[]): Promise<void> {
  const options = optionsOf(args);
  if (withOwnMounts(args.includes('--seed') ? args : ['--seed', String(options.seed), ...args])) return;
  const words = options.supervisorKills === null ? '' : `, ${options.supervisorKills} supervisors in a row`;
  options.say(
    `seed ${options.seed}${words}${options.ownDisk ? '' : '; no disk of our own (root only): none is filled'}`,
  );
  const scenes: Scene[] = [];
  let abandoned = false;
  // Ctrl-C comes several times: from the terminal, and from those who started us.
  const abandon = (): void => {
    if (abandoned) return;
    abandoned = true;
    void Promise.all(scenes.map((scene) => scene.close(false, false))).then(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, abandon);
  // Who started us is gone and nobody will tell us: nothing shall run on.
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) abandon();
  }, 1000).unref();
  const {violations, folder} = await runChaos(options, (scene) => scenes.push(scene));
  for (const violation of violations) options.say(`VIOLATION ${violation}`);
  options.say(violations.length === 0 ? 'no violation' : `${violations.length} violations`);
  if (violations.length > 0 || options.keep) options.say(`what they left: ${folder}`);
  process.exit(violations.length === 0 ? 0 : 1);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
}
