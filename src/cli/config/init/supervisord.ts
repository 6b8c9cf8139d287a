import type {ServiceConfig} from '../../../lib/core/config/schema.js';
import {parseSize} from '../../../lib/core/config/sizes.js';
import type {Folder} from './folder.js';
import {type Proposal, portIn} from './proposal.js';

type Signal = Extract<NonNullable<ServiceConfig['stop']>, string>;
const signals: readonly string[] = ['TERM', 'HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2'];
/** Keys that have no counterpart because erp always does it, or never. */
const silent = new Set([
  'stdout_logfile',
  'stderr_logfile',
  'redirect_stderr',
  'process_name',
  'stdout_logfile_maxbytes',
]);

/** `[program:NAME]` sections. */
export function supervisordProposals(folder: Folder): Proposal[] {
  const file = folder.first('supervisord.conf', 'etc/supervisord.conf', 'config/supervisord.conf', 'supervisor.conf');
  const text = file === null ? null : folder.read(file);
  if (file === null || text === null) return [];
  const all = sections(text);
  const limits = memmonLimits(all);
  return all.flatMap(({name, line, keys}) => {
    const program = /^program:(.+)$/.exec(name)?.[1];
    const command = keys.get('command');
    if (program === undefined || command === undefined) return [];
    const notes: string[] = [];
    if (/%\(/.test([...keys.values()].join(' '))) notes.push('%(…)s is not filled in by erp: write the values out');
    const known = [
      'command',
      'directory',
      'autostart',
      'autorestart',
      'startretries',
      'stopsignal',
      'stopwaitsecs',
      'environment',
    ];
    for (const key of keys.keys()) {
      if (!known.includes(key) && !silent.has(key)) notes.push(`${key}=${keys.get(key)} is not taken over`);
    }
    const maxMemory = limits.get(program.trim()) ?? limits.get('*');
    const service = {...serviceOf(command, keys), ...(maxMemory === undefined ? {} : {maxMemory})};
    return [{name: program.trim(), source: `${file}:${line}`, service, notes}];
  });
}

/** Limits of superlance's memmon, by program; `*` is any. */
function memmonLimits(all: readonly Section[]): ReadonlyMap<string, string> {
  const limits = new Map<string, string>();
  for (const {name, keys} of all) {
    const command = keys.get('command') ?? '';
    if (!name.startsWith('eventlistener:') || !/\bmemmon\b/.test(command)) continue;
    for (const [, program = '', size = ''] of command.matchAll(/(?:-p|--program)[ =](?:[^\s=:]+:)?([^\s=:]+)=(\S+)/g))
      if (isLimit(size)) limits.set(program, size);
    const any = /(?:-a|--any)[ =](\S+)/.exec(command)?.[1];
    if (any !== undefined && isLimit(any)) limits.set('*', any);
  }
  return limits;
}

const isLimit = (size: string): boolean => (parseSize(size) ?? 0) >= 2 ** 20;

function serviceOf(command: string, keys: ReadonlyMap<string, string>): ServiceConfig {
  const restart = keys.get('autorestart')?.toLowerCase();
  const signal = keys.get('stopsignal')?.toUpperCase().replace(/^SIG/, '') ?? 'TERM';
  const retries = Number(keys.get('startretries'));
  const wait = Number(keys.get('stopwaitsecs'));
  const env = environment(keys.get('environment') ?? '');
  const port = portIn(` ${command}`);
  const directory = keys.get('directory');
  return {
    command,
    ...(directory === undefined ? {} : {cwd: directory}),
    ...(port === null ? {} : {port}),
    ...(keys.get('autostart')?.toLowerCase() === 'false' ? {autoStart: false} : {}),
    ...(restart === 'false' ? {restart: 'no' as const} : {}),
    // Its default, `unexpected`, restarts after exit codes that `exitcodes` does not list.
    ...(restart === 'unexpected' || restart === undefined ? {restart: 'on-failure' as const} : {}),
    ...(retries >= 0 ? {maxRestarts: retries} : {}),
    ...(signal !== 'TERM' && signals.includes(signal) ? {stop: `SIG${signal}` as Signal} : {}),
    ...(wait >= 0 ? {stopGrace: `${wait}s`} : {}),
    ...(Object.keys(env).length === 0 ? {} : {env}),
  };
}

/** `A="1",B=two` */
function environment(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([A-Za-z_]\w*)=(?:"([^"]*)"|'([^']*)'|([^,]*))/g)].map((match) => [
      match[1] ?? '',
      (match[2] ?? match[3] ?? match[4] ?? '').trim(),
    ]),
  );
}

interface Section {
  readonly name: string;
  readonly line: number;
  readonly keys: Map<string, string>;
}

function sections(text: string): Section[] {
  const found: Section[] = [];
  let last: string | null = null;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|\s);.*$/, '').trimEnd();
    if (line === '' || line.startsWith('#')) continue;
    const section = found.at(-1);
    const header = /^\[([^\]]+)\]$/.exec(line.trim());
    if (header !== null) {
      found.push({name: header[1] ?? '', line: index + 1, keys: new Map()});
      last = null;
    } else if (/^\s/.test(line) && last !== null && section !== undefined) {
      section.keys.set(last, `${section.keys.get(last) ?? ''} ${line.trim()}`.trim());
    } else {
      const split = line.indexOf('=');
      if (split === -1 || section === undefined) continue;
      last = line.slice(0, split).trim();
      section.keys.set(last, line.slice(split + 1).trim());
    }
  }
  return found;
}
