import {accessSync, closeSync, constants, openSync, readSync, statSync} from 'node:fs';
import {isAbsolute, join, resolve} from 'node:path';

export type ExecutableLookup =
  | {readonly found: string}
  | {readonly missing: 'ENOENT' | 'EACCES'; readonly subject: string; readonly message: string};

/** What the system searches when a process has no PATH at all (execvp(3)). */
const defaultPath = '/bin:/usr/bin';

/**
 * The file that a command name means for a child with this environment. libuv and the C library disagree on whose PATH
 * counts; here it is always the child's, and relative parts of it count from the child's working folder.
 */
export function findExecutable(name: string, cwd: string, env: Readonly<Record<string, string>>): ExecutableLookup {
  if (name === '') return {missing: 'ENOENT', subject: name, message: 'The command is empty.'};
  if (name.includes('/')) {
    const path = isAbsolute(name) ? name : resolve(cwd, name);
    return judge(path) ?? {missing: 'ENOENT', subject: path, message: `${path} does not exist.`};
  }
  let notExecutable: ExecutableLookup | null = null;
  const folders = (env['PATH'] ?? defaultPath).split(':');
  for (const folder of folders) {
    const found = judge(resolve(cwd, join(folder === '' ? '.' : folder, name)));
    if (found === null) continue;
    if ('found' in found) return found;
    notExecutable ??= found; // as a shell does: go on searching, complain only when nothing better comes
  }
  return (
    notExecutable ?? {
      missing: 'ENOENT',
      subject: name,
      message: `${name} was not found in the PATH of the service (${folders.join(':')}).`,
    }
  );
}

function judge(path: string): ExecutableLookup | null {
  try {
    // Most folders of a PATH do not have it: an exception for each of them would take longer than the spawn.
    const stats = statSync(path, {throwIfNoEntry: false});
    if (stats === undefined) return null;
    if (stats.isDirectory()) return {missing: 'EACCES', subject: path, message: `${path} is a folder, not a program.`};
    accessSync(path, constants.X_OK);
    return {found: path};
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'EACCES' && code !== 'EPERM') return null;
    return {missing: 'EACCES', subject: path, message: `${path} is not executable (chmod +x ${path}).`};
  }
}

/**
 * A script whose interpreter is missing fails with ENOENT of the script itself, which is there: the most misleading
 * message of all. Windows line ends make an interpreter `python3\r`.
 * @returns what is wrong, or null
 */
export function missingInterpreter(
  path: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): {readonly subject: string; readonly message: string} | null {
  const line = firstLine(path);
  if (line === null || !line.startsWith('#!')) return null;
  const words = line
    .slice(2)
    .trimStart()
    .split(/[ \t]+/);
  let interpreter = words[0] ?? '';
  if (/(^|\/)env$/.test(interpreter) && words[1] !== undefined) {
    interpreter = words[1] === '-S' ? (words[2] ?? '') : words[1];
    if (interpreter.startsWith('-') || interpreter.includes('=')) return null;
  }
  if (interpreter === '' || 'found' in findExecutable(interpreter, cwd, env)) return null;
  const shown = interpreter.replaceAll('\r', '\\r');
  return {
    subject: shown,
    message: interpreter.endsWith('\r')
      ? `${path} has Windows line ends: its first line asks for "${shown}". Convert it (sed -i 's/\\r$//' ${path}).`
      : `${path} asks for the interpreter ${shown}, which was not found.`,
  };
}

function firstLine(path: string): string | null {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const bytes = Buffer.alloc(256);
    const length = readSync(fd, bytes, 0, bytes.length, 0);
    return bytes.toString('utf8', 0, length).split('\n', 1)[0] ?? null;
  } catch {
    return null; // executable without being readable is fine
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
