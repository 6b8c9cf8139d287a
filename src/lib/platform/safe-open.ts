import {constants, lstatSync, openSync, rmSync} from 'node:fs';
import {dirname} from 'node:path';

const noFollow = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;
const append = constants.O_APPEND | constants.O_CREAT;

type Access = 'write' | 'read and write';

/**
 * Opens a file for appending. A symbolic link in its place is followed only if it is ours, in a folder of ours: whoever
 * else may write to that folder must not choose which of our files grows.
 * @throws ELOOP for a link that somebody else may have made
 */
export function openAppend(path: string, mode: number, access: Access = 'write'): number {
  const flags = append | (access === 'write' ? constants.O_WRONLY : constants.O_RDWR);
  try {
    return openSync(path, flags | noFollow, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP' || !isOurLink(path)) throw error;
    return openSync(path, flags, mode);
  }
}

/** A file of our state folder: nothing is worth more than that it is written, so a link of somebody else goes. */
export function openOwn(path: string, access: Access = 'write'): number {
  try {
    return openAppend(path, 0o600, access);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    rmSync(path);
    return openAppend(path, 0o600, access);
  }
}

function isOurLink(path: string): boolean {
  const uid = process.geteuid?.() ?? 0;
  const folder = lstatSync(dirname(path));
  return lstatSync(path).uid === uid && (folder.uid === uid || folder.uid === 0) && (folder.mode & 0o022) === 0;
}
