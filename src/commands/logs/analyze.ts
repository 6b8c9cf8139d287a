import {fstatSync} from 'node:fs';
import {Args, Flags} from '@oclif/core';
import {assembleBoth, collect, type Collected, type Filter, type LogInput} from '../../cli/analyze/analysis-run.js';
import {type Side, sideOf, releaseMention, usage} from '../../cli/analyze/sides.js';
import {comparisonDocument, diagnosisDocument, reportDocument, templateDocument} from '../../cli/analyze/documents.js';
import {inputsOf} from '../../cli/analyze/inputs.js';
import {writeLineTemplates} from '../../cli/analyze/line-templates.js';
import {progressLine} from '../../cli/analyze/progress-line.js';
import {readWhole} from '../../cli/analyze/read-whole.js';
import {renderComparison, renderDiagnosis, renderTemplate} from '../../cli/analyze/render-details.js';
import {renderHtml} from '../../cli/analyze/render-html.js';
import {renderMarkdown} from '../../cli/analyze/render-markdown.js';
import {renderReport} from '../../cli/analyze/render-report.js';
import {writeWhole} from '../../cli/analyze/write-whole.js';
import {ErpCommand} from '../../cli/base-command.js';
import {parseWhen} from '../../cli/logs/when.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import {type LogLevel, logLevels} from '../../lib/core/logs/analysis.js';
import {assemble, type Clustering} from '../../lib/core/logs/assemble.js';
import {compare} from '../../lib/core/logs/compare.js';
import {diagnose} from '../../lib/core/logs/diagnosis/diagnose.js';
import type {LogDiagnosis} from '../../lib/core/logs/diagnosis/log-diagnosis.js';
import {reportOf} from '../../lib/core/logs/incidents/report-of.js';
import type {Comparison, LogReport} from '../../lib/core/logs/report.js';
import {templatesOf, variablesOf} from '../../lib/core/logs/templates/templates.js';

const clustering: Clustering = {templatesOf, variablesOf};
const usualTop = 10;

const levelNames: Readonly<Record<string, LogLevel>> = {
  ...Object.fromEntries(logLevels.map((level) => [level.toLowerCase(), level])),
  warn: 'WARNING',
  fatal: 'CRITICAL',
};

export default class LogsAnalyze extends ErpCommand {
  static override summary = 'what happened in logs, and why: incidents, causes, templates';
  static override description =
    `Reads files, folders, - (standard input) or the logs of services; without names all logs of the project, rotated and
compressed ones included. Formats are found line by line, nothing is configured.
Exit codes: 0, 1 no log can be read, 2 wrong usage, 3 no configuration (and no file named), 10 --fail-on found something.`;
  static override examples = [
    '<%= config.bin %> logs analyze',
    '<%= config.bin %> logs analyze /var/log/erp/*.log --since 2h --html report.html',
    '<%= config.bin %> logs analyze backend --template t4f2a1c',
    '<%= config.bin %> logs analyze --compare 08:00..09:00 09:00..10:00 backend',
    'journalctl -u erp -o json | <%= config.bin %> logs analyze -',
    '<%= config.bin %> logs analyze --diagnose --exit-code 1 crash.log',
    '<%= config.bin %> logs analyze --fail-on incident          (CI)',
  ];
  static override strict = false;
  static override args = {
    what: Args.string({description: 'files, folders, services, or - for standard input', helpValue: 'FILE|-|SERVICE'}),
  };
  static override flags = {
    since: Flags.string({description: 'events from then on: 10m (ago), 09:41, 2026-05-22 09:41', helpValue: 'WHEN'}),
    until: Flags.string({description: 'events up to then', helpValue: 'WHEN'}),
    level: Flags.option({options: Object.keys(levelNames), description: 'only this level and worse'})(),
    grep: Flags.string({description: 'only events that match this regular expression', helpValue: 'REGEXP'}),
    service: Flags.string({multiple: true, description: 'only this service (may be given again)', helpValue: 'NAME'}),
    follow: Flags.boolean({
      char: 'f',
      description: 'the report, then what is new as it comes',
      exclusive: ['compare', 'html', 'markdown', 'template', 'diagnose', 'until'],
    }),
    compare: Flags.string({
      multiple: true,
      helpValue: 'A B',
      description: 'what B says that A did not: two files, windows FROM..TO or releases',
    }),
    top: Flags.integer({description: `so many templates (default: ${usualTop})`, min: 1, helpValue: 'N'}),
    template: Flags.string({description: 'examples and values of one template', helpValue: 'ID'}),
    html: Flags.string({
      description: 'the report as one page, without network; - for standard output',
      helpValue: 'FILE',
    }),
    markdown: Flags.boolean({description: 'the report as Markdown'}),
    diagnose: Flags.boolean({
      description: 'the cause of one failure from its output: cause, evidence, remedy',
      exclusive: ['compare', 'html', 'markdown', 'template', 'json-templates'],
    }),
    'exit-code': Flags.integer({
      description: 'for --diagnose: how the program exited',
      helpValue: 'N',
      dependsOn: ['diagnose'],
    }),
    signal: Flags.string({description: 'for --diagnose: what ended it', helpValue: 'NAME', dependsOn: ['diagnose']}),
    explain: Flags.boolean({description: 'ask the configured AI providers for an explanation of the diagnosis'}),
    'dry-run': Flags.boolean({description: 'show what --explain would send, and send nothing', dependsOn: ['explain']}),
    'fail-on': Flags.option({
      options: ['incident', 'warning', 'error', 'critical', 'new'] as const,
      description: 'exit 10 if there is one (new: a template that only B of --compare has)',
    })(),
    'json-templates': Flags.boolean({description: 'for each line of the input one JSON line: its template'}),
    workers: Flags.integer({
      description: 'threads (default: as many as there are processors, 4 at most)',
      min: 1,
      max: 64,
      helpValue: 'N',
    }),
  };
  protected static override actsAsOwner = false;

  async run(): Promise<unknown> {
    const {argv, flags} = await this.parse(LogsAnalyze);
    const words = argv as string[];
    if (flags.diagnose || flags.explain) return await this.#diagnose(words, flags);
    if (flags.compare !== undefined) return await this.#compare(words, flags);
    const inputs = await this.#inputs(words, flags, flags['json-templates']);
    const filter = this.#filter(flags, words.length > 0);
    if (flags.follow) {
      const {followReport} = await import('../../cli/analyze/follow-report.js');
      await followReport({
        inputs,
        filter,
        clustering,
        root: this.config.root,
        view: this.view(process.stdout, flags.color),
        isJson: this.jsonEnabled(),
        top: flags.top ?? usualTop,
        advise: (text) => this.advise(text),
      });
      return undefined;
    }
    const collected = await this.#collect(inputs, filter, flags);
    const assembled = assemble(collected.collector, collected.facts, clustering);
    if (flags['json-templates']) {
      await writeLineTemplates(collected, assembled);
      return undefined;
    }
    const report = reportOf(assembled.analysis);
    this.#judge(report, flags['fail-on']);
    if (flags.template !== undefined) return this.#template(report, flags.template, flags.color);
    if (report.analysis.events === 0) this.advise(emptyAdvice(report, filter));
    await this.#publish(report, flags);
    // Every minute of every template in words: a good part of a second that nobody but --json reads.
    return this.jsonEnabled() ? reportDocument(report, {top: flags.top ?? 200}) : undefined;
  }

  async #publish(
    report: LogReport,
    flags: {html?: string | undefined; markdown: boolean; top?: number | undefined; color?: boolean},
  ): Promise<void> {
    const top = flags.top ?? usualTop;
    if (flags.html !== undefined) {
      const page = renderHtml(report, {top: flags.top ?? 50});
      if (flags.html === '-') {
        this.print(page);
        return;
      }
      writeWhole(flags.html, page);
      this.advise(`Written to ${flags.html}.`);
      return;
    }
    if (flags.markdown) {
      this.print(renderMarkdown(report, {top}));
      return;
    }
    this.print(`${renderReport(report, this.view(process.stdout, flags.color), {top}).join('\n')}\n`);
  }

  async #inputs(
    words: readonly string[],
    flags: {service?: string[] | undefined; project?: string | undefined; config?: string | undefined},
    wantsInput: boolean,
  ): Promise<LogInput[]> {
    // `… | erp logs analyze --diagnose`: what is piped in is meant.
    if (words.length === 0 && flags.service === undefined && wantsInput && isPiped())
      return await inputsOf(['-'], flags, process.cwd());
    const areFiles = words.length > 0;
    return await inputsOf(areFiles ? words : (flags.service ?? []), flags, process.cwd());
  }

  #filter(
    flags: {
      since?: string | undefined;
      until?: string | undefined;
      level?: string | undefined;
      grep?: string | undefined;
      service?: string[] | undefined;
    },
    areFiles: boolean,
  ): Filter {
    const now = new Date();
    return {
      since: whenOf('since', flags.since, now),
      until: whenOf('until', flags.until, now),
      level: flags.level === undefined ? 0 : logLevels.indexOf(levelNames[flags.level] as LogLevel) + 1,
      greps: [
        ...(flags.grep === undefined ? [] : [expression(flags.grep)]),
        ...(flags.service === undefined || !areFiles ? [] : [serviceMention(flags.service)]),
      ],
    };
  }

  async #collect(
    inputs: readonly LogInput[],
    filter: Filter,
    flags: {readonly 'json-templates'?: boolean; readonly workers?: number | undefined},
  ): Promise<Collected> {
    const progress = progressLine(process.stderr, this.jsonEnabled());
    try {
      return await collect(inputs, filter, {
        root: this.config.root,
        labels: flags['json-templates'] === true,
        workers: flags.workers ?? null,
        advise: (text) => this.advise(text),
        onProgress: progress.show,
      });
    } finally {
      progress.clear();
    }
  }

  #judge({incidents, analysis}: LogReport, failOn: string | undefined): void {
    if (failOn === undefined || failOn === 'new') return;
    const least = failOn === 'incident' ? 0 : logLevels.indexOf(levelNames[failOn] as LogLevel);
    const found =
      failOn === 'incident' ? incidents.length > 0 : logLevels.slice(least).some((level) => analysis.levels[level] > 0);
    if (found) process.exitCode = ExitCode.findings;
  }

  #template(report: LogReport, id: string, colour: boolean | undefined): unknown {
    const {templates} = report.analysis;
    const template = templates.find((one) => one.id === id) ?? templates.find(({text}) => text === id);
    if (template === undefined) {
      const near = templates.filter(({text}) => text.toLowerCase().includes(id.toLowerCase())).slice(0, 3);
      throw usage(`There is no template ${JSON.stringify(id)} in these logs.`, [
        ...near.map((one) => `--template ${one.id}   ${one.text.slice(0, 60)}`),
        'erp logs analyze --top 100 lists them with their ids',
      ]);
    }
    this.print(`${renderTemplate(template, report, this.view(process.stdout, colour)).join('\n')}\n`);
    return templateDocument(template, report.analysis);
  }

  async #diagnose(words: readonly string[], flags: DiagnoseFlags): Promise<unknown> {
    const inputs = await this.#inputs(words, flags, true);
    const log = await readWhole(inputs);
    const verdict = diagnose(
      log.lines,
      {code: flags['exit-code'] ?? null, signal: flags.signal ?? null},
      {platform: process.platform},
    );
    const placed: LogDiagnosis = {
      ...verdict,
      evidence: verdict.evidence.map(({line, text}) => ({line: log.numberOf(line - 1), text})),
    };
    const {withHolder} = await import('../../cli/analyze/live-holder.js');
    const diagnosis = verdict.cause === 'port-in-use' ? await withHolder(placed, flags, this.config.root) : placed;
    const view = this.view(process.stdout, flags.color);
    if (!flags.explain) {
      this.print(`${renderDiagnosis(diagnosis, view).join('\n')}\n`);
      return diagnosisDocument(diagnosis);
    }
    const {explainDiagnosis} = await import('../../cli/analyze/explain-diagnosis.js');
    const excerpt = log.lines.map((text, index) => ({line: log.numberOf(index), text}));
    const explained = await explainDiagnosis({diagnosis, excerpt, flags, view, isDryRun: flags['dry-run']});
    if (!flags['dry-run']) this.print(`${renderDiagnosis(diagnosis, view).join('\n')}\n`);
    this.print(`${explained.lines.join('\n')}\n`);
    return {...diagnosisDocument(diagnosis), ...explained.document};
  }

  async #compare(words: readonly string[], flags: CompareFlags): Promise<unknown> {
    const [a, b, ...rest] = flags.compare ?? [];
    if (a === undefined || b === undefined)
      throw usage('--compare needs two sides.', [
        '--compare old.log new.log',
        '--compare 08:00..09:00 09:00..10:00 FILE',
      ]);
    const now = new Date();
    const sides: [Side, Side] = [sideOf(a, now), sideOf(b, now)];
    const others = [...rest, ...words];
    const filter = this.#filter(flags, true);
    const needsInputs = sides.some(({kind}) => kind !== 'file');
    const inputs = needsInputs ? () => this.#inputs(others, flags, true) : () => Promise.resolve([]);
    const windows = await this.#windowsOf(sides, inputs, filter, flags);
    const [first, second] = windows;
    const {a: before, b: after} = assembleBoth(first, second, clustering);
    const comparison: Comparison = compare(before, after);
    const failOn = flags['fail-on'];
    if (
      failOn !== undefined &&
      comparison.changes.some(
        ({kind, level}) =>
          (kind === 'new' || kind === 'more') && (failOn === 'new' || (level !== null && level === levelNames[failOn])),
      )
    )
      process.exitCode = ExitCode.findings;
    const view = this.view(process.stdout, flags.color);
    this.print(`${renderComparison(comparison, view, flags.top ?? usualTop).join('\n')}\n`);
    return comparisonDocument(comparison);
  }

  async #windowsOf(
    sides: [Side, Side],
    inputs: () => Promise<LogInput[]>,
    filter: Filter,
    flags: CompareFlags,
  ): Promise<[Collected, Collected]> {
    const starts = await this.#releaseStarts(sides, inputs, flags);
    const one = async (side: Side, other: number): Promise<Collected> => {
      if (side.kind === 'file')
        return await this.#collect(await inputsOf([side.path], flags, process.cwd()), filter, flags);
      const window = side.kind === 'window' ? side : this.#releaseWindow(side.version, starts, other);
      return await this.#collect(
        await inputs(),
        {...filter, since: latest(window.since, filter.since), until: earliest(window.until, filter.until)},
        flags,
      );
    };
    return [await one(sides[0], 1), await one(sides[1], 0)];
  }

  /** When each release that is named began, from the first event that names it. */
  async #releaseStarts(
    sides: [Side, Side],
    inputs: () => Promise<LogInput[]>,
    flags: CompareFlags,
  ): Promise<readonly (number | null)[]> {
    const starts: (number | null)[] = [];
    for (const side of sides) {
      if (side.kind !== 'release') {
        starts.push(null);
        continue;
      }
      const {collector} = await this.#collect(
        await inputs(),
        {...this.#filter(flags, true), greps: [releaseMention(side.version)]},
        flags,
      );
      if (collector.from === null)
        throw usage(`No event names the release ${side.version}.`, [
          'name windows instead: --compare FROM..TO FROM..TO FILE',
        ]);
      starts.push(collector.from);
    }
    return starts;
  }

  #releaseWindow(
    version: string,
    starts: readonly (number | null)[],
    other: number,
  ): {since: number | null; until: number | null} {
    const own = starts[1 - other] ?? null;
    const next = starts[other] ?? null;
    if (own === null) throw usage(`No event names the release ${version}.`, []);
    return {since: own, until: next !== null && next > own ? next - 1 : null};
  }
}

interface DiagnoseFlags {
  readonly 'exit-code'?: number | undefined;
  readonly signal?: string | undefined;
  readonly explain: boolean;
  readonly 'dry-run': boolean;
  readonly project?: string | undefined;
  readonly config?: string | undefined;
  readonly color?: boolean;
  readonly service?: string[] | undefined;
}
interface CompareFlags {
  readonly compare?: string[] | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly level?: string | undefined;
  readonly grep?: string | undefined;
  readonly service?: string[] | undefined;
  readonly top?: number | undefined;
  readonly workers?: number | undefined;
  readonly 'fail-on'?: string | undefined;
  readonly project?: string | undefined;
  readonly config?: string | undefined;
  readonly color?: boolean;
}

const latest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.max(a, b);
const earliest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

function isPiped(): boolean {
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false;
  }
}

function whenOf(flag: string, text: string | undefined, now: Date): number | null {
  if (text === undefined) return null;
  const at = parseWhen(text, now);
  if (at !== null) return at;
  throw usage(`--${flag} ${JSON.stringify(text)} is no time.`, ['10m (ago), 09:41, 2026-05-22 09:41:07']);
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new ErpError(
      `--grep ${JSON.stringify(text)} is no regular expression: ${(cause as Error).message.split(': ').at(-1)}.`,
      {
        code: 'ERP_USAGE',
        exitCode: ExitCode.usage,
        remedy: ['put a backslash before ( ) [ ] { } . * + ? that are meant literally'],
      },
    );
  }
}

/** In files it is what a record, a merged stream or syslog calls it. */
function serviceMention(names: readonly string[]): RegExp {
  const any = names.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|');
  return new RegExp(
    `"(?:service|name|app|logger)":\\s*"(?:${any})"|\\b(?:service|app)=(?:${any})\\b|^\\s*\\[?(?:${any})(?:_\\d+)?\\]?\\s*(?:\\||\\])|[\\s[](?:${any})(?:\\[\\d+\\])?[\\]:]|\\b(?:${any})(?: \\||: | - )`,
  );
}

function emptyAdvice({analysis}: LogReport, {since, until, level, greps}: Filter): string {
  const isFiltered = since !== null || until !== null || level > 0 || greps.length > 0;
  return isFiltered
    ? `None of ${analysis.lines} lines is an event that --since, --until, --level, --grep or --service let through.`
    : 'The logs are empty.';
}
