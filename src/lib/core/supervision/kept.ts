import {causeNow, type Diagnosis} from '../diagnosis/diagnosis.js';
import type {Blocker, ExitStatus, LifeEnd, Memory, Service, State} from './state.js';

/** Now, on both clocks: the monotonic one goes on over the death of a supervisor, but not over a boot. */
export interface Moment {
  readonly now: number;
  /** Milliseconds since the epoch. */
  readonly wall: number;
  readonly bootId: string;
}

/**
 * What a journal keeps of a service's memory. Times are lengths, seen from the moment of writing: whatever becomes of the
 * wall clock, nothing of it is ever in the future or of a negative age.
 */
export interface KeptMemory {
  readonly at: number;
  readonly up: number;
  readonly boot: string;
  readonly unstable: Memory['unstable'];
  readonly restartsAgo: readonly number[];
  readonly end: KeptEnd | null;
  readonly incidentAgo: number | null;
  readonly failedAgo: number | null;
  readonly awayMs: number | null;
  readonly restartedForHealth: boolean;
  readonly rest: KeptRest | null;
  /** What `onPortMoved` was last told of; absent: never. */
  readonly announced?: number | null;
  /** What has been told of the port it has instead of its primary; absent: nothing. */
  readonly moved?: KeptMoved | null;
}

/** Who holds the primary is looked up anew; that it was said is not said twice. */
export interface KeptMoved {
  readonly warned: boolean;
  readonly toldFree: boolean;
}

export interface KeptEnd {
  readonly inc: number;
  readonly ago: number;
  readonly lifeMs: number | null;
  readonly kind: LifeEnd['kind'];
  readonly exit: ExitStatus | null;
  readonly diagnosis: Diagnosis;
  readonly blockedOn: Blocker | null;
}

/** What it does between two lives. */
export type KeptRest =
  | {readonly tag: 'backing-off'; readonly ago: number; readonly inMs: number; readonly blockedOn: Blocker | null}
  | {readonly tag: 'failed'; readonly ago: number; readonly inMs: number | null; readonly blockedOn: Blocker | null}
  | {readonly tag: 'ended'};

/** As many as a supervisor remembers itself; see `countRestart`. */
export const keptRestarts = 100;

/** What is written down whenever it changes; see `isKeptSame`. */
export function kept({state, memory}: Service, {now, wall, bootId}: Moment): KeptMemory {
  const ago = (at: number): number => Math.max(0, Math.round(now - at));
  const agoOrNull = (at: number | null): number | null => (at === null ? null : ago(at));
  const {lastEnd} = memory;
  // While the rest of its group is cleared away the end is not judged yet; the next supervisor has to.
  const unjudged = state.tag === 'clearing' ? 1 : 0;
  return {
    at: wall,
    up: now,
    boot: bootId,
    unstable: memory.unstable,
    restartsAgo: memory.restartTimes.map(ago),
    end:
      lastEnd === null
        ? null
        : {inc: lastEnd.incarnation - unjudged, ago: ago(lastEnd.at), lifeMs: lastEnd.lifeMs, ...lastEnd.end},
    incidentAgo: agoOrNull(memory.incidentSince),
    failedAgo: agoOrNull(memory.failedSince),
    awayMs: memory.lastAwayMs,
    restartedForHealth: memory.restartedForHealth,
    rest: restOf(state, now),
    ...(memory.announcedPort === null ? {} : {announced: memory.announcedPort}),
    ...(memory.moved === null ? {} : {moved: {warned: memory.moved.warned, toldFree: memory.moved.toldFree}}),
  };
}

/** Not looked at yet. */
const untold: Diagnosis = {cause: 'unknown', confidence: 0, subject: null, evidence: [], remedy: null};

/**
 * The same without the diagnosis of the last end, which takes longer to make than the spawn it would hold up. Nothing in
 * here quotes what a service said.
 */
export function keptBriefly(service: Service, moment: Moment): KeptMemory {
  const memory = kept(service, moment);
  return memory.end === null ? memory : {...memory, end: {...memory.end, diagnosis: untold}};
}

function restOf(state: State, now: number): KeptRest | null {
  const rest = (at: number): number => Math.max(0, Math.round(at - now));
  switch (state.tag) {
    case 'backing-off':
      return {tag: 'backing-off', ago: now - state.since, inMs: rest(state.until), blockedOn: state.blockedOn};
    case 'failed':
      return {
        tag: 'failed',
        ago: now - state.since,
        inMs: state.nextTryAt === null ? null : rest(state.nextTryAt),
        blockedOn: state.blockedOn,
      };
    case 'stopped':
      return state.why === 'ended' ? {tag: 'ended'} : null;
    default:
      return null;
  }
}

/** Is there nothing new to write down? */
export function isKeptSame(before: Service, after: Service): boolean {
  const [a, b] = [before.memory, after.memory];
  return (
    (before.state.tag === 'clearing') === (after.state.tag === 'clearing') &&
    a.restartsUsed === b.restartsUsed &&
    a.totalRestarts === b.totalRestarts &&
    a.restartTimes === b.restartTimes &&
    a.unstable === b.unstable &&
    a.lastEnd === b.lastEnd &&
    a.incidentSince === b.incidentSince &&
    a.failedSince === b.failedSince &&
    a.lastAwayMs === b.lastAwayMs &&
    a.restartedForHealth === b.restartedForHealth &&
    a.announcedPort === b.announcedPort &&
    (a.moved === null) === (b.moved === null) &&
    a.moved?.warned === b.moved?.warned &&
    a.moved?.toldFree === b.moved?.toldFree &&
    (before.state === after.state || (!rests(before.state) && !rests(after.state)))
  );
}

/** Between two lives, by a decision that the next supervisor has to know. */
export const rests = (state: State): boolean =>
  state.tag === 'backing-off' || state.tag === 'failed' || (state.tag === 'stopped' && state.why === 'ended');

/** How long ago it was written: by the monotonic clock, or after a boot by the other one. */
export function elapsedMs(known: Pick<KeptMemory, 'at' | 'up' | 'boot'>, {now, wall, bootId}: Moment): number {
  return known.boot === bootId && now >= known.up ? now - known.up : Math.max(0, wall - known.at);
}

/** The memory of a service as the next supervisor has it. */
export function memoryOf(memory: Memory, known: KeptMemory, moment: Moment): Memory {
  const elapsed = elapsedMs(known, moment);
  const then = (ago: number): number => moment.now - elapsed - ago;
  const thenOrNull = (ago: number | null): number | null => (ago === null ? null : then(ago));
  return {
    ...memory,
    restartTimes: known.restartsAgo.map(then),
    unstable: known.unstable,
    lastEnd: known.end === null ? null : endOf(known.end, then),
    incidentSince: thenOrNull(known.incidentAgo),
    failedSince: thenOrNull(known.failedAgo),
    lastAwayMs: known.awayMs,
    restartedForHealth: known.restartedForHealth,
    announcedPort: known.announced ?? null,
    moved:
      known.moved == null
        ? null
        : {...known.moved, primary: null, freeSince: known.moved.toldFree ? moment.now : null, quietSince: null},
  };
}

function endOf(end: KeptEnd, then: (ago: number) => number): Memory['lastEnd'] {
  const {inc, ago, lifeMs, kind, exit, diagnosis, blockedOn} = end;
  return {incarnation: inc, at: then(ago), lifeMs, end: {kind, exit, diagnosis, blockedOn}};
}

/** Between two lives it goes on with the rest of its pause; null: it was not, or there is nothing to wait for. */
export function restingState(known: KeptMemory, moment: Moment): State | null {
  const {rest} = known;
  if (rest === null) return null;
  if (rest.tag === 'ended') return {tag: 'stopped', why: 'ended'};
  const elapsed = elapsedMs(known, moment);
  const since = moment.now - elapsed - rest.ago;
  const due = (inMs: number): number => moment.now + Math.max(0, inMs - elapsed);
  const {blockedOn} = rest;
  // What it waited for may have changed while nobody looked: it gets its try now. A port tells by who holds it.
  if (blockedOn !== null && blockedOn.kind !== 'port') return null;
  if (rest.tag === 'backing-off') return {tag: 'backing-off', since, until: due(rest.inMs), blockedOn};
  return {tag: 'failed', since, nextTryAt: rest.inMs === null ? null : due(rest.inMs), blockedOn};
}

// ——— reading, whatever stands there ———

type Fields = Readonly<Record<string, unknown>>;

/** What can be read of a record; a field that is missing or strange counts as empty. */
export function readKept(r: Fields): KeptMemory | null {
  const at = numberOf(r.at);
  if (at === null) return null;
  return {
    at,
    up: numberOf(r.up) ?? Number.POSITIVE_INFINITY,
    boot: typeof r.boot === 'string' ? r.boot : '',
    unstable: r.unstable === 'warned' || r.unstable === 'critical' ? r.unstable : 'no',
    restartsAgo: Array.isArray(r.restartsAgo) ? r.restartsAgo.filter(isLength).slice(-keptRestarts) : [],
    end: readEnd(r.end),
    incidentAgo: lengthOf(r.incidentAgo),
    failedAgo: lengthOf(r.failedAgo),
    awayMs: lengthOf(r.awayMs),
    restartedForHealth: r.restartedForHealth === true,
    rest: readRest(r.rest),
    ...(typeof r.announced === 'number' ? {announced: r.announced} : {}),
    ...(isFields(r.moved) ? {moved: {warned: r.moved.warned === true, toldFree: r.moved.toldFree === true}} : {}),
  };
}

const kinds: readonly string[] = ['exit', 'port', 'hang', 'start-timeout', 'spawn', 'prepare', 'unhealthy', 'reboot'];

function readEnd(value: unknown): KeptEnd | null {
  if (!isFields(value) || !isFields(value.diagnosis)) return null;
  const {kind, diagnosis} = value;
  if (typeof kind !== 'string' || !kinds.includes(kind)) return null;
  return {
    inc: numberOf(value.inc) ?? 0,
    ago: lengthOf(value.ago) ?? 0,
    lifeMs: lengthOf(value.lifeMs),
    kind: kind as LifeEnd['kind'],
    exit: isFields(value.exit) ? readExit(value.exit) : null,
    diagnosis: {
      cause: causeNow(textOf(diagnosis.cause) ?? 'unknown'),
      confidence: numberOf(diagnosis.confidence) ?? 0,
      subject: textOf(diagnosis.subject),
      evidence: Array.isArray(diagnosis.evidence)
        ? diagnosis.evidence.filter((line): line is string => typeof line === 'string')
        : [],
      remedy: textOf(diagnosis.remedy),
      ...(typeof diagnosis.explanation === 'string' ? {explanation: diagnosis.explanation} : {}),
    },
    blockedOn: readBlocker(value.blockedOn),
  };
}

export function readExit(r: Fields): ExitStatus {
  return {code: numberOf(r.code), signal: textOf(r.signal)};
}

function readRest(value: unknown): KeptRest | null {
  if (!isFields(value)) return null;
  const ago = lengthOf(value.ago) ?? 0;
  const inMs = lengthOf(value.inMs);
  const blockedOn = readBlocker(value.blockedOn);
  switch (value.tag) {
    case 'backing-off':
      return {tag: 'backing-off', ago, inMs: inMs ?? 0, blockedOn};
    case 'failed':
      return {tag: 'failed', ago, inMs, blockedOn};
    case 'ended':
      return {tag: 'ended'};
    default:
      return null;
  }
}

function readBlocker(value: unknown): Blocker | null {
  if (!isFields(value)) return null;
  if (value.kind === 'port' && typeof value.port === 'number') return {kind: 'port', port: value.port};
  if (value.kind === 'file' && typeof value.path === 'string') return {kind: 'file', path: value.path};
  if (value.kind === 'files' && Array.isArray(value.paths) && typeof value.what === 'string') {
    const paths = value.paths.filter((path): path is string => typeof path === 'string');
    return {kind: 'files', paths, what: value.what};
  }
  if (value.kind === 'listener' && typeof value.host === 'string' && typeof value.port === 'number')
    return {kind: 'listener', host: value.host, port: value.port, service: textOf(value.service)};
  if (value.kind === 'disk' && typeof value.path === 'string') {
    const {path} = value;
    return {kind: 'disk', path, freeBytes: numberOf(value.freeBytes) ?? 0, freeFiles: numberOf(value.freeFiles)};
  }
  return null;
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isLength = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const lengthOf = (value: unknown): number | null => (isLength(value) ? value : null);
const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
