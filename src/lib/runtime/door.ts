import type {Socket} from 'node:net';
import type {ProjectSpec} from '../core/spec.js';
import {ControlSocket} from '../platform/control-socket.js';
import {acquireLock, holdsLock, ownerOf} from '../platform/lock.js';
import {ensureRuntimeDir} from '../platform/project-paths.js';
import type {Processes, ProcessIdentity} from '../platform/types.js';
import type {News} from './shared.js';

/** Who opens the door, and how it is told from others. */
export interface DoorHost {
  readonly self: ProcessIdentity;
  readonly processes: Processes;
}

/**
 * Takes the lock of a project.
 * @returns its generation; null: another supervisor lives
 * @throws when the runtime folder can't be used
 */
export function takeLock({runtimeDir, projectDir}: ProjectSpec, {self, processes}: DoorHost): number | null {
  ensureRuntimeDir(runtimeDir);
  const owner = {...self, project: projectDir, at: Date.now()};
  const lock = acquireLock(runtimeDir, owner, (other) => processes.isAlive(other));
  return lock.owned ? lock.generation : null;
}

/** Control socket and lock of the running supervisor. Others clean folders: what they remove is made again. */
export class Door {
  readonly #spec: ProjectSpec;
  readonly #host: DoorHost;
  readonly #socket: ControlSocket;
  readonly #tell: (news: News) => void;
  #generation: number;

  constructor(
    spec: ProjectSpec,
    host: DoorHost,
    generation: number,
    onConnection: (socket: Socket) => void,
    tell: (news: News) => void,
  ) {
    this.#spec = spec;
    this.#host = host;
    this.#generation = generation;
    this.#tell = tell;
    this.#socket = new ControlSocket(spec.runtimeDir, onConnection);
  }

  async open(): Promise<void> {
    await this.#socket.open();
  }

  close(): void {
    this.#socket.close();
  }

  isOurs(): boolean {
    return holdsLock(this.#spec.runtimeDir, this.#generation);
  }

  /** Looks after both. @returns false: another supervisor has taken over */
  look(): boolean {
    const {runtimeDir} = this.#spec;
    if (ownerOf(runtimeDir) === null) {
      const generation = this.#lockAgain();
      if (generation !== null) this.#generation = generation;
      else if (ownerOf(runtimeDir) === null) return true; // Not writable now: nobody else can take over either.
    }
    if (!holdsLock(runtimeDir, this.#generation)) return false;
    if (this.#socket.isOurs()) return true;
    this.#problem('WARNING', 'the control socket was removed: made again');
    this.#socket.open().catch((error: unknown) => this.#problem('ERROR', `no control socket: ${String(error)}`));
    return true;
  }

  #lockAgain(): number | null {
    try {
      return takeLock(this.#spec, this.#host);
    } catch (error) {
      this.#problem('ERROR', `the runtime folder can't be made again: ${String(error)}`);
      return null;
    }
  }

  #problem(level: News['level'], text: string): void {
    this.#tell({level, service: null, type: 'problem', text});
  }
}
