import {basename, dirname, extname, resolve} from 'node:path';
import type {ConfigPath, PositionLookup, Problem} from '../../lib/core/config/problems.js';
import type {Config} from '../../lib/core/config/schema.js';
import type {LegacyConversion} from '../../lib/core/config/legacy.js';
import {validate} from '../../lib/core/config/validate.js';
import {type ConfigFiles, readText, realFiles} from './config-files.js';
import {shownPath} from '../shown-path.js';
import {ConfigInvalidError, ConfigNotFoundError} from './config-error.js';
import {type ParsedDocument, syntaxProblem} from './document.js';
import {parseJson} from './json-document.js';
import {asLegacy} from './legacy-document.js';
import {runProgram} from './program.js';
import {findConfig} from './search.js';
import {parseYaml} from './yaml-document.js';

export interface LoadOptions {
  /** Where the operator stands: relative paths and messages count from here. */
  readonly cwd: string;
  /** `-C/--project`, `ERP_PROJECT`: where the search begins. */
  readonly project?: string | undefined;
  /** `--config`, `ERP_CONFIG` */
  readonly configFile?: string | undefined;
  /** `{demo}` is known in the built-in demo only. */
  readonly demo?: boolean;
  readonly files?: ConfigFiles;
  readonly home?: string;
}

export interface LoadedConfig {
  /** Absolute. */
  readonly file: string;
  /** As messages name it. */
  readonly shownFile: string;
  readonly projectDir: string;
  /** The text of the file, for messages. */
  readonly text: string | null;
  /** The parsed document, before any check. */
  readonly raw: unknown;
  /** null: see `problems`. */
  readonly config: Config | null;
  readonly problems: readonly Problem[];
  readonly notices: readonly string[];
  readonly position: PositionLookup;
  /** `erp.config.yaml:7`, of the key or of the nearest group around it. */
  place(path: ConfigPath): string;
  /** Services of the old configuration that can only be observed, and why. */
  readonly observed: Readonly<Record<string, string>>;
  /** What became of each key of the old configuration; null: it is not the old one. */
  readonly legacy: LegacyConversion | null;
  /** Files and folders beside the file that `config` depends on. */
  readonly looked: readonly string[];
}

/**
 * Finds, reads and checks the configuration. What is wrong with its content is in `problems`; `requireConfig` throws them.
 * @throws {ConfigNotFoundError} when there is none, {ConfigInvalidError} when the file can't be read
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const {cwd, files = realFiles} = options;
  const found = await locate(options, files);
  const {file} = found;
  const shownFile = shownPath(file, cwd);
  const read = await readText(file, files);
  if (!read.ok) {
    throw new ConfigInvalidError(
      [{...syntaxProblem(`${basename(file)} ${read.sentence}`, null, read.allowed)}],
      shownFile,
      null,
    );
  }
  const notices = [
    ...(read.notice === null ? [] : [`${shownFile} ${read.notice}.`]),
    ...found.others.map((other) => `${shownPath(other, cwd)} is there too and is not read: ${shownFile} comes first.`),
  ];
  const parsed = await parse(file, read.text);
  const legacy = asLegacy(parsed, found.projectDir);
  const document = legacy ?? parsed;
  if (legacy !== null) {
    notices.push(
      `${shownFile} is the old format: erp config show says what becomes of each key, erp config migrate writes the new file.`,
      ...legacy.conversion.notices,
    );
  }
  const place = placing(document.position, shownFile);
  const base = {
    file,
    shownFile,
    projectDir: legacy?.projectDir ?? found.projectDir,
    text:
      /\.[mc]?[jt]s$/.test(file) && document.problems.every((problem) => problem.position === null) ? null : read.text,
    raw: document.data,
    position: document.position,
    place,
    notices,
    observed: legacy?.conversion.observed ?? {},
    legacy: legacy?.conversion ?? null,
    looked: legacy?.looked ?? [],
  };
  if (document.problems.length > 0) return {...base, config: null, problems: document.problems};
  const checked = validate(document.data, document.position, options.demo === true ? ['node', 'demo'] : ['node']);
  return checked.ok
    ? {...base, config: checked.config, problems: []}
    : {...base, config: null, problems: checked.problems};
}

/** @throws {ConfigInvalidError} with every problem, as `config validate` shows it */
export function requireConfig(loaded: LoadedConfig): Config {
  if (loaded.config === null) throw new ConfigInvalidError(loaded.problems, loaded.shownFile, loaded.text);
  return loaded.config;
}

async function locate(
  {cwd, project, configFile, home}: LoadOptions,
  files: ConfigFiles,
): Promise<{file: string; projectDir: string; others: readonly string[]}> {
  const start = project === undefined ? cwd : resolve(cwd, project);
  if (configFile !== undefined) {
    const file = resolve(cwd, configFile);
    return {file, projectDir: project === undefined ? folderOf(file) : start, others: []};
  }
  if (project !== undefined) {
    const stats = await files.stat(start).catch(() => null);
    if (stats === null || !stats.isDirectory()) {
      throw new ConfigInvalidError(
        [
          syntaxProblem(
            `${start} is ${stats === null ? 'not there' : 'no folder'}`,
            null,
            '-C FOLDER, or --config FILE',
          ),
        ],
        '--project',
        null,
      );
    }
  }
  const found = await findConfig(start, {files, ...(home === undefined ? {} : {home})});
  if (found === null) throw new ConfigNotFoundError(start);
  return {...found, projectDir: folderOf(found.file)};
}

/** `config/` and `.config/` hold the configuration of the folder above. */
function folderOf(file: string): string {
  const folder = dirname(file);
  const inner =
    basename(folder) === '.config' || (basename(folder) === 'config' && basename(file) === 'system_config.json');
  return inner ? dirname(folder) : folder;
}

async function parse(file: string, text: string): Promise<ParsedDocument> {
  const ending = extname(file);
  if (/^\.[mc]?[jt]s$/.test(ending)) return await program(file);
  if (text.trim() === '')
    return {
      data: null,
      problems: [syntaxProblem('The configuration is empty', null, 'services: {NAME: {command: …}}')],
      position: () => null,
    };
  if (basename(file) === 'package.json') return within(parseJson(text), 'erp');
  return ending === '.json' ? parseJson(text) : parseYaml(text);
}

async function program(file: string): Promise<ParsedDocument> {
  const result = await runProgram(file);
  const position: PositionLookup = () => null;
  return result.ok
    ? {data: result.data, problems: [], position}
    : {data: undefined, problems: [syntaxProblem(result.sentence, result.position, result.allowed)], position};
}

/** One key of a larger document; places are looked up beneath it. */
function within(document: ParsedDocument, key: string): ParsedDocument {
  if (document.problems.length > 0) return document;
  return {
    data: (document.data as Record<string, unknown> | null)?.[key],
    problems: [],
    position: (path, part) => document.position([key, ...path], part),
  };
}

function placing(position: PositionLookup, file: string): (path: ConfigPath) => string {
  return (path) => {
    for (let end = path.length; end > 0; end -= 1) {
      const found = position(path.slice(0, end), 'key');
      if (found !== null) return `${file}:${found.line}`;
    }
    return file;
  };
}
