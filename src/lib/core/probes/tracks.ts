import type {HealthName} from '../report/status.js';
import type {ProbeSpec, ServiceSpec} from '../spec.js';
import type {Answer} from '../supervision/events.js';
import type {Life, Track} from '../supervision/state.js';

/** After a first miss a service is asked this often until it answers or the threshold is over. */
const missPauseMs = 2000;
const shortestProbeMs = 100;

/** Tracks of a new incarnation: one per configured probe. */
export function newTracks(spec: ServiceSpec, now: number): readonly Track[] {
  return spec.probes.map((probe) => ({
    nextAt: now + (probe.initialDelayMs > 0 ? probe.initialDelayMs : startingPause(0)),
    inFlight: null,
    lastAnswerAt: null,
    countsFrom: null,
    misses: 0,
    good: 0,
    bad: 0,
    health: 'unknown' as const,
  }));
}

/** Pause between probes until the first success: quick ones are seen quickly, slow ones are not pestered. */
export function startingPause(ageMs: number): number {
  if (ageMs < 100) return 25;
  if (ageMs < 500) return 100;
  return ageMs < 5000 ? 250 : 1000;
}

export function periodOf(probe: ProbeSpec, spec: ServiceSpec): number {
  return probe.periodMs ?? spec.policy.checkIntervalMs;
}

/**
 * When a service that does not answer counts as hung, by time.
 * @returns null: this probe does not decide about life, or counts misses instead
 */
export function hangAt(track: Track, probe: ProbeSpec, spec: ServiceSpec): number | null {
  if (!probe.purposes.includes('liveness') || probe.failureThreshold !== null || track.countsFrom === null) return null;
  return Math.max(track.countsFrom, track.lastAnswerAt ?? 0) + spec.policy.timeoutThresholdMs;
}

/** Is it hung? Never without at least one probe that was not answered. */
export function isHung(track: Track, probe: ProbeSpec, spec: ServiceSpec, now: number): boolean {
  if (!probe.purposes.includes('liveness') || track.misses === 0 || track.inFlight !== null) return false;
  if (probe.failureThreshold !== null) return track.misses >= probe.failureThreshold;
  const at = hangAt(track, probe, spec);
  return at !== null && now >= at;
}

/** What an answer makes of a track; the next probe is scheduled from the start of this one. */
export function answered(
  track: Track,
  probe: ProbeSpec,
  spec: ServiceSpec,
  answer: Answer,
  now: number,
  life: 'starting' | 'ready',
  ageMs: number,
): Track {
  const startedAt = track.inFlight?.startedAt ?? now;
  const silent = answer.tag === 'silent';
  const isGood = !silent && answer.health !== 'unhealthy';
  const pause =
    life === 'starting'
      ? startingPause(ageMs)
      : silent
        ? Math.min(missPauseMs, periodOf(probe, spec))
        : periodOf(probe, spec);
  const nextAt = Math.max(now, startedAt + pause);
  const hang = silent && life === 'ready' ? hangAt(track, probe, spec) : null;
  return {
    // A last question with no time for an answer would be no evidence.
    nextAt: hang !== null && nextAt > hang - shortestProbeMs ? Math.max(nextAt, hang) : nextAt,
    inFlight: null,
    lastAnswerAt: silent ? track.lastAnswerAt : now,
    countsFrom: track.countsFrom,
    misses: silent ? track.misses + 1 : 0,
    good: isGood ? track.good + 1 : 0,
    bad: isGood ? 0 : track.bad + 1,
    health: silent ? 'unhealthy' : answer.health,
  };
}

/**
 * Without a probe and without a log line to wait for, living this long is all that can be known (supervisord's
 * `startsecs`): a program that ends at once must not be called ready first.
 */
export const bareReadyMs = 1000;

export function isBare(spec: ServiceSpec): boolean {
  return spec.probes.length === 0 && spec.readyLog === null;
}

/** Ready: every readiness probe has said so often enough, and the log line was seen where one is awaited. */
export function isReady(life: Life, spec: ServiceSpec, now: number): boolean {
  // The same sum as in `nextDeadline`: a difference may be a rounding short of it, and the timer would fire for ever.
  if (isBare(spec)) return !life.own || now >= life.spawnedAt + bareReadyMs;
  if (spec.readyLog !== null && !life.logSeen) return false;
  const readiness = spec.probes
    .map((probe, i) => ({probe, track: life.tracks[i]}))
    .filter(({probe}) => probe.purposes.includes('readiness'));
  if (readiness.length > 0)
    return readiness.every(({probe, track}) => track !== undefined && track.good >= probe.successThreshold);
  return spec.readyLog !== null || life.tracks.every((track) => track.lastAnswerAt !== null);
}

/** The worst word of the readiness probes, once it was said often enough to believe it. */
export function healthOf(life: Life, spec: ServiceSpec, before: HealthName): HealthName {
  let worst: HealthName = 'unknown';
  const rank = {unknown: 0, healthy: 1, degraded: 2, unhealthy: 3} as const;
  spec.probes.forEach((probe, i) => {
    const track = life.tracks[i];
    if (track === undefined || !probe.purposes.includes('readiness')) return;
    // Not yet believed: what was shown before stays.
    // One miss is noise; an answer is to be believed at once.
    const needed = probe.failureThreshold ?? (track.misses > 0 ? 2 : 1);
    const word = track.health === 'unhealthy' && track.bad < needed ? before : track.health;
    if (rank[word] > rank[worst]) worst = word;
  });
  return worst;
}

/** Has the process proven within the threshold that it lives? */
export function answersStill(life: Life, spec: ServiceSpec, now: number): boolean {
  return life.tracks.some(
    (track) => track.lastAnswerAt !== null && now - track.lastAnswerAt < spec.policy.timeoutThresholdMs,
  );
}

/**
 * After a gap every probe is asked anew before anything is decided, and what was in flight counts for nothing: its
 * time-out may have gone by while nobody lived.
 */
export function afterGap(track: Track, probe: ProbeSpec, spec: ServiceSpec, gapMs: number, now: number): Track {
  const earliest = now - spec.policy.timeoutThresholdMs + probe.timeoutMs + 1000;
  return {
    ...track,
    nextAt: now,
    inFlight: null,
    lastAnswerAt: later(track.lastAnswerAt, gapMs, earliest, now),
    countsFrom: later(track.countsFrom, gapMs, earliest, now),
    // A count of misses from before the gap must not be completed by a single one after it.
    misses: 0,
  };
}

function later(at: number | null, gapMs: number, earliest: number, now: number): number | null {
  return at === null ? null : Math.min(now, Math.max(at + gapMs, earliest));
}
