/**
 * The rule of the shell loop in src/cli/guardian.ts, which starts a supervisor again that ended without wanting to: at
 * most five times a minute; the sixth time it gives up. Who dies with it (a kill, a reboot) brings nobody back: then the
 * next command or `erp start --ensure` does.
 */
export interface Guardian {
  readonly alive: boolean;
  /** Start of the minute that counts, and how many starts it has seen. */
  readonly since: number;
  readonly count: number;
}

export const newGuardian: Guardian = {alive: true, since: Number.NEGATIVE_INFINITY, count: 0};

/** The supervisor has died. */
export function afterDeath(guardian: Guardian, now: number): Guardian {
  if (!guardian.alive) return guardian;
  const since = now - guardian.since >= 60_000 ? now : guardian.since;
  const count = (since === guardian.since ? guardian.count : 0) + 1;
  return {alive: count <= 5, since, count};
}

/** The next one is there within this. */
export const broughtBackWithinMs = 1000;
