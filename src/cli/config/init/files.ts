import {copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {ErpError} from '../../../lib/core/errors.js';
import {ExitCode} from '../../../lib/core/exit-codes.js';

/** What erp writes into a project and nobody wants in its history. */
const ignored = ['.erp/', 'logs/', 'watchdog_logs/'];

/** The text of `.gitignore` with the missing entries, or null when nothing is missing or there is no repository. */
export function gitignoreWith(projectDir: string): string | null {
  const file = join(projectDir, '.gitignore');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : null;
  if (text === null && !inRepository(projectDir)) return null;
  const present = new Set((text ?? '').split(/\r?\n/).map((line) => line.trim().replace(/^\//, '').replace(/\/$/, '')));
  const missing = ignored.filter((entry) => !present.has(entry.replace(/\/$/, '')));
  if (missing.length === 0) return null;
  const before = text === null || text === '' || text.endsWith('\n') ? (text ?? '') : `${text}\n`;
  return `${before}${before === '' ? '' : '\n'}# erp: state and logs\n${missing.join('\n')}\n`;
}

function inRepository(folder: string): boolean {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(join(place, '.git'))) return true;
    if (dirname(place) === place) return false;
  }
}

/** Where editors find the JSON Schema of this project: in its installed package, else in a copy beside it. */
export function schemaPlace(projectDir: string): {readonly reference: string; readonly copy: boolean} {
  const installed = 'node_modules/erp-supervisor/config/erp.schema.json';
  return existsSync(join(projectDir, installed))
    ? {reference: `./${installed}`, copy: false}
    : {reference: './config/erp.schema.json', copy: true};
}

/** Complete or not at all: a half-written configuration would be worse than none. */
export function writeWhole(file: string, text: string): void {
  orSay(file, () => {
    mkdirSync(dirname(file), {recursive: true});
    const draft = `${file}.${process.pid}.tmp`;
    writeFileSync(draft, text);
    renameSync(draft, file);
  });
}

function orSay(file: string, action: () => void): void {
  try {
    action();
  } catch (cause) {
    throw new ErpError(`${file} can't be written.`, {
      code: 'ERP_WRITE_FAILED',
      exitCode: ExitCode.unexpected,
      remedy: ['look at owner, permissions and space of the folder', 'erp config init --dry-run prints the file'],
      cause,
    });
  }
}

export function copySchema(packageDir: string, projectDir: string): string {
  const target = join(projectDir, 'config', 'erp.schema.json');
  orSay(target, () => {
    mkdirSync(dirname(target), {recursive: true});
    copyFileSync(join(packageDir, 'config', 'erp.schema.json'), target);
  });
  return target;
}
