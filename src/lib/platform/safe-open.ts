import {constants, lstatSync, openSync} from 'node:fs';
import {dirname} from 'node:path';

const noFollow = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;
const append = constants.O_APPEND | constants.O_CREAT;

/**
 * Opens a file for appending. A symbolic link in its place is followed only if it is ours, in a folder of ours: whoever
 * else may write to that folder must not choose which of our files grows.
 * @throws ELOOP for a link that somebody else may have made
 */
export function openAppend(path: string, mode: number, access: 'write' | 'read and write' = 'write'): number {
  const flags = append | (access === 'write' ? constants.O_WRONLY : constants.O_RDWR);
  try {
    return openSync(path, flags | noFollow, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP' || !isOurLink(path)) throw error;
    return openSync(path, flags, mode);
  }
}

function isOurLink(path: string): boolean {
  const uid = process.geteuid?.() ?? 0;
  const folder = lstatSync(dirname(path));
  return lstatSync(path).uid === uid && (folder.uid === uid || folder.uid === 0) && (folder.mode & 0o022) === 0;
}
