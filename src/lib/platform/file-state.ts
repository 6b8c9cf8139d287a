import {statSync} from 'node:fs';

/** Changes whenever the file or folder does: existence, mode, size, time. Never throws. */
export function fileState(path: string): string {
  try {
    const {mode, size, mtimeMs, ino} = statSync(path);
    return `${ino} ${mode} ${size} ${mtimeMs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unreadable';
  }
}
