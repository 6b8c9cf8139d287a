import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {ProjectSpec, ServiceSpec} from '../spec.js';
import {bareReadyMs, isBare} from '../probes/tracks.js';
import {missingDependencies, type Services} from '../supervision/dependencies.js';
import {roomText} from '../diagnosis/disk-full.js';
import {movedPort, takenText} from '../ports/moved-port.js';
import type {ForwardView} from '../supervision/forward-view.js';
import {type OldPort, oldPorts, oldPortsText} from '../supervision/port-following.js';
import type {Blocker, Memory, Service, State} from '../supervision/state.js';
import {endText, exitText, listenerText} from '../supervision/words.js';
import {formatDuration, isoWithOffset} from './format.js';
import type {
  ContextStatus,
  ForwardStatus,
  HealthName,
  MachineStatus,
  Mark,
  MovedPort,
  ServiceStateName,
  ServiceStatus,
  StatusDocument,
  Warning,
} from './status.js';

/** What the runtime knows about a service besides its state. */
export interface Observation {
  readonly pid: number | null;
  readonly spawnedAtWall: number | null;
  readonly cpuRatio: number | null;
  readonly memoryBytes: number | null;
  readonly lastErrorLine: string | null;
  /** Why it did not get its primary port, as its start told. */
  readonly portNote: string | null;
  /** Where it is reached now. */
  readonly url?: string | null;
  readonly listener: ServiceStatus['listener'];
  /** What is warned of now. */
  readonly warnings?: readonly Warning[];
  /** When its schedule restarts it next, milliseconds since the epoch; null: never. */
  readonly nextRestartAtWall?: number | null;
}

/** Turns monotonic milliseconds into the times that people read. */
export interface Calendar {
  readonly now: number;
  iso(at: number): string;
}

export function serviceStateName(state: State): ServiceStateName {
  return state.tag === 'preparing' ? 'starting' : state.tag === 'clearing' ? 'backing-off' : state.tag;
}

export function serviceStatus(
  spec: ServiceSpec,
  service: Service,
  services: Services,
  seen: Observation,
  calendar: Calendar,
): ServiceStatus {
  const {state, memory} = service;
  const {now} = calendar;
  const life = state.tag === 'starting' || state.tag === 'ready' ? state.life : null;
  const running = life !== null || state.tag === 'stopping' || state.tag === 'clearing';
  const health = healthOf(state);
  const missing = state.tag === 'waiting' ? missingDependencies(spec, services) : [];
  const lost = state.tag === 'starting' && !state.life.own && memory.incidentSince !== null;
  // One miss is noise, the second is news.
  const silent = state.tag === 'ready' && state.life.tracks.some((track) => track.misses > 1);
  const moved = movedOf(spec, memory, running);
  const old = oldPorts(spec, service, services);
  const mark = markOf(
    state,
    health,
    lost,
    silent,
    missing.some((name) => isStuck(services.get(name)?.state)),
    moved?.public === true ||
      (seen.warnings ?? []).length > 0 ||
      (old.length > 0 && spec.policy.onPortChange !== 'ignore') ||
      lostForwards(spec, state, services).some(({wanted}) => wanted === 'up'),
  );
  const nextAt = state.tag === 'backing-off' ? state.until : state.tag === 'failed' ? state.nextTryAt : null;
  const answeredAt =
    life === null
      ? null
      : life.tracks.reduce<number | null>(
          (last, {lastAnswerAt}) => (lastAnswerAt === null ? last : Math.max(last ?? lastAnswerAt, lastAnswerAt)),
          null,
        );
  const {lastEnd} = memory;
  const troubled =
    state.tag === 'backing-off' ||
    state.tag === 'failed' ||
    state.tag === 'clearing' ||
    (state.tag === 'starting' && memory.incidentSince !== null);
  return {
    name: spec.name,
    kind: spec.kind,
    role: spec.role,
    state: serviceStateName(state),
    health,
    mark,
    turn: mark === 'failed' ? 'you' : mark === 'acting' || mark === 'moving' ? 'erp' : null,
    wanted: memory.wanted,
    pid: running ? seen.pid : null,
    port: memory.port ?? (spec.kind === 'external' ? (spec.port?.primary ?? null) : null),
    primaryPort: spec.port?.primary ?? null,
    portNote: moved === null ? null : portNote(moved, seen.portNote),
    moved,
    url: running || spec.kind === 'external' ? (seen.url ?? null) : null,
    startedAt: running && seen.pid !== null && seen.spawnedAtWall !== null ? isoOf(seen.spawnedAtWall) : null,
    uptimeMs: life === null || !life.own ? null : Math.round(now - life.spawnedAt),
    incarnation: memory.incarnation,
    restartsUsed: memory.restartsUsed,
    maxRestarts: spec.policy.maxRestarts,
    totalRestarts: memory.totalRestarts,
    cpuRatio: running ? seen.cpuRatio : null,
    memoryBytes: running ? seen.memoryBytes : null,
    lastExit:
      lastEnd === null
        ? null
        : {
            at: calendar.iso(lastEnd.at),
            code: lastEnd.end.exit?.code ?? null,
            signal: lastEnd.end.exit?.signal ?? null,
            text: lastEnd.end.kind === 'exit' ? exitText(lastEnd.end.exit) : endText(lastEnd.end, spec, null),
            awayMs: memory.lastAwayMs,
          },
    lastErrorLine: seen.lastErrorLine,
    nextTryAt: nextAt === null ? null : calendar.iso(nextAt),
    nextTryInMs: nextAt === null ? null : Math.max(0, Math.round(nextAt - now)),
    note: noteOf(spec, service, missing, calendar) ?? oldPortNote(spec, old) ?? lostForwardNote(spec, state, services),
    diagnosis: troubled
      ? (lastEnd?.end.diagnosis ?? null)
      : state.tag === 'ready' && (silent || health === 'unhealthy')
        ? unwellDiagnosis(state.life.lastWord, silent, spec)
        : null,
    waitsFor: missing,
    listener: seen.listener,
    answeredAt: answeredAt === null ? null : calendar.iso(answeredAt),
    critical: spec.critical,
    observed: spec.observed,
    borrowed: life !== null && !life.own && spec.kind !== 'external' && spec.observed === null,
    unstable: memory.unstable !== 'no',
    warnings: seen.warnings ?? [],
    maxMemoryBytes: spec.policy.maxMemoryBytes ?? null,
    lastRestart:
      memory.lastRestart === null
        ? null
        : {at: calendar.iso(memory.lastRestart.at), reason: memory.lastRestart.why, text: memory.lastRestart.text},
    schedule: spec.schedule == null ? null : {...spec.schedule, nextAt: wallIso(seen.nextRestartAtWall ?? null)},
    usualStartMs: usualStart(memory.startsMs),
  };
}

const wallIso = (wall: number | null): string | null => (wall === null ? null : isoOf(wall));

/** One start is no habit. */
function usualStart(startsMs: readonly number[]): {readonly least: number; readonly most: number} | null {
  return startsMs.length < 2
    ? null
    : {least: Math.round(Math.min(...startsMs)), most: Math.round(Math.max(...startsMs))};
}

function isoOf(wall: number): string {
  return isoWithOffset(new Date(wall));
}

function healthOf(state: State): HealthName {
  return state.tag === 'ready' ? state.health : 'unknown';
}

function isStuck(state: State | undefined): boolean {
  return state?.tag === 'failed' && state.nextTryAt === null && state.blockedOn === null;
}

function markOf(
  state: State,
  health: HealthName,
  lost: boolean,
  silent: boolean,
  blocked: boolean,
  moved: boolean,
): Mark {
  switch (state.tag) {
    case 'ready':
      if (silent || health === 'unhealthy') return 'acting';
      return health === 'degraded' || moved ? 'degraded' : 'good';
    case 'starting':
      return lost ? 'acting' : 'moving';
    case 'preparing':
    case 'stopping':
      return 'moving';
    case 'backing-off':
    case 'clearing':
      return 'acting';
    case 'waiting':
      return blocked ? 'acting' : 'stopped';
    case 'failed':
      return isStuck(state) ? 'failed' : 'acting';
    case 'done':
      return 'good';
    case 'stopped':
      return 'stopped';
  }
}

function noteOf(
  spec: ServiceSpec,
  {state, memory}: Service,
  missing: readonly string[],
  {now}: Calendar,
): string | null {
  switch (state.tag) {
    case 'waiting':
      return missing.length === 0 ? null : `waits for ${missing.join(', ')}`;
    case 'preparing':
      return 'checks preconditions and ports';
    case 'starting': {
      if (!state.life.own)
        return `waits for an answer${state.life.lastWord === null ? '' : ` (${state.life.lastWord})`}`;
      if (spec.kind === 'job') return 'runs';
      if (isBare(spec)) return `has no probe: ready when it has lived ${formatDuration(bareReadyMs)}`;
      const usual = usualStart(memory.startsMs);
      const usually = usual === null ? '' : ` (usually ${rangeText(usual.least, usual.most)})`;
      const age = `${formatDuration(now - state.life.spawnedAt)}${usually}`;
      const awaits =
        spec.readyLog !== null && !state.life.logSeen
          ? `awaits log line "${spec.readyLog}"`
          : state.life.lastWord === null
            ? 'awaits the first answer'
            : `awaits a good answer (${state.life.lastWord})`;
      return state.deadline === null
        ? `${awaits}, ${age}; it answers, so it is left alone`
        : `${awaits}, ${age}, gives up at ${formatDuration(spec.policy.startTimeoutMs)}`;
    }
    case 'ready': {
      const silent = state.life.tracks.find((track) => track.misses > 0);
      if (silent?.lastAnswerAt != null) {
        const left = Math.max(0, silent.lastAnswerAt + spec.policy.timeoutThresholdMs - now);
        return `no answer for ${formatDuration(now - silent.lastAnswerAt)}${state.life.own ? `, restart in ${formatDuration(left)} unless it answers` : ''}`;
      }
      // What an unhealthy service says stands in its diagnosis.
      if (state.health === 'unhealthy') return null;
      if (state.health === 'degraded')
        return `${state.health}${state.life.lastWord === null ? '' : `: ${state.life.lastWord}`}`;
      if (memory.unstable !== 'no') return `unstable: ${memory.restartTimes.length} restarts within the last hour`;
      return null;
    }
    case 'stopping':
      if (state.phase === 'sweeping') return 'looks for what is left of it';
      return state.phase === 'killed'
        ? 'killed, waits for its end'
        : state.goal.then === 'stop'
          ? 'stopping'
          : state.goal.then === 'restart'
            ? `restarting (${state.goal.why})`
            : 'ended because it did not answer';
    case 'clearing':
      return 'ends what its group left behind';
    case 'backing-off':
      return blockedNote(state.blockedOn, 'tries at once when');
    case 'failed':
      return blockedNote(state.blockedOn, 'tries again as soon as');
    case 'stopped':
      return state.why === 'ended'
        ? 'ended by itself'
        : state.why === 'other-failed'
          ? 'stopped because a critical service failed'
          : spec.autoStart
            ? null
            : 'not started by itself (autoStart: false)';
    case 'done':
      return null;
  }
}

/** `36s to 41s`; `2s` when both look the same. */
function rangeText(least: number, most: number): string {
  const [from, to] = [formatDuration(least), formatDuration(most)];
  return from === to ? from : `${from} to ${to}`;
}

function blockedNote(blocker: Blocker | null, tries: string): string | null {
  switch (blocker?.kind) {
    case undefined:
      return null;
    case 'port':
      return `${tries} port ${blocker.port} is free`;
    case 'file':
      return `${tries} ${blocker.path} changes`;
    case 'files':
      return `${tries} ${blocker.what} changes`;
    case 'listener':
      return `waiting for ${listenerText(blocker)}`;
    case 'disk':
      return `blocked: disk full (${roomText(blocker.path, blocker)}), waits for space`;
  }
}

function unwellDiagnosis(word: string | null, silent: boolean, spec: ServiceSpec): Diagnosis {
  const evidence = [word ?? (silent ? 'its probe' : 'its health answer')];
  if (silent) return {cause: 'no-answer', confidence: 0.9, subject: null, evidence, remedy: null};
  const remedy = `it answers, so it is not restarted; see what it says: erp logs ${spec.name} -n 60`;
  return {cause: 'unhealthy', confidence: 0.9, subject: null, evidence, remedy};
}

/** Runs, but not where others expect it. */
function movedOf(spec: ServiceSpec, {port, moved}: Memory, running: boolean): MovedPort | null {
  const isMoved = running && port !== null && spec.port !== null && port !== spec.port.primary;
  return isMoved ? movedPort(spec, port, moved?.primary ?? null) : null;
}

/** What stands behind "8001 instead of 8000". Until the primary was looked at, what the start has told. */
function portNote({primaryState, holder, primary, remedy}: MovedPort, told: string | null): string {
  if (primaryState === 'free') return `${primary} is free again: ${remedy ?? ''}`;
  return primaryState === 'unknown' ? (told ?? 'taken when it started') : takenText(holder);
}

/** It stays when a port-forward that it needs is lost or stopped, and says so. */
function lostForwardNote(spec: ServiceSpec, state: State, services: Services): string | null {
  const lost = lostForwards(spec, state, services);
  const silent = lost.filter(({wanted}) => wanted === 'up');
  const names = (some: typeof lost): string => some.map(({name}) => name).join(', ');
  if (silent.length > 0) return `needs ${names(silent)}: no answer there now`;
  return lost.length === 0 ? null : `needs ${names(lost)}: stopped`;
}

function lostForwards(
  spec: ServiceSpec,
  state: State,
  {forwards}: Services,
): readonly (ForwardView & {readonly name: string})[] {
  if (state.tag !== 'ready') return [];
  return spec.dependsOn.flatMap(({name}) => {
    const view = forwards?.get(name);
    return view === undefined || view.isUp ? [] : [{...view, name}];
  });
}

function oldPortNote(spec: ServiceSpec, old: readonly OldPort[]): string | null {
  if (old.length === 0) return null;
  const then = spec.policy.onPortChange === 'ignore' ? 'onPortChange: ignore' : 'restarted when it can come back';
  return `was started with another port: ${oldPortsText(old)} (${then})`;
}

/** The system as a whole, from its services. */
export function overallOf(
  services: readonly ServiceStatus[],
  ending: boolean,
  forwards: readonly ForwardStatus[] = [],
): StatusDocument['overall'] {
  const wanted = services.filter((service) => service.wanted === 'up');
  const held = forwards.filter((forward) => forward.wanted === 'up');
  if (ending) return 'stopping';
  if (wanted.length + held.length === 0)
    return services.some((service) => service.state === 'stopping') ? 'stopping' : 'stopped';
  if (wanted.some((service) => service.mark === 'failed' || service.mark === 'acting')) return 'unhealthy';
  if (held.some(({mark}) => mark === 'failed')) return 'unhealthy';
  if (wanted.some((service) => service.mark === 'moving' || service.state === 'waiting')) return 'starting';
  if (held.some(({mark}) => mark === 'moving')) return 'starting';
  // A laptop without its cluster is no ERP that is down, unless there is nothing else.
  if (held.some(({mark}) => mark === 'acting')) return wanted.length === 0 ? 'unhealthy' : 'degraded';
  return [...wanted, ...held].some(({mark}) => mark === 'degraded') ? 'degraded' : 'healthy';
}

export function overallMark(overall: StatusDocument['overall'], services: readonly {readonly mark: Mark}[]): Mark {
  switch (overall) {
    case 'healthy':
      return 'good';
    case 'degraded':
      return 'degraded';
    case 'unhealthy':
      return services.some((service) => service.mark === 'failed') ? 'failed' : 'acting';
    case 'starting':
    case 'stopping':
      return 'moving';
    case 'stopped':
      return 'stopped';
    case 'no-supervisor':
      return 'unknown';
  }
}

export function statusDocument(
  spec: ProjectSpec,
  services: Services,
  observe: (name: string) => Observation,
  calendar: Calendar,
  supervisor: StatusDocument['supervisor'],
  machine: MachineStatus | null,
  sampledAt: string | null,
  ending: boolean,
  forwards: readonly ForwardStatus[] = [],
  contexts: readonly ContextStatus[] = [],
): StatusDocument {
  const list = spec.services.flatMap((service) => {
    const state = services.get(service.name);
    return state === undefined ? [] : [serviceStatus(service, state, services, observe(service.name), calendar)];
  });
  const overall = overallOf(list, ending, forwards);
  return {
    schema: 1,
    project: {name: spec.name, dir: spec.projectDir, configFile: spec.configFile, instance: spec.instance},
    supervisor,
    overall,
    mark: overallMark(overall, [...list, ...forwards]),
    sampledAt,
    services: list,
    forwards,
    contexts,
    machine,
    at: calendar.iso(calendar.now),
  };
}
