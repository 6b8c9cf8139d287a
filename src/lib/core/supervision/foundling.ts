import {placeholderPattern} from '../config/placeholders.js';
import type {CommandSpec, ServiceSpec} from '../spec.js';
import type {Remembered} from './journal.js';

/** A process that belongs to a service by its mark or, if it leads a session, by the streams that it holds. */
export interface Foundling {
  readonly service: string;
  /** A session and group of its own, as every service has. */
  readonly leads: boolean;
  /** null: it has written over its environment, and its streams tell no more than the service. */
  readonly incarnation: number | null;
  readonly port: number | null;
  readonly pid: number;
  readonly startTime: string | null;
  readonly bootId: string;
  /** Milliseconds since the epoch; null: the system does not tell. */
  readonly startedAt: number | null;
  /** Its command line as it shows it now. */
  readonly argv: readonly string[];
}

export interface Recognised {
  readonly foundling: Foundling;
  readonly incarnation: number;
  readonly port: number | null;
  /** What it waited for in the log has been read by a supervisor that is gone. */
  readonly logSeen: boolean;
}

/**
 * Which of these is the service itself, so that it can be supervised on? Only who runs the command of the configuration:
 * everything that a service has started carries its mark as well, and may have outlived it. And its port has to be known.
 * null: nobody for sure, and what was found has to be ended before the service starts.
 */
export function recognise(spec: ServiceSpec, known: Remembered, found: readonly Foundling[]): Recognised | null {
  const {command, port} = spec;
  if (command === null) return null;
  // Incarnation 0: a hook or a probe that runs on.
  const leader = found
    .filter(({leads, incarnation, argv}) => leads && incarnation !== 0 && runs(argv, command))
    // Of the last life; and older than all that it has started.
    .sort((a, b) => (b.incarnation ?? 0) - (a.incarnation ?? 0) || Number(a.startTime) - Number(b.startTime))[0];
  if (leader === undefined) return null;
  const {openIntent} = known;
  const intended = openIntent !== null && [null, openIntent.incarnation].includes(leader.incarnation);
  // A life that the journal knows had another leader: this one was started by it, or before it.
  if (!intended && (leader.incarnation ?? 1) <= known.incarnation) return null;
  const isFixed = port !== null && port.alternatives.length === 0 && !port.any;
  const itsPort = leader.port ?? (intended ? openIntent.port : null) ?? (isFixed ? port.primary : null);
  if (port !== null && itsPort === null) return null;
  const incarnation = leader.incarnation ?? openIntent?.incarnation ?? 1;
  return {foundling: leader, incarnation, port: itsPort, logSeen: !intended};
}

/**
 * Is this the command's own process, and not something that it started? Interpreters stand in front (`#!`), a shell may
 * have made room for the last program of its text, a server may show a title that begins with its name, ports stand where
 * placeholders were.
 */
export function runs(argv: readonly string[], command: CommandSpec): boolean {
  if (argv.length === 0) return false;
  if ('shell' in command) {
    const text = pattern(command.shell.trim());
    if (argv[1] === '-c' && new RegExp(`^${text}$`, 's').test((argv[2] ?? '').trim())) return true;
    return new RegExp(`(?:^|[\\s;&|])${pattern(argv.join(' '))}$`, 's').test(command.shell.trim());
  }
  const [program, ...args] = command.argv;
  if (argv.length === 1 && nameOf(/^[^\s:]+(?=[\s:])/.exec(argv[0] ?? '')?.[0] ?? '') === nameOf(program)) return true;
  const tail = argv.slice(argv.length - args.length);
  const isSame = (shown: string, wanted: string): boolean => new RegExp(`^${pattern(wanted)}$`, 's').test(shown);
  if (args.length > 0 && tail.length !== args.length) return false;
  if (!args.every((arg, index) => isSame(tail[index] ?? '', arg))) return false;
  const before = argv.slice(0, argv.length - args.length);
  return before.some((word) => isSame(nameOf(word), nameOf(program)));
}

const nameOf = (path: string): string => path.split('/').at(-1) ?? '';

/** A regular expression for a text with placeholders. */
function pattern(text: string): string {
  return text
    .split(placeholderPattern())
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('\\d+');
}
