import {readMark} from '../supervision/mark.js';
import type {PlannedEntry} from './plan.js';
import type {PortListener} from './survey.js';

/** A service as the supervisor that lives tells of it. */
export interface LivingService {
  readonly name: string;
  readonly pid: number | null;
  readonly port: number | null;
  /** null: not told. */
  readonly incarnation: number | null;
  /** The supervisor has seen that the listener of its port is its own. */
  readonly isVerified: boolean;
  /** It ran before erp came and is only used. */
  readonly isBorrowed: boolean;
}

/** What tells ours from others'. */
export interface Ours {
  /** How the ERP_MARKs of this project begin. */
  readonly projects: readonly string[];
  /** null: no supervisor lives. */
  readonly services: readonly LivingService[] | null;
}

export type Whose =
  /** Of a service that runs now; `service` null: the supervisor itself. */
  | {readonly tag: 'ours'; readonly service: string | null}
  /** It ran before erp came, and erp uses it. */
  | {readonly tag: 'used'; readonly service: string}
  /** Started by erp for this service; no supervisor lives that would know it. */
  | {readonly tag: 'left-over'; readonly service: string}
  /** The same, while a supervisor lives that does not count it as its own. */
  | {readonly tag: 'old-copy'; readonly service: string}
  /** Carries no mark of ours, and was started by the command of this service. */
  | {readonly tag: 'same-command'; readonly service: string}
  /** Started by the erp of another project; `project`: how its marks begin. */
  | {readonly tag: 'other-project'; readonly project: string; readonly service: string}
  | {readonly tag: 'stranger'}
  /** Its process can't be read. */
  | {readonly tag: 'unknown'};

export function whose(listener: PortListener, ours: Ours, entries: readonly PlannedEntry[]): Whose {
  return (
    byMark(listener, ours) ??
    bySupervisor(listener, ours) ??
    byOtherMark(listener, ours) ??
    (listener.pid === null ? {tag: 'unknown'} : byCommand(listener, entries))
  );
}

function byMark({mark}: PortListener, {projects, services}: Ours): Whose | null {
  if (mark === null) return null;
  for (const project of projects) {
    if (!mark.startsWith(`${project}/`)) continue;
    const read = readMark(mark, project);
    if (read === null) return {tag: 'ours', service: null};
    const {service, incarnation} = read;
    if (services === null) return {tag: 'left-over', service};
    const living = services.find(({name}) => name === service);
    // Incarnation 0 is what a service runs beside itself.
    const isPresent =
      living != null &&
      living.pid !== null &&
      (living.incarnation === null || incarnation === living.incarnation || incarnation === 0);
    return {tag: isPresent ? 'ours' : 'old-copy', service};
  }
  return null;
}

/** Programs that write their title over their environment (redis-server) carry no mark any more. */
function bySupervisor({pid, alsoHeldBy, port}: PortListener, {services}: Ours): Whose | null {
  const found = services?.find(
    (service) =>
      (service.pid !== null && (service.pid === pid || alsoHeldBy.includes(service.pid))) ||
      (service.isVerified && service.port === port),
  );
  const used = found ?? services?.find((service) => service.isBorrowed && service.port === port);
  if (used === undefined) return null;
  return {tag: used.isBorrowed ? 'used' : 'ours', service: used.name};
}

function byOtherMark({mark}: PortListener, {projects}: Ours): Whose | null {
  const [project, service] = mark?.split('/') ?? [];
  if (project === undefined || service === undefined || projects.includes(project)) return null;
  return {tag: 'other-project', project, service};
}

function byCommand({command, port}: PortListener, entries: readonly PlannedEntry[]): Whose {
  const found = entries.find(
    (entry) =>
      (entry.primary === port || entry.alternatives.includes(port)) &&
      command !== null &&
      entry.command !== null &&
      isSameCommand(command, entry.command),
  );
  return found === undefined ? {tag: 'stranger'} : {tag: 'same-command', service: found.name};
}

/**
 * Was `running` started by `configured`? Placeholders and variables may be anything; the folder of the program is not
 * looked at, nor what stands before it (an interpreter of a script that names itself).
 */
export function isSameCommand(running: string, configured: string): boolean {
  const words = configured.trim().split(/\s+/);
  const [program = '', ...rest] = words;
  const bare = program.replace(/^.*[/\\]/, '');
  // Only a placeholder: anything would match.
  if (bare === '' || (rest.length === 0 && bare.startsWith('{'))) return false;
  const pattern = [`(?:^|\\s|[/\\\\])${anyOf(bare)}`, ...rest.map(anyOf)].join('\\s+');
  return new RegExp(`${pattern}\\s*$`).test(running);
}

/** A word as a pattern: `{…}`, `$NAME` and `${…}` stand for any text, quotes are the shell's. */
function anyOf(word: string): string {
  return word
    .replaceAll(/^["']|["']$/g, '')
    .split(/\$?\{[^}]*\}|\$\w+/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('\\S*');
}
