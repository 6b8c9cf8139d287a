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

/** Bytes of a file; 0: it is not there, or can't be looked at. */
export function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}
