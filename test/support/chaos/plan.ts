/** What happens in a run: drawn from a seed before anything runs, so that the same seed draws the same again. */

/** Who can be hit by what. */
export interface Target {
  readonly name: string;
  /** Has a port that a stranger can take. */
  readonly port: boolean;
  /** Counts its lines and floods when asked. */
  readonly counts: boolean;
}

export type Kind =
  | 'kill'
  | 'kill-twice'
  | 'term'
  | 'freeze'
  | 'flood'
  | 'steal-port'
  | 'kill-supervisor'
  | 'kill-at-spawn'
  | 'die-at-point'
  | 'kill-guardian'
  | 'kill-both'
  | 'freeze-supervisor'
  | 'delete-state'
  | 'delete-runtime'
  | 'fill-disk'
  | 'erp-stop'
  | 'erp-start'
  | 'erp-restart'
  | 'erp-status'
  | 'erp-stop-all'
  | 'erp-ensure'
  | 'erp-supervisor-restart';

interface Habit {
  readonly weight: number;
  /** Which services it may hit; null: it is not about a service. */
  readonly hits: ((target: Target) => boolean) | null;
  /** How long it lasts, from and to; null: an instant. */
  readonly lasts: readonly [number, number] | null;
}

const any = () => true;

export const habits: Readonly<Record<Kind, Habit>> = {
  kill: {weight: 8, hits: any, lasts: null},
  'kill-twice': {weight: 3, hits: any, lasts: [0, 400]},
  term: {weight: 2, hits: any, lasts: null},
  // Behind the threshold it is a hang, before it is nothing.
  freeze: {weight: 3, hits: any, lasts: [100, 9000]},
  flood: {weight: 5, hits: ({counts}) => counts, lasts: null},
  'steal-port': {weight: 3, hits: ({port}) => port, lasts: [300, 4000]},
  'kill-supervisor': {weight: 8, hits: null, lasts: null},
  'kill-at-spawn': {weight: 4, hits: any, lasts: null},
  // At a point in its own code, between two things that belong together.
  'die-at-point': {weight: 4, hits: any, lasts: null},
  'kill-guardian': {weight: 1, hits: null, lasts: null},
  'kill-both': {weight: 2, hits: null, lasts: null},
  // From 2 s on it is a gap of the clock.
  'freeze-supervisor': {weight: 3, hits: null, lasts: [200, 5000]},
  'delete-state': {weight: 1, hits: null, lasts: null},
  'delete-runtime': {weight: 1, hits: null, lasts: null},
  'fill-disk': {weight: 2, hits: null, lasts: [500, 5000]},
  'erp-stop': {weight: 3, hits: any, lasts: null},
  'erp-start': {weight: 3, hits: any, lasts: null},
  'erp-restart': {weight: 3, hits: any, lasts: null},
  'erp-status': {weight: 3, hits: null, lasts: null},
  'erp-stop-all': {weight: 1, hits: null, lasts: null},
  'erp-ensure': {weight: 2, hits: null, lasts: null},
  'erp-supervisor-restart': {weight: 2, hits: null, lasts: null},
};

export const kinds = Object.keys(habits) as readonly Kind[];

export interface Action {
  /** Since the beginning of the round. */
  readonly atMs: number;
  readonly kind: Kind;
  readonly service: string | null;
  readonly forMs: number;
  /** Where the supervisor kills itself; see src/lib/runtime/fault.ts. */
  readonly point: string | null;
}

/** Points that a crash of a service passes. */
export const crashPoints = ['after-memory', 'after-intent', 'after-spawn', 'after-spawned', 'after-exited'] as const;

export interface PlanOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly roundMs: number;
  readonly actions: number;
  readonly kinds: readonly Kind[];
  readonly targets: readonly Target[];
}

/** What else kills the supervisor: not while the state that it lost is not written again. */
const endsSupervisor: readonly Kind[] = [
  'kill-supervisor',
  'kill-at-spawn',
  'die-at-point',
  'kill-both',
  'freeze-supervisor',
  'erp-supervisor-restart',
  'erp-stop-all',
  'fill-disk',
];
/** Journals are looked after every 5 s. */
const restoreMs = 7000;
/** A command that replaces the supervisor is at it for so long. */
const commandMs = 3000;

export function planOf(options: PlanOptions): readonly (readonly Action[])[] {
  const random = randomOf(options.seed);
  return Array.from({length: options.rounds}, () => roundOf(options, random));
}

function roundOf(options: PlanOptions, random: () => number): readonly Action[] {
  const drawn = Array.from({length: options.actions}, () => actionOf(options, random));
  const actions = drawn.sort((a, b) => a.atMs - b.atMs);
  return actions.filter((action) => !endsSupervisor.includes(action.kind) || !isInGrace(action, actions));
}

/** `.erp` is written again within an interval of samples: a supervisor that dies before has nothing to leave behind. */
function isInGrace(action: Action, all: readonly Action[]): boolean {
  return all.some(
    (other) =>
      other.kind === 'delete-state' &&
      action.atMs + action.forMs + commandMs >= other.atMs &&
      action.atMs <= other.atMs + restoreMs,
  );
}

function actionOf({kinds: allowed, targets, roundMs}: PlanOptions, random: () => number): Action {
  const kind = weighted(allowed, random());
  const {hits, lasts} = habits[kind];
  const able = hits === null ? [] : targets.filter(hits);
  return {
    atMs: Math.floor(random() * roundMs),
    kind,
    service: able[Math.floor(random() * able.length)]?.name ?? null,
    forMs: lasts === null ? 0 : Math.floor(lasts[0] + random() * (lasts[1] - lasts[0])),
    point: kind === 'die-at-point' ? (crashPoints[Math.floor(random() * crashPoints.length)] ?? null) : null,
  };
}

function weighted(allowed: readonly Kind[], share: number): Kind {
  const total = allowed.reduce((sum, kind) => sum + habits[kind].weight, 0);
  let left = share * total;
  for (const kind of allowed) {
    left -= habits[kind].weight;
    if (left < 0) return kind;
  }
  return allowed.at(-1) as Kind;
}

/** mulberry32 */
export function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function actionText({atMs, kind, service, forMs, point}: Action): string {
  const words = [`${(atMs / 1000).toFixed(2)}s`, kind, point ?? '', service ?? '', forMs > 0 ? `(${forMs} ms)` : ''];
  return words.filter((word) => word !== '').join(' ');
}
