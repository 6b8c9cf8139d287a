import {win32} from 'node:path';
import type {CommandSpec} from '../core/spec.js';

export interface WindowsSpawnPlan {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: {
    /** The line is quoted for cmd.exe by us. */
    readonly windowsVerbatimArguments: true;
    /** Holds only as long as no handle is inherited, hence the redirection by cmd instead of stdio. */
    readonly windowsHide: true;
    /** A detached process has no console, so each console program that it starts would open a window. */
    readonly detached: false;
    readonly stdio: 'ignore';
  };
  /** Program of a list; null for a shell command. */
  readonly executable: string | null;
  /** Something that will most likely go wrong. */
  readonly warning: string | null;
}

export interface WindowsSpawnError {
  readonly code: 'ENOENT' | 'EINVAL';
  readonly message: string;
}

export interface WindowsSpawnRequest {
  readonly command: CommandSpec;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** null: output is thrown away. */
  readonly logFile: string | null;
}

/**
 * How a service is started on Windows so that it outlives us.
 *
 * libuv puts every child into a job that ends with the supervisor, but lets grandchildren break away. So a hidden cmd
 * is the child, the service the grandchild, and the output goes into the log by cmd's own redirection:
 * `cmd /d /s /c "program args >> log 2>&1 < NUL"`. It has no input, and no signal but the end: graceful stops need
 * `stop: {http}` or `stop: {command}`.
 * @param isFile does this file exist; the only question to the world
 */
export function windowsSpawnPlan(
  request: WindowsSpawnRequest,
  isFile: (path: string) => boolean,
): WindowsSpawnPlan | WindowsSpawnError {
  const {command, cwd, logFile} = request;
  const env = caseless(request.env);
  const redirection = `${logFile === null ? '> NUL' : `>> ${quoteForCmd(logFile)}`} 2>&1 < NUL`;
  const plan = (line: string, executable: string | null, warning: string | null): WindowsSpawnPlan => ({
    file: env('COMSPEC') ?? 'cmd.exe',
    // /d: no AutoRun of the registry; /s: exactly the outer quotes are taken away.
    args: ['/d', '/s', '/c', `"${line} ${redirection}"`],
    options: {windowsVerbatimArguments: true, windowsHide: true, detached: false, stdio: 'ignore'},
    executable,
    warning,
  });
  if ('shell' in command) {
    const broken = unspeakable(command.shell);
    if (broken !== null) return broken;
    // A shell of its own: `a && b >> log` would redirect b alone.
    return plan(`cmd /d /s /c ${escapeForCmd(`"${command.shell}"`)}`, null, null);
  }
  const found = findWindowsExecutable(command.argv[0], cwd, env('PATH') ?? '', env('PATHEXT'), isFile);
  if (found === null)
    return {
      code: 'ENOENT',
      message: `${command.argv[0]} was not found as a program (PATH and PATHEXT of the service, from ${cwd}).`,
    };
  for (const argument of command.argv) {
    const broken = unspeakable(argument);
    if (broken !== null) return broken;
  }
  // A batch file reads its arguments a second time when it passes them on with %*.
  const isBatch = /\.(cmd|bat)$/i.test(found);
  const args = command.argv.slice(1).map((argument) => {
    const quoted = escapeForCmd(quoteForProgram(argument));
    return isBatch ? escapeForCmd(quoted) : quoted;
  });
  const warning = isStoreStub(found)
    ? `${found} is not Python but the Microsoft Store's placeholder: it ends with exit code 9009. Install Python, or turn the alias off (Settings, Apps, App execution aliases).`
    : null;
  return plan([escapeForCmd(quoteForProgram(found, true)), ...args].join(' '), found, warning);
}

/** What an exit code of Windows means, where the number alone says nothing. */
export function explainWindowsExit(code: number): string | null {
  // Negative numbers are the same bits as a signed one.
  switch (code >>> 0) {
    case 9009:
      return 'the command was not found (9009); for python it may be the Microsoft Store placeholder';
    case 0xc000013a:
      return 'ended by Ctrl-C or because its console was closed';
    case 0xc0000005:
      return 'access violation (crash)';
    case 0xc00000fd:
      return 'stack overflow (crash)';
    case 0xc0000135:
      return 'a DLL that it needs was not found';
    case 0xc0000142:
      return 'a DLL could not be initialised (often: no desktop for this session)';
    case 0x40010004:
      return 'ended by the log-off or shutdown of Windows';
    default:
      return null;
  }
}

/** Ends a whole tree; without /F a console program without a window never hears of it. */
export const taskkillArguments = (pid: number): readonly string[] => ['/T', '/F', '/PID', String(pid)];

/** The Store's `python.exe` is an empty file that opens the Store, or prints a hint and ends with 9009. */
export const isStoreStub = (path: string): boolean =>
  /\\microsoft\\windowsapps\\python[\d.]*\.exe$/i.test(path.replaceAll('/', '\\'));

/**
 * The file that a name stands for: with an extension of PATHEXT as it is, else with each of them in their order. So
 * `npm` is `npm.cmd`, which no function but cmd would find.
 */
export function findWindowsExecutable(
  name: string,
  cwd: string,
  path: string,
  pathExt: string | undefined,
  isFile: (path: string) => boolean,
): string | null {
  const extensions = (pathExt ?? '.COM;.EXE;.BAT;.CMD').split(';').filter((extension) => extension !== '');
  const own = win32.extname(name).toLowerCase();
  const names = extensions.some((extension) => extension.toLowerCase() === own)
    ? [name]
    : extensions.map((extension) => `${name}${extension.toLowerCase()}`);
  const folders = /[\\/]/.test(name)
    ? [cwd]
    : path
        .split(';')
        .map((folder) => folder.trim().replace(/^"|"$/g, ''))
        .filter((folder) => folder !== '');
  for (const folder of folders) {
    for (const candidate of names) {
      const file = win32.resolve(cwd, folder, candidate);
      if (isFile(file)) return file;
    }
  }
  return null;
}

/** Quotes one argument as the C run-time library takes it apart. */
export function quoteForProgram(argument: string, always = false): string {
  if (!always && argument !== '' && !/[\s"&|<>^()%!,;=`'*?]/.test(argument)) return argument;
  // Backslashes count only in front of a quote: there they are doubled.
  return `"${argument.replace(/(\\*)"/g, '$1$1\\"').replace(/(\\+)$/, '$1$1')}"`;
}

/**
 * A caret before everything that means something to cmd, the quotes included: it then never believes to be inside
 * quotes. `^%NAME^%` names no variable, and cmd leaves unknown ones alone.
 */
export const escapeForCmd = (text: string): string => text.replace(/[()[\]%!^"`<>&|;, *?]/g, '^$&');

const quoteForCmd = (path: string): string => escapeForCmd(`"${path}"`);

function unspeakable(text: string): WindowsSpawnError | null {
  return /[\r\n\0]/.test(text)
    ? {code: 'EINVAL', message: 'A line break in a command or argument can not be passed on by cmd.exe.'}
    : null;
}

/** Names of variables have no case on Windows: `Path` and `PATH` are one. */
function caseless(env: Readonly<Record<string, string>>): (name: string) => string | undefined {
  const byName = new Map(Object.entries(env).map(([name, value]) => [name.toUpperCase(), value]));
  return (name) => byName.get(name);
}
