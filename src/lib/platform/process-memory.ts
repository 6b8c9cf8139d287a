/**
 * Who has been seen below a service's leader. A daemon that forks twice loses its parent and its session within
 * milliseconds, and may wipe its environment; whoever was seen as a descendant once stays one, by pid and start time.
 */
export class ProcessMemory {
  readonly #descendants = new Map<string, Map<number, string>>();

  remember(service: string, members: Iterable<{readonly pid: number; readonly startTime: string | null}>): void {
    let known = this.#descendants.get(service);
    if (known === undefined) this.#descendants.set(service, (known = new Map<number, string>()));
    for (const {pid, startTime} of members) if (startTime !== null) known.set(pid, startTime);
  }

  knows(service: string, pid: number, startTime: string): boolean {
    return this.#descendants.get(service)?.get(pid) === startTime;
  }

  /** Services that have somebody to remember. */
  services(): Iterable<string> {
    return this.#descendants.keys();
  }

  /** Forgets who no longer lives. `startTimes`: all processes of the machine. */
  retain(startTimes: ReadonlyMap<number, string>): void {
    for (const [service, known] of this.#descendants) {
      for (const [pid, startTime] of known) if (startTimes.get(pid) !== startTime) known.delete(pid);
      if (known.size === 0) this.#descendants.delete(service);
    }
  }
}
