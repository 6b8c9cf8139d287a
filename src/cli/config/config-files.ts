import {readdir, readFile, stat} from 'node:fs/promises';
import {formatSize} from '../../lib/core/config/sizes.js';

/** The files as the loader sees them; tests put broken disks behind it. */
export interface ConfigFiles {
  stat(path: string): Promise<{isDirectory(): boolean; isFile(): boolean; size: number}>;
  read(path: string): Promise<Uint8Array>;
  list(folder: string): Promise<string[]>;
}

export const realFiles: ConfigFiles = {
  stat: (path) => stat(path),
  read: (path) => readFile(path),
  list: (folder) => readdir(folder),
};

export type ReadText =
  | {readonly ok: true; readonly text: string; readonly notice: string | null}
  | {readonly ok: false; readonly missing: boolean; readonly sentence: string; readonly allowed: string | null};

/** No configuration that people write is that long; reading a database dump by mistake should not take minutes. */
const largest = 4 * 1024 * 1024;

/** The text of a configuration file, or one sentence why there is none. */
export async function readText(path: string, files: ConfigFiles): Promise<ReadText> {
  let bytes: Uint8Array;
  try {
    const stats = await files.stat(path);
    if (stats.isDirectory()) return wrong('is a folder, not a file');
    // A FIFO would wait for ever for somebody who writes.
    if (!stats.isFile()) return wrong('is no regular file');
    if (stats.size > largest)
      return wrong(`has ${formatSize(stats.size)}: a configuration has at most ${formatSize(largest)}`);
    bytes = await files.read(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return {
      ok: false,
      missing: code === 'ENOENT' || code === 'ENOTDIR',
      sentence: reasons[code] ?? `can't be read: ${code}`,
      allowed: null,
    };
  }
  return decode(bytes);
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: "can't be read: permission denied",
  EPERM: "can't be read: not permitted",
  ELOOP: 'is a symbolic link that leads to itself',
  EISDIR: 'is a folder, not a file',
  EIO: "can't be read: input/output error of the disk",
  ENAMETOOLONG: 'has a name that is too long',
};

const wrong = (sentence: string, allowed: string | null = null): ReadText => ({
  ok: false,
  missing: false,
  sentence,
  allowed,
});

/** UTF-8, with or without byte order mark; UTF-16 with one, because that is what `>` of Windows PowerShell 5 writes. */
function decode(bytes: Uint8Array): ReadText {
  const [first, second] = bytes;
  const wide = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : null;
  try {
    // `fatal`: half-read umlauts would end up in paths and passwords. The decoder drops a byte order mark.
    const text = new TextDecoder(wide ?? 'utf-8', {fatal: true}).decode(bytes);
    if (text.includes('\0')) return wrong('holds NUL bytes: it is no text file', 'UTF-8 text');
    return {ok: true, text, notice: wide === null ? null : 'is UTF-16; read all the same, better saved as UTF-8'};
  } catch {
    return wrong(`is neither UTF-8 nor UTF-16 with byte order mark${firstBadLine(bytes)}`, 'UTF-8 text');
  }
}

function firstBadLine(bytes: Uint8Array): string {
  let line = 1;
  let start = 0;
  for (let end = bytes.indexOf(10); ; end = bytes.indexOf(10, start)) {
    try {
      new TextDecoder('utf-8', {fatal: true}).decode(bytes.subarray(start, end === -1 ? undefined : end));
    } catch {
      return ` (line ${line})`;
    }
    if (end === -1) return '';
    start = end + 1;
    line += 1;
  }
}
