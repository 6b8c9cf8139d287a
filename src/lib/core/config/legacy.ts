import type {PositionLookup, Problem} from './problems.js';
import {formatPath, showValue} from './problems.js';
import type {LegacyFacts} from './legacy-facts.js';
import {isFields, type LegacyFields, LegacyKeys, type LegacyKey, word} from './legacy-keys.js';
import {legacyForwards} from './legacy-forwards.js';
import {legacyServices} from './legacy-services.js';

export interface LegacyConversion {
  /** The same in the present format. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Every key of the old file: what became of it, and why. */
  readonly keys: readonly LegacyKey[];
  /** Services that can only be watched, and why. */
  readonly observed: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
  readonly problems: readonly Problem[];
  /** Old path of a path in `document`, so that messages point into the old file. */
  oldPath(path: readonly (string | number)[]): readonly (string | number)[] | null;
}

/** Written for the old PowerShell starter, watchdog and connection monitor. */
export function isLegacy(document: unknown): document is LegacyFields {
  if (!isFields(document)) return false;
  const known = ['System', 'Services', 'ConnectionMonitor', 'Kubernetes', 'Logging'];
  return Object.keys(document).some((key) => known.includes(key)) && !Object.hasOwn(document, 'services');
}

export function convertLegacy(old: LegacyFields, facts: LegacyFacts, position: PositionLookup): LegacyConversion {
  const keys = new LegacyKeys(old);
  const problems: Problem[] = [];
  for (const section of ['System', 'Services', 'ConnectionMonitor', 'Kubernetes', 'Logging']) {
    const value = old[section];
    if (value !== undefined && !isFields(value)) {
      problems.push({
        path: [section],
        message: `${section}: ${showValue(value)} is not a group of keys.`,
        allowed: null,
        nearest: null,
        found: showValue(value),
        position: position([section], 'value'),
      });
    }
  }
  if (problems.length > 0) {
    return {document: {}, keys: [], observed: {}, notices: [], problems, oldPath: () => null};
  }
  system(keys, facts);
  const {services, observed, notices} = legacyServices(keys, facts);
  const {portForwards, connection, notices: forwardNotices} = legacyForwards(keys);
  const logging = loggingOf(keys);
  const logDir = keys.use(['Logging', 'LogDir'], ['logDir']);
  const name = keys.use(['System', 'Name'], ['name']);
  return {
    document: {
      ...(name === undefined ? {} : {name}),
      ...(logDir === undefined ? {} : {logDir}),
      services,
      ...(Object.keys(portForwards).length === 0 ? {} : {portForwards}),
      ...(Object.keys(connection).length === 0 ? {} : {connection}),
      ...(Object.keys(logging).length === 0 ? {} : {logging}),
    },
    keys: keys.finish(),
    observed,
    notices: [...notices, ...forwardNotices],
    problems: [],
    oldPath: (path) => keys.oldPath(formatPath(path)),
  };
}

function system(keys: LegacyKeys, facts: LegacyFacts): void {
  keys.ignore(['System', 'Version'], 'erp supervises a release and does not choose it');
  keys.ignore(['System', 'Environment'], 'nothing depends on it; services get their environment from env and .env');
  const root = ['System', 'WorkspaceRoot'];
  if (facts.workspaceFound) keys.note(root, 'the folder of the project', 'paths are relative to it');
  else keys.ignore(root, 'no such folder on this machine: the folder above config/ is taken');
}

function loggingOf(keys: LegacyKeys): Record<string, unknown> {
  const level = keys.peek(['Logging', 'Level']);
  const maxFileSize = keys.peek(['Logging', 'MaxFileSize']);
  const maxFiles = keys.use(['Logging', 'MaxFiles'], ['logging', 'maxFiles']);
  keys.ignore(
    ['Logging', 'EnableConsoleOutput'],
    'the console shows what changes; into a pipe erp writes the lines of the log',
  );
  keys.ignore(['Logging', 'EnableEventLog'], 'events are kept in .erp/ and shown by erp events');
  if (level !== undefined) keys.use(['Logging', 'Level'], ['logging', 'level']);
  // The old scripts counted in megabytes.
  if (maxFileSize !== undefined) keys.use(['Logging', 'MaxFileSize'], ['logging', 'maxFileSize']);
  return {
    ...(level === undefined ? {} : {level: levels[word(level).toLowerCase()] ?? level}),
    ...(maxFileSize === undefined
      ? {}
      : {maxFileSize: typeof maxFileSize === 'number' ? `${maxFileSize}MB` : maxFileSize}),
    ...(maxFiles === undefined ? {} : {maxFiles}),
  };
}

const levels: Readonly<Record<string, string>> = {
  trace: 'DEBUG',
  debug: 'DEBUG',
  verbose: 'DEBUG',
  info: 'INFO',
  information: 'INFO',
  warn: 'WARNING',
  warning: 'WARNING',
  error: 'ERROR',
  fatal: 'CRITICAL',
  critical: 'CRITICAL',
};
