import type {Diagnosis} from '../diagnosis/diagnosis.js';
import type {ServiceSpec} from '../spec.js';
import {bootRelation} from './boot.js';
import type {Remembered} from './journal.js';
import {memoryOf, type Moment, restingState} from './kept.js';
import type {ExitStatus, Memory, Service, State} from './state.js';

/** How the machine, or the container that all ran in, came up again. */
export interface Boot {
  readonly relation: 'other-boot' | 'other-namespace';
  /** Milliseconds since the epoch; null: not known. */
  readonly atWall: number | null;
  /** "03:12", as people read it. */
  readonly atText: string;
}

/** What a service starts from in a new supervisor. */
export function recalled(
  service: Service,
  known: Remembered,
  spec: ServiceSpec,
  moment: Moment,
  boot: Boot | null,
): Service {
  const sameBoot = known.lastBoot !== null && bootRelation(known.lastBoot, moment.bootId) === 'same';
  // A migration that ran is not run again because the supervisor died.
  const isDone = spec.kind === 'job' && sameBoot && known.wanted === true && known.ended?.exit.code === 0;
  const {memory} = service;
  const kept = known.memory === null ? memory : memoryOf(memory, known.memory, moment);
  return {
    state: isDone ? {tag: 'done', at: moment.now} : (resting(known, moment) ?? service.state),
    memory: {
      ...kept,
      ...(boot !== null && known.wanted === true ? rebooted(kept, known, boot, moment) : {}),
      wanted: known.wanted === true && (isDone || resting(known, moment) !== null) ? 'up' : memory.wanted,
      freshStart: !sameBoot,
      everReady: known.everReady && sameBoot,
      incarnation: known.incarnation,
      // A choice is kept over restarts of the service, not over those of the machine.
      port: sameBoot ? known.port : null,
      restartsUsed: known.restartsUsed,
      totalRestarts: known.totalRestarts,
      startsMs: known.startsMs,
    },
  };
}

/** Between two lives when the supervisor died, and nothing has begun or ended since. */
function resting(known: Remembered, moment: Moment): State | null {
  const {memory} = known;
  if (known.wanted !== true || memory === null) return null;
  if (bootRelation(memory.boot, moment.bootId) !== 'same') return null;
  if (known.process !== null || known.openIntent !== null || unjudged(known) !== null) return null;
  return restingState(memory, moment);
}

/** The cause that is shown from now on: whatever else had been wrong was wrong before. */
function rebooted(memory: Memory, known: Remembered, boot: Boot, moment: Moment): Partial<Memory> {
  const at = boot.atWall === null ? moment.now : moment.now - Math.max(0, moment.wall - boot.atWall);
  return {
    incidentSince: null,
    failedSince: null,
    restartedForHealth: false,
    lastEnd: {
      incarnation: known.incarnation,
      at,
      lifeMs: null,
      end: {kind: 'reboot', exit: null, diagnosis: rebootDiagnosis(boot), blockedOn: null},
    },
    lastAwayMs: memory.lastAwayMs,
  };
}

export function rebootDiagnosis({relation, atText}: Boot): Diagnosis {
  return relation === 'other-boot'
    ? {cause: 'reboot', confidence: 1, subject: null, evidence: [`machine rebooted at ${atText}`], remedy: null}
    : {
        cause: 'other-container',
        confidence: 0.9,
        subject: null,
        evidence: ['it ran in another container (pid namespace), which cannot be seen from here'],
        remedy: null,
      };
}

/** An end that nobody has judged: it was seen by a supervisor that died then, or by nobody. */
export interface UnjudgedEnd {
  readonly incarnation: number;
  readonly exit: ExitStatus;
  readonly seen: boolean;
}

/** @param known a journal whose process, if it names one, is not alive */
export function unjudged(known: Remembered): UnjudgedEnd | null {
  const {process, ended, memory} = known;
  if (process !== null) return {incarnation: process.incarnation, exit: {code: null, signal: null}, seen: false};
  if (ended === null || ended.planned || ended.incarnation <= (memory?.end?.inc ?? 0)) return null;
  return {incarnation: ended.incarnation, exit: ended.exit, seen: true};
}

/** The boot that lies between the last process and now; null: none. */
export function bootSince(known: Remembered, moment: Moment, at: Omit<Boot, 'relation'>): Boot | null {
  const then = known.lastBoot ?? known.memory?.boot ?? null;
  if (then === null || then === '') return null;
  const relation = bootRelation(then, moment.bootId);
  return relation === 'same' ? null : {relation, ...at};
}
