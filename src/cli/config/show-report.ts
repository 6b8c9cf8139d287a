import {stripControls} from '../render/foreign.js';
import type {LegacyKey} from '../../lib/core/config/legacy-keys.js';
import type {ResolvedValue, ValueSource} from '../../lib/core/config/provenance.js';
import {isSecretName, maskSecrets} from '../../lib/core/config/secrets.js';
import {bold} from '../render/colour.js';
import {type Column, renderTable, type View} from '../render/table.js';
import type {PreparedProject} from './prepare.js';

export interface ShownValue {
  readonly key: string;
  readonly value: unknown;
  readonly source: ValueSource;
  /** `--max-restarts`, `ERP_MAX_RESTARTS`, `erp.config.yaml:7`, or why the default is what it is. */
  readonly from: string;
}

/** `config show --json` */
export interface ShowReport {
  readonly file: string;
  readonly projectDir: string;
  readonly name: string;
  readonly hash: string;
  readonly values: readonly ShownValue[];
  /** The old configuration: what became of each of its keys; null for the present format. */
  readonly legacy: readonly Omit<LegacyKey, 'path'>[] | null;
  readonly observed: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
}

/** Every effective value and where it came from, secrets as ***. */
export function showReport({spec, loaded, provenance, notices}: PreparedProject, only: readonly string[]): ShowReport {
  const groups = ['services', 'portForwards'];
  const wanted = (path: string) =>
    only.length === 0 || only.some((name) => groups.some((group) => path.startsWith(`${group}.${name}.`)));
  // A variable may be set in several layers; the last note is the one that counts.
  const last = new Map(provenance.map((value) => [value.path, value]));
  return {
    file: loaded.file,
    projectDir: spec.projectDir,
    name: spec.name,
    hash: spec.hash,
    values: [...last.values()].filter(({path}) => wanted(path)).map(shown),
    legacy: loaded.legacy?.keys.map(({key, usedAs, why}) => ({key, usedAs, why})) ?? null,
    observed: loaded.observed,
    notices,
  };
}

const shown = ({path, value, source, place}: ResolvedValue): ShownValue => ({
  key: path,
  value: masked(value, path),
  source,
  from: place,
});

function masked(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return maskedList(value, name);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, masked(inner, key)]));
  }
  if (isSecretName(name.slice(name.lastIndexOf('.') + 1)) && value !== '' && value !== null) return '***';
  return typeof value === 'string' ? maskSecrets(value) : value;
}

/** In a list of arguments the secret stands one place behind its name: `--token`, `abc`. */
function maskedList(list: readonly unknown[], name: string): unknown[] {
  return list.map((value, index) => {
    const before = list[index - 1];
    return typeof before === 'string' && /^--?[\w-]+$/.test(before) && isSecretName(before)
      ? '***'
      : masked(value, name);
  });
}

/** As it could stand in the file, on one line. */
export function inline(value: unknown): string {
  if (typeof value === 'string')
    return /^[^\s"'{}[\],#&*!|>%@`][^{}[\],#]*$/.test(value) && !odd.test(value)
      ? value
      : escaped(JSON.stringify(value));
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([key, inner]) => `${key}: ${inline(inner)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}

/** What moves a cursor, hides or reverses text: shown as it can be written in the file, never as it is. */
const odd = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const escaped = (text: string): string =>
  text.replaceAll(new RegExp(odd, 'gu'), (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

const valueColumns: readonly Column[] = [
  {title: 'KEY', align: 'left'},
  {title: 'VALUE', align: 'left'},
  {title: 'FROM', align: 'left'},
];
const legacyColumns: readonly Column[] = [
  {title: 'OLD KEY', align: 'left'},
  {title: 'USED AS', align: 'left'},
  {title: 'WHY', align: 'left'},
];

export function renderShow(report: ShowReport, view: View, {changed = false}: {changed?: boolean} = {}): string {
  const rows = (cells: readonly (readonly (string | null)[])[]) =>
    cells.map((row) => ({mark: null, cells: row.map((cell) => (cell === null ? null : stripControls(cell)))}));
  const values = report.values.filter(({source}) => !changed || source !== 'default');
  const lines = [
    `${view.paint(bold, stripControls(report.name))}  ${stripControls(report.file)}`,
    ...renderTable(
      valueColumns,
      rows(values.map(({key, value, source, from}) => [key, inline(value), source === 'default' ? 'default' : from])),
      view,
    ),
  ];
  if (report.legacy !== null) {
    const fates = report.legacy.map(({key, usedAs, why}) => [key, usedAs ?? 'ignored', why]);
    lines.push('', 'The old configuration, key by key', ...renderTable(legacyColumns, rows(fates), view));
  }
  return `${lines.join('\n')}\n`;
}
