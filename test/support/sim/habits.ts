/** What a process does in one life: one habit each, combined by the histories. Times are milliseconds since its spawn. */
export interface Habit {
  /** An error code: it can't even be started. */
  readonly spawn: 'ok' | 'EAGAIN' | 'ENOENT';
  /** When it binds its port; null: never. */
  readonly listens: number | null;
  /** When it answers well; before that, once it listens, it does as `early` says. */
  readonly ready: number;
  readonly early: 'silent' | '503';
  readonly word: 'healthy' | 'degraded' | 'unhealthy';
  readonly latency: number;
  /** When it writes "ready to accept connections". */
  readonly saysReady: number | null;
  readonly trouble: readonly Trouble[];
  readonly ends: {
    readonly at: number;
    readonly code: number | null;
    readonly signal: string | null;
    readonly lines: readonly string[];
  } | null;
  readonly term: 'dies' | 'ignores' | 'unkillable';
  /** From the signal to its end. */
  readonly termMs: number;
  /** Who stays when the leader has gone: somebody of its group, or an escapee with a session of its own. Both hold the port. */
  readonly leaves: 'nothing' | 'member' | 'escapee';
  readonly leftIgnoresTerm: boolean;
  readonly whenPortTaken: 'exits' | 'stays';
}

export interface Trouble {
  readonly at: number;
  readonly ms: number;
  readonly what: TroubleKind;
}
/** `frozen` is SIGSTOP. */
export type TroubleKind = 'hang' | '503' | 'degraded' | 'slow' | 'frozen';

export const wellBehaved: Habit = {
  spawn: 'ok',
  listens: 20,
  ready: 30,
  early: '503',
  word: 'healthy',
  latency: 1,
  saysReady: 30,
  trouble: [],
  ends: null,
  term: 'dies',
  termMs: 5,
  leaves: 'nothing',
  leftIgnoresTerm: false,
  whenPortTaken: 'exits',
};

export function habit(differs: Partial<Habit>): Habit {
  return {...wellBehaved, ...differs};
}

/** Ends after `at` milliseconds. */
export function crashes(at: number, code = 1, lines: readonly string[] = ['Error: boom']): Habit {
  return habit({ends: {at, code, signal: null, lines}});
}
