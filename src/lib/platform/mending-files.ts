import {readdirSync} from 'node:fs';
import {delimiter, dirname, join} from 'node:path';
import type {LogDiagnosis} from '../core/logs/diagnosis/log-diagnosis.js';
import type {Blocker} from '../core/supervision/state.js';
import {findExecutable} from './executable.posix.js';
import type {DiagnosisQuestion} from './types.js';

type Where = Pick<DiagnosisQuestion, 'cwd' | 'projectDir' | 'program' | 'env' | 'configuration'>;

/** More would make each look at them a burden. */
const mostPaths = 40;
const installs: ReadonlySet<string> = new Set(['missing-module', 'import-error', 'version-mismatch']);

/** What to watch for a failure that no single file mends: where modules are installed, or the settings. */
export function mendingFiles(found: LogDiagnosis, where: Where): Extract<Blocker, {kind: 'files'}> {
  if (found.cause === null || !installs.has(found.cause))
    return {kind: 'files', what: 'its configuration', paths: where.configuration.slice(0, mostPaths)};
  const module = found.subject['module'] ?? found.subject['name'];
  const paths = [...ownModules(where, module === undefined ? null : String(module)), ...installFolders(where)];
  return {kind: 'files', what: 'what is installed', paths: [...new Set(paths)].slice(0, mostPaths)};
}

/** A module that lies beside the program, and the package in the folders of Node, where only its own folder changes. */
function ownModules({cwd, projectDir}: Where, module: string | null): string[] {
  const folders = [...new Set([cwd, projectDir])];
  if (module === null || module.startsWith('/')) return module === null ? [] : [module];
  const [first = module] = module.split('.');
  const packageName = /^@[^/]+\/[^/]+|^[^/]+/.exec(module)?.[0] ?? module;
  return folders.flatMap((folder) => [
    join(folder, `${first}.py`),
    join(folder, first),
    join(folder, 'node_modules'),
    join(folder, 'node_modules', packageName),
  ]);
}

/** Where pip, npm and their kind put things; a folder changes when something in it appears. */
function installFolders({cwd, projectDir, program, env}: Where): string[] {
  const path = env['PATH'] ?? '';
  const found = [program, 'python3', 'node'].flatMap((name) => {
    if (name === null) return [];
    const lookup = findExecutable(name, cwd, {PATH: path});
    return 'found' in lookup ? [dirname(dirname(lookup.found))] : [];
  });
  const environments = [cwd, projectDir].flatMap((folder) =>
    ['.venv', 'venv', 'env'].map((name) => join(folder, name)),
  );
  const home = env['HOME'] === undefined ? [] : [join(env['HOME'], '.local')];
  const prefixes = [
    ...(env['VIRTUAL_ENV'] === undefined ? [] : [env['VIRTUAL_ENV']]),
    ...environments,
    ...found,
    ...home,
  ];
  const listed = [env['PYTHONPATH'], env['NODE_PATH']].flatMap((list) => (list ?? '').split(delimiter).filter(Boolean));
  const isTool = program === null || !program.includes('/');
  return [
    ...listed,
    ...prefixes.flatMap((prefix) => [...packagesIn(prefix), join(prefix, 'lib', 'node_modules')]),
    ...(env['GEM_HOME'] === undefined ? [] : [join(env['GEM_HOME'], 'gems')]),
    // What is not found may be a program.
    ...(isTool ? path.split(delimiter).filter(Boolean) : []),
  ];
}

function packagesIn(prefix: string): string[] {
  const lib = join(prefix, 'lib');
  return namesIn(lib)
    .filter((name) => /^python3/.test(name))
    .flatMap((name) => [join(lib, name, 'site-packages'), join(lib, name, 'dist-packages')]);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
