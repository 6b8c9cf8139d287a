import {ErpError} from '../errors.js';
import {ExitCode} from '../exit-codes.js';

/** What a line for a scheduler is made of: this machine, this project, whoever asks. */
export interface AutostartFacts {
  /** Of the project, as people call it. */
  readonly name: string;
  readonly projectDir: string;
  /** Only when it was named with `--config`; otherwise it is found in the project. */
  readonly configFile: string | null;
  /** Tells two projects of one name apart: some hexadecimal digits. */
  readonly hash: string;
  /** Absolute paths: no scheduler looks into a PATH like that of a login. */
  readonly node: string;
  readonly erp: string;
  /** Folders where services find their programs. */
  readonly path: string;
  /** Who the services run as: the owner of the project. */
  readonly user: string;
  readonly home: string;
  /** Asked by root: for the machine instead of one user's session. */
  readonly isRoot: boolean;
}

export type Scheduler = 'cron' | 'systemd' | 'launchd' | 'task-scheduler';
export const schedulers: readonly Scheduler[] = ['cron', 'systemd', 'launchd', 'task-scheduler'];

export interface AutostartFile {
  readonly path: string;
  readonly content: string;
}

export interface Autostart {
  readonly scheduler: Scheduler;
  /** What the unit, agent or task is called; null: it has no name. */
  readonly name: string | null;
  readonly files: readonly AutostartFile[];
  /** What is to be pasted: one line of a crontab, or a script. */
  readonly text: string;
  /** For people: what to do with it. */
  readonly advice: readonly string[];
}

/**
 * Neither a crontab nor a plist can hold such paths, and a script made of them would say something else.
 * @throws ErpError for a path with a line break or another control character
 */
export function assertPlain({projectDir, configFile, node, erp, path, home}: AutostartFacts): void {
  const odd = [projectDir, configFile ?? '', node, erp, path, home].find((each) => /\p{Cc}/u.test(each));
  if (odd === undefined) return;
  throw new ErpError(
    `A path with a line break or another control character can't be given to a scheduler: ${JSON.stringify(odd)}.`,
    {
      code: 'ERP_AUTOSTART_PATH',
      exitCode: ExitCode.usage,
      remedy: ['rename the folder'],
    },
  );
}

/** `erp …` as every scheduler calls it. */
export function words(facts: AutostartFacts, ...command: readonly string[]): readonly string[] {
  const {node, erp, projectDir, configFile} = facts;
  return [node, erp, ...command, '-C', projectDir, ...(configFile === null ? [] : ['--config', configFile])];
}

/** Of a unit: letters, digits and a few signs are good everywhere. */
export function unitName({name, hash}: AutostartFacts): string {
  const plain = name
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
    .slice(0, 40);
  return `erp-${plain === '' ? '' : `${plain}-`}${hash}`;
}

/** One word of a POSIX shell. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
