import type {ProcessRow} from './process-table.js';
import type {ProcessIdentity} from './types.js';

/** Somebody who has been seen below the leader of a life. */
export interface Descendant extends ProcessIdentity {
  readonly startTime: string;
  readonly leader: ProcessIdentity;
}

/**
 * Who has been seen below a service's leader. A daemon that forks twice loses its parent and its session within
 * milliseconds, and may wipe its environment; whoever was seen as a descendant once stays one, by pid and start time.
 */
export class ProcessMemory {
  readonly #descendants = new Map<string, Map<number, Descendant>>();
  /** Told of those who have left their leader's group and session: nothing but this memory leads to them. */
  onEscaped: (service: string, escaped: readonly Descendant[]) => void = () => {};

  remember(service: string, leader: ProcessIdentity, members: Iterable<ProcessRow>): void {
    const escaped: Descendant[] = [];
    for (const {pid, startTime, pgrp, session} of members) {
      if (pid === leader.pid || this.knows(service, pid, startTime)) continue;
      const one = {pid, startTime, bootId: leader.bootId, leader};
      this.recall(service, one);
      // Without groups (Windows) nobody can have left one.
      if (pgrp !== 0 && pgrp !== leader.pid && session !== leader.pid) escaped.push(one);
    }
    if (escaped.length > 0) this.onEscaped(service, escaped);
  }

  /** What a former supervisor had seen. */
  recall(service: string, descendant: Descendant): void {
    let known = this.#descendants.get(service);
    if (known === undefined) this.#descendants.set(service, (known = new Map<number, Descendant>()));
    known.set(descendant.pid, descendant);
  }

  knows(service: string, pid: number, startTime: string): boolean {
    return this.#descendants.get(service)?.get(pid)?.startTime === startTime;
  }

  /** Numbers of all that have been seen below any leader. */
  pids(): ReadonlySet<number> {
    const pids = new Set<number>();
    for (const known of this.#descendants.values()) for (const pid of known.keys()) pids.add(pid);
    return pids;
  }

  /** Seen below this very leader, not below one of an earlier life? */
  isBelow(leader: ProcessIdentity, service: string, pid: number, startTime: string): boolean {
    const one = this.#descendants.get(service)?.get(pid);
    return one?.startTime === startTime && isSame(one.leader, leader);
  }

  /** All that were seen below any life but this one's. */
  ofOtherLives(service: string, except: ProcessIdentity | null): readonly Descendant[] {
    const known = [...(this.#descendants.get(service)?.values() ?? [])];
    return except === null ? known : known.filter(({leader}) => !isSame(leader, except));
  }

  /** Services that have somebody to remember. */
  services(): Iterable<string> {
    return this.#descendants.keys();
  }

  /**
   * Forgets who no longer lives, unless a group or session that he led does: the kernel does not give the number away
   * before. `rows`: all processes of the machine.
   */
  retain(rows: readonly ProcessRow[]): void {
    if (this.#descendants.size === 0) return;
    const startTimes = new Map(rows.map((row) => [row.pid, row.startTime]));
    const led = new Set(rows.flatMap((row) => [row.pgrp, row.session]));
    for (const [service, known] of this.#descendants) {
      for (const [pid, {startTime}] of known) {
        const now = startTimes.get(pid);
        if (now !== startTime && (now !== undefined || !led.has(pid))) known.delete(pid);
      }
      if (known.size === 0) this.#descendants.delete(service);
    }
  }
}

const isSame = (a: ProcessIdentity, b: ProcessIdentity): boolean => a.pid === b.pid && a.startTime === b.startTime;
