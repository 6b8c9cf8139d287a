import {statSync} from 'node:fs';
import type {ExecutableLookup} from './executable.posix.js';
import {findExecutable, missingInterpreter} from './executable.posix.js';
import {escapeForCmd, findWindowsExecutable, quoteForProgram} from './spawn-plan.windows.js';

/** What a spawn without a shell is told. */
export interface HelperCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The arguments are quoted already, for cmd.exe. */
  readonly isVerbatim: boolean;
}

/** The file that the first word of a command means, in the PATH of its own environment. */
export function findProgram(
  name: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
  system: NodeJS.Platform,
): ExecutableLookup {
  if (system !== 'win32') {
    const lookup = findExecutable(name, cwd, env);
    const broken = 'found' in lookup ? missingInterpreter(lookup.found, cwd, env) : null;
    return broken === null ? lookup : {missing: 'ENOENT', ...broken};
  }
  const path = variable(env, 'PATH', system) ?? '';
  const found = findWindowsExecutable(name, cwd, path, variable(env, 'PATHEXT', system), isFile);
  return found === null
    ? {missing: 'ENOENT', subject: name, message: `${name} was not found as a program (PATH and PATHEXT).`}
    : {found};
}

/** Windows runs a batch file through cmd only, whatever one does: then its line is quoted for cmd. */
export function helperCommand(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  system: NodeJS.Platform,
): HelperCommand {
  if (system !== 'win32' || !/\.(cmd|bat)$/i.test(file)) return {file, args, isVerbatim: false};
  // A batch file reads its arguments a second time when it passes them on with %*.
  const quoted = args.map((argument) => escapeForCmd(escapeForCmd(quoteForProgram(argument))));
  const line = [escapeForCmd(quoteForProgram(file, true)), ...quoted].join(' ');
  const shell = variable(env, 'COMSPEC', system) ?? 'cmd.exe';
  return {file: shell, args: ['/d', '/s', '/c', `"${line}"`], isVerbatim: true};
}

/** Value of a variable; their names have no case on Windows. */
export function variable(
  env: Readonly<Record<string, string>>,
  name: string,
  system: NodeJS.Platform,
): string | undefined {
  if (system !== 'win32') return env[name];
  return Object.entries(env).find(([key]) => key.toUpperCase() === name.toUpperCase())?.[1];
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
