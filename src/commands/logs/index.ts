import {once} from 'node:events';
import {Args, Flags} from '@oclif/core';
import {ErpCommand} from '../../cli/base-command.js';
import {type Place, placeOf} from '../../cli/compose.js';
import {output} from '../../cli/flags.js';
import {loadSpec} from '../../cli/load-spec.js';
import {filterBackwards, filterForwards, type LineFilter, lineGate} from '../../cli/logs/filter-lines.js';
import {completeSizes, followFiles} from '../../cli/logs/follow-files.js';
import {type LineLevel, lineLevels} from '../../cli/logs/line-times.js';
import {logFilesOf} from '../../cli/logs/log-files.js';
import {previousLife} from '../../cli/logs/previous-life.js';
import {lineDocument, type LineDocument, linePrinter} from '../../cli/logs/print-lines.js';
import {linesBackwards, linesForwards, type LogLine, merged} from '../../cli/logs/read-lines.js';
import {parseWhen} from '../../cli/logs/when.js';
import {lastSpec} from '../../cli/left-over.js';
import {unknownService} from '../../lib/core/config/selection.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';

const defaultLines = 100;

const levelNames: Readonly<Record<string, LineLevel>> = {
  ...Object.fromEntries(lineLevels.map((level) => [level.toLowerCase(), level])),
  warn: 'WARNING',
  fatal: 'CRITICAL',
};

export default class Logs extends ErpCommand {
  static override summary = 'what services wrote, several of them merged in time';
  static override description =
    `Rotated and compressed files are part of it; reading begins at the end. Escape sequences are taken out,
secrets are masked. Works without a supervisor. Exit codes: 0, 2 wrong usage, 3 no configuration.`;
  static override strict = false;
  static override examples = [
    '<%= config.bin %> logs backend -n 60',
    '<%= config.bin %> logs -f',
    "<%= config.bin %> logs --since 10m --level error --grep 'tax_rate'",
    '<%= config.bin %> logs backend --previous',
  ];
  static override args = {services: Args.string({description: 'services and port-forwards (default: all)'})};
  static override flags = {
    follow: Flags.boolean({char: 'f', description: 'go on with what comes'}),
    lines: Flags.string({
      char: 'n',
      helpValue: 'N',
      description: `the last N lines, or all (default: ${defaultLines}; all with --since, --until or --previous)`,
    }),
    since: Flags.string({description: 'from then on: 10m (ago), 09:41, 2026-05-22 09:41', helpValue: 'WHEN'}),
    until: Flags.string({description: 'up to then', helpValue: 'WHEN', exclusive: ['follow']}),
    grep: Flags.string({description: 'only lines that match this regular expression', helpValue: 'REGEXP'}),
    level: Flags.option({
      options: Object.keys(levelNames),
      description: 'only this level and worse, with the lines that belong to them',
    })(),
    previous: Flags.boolean({description: 'what the life before the present one wrote', exclusive: ['follow']}),
    'no-time': Flags.boolean({description: 'without arrival times'}),
    output: output(),
  };

  async run(): Promise<{lines: LineDocument[]} | undefined> {
    const {argv, flags} = await this.parse(Logs);
    this.streaming = flags.output === 'jsonl';
    const {services: named, logDir, stateDir} = await this.#where(await placeOf(flags), argv as string[], flags);
    const now = new Date();
    const filter: LineFilter = {
      since: this.#when('since', flags.since, now),
      until: this.#when('until', flags.until, now),
      grep: flags.grep === undefined ? null : expression(flags.grep),
      level: flags.level === undefined ? null : (levelNames[flags.level] ?? null),
    };
    const bounded = filter.since !== null || filter.until !== null || flags.previous;
    const count = countOfLines(flags.lines, bounded ? null : defaultLines);
    const filters = flags.previous
      ? previousFilters(stateDir, named, filter)
      : new Map(named.map((name) => [name, filter]));
    const services = [...filters.keys()];
    const filterOf = (name: string) => filters.get(name) ?? filter;
    const ends = flags.follow ? completeSizes(logDir, services) : new Map<string, number>();
    const lines =
      count === null
        ? merged(
            services.map((name) =>
              filterForwards(linesForwards(logDir, name, filterOf(name).since, ends), filterOf(name)),
            ),
            1,
          )
        : await lastLines(
            merged(
              services.map((name) => filterBackwards(linesBackwards(logDir, name, ends), filterOf(name))),
              -1,
            ),
            count,
          );
    if (this.jsonEnabled() && !flags.follow) {
      const documents: LineDocument[] = [];
      for await (const line of lines) documents.push(lineDocument(line));
      return {lines: documents};
    }
    const printer = linePrinter({services, times: !flags['no-time'], view: this.view(process.stdout, flags.color)});
    const show = (line: LogLine) =>
      this.streaming || this.jsonEnabled() ? JSON.stringify(lineDocument(line)) : printer(line);
    let shown = 0;
    for await (const line of lines) {
      shown += 1;
      // A slow reader (a pager) slows us down instead of filling our memory.
      if (!process.stdout.write(`${show(line)}\n`)) await once(process.stdout, 'drain');
    }
    if (flags.follow) await this.#follow(logDir, services, ends, filter, show);
    else if (shown === 0) this.#sayNothing(logDir, services);
    if (this.streaming) process.stdout.write(`${JSON.stringify({type: 'result', exitCode: 0, lines: shown})}\n`);
    return undefined;
  }

  async #where(
    place: Place,
    names: readonly string[],
    flags: {readonly project?: string | undefined; readonly config?: string | undefined},
  ): Promise<{services: readonly string[]; logDir: string; stateDir: string}> {
    const spec = lastSpec(place) ?? (await loadSpec({...flags, cwd: process.cwd()})).spec;
    const forwards = spec.portForwards.map(({name}) => name);
    const all = [...spec.services.map(({name}) => name), ...forwards];
    for (const name of names) if (!all.includes(name)) throw unknownService(name, all);
    const written = spec.services.filter(({kind, observed}) => kind !== 'external' && observed === null);
    return {
      services: names.length > 0 ? [...new Set(names)] : [...written.map(({name}) => name), ...forwards],
      logDir: spec.logDir,
      stateDir: spec.stateDir,
    };
  }

  #when(flag: string, text: string | undefined, now: Date): number | null {
    if (text === undefined) return null;
    const at = parseWhen(text, now);
    if (at !== null) return at;
    throw usage(`--${flag} ${JSON.stringify(text)} is no time.`, ['10m (ago), 09:41, 2026-05-22 09:41:07']);
  }

  async #follow(
    logDir: string,
    services: readonly string[],
    ends: ReadonlyMap<string, number>,
    filter: LineFilter,
    show: (line: LogLine) => string,
  ): Promise<void> {
    const passes = lineGate(filter);
    const stop = followFiles(logDir, services, ends, (line) => {
      if (passes(line)) process.stdout.write(`${show(line)}\n`);
    });
    const signal = await Promise.race([
      once(process, 'SIGINT').then(() => 'SIGINT'),
      once(process, 'SIGTERM').then(() => 'SIGTERM'),
    ]);
    stop();
    process.exitCode = signal === 'SIGINT' ? ExitCode.interrupted : ExitCode.done;
  }

  #sayNothing(logDir: string, services: readonly string[]): void {
    const without = services.filter((name) => logFilesOf(logDir, name).length === 0);
    if (this.streaming) return;
    if (without.length === services.length) this.advise(`No log in ${logDir} yet.`);
    else this.advise('No line matches.');
  }
}

/** Only services whose former life is known. */
function previousFilters(stateDir: string, services: readonly string[], filter: LineFilter): Map<string, LineFilter> {
  const filters = new Map<string, LineFilter>();
  for (const name of services) {
    const life = previousLife(stateDir, name);
    if (life === null) continue;
    filters.set(name, {
      ...filter,
      since: Math.max(life.from, filter.since ?? life.from),
      until: Math.min(life.to, filter.until ?? life.to),
    });
  }
  if (filters.size > 0) return filters;
  throw usage(`No life before the present one is known of ${services.join(', ')}.`, [
    'erp logs without --previous, with --since',
  ]);
}

async function lastLines(backwards: AsyncIterable<LogLine>, count: number): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  if (count === 0) return lines;
  for await (const line of backwards) {
    lines.push(line);
    if (lines.length >= count) break;
  }
  return lines.reverse();
}

function countOfLines(text: string | undefined, fallback: number | null): number | null {
  if (text === undefined) return fallback;
  if (text === 'all') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usage(`-n ${JSON.stringify(text)} is no number of lines.`, ['-n 100, or -n all']);
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw usage(
      `--grep ${JSON.stringify(text)} is no regular expression: ${(cause as Error).message.split(': ').at(-1)}.`,
      ['put a backslash before ( ) [ ] { } . * + ? that are meant literally'],
    );
  }
}

function usage(message: string, remedy: readonly string[]): ErpError {
  return new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy});
}
