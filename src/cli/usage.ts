import {nearest} from '../lib/core/config/nearest.js';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';

/** What other tools call our commands. */
const otherNames: Readonly<Record<string, string>> = {
  up: 'start',
  run: 'start',
  serve: 'start',
  launch: 'start',
  down: 'stop',
  kill: 'stop',
  halt: 'stop',
  ps: 'status',
  state: 'status',
  health: 'status',
  top: 'status --watch',
  tail: 'logs -f',
  log: 'logs',
  describe: 'status NAME',
  show: 'status NAME',
  inspect: 'status NAME',
  check: 'config validate',
  validate: 'config validate',
  lint: 'config validate',
  list: 'ls',
  projects: 'ls',
  reboot: 'restart',
  bounce: 'restart',
  watch: 'watchdog',
  monitor: 'watchdog',
  port: 'ports',
  netstat: 'ports --all',
  ss: 'ports --all',
  lsof: 'ports PORT',
  free: 'ports release',
  release: 'ports release',
  connection: 'monitor-connection',
  'port-forward': 'monitor-connection',
  forward: 'monitor-connection',
  forwards: 'monitor-connection',
  tunnel: 'monitor-connection',
  kubectl: 'monitor-connection',
};

/** What other tools call our flags; only suggested where the command has the flag. */
const otherFlags: Readonly<Record<string, string>> = {
  d: 'detach',
  background: 'detach',
  daemon: 'detach',
  foreground: 'detach',
  tail: 'lines',
  last: 'lines',
  follow: 'follow',
  force: 'yes',
  y: 'yes',
  w: 'watch',
  o: 'output',
  format: 'output',
  retries: 'max-restarts',
  restarts: 'max-restarts',
  interval: 'check-interval',
  check: 'dry-run',
  'start-period': 'start-timeout',
  'hang-timeout': 'timeout-threshold',
};

function usageError(message: string, remedy: readonly string[], facts: Record<string, unknown> = {}): ErpError {
  return new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy, facts});
}

/** @param ids ids of all commands, words joined by spaces */
export function unknownCommand(typed: string, ids: readonly string[]): ErpError {
  const other = otherNames[typed.toLowerCase()];
  const meant = other !== undefined && ids.includes(withoutArguments(other)) ? other : nearest(typed, ids);
  return usageError(
    `There is no command ${typed}.${meant === null ? '' : ` Did you mean erp ${meant}?`}`,
    meant === null ? ['erp --help lists all commands'] : [],
    {typed, meant},
  );
}

/** `logs -f`, `status NAME`: the lower-case words without dash are the command. */
const withoutArguments = (text: string) =>
  text
    .split(' ')
    .filter((word) => /^[a-z]+$/.test(word))
    .join(' ');

interface CommandClass {
  readonly id: string;
  readonly flags?: object;
  readonly baseFlags?: object;
}

/** oclif's complaint about flags and arguments as one of ours: one message, the nearest flag, exit 2. */
export function betterUsage(error: unknown, command: CommandClass): unknown {
  if (error instanceof ErpError || !(error instanceof Error) || !('oclif' in error)) return error;
  const name = `erp ${command.id.replaceAll(':', ' ')}`;
  const flags: Record<string, {char?: string; allowNo?: boolean}> = {
    json: {},
    help: {},
    ...command.baseFlags,
    ...command.flags,
  };
  if ('flags' in error && Array.isArray(error.flags)) {
    const typed = String(error.flags[0]);
    const bare = typed.replace(/^--?/, '').replace(/=.*$/s, '');
    const other = otherFlags[bare.toLowerCase()];
    const names = Object.entries(flags).flatMap(([flag, {allowNo}]) =>
      allowNo === true ? [flag, `no-${flag}`] : [flag],
    );
    const meant = other !== undefined && other in flags ? other : nearest(bare, names);
    return usageError(
      `${name} has no flag ${typed}.${meant === null ? '' : ` Did you mean --${meant}?`}`,
      [`${name} --help`],
      {typed, meant: meant === null ? null : `--${meant}`},
    );
  }
  // oclif paints parts of its messages and puts several lines into them.
  const [message = ''] = error.message.split('\nSee more help');
  const words = message
    // biome-ignore lint/suspicious/noControlCharactersInRegex: its colours
    .replaceAll(/\u001b\[\d+m/g, '')
    .replace(/^The following errors? occurred:\n/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('; ');
  return usageError(/[.?!]$/.test(words) ? words : `${words}.`, [`${name} --help`]);
}
