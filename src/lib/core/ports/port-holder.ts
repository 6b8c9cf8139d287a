import {formatTime} from '../report/format.js';

/** Who listens on a port, as far as it can be seen. */
export interface SeenHolder {
  readonly pid: number | null;
  readonly command: string | null;
  readonly user: string | null;
  /** Start of the process, milliseconds since the epoch. */
  readonly startedAt: number | null;
}

/**
 * "held by python3 (pid 812, ops1, since 08:02:11)".
 * @param holders empty: nobody listens there; null: can't be found out on this machine
 * @param wall now, milliseconds since the epoch
 */
export function holderText(holders: readonly SeenHolder[] | null, wall: number): string {
  if (holders === null) return 'taken, owner unknown';
  const first = holders[0];
  // A bind fails for these too, and no list of listeners shows them.
  if (first === undefined)
    return 'taken, but nobody listens there: a connection from this port, or a socket that does not listen (yet)';
  const {pid, user, startedAt} = first;
  if (pid === null) return user === null ? 'taken, owner unknown' : `held by a process of ${user} that can not be read`;
  const since = startedAt === null ? null : `since ${formatTime(new Date(startedAt), new Date(wall))}`;
  const facts = [`pid ${pid}`, user, since].filter((fact) => fact !== null);
  return `held by ${programName(first.command)} (${facts.join(', ')})`;
}

/** The program of a command line, without its folder. */
function programName(command: string | null): string {
  const text = (command ?? '').trim();
  // A Windows path may hold spaces: it goes to its ending.
  const windows = /^"?([A-Za-z]:\\.*?\.exe)(?=["\s]|$)/i.exec(text)?.[1];
  const program = windows ?? text.split(/\s+/)[0] ?? '';
  return program.split(/[/\\]/).at(-1) || 'a process';
}
