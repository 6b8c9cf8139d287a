import type {PortHolder} from './assess.js';
import {wellKnown} from './well-known.js';

/** A process that is asked to give up a port. */
export interface ReleaseTarget {
  readonly port: number;
  readonly holder: PortHolder;
  /** Owner by number; null: not told, then the system has to refuse. */
  readonly uid: number | null;
}

export interface ReleaseContext {
  readonly platform: NodeJS.Platform;
  /** This process and all that it was started by. */
  readonly lineage: readonly number[];
  /** Our own; null: a system without. */
  readonly uid: number | null;
  /** Folder of a project whose supervisor lives, by the beginning of its marks. */
  readonly livingProjects: Readonly<Record<string, string>>;
  readonly force: boolean;
  /** As it was typed, to be repeated with `sudo`. */
  readonly commandLine: string;
}

/** Why a process is not ended for its port, and what to do instead. */
export interface Refusal {
  readonly why: string;
  readonly remedy: readonly string[];
  /** `--force` would do it all the same. */
  readonly canBeForced: boolean;
}

/** @returns null: it may be asked to end */
export function refusalFor(target: ReleaseTarget, context: ReleaseContext): Refusal | null {
  const {holder} = target;
  const {pid} = holder;
  if (pid === null) return unreadable(target, context);
  return (
    ours(target, context) ??
    byNumber(pid, context) ??
    ofTheSystem(target, context) ??
    (isForeign(target, context)
      ? {
          why: `pid ${pid} belongs to ${holder.user ?? 'another user'}`,
          remedy: [`sudo ${context.commandLine}`],
          canBeForced: false,
        }
      : null)
  );
}

function unreadable({port, holder}: ReleaseTarget, {uid, commandLine}: ReleaseContext): Refusal {
  const whose = holder.user === null ? '' : ` of user ${holder.user}`;
  return {
    why: `the process${whose} that holds ${port} can't be read`,
    remedy: uid === 0 ? [`it may live in a container: docker ps --filter publish=${port}`] : [`sudo ${commandLine}`],
    canBeForced: false,
  };
}

/** erp restarts what it supervises: to be stopped, it is told so. */
function ours({holder}: ReleaseTarget, {livingProjects, force}: ReleaseContext): Refusal | null {
  const {whose} = holder;
  switch (whose.tag) {
    case 'ours':
      return whose.service === null
        ? {why: 'it is the supervisor of this project', remedy: ['erp stop'], canBeForced: false}
        : {
            why: `it is ${whose.service} of this project, which runs`,
            remedy: [`erp stop ${whose.service}`],
            canBeForced: false,
          };
    case 'used':
      if (force) return null;
      return {
        why: `${whose.service} of this project uses it (ifRunning: use)`,
        remedy: [`erp stop ${whose.service}, and then end it`],
        canBeForced: true,
      };
    case 'other-project': {
      const folder = livingProjects[whose.project];
      const isSupervisor = whose.service.startsWith('@');
      const name = isSupervisor ? '' : ` ${whose.service}`;
      if (folder === undefined && !isSupervisor && force) return null;
      return {
        why: isSupervisor ? 'it is the supervisor of another project' : `it is${name} of another project of erp`,
        remedy:
          folder === undefined
            ? ['erp ls, as its user, shows the project; erp stop there']
            : [`erp -C ${folder} stop${name}`],
        canBeForced: folder === undefined && !isSupervisor,
      };
    }
    case 'left-over':
    case 'old-copy':
    case 'same-command':
    case 'stranger':
    case 'unknown':
      return null;
  }
}

function byNumber(pid: number, {lineage, platform}: ReleaseContext): Refusal | null {
  if (pid === 1 || (platform === 'win32' && (pid === 0 || pid === 4))) {
    return {
      why: `pid ${pid} is the system itself`,
      remedy: ['whatever listens there is configured in the system: stop that service'],
      canBeForced: false,
    };
  }
  if (!lineage.includes(pid)) return null;
  return {
    why: pid === lineage[0] ? 'it is this command itself' : `this command was started from it (pid ${pid})`,
    remedy: ['end it by its own means, or from another terminal'],
    canBeForced: false,
  };
}

function ofTheSystem({port, holder}: ReleaseTarget, {platform, force}: ReleaseContext): Refusal | null {
  const {pid, name, command, user} = holder;
  const known = pid === null ? null : wellKnown({pid, name, command, user, platform, port});
  if (known === null || force) return null;
  return {why: `this is ${known.what}`, remedy: [known.instead], canBeForced: true};
}

const isForeign = ({uid}: ReleaseTarget, context: ReleaseContext): boolean =>
  context.uid !== null && context.uid !== 0 && uid !== null && uid !== context.uid;

/**
 * Whom to ask among those who share a socket: a server that forks its workers is ended by its parent, and starts a new
 * worker for each one that is killed.
 * @param parentOf null: not known
 */
export function heads(pids: readonly number[], parentOf: (pid: number) => number | null): readonly number[] {
  const found = pids.filter((pid) => {
    const parent = parentOf(pid);
    return parent === null || !pids.includes(parent);
  });
  return found.length > 0 ? found : pids;
}
