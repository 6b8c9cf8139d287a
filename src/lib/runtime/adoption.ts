import {relative} from 'node:path';
import {exitCause} from '../core/diagnosis/exit-cause.js';
import type {Diagnosis} from '../core/diagnosis/diagnosis.js';
import {formatTime} from '../core/report/format.js';
import type {ServiceSpec} from '../core/spec.js';
import {bootRelation} from '../core/supervision/boot.js';
import type {Event} from '../core/supervision/events.js';
import {type Foundling, recognise} from '../core/supervision/foundling.js';
import {type Remembered, remember, summary, toldOf} from '../core/supervision/journal.js';
import {type Moment, rests} from '../core/supervision/kept.js';
import {markOf} from '../core/supervision/mark.js';
import {type Boot, bootSince, rebootDiagnosis, recalled, unjudged} from '../core/supervision/recall.js';
import {initialService, type Service} from '../core/supervision/state.js';
import type {ProcessIdentity} from '../platform/types.js';
import type {Surroundings} from './shared.js';

type Adopted = Extract<Event, {tag: 'adopted'}>;

/** What a new supervisor knows of a service before it does anything. */
export interface Finding {
  readonly service: Service;
  readonly known: Remembered;
  /** It is the journal that names the process or the leader. */
  readonly isKnown: boolean;
  /** Its process lives and is supervised on. */
  readonly adopted: {
    readonly identity: ProcessIdentity;
    readonly spawnedAtWall: number;
    readonly event: Adopted;
  } | null;
  /** Something of it may run: looked for and ended before its next life. */
  readonly mayBeLeft: boolean;
  readonly leader: ProcessIdentity | null;
  readonly wantedUp: boolean;
  /** Its last life ended and nobody has decided what follows from that. */
  readonly unjudged: Event | null;
  /** A boot lies between its last life and now. */
  readonly boot: Boot | null;
  /** What is remembered is not what the journal says any more. */
  readonly isNew: boolean;
}

interface Reading {
  readonly spec: ServiceSpec;
  readonly known: Remembered;
  readonly boot: Boot | null;
  /** Its process as the journal names it, if that lives. */
  readonly alive: ProcessIdentity | null;
}

/** Reads the journals that a former supervisor left, and looks at what runs. Starts and ends nothing. */
export class Adoption {
  readonly #around: Surroundings;
  readonly #moment: Moment;
  readonly #bootAt: Omit<Boot, 'relation'>;

  constructor(around: Surroundings) {
    this.#around = around;
    const {clock, bootId, bootedAt} = around.world;
    this.#moment = {now: clock.now(), wall: clock.wall(), bootId};
    const at = bootedAt === null ? null : formatTime(new Date(bootedAt), new Date(this.#moment.wall));
    this.#bootAt = {atWall: bootedAt, atText: at ?? 'an unknown time'};
  }

  look(): ReadonlyMap<string, Finding> {
    const readings = this.#around.spec.services.map((spec) => this.#read(spec));
    const foundlings = this.#foundlings(readings);
    return new Map(readings.map((reading) => [reading.spec.name, this.#find(reading, foundlings)]));
  }

  #read(spec: ServiceSpec): Reading {
    const {journal, processes} = this.#around.world;
    const {name} = spec;
    const {records, problem} = journal.read(name);
    const known = remember(records);
    if (problem !== null) this.#tell(name, 'WARNING', 'journal-problem', problem);
    if (known.newer)
      this.#tell(name, 'WARNING', 'journal-problem', 'its journal is of a newer erp: what this one understands counts');
    // What a newer version has written is not thrown away.
    else if (problem !== null || records.length > 20) journal.compact(name, summary(known, this.#moment.wall));
    const boot = bootSince(known, this.#moment, this.#bootAt);
    const {process} = known;
    // Written down by a version that knew no namespaces: then pid and start time have to tell.
    const identity =
      process === null || bootRelation(process.bootId, this.#moment.bootId) !== 'same'
        ? null
        : {pid: process.pid, startTime: process.startTime, bootId: this.#moment.bootId};
    return {spec, known, boot, alive: identity !== null && processes.isAlive(identity) ? identity : null};
  }

  /**
   * A journal may be lost, torn, or older than what runs; a supervisor may have died between a spawn and the word of it.
   * So whatever would be started anew is looked for first: there is never a second copy.
   */
  #foundlings(readings: readonly Reading[]): readonly Foundling[] {
    const missing = readings.filter(
      ({spec, alive, boot, known}) =>
        spec.kind !== 'external' &&
        (alive === null ? boot?.relation !== 'other-boot' : spec.port !== null && known.process?.port == null),
    );
    if (missing.length === 0) return [];
    const {spec, projectMark, world} = this.#around;
    const all = spec.services.map(({name}) => name);
    const found = world.processes.findMarked?.(projectMark, all) ?? [];
    return found.filter(({service}) => missing.some((one) => one.spec.name === service));
  }

  #find(reading: Reading, foundlings: readonly Foundling[]): Finding {
    const {spec, known, boot, alive} = reading;
    const {name} = spec;
    const service = recalled(initialService, known, spec, this.#moment, boot);
    const isNew = boot !== null || (known.memory?.rest != null && !rests(service.state));
    const none = {
      service,
      known,
      isKnown: false,
      adopted: null,
      mayBeLeft: false,
      leader: null,
      wantedUp: false,
      unjudged: null,
      boot,
      isNew,
    };
    if (alive !== null && known.process !== null) {
      const {incarnation, logSeen, wasReady, told, spawnedAtWall} = known.process;
      const port = portOf(spec, known.process.port, alive, foundlings);
      return {
        ...none,
        isKnown: true,
        adopted: this.#adopted(known, alive, {incarnation, port, logSeen, wasReady, told}, spawnedAtWall),
      };
    }
    const found = foundlings.filter((each) => each.service === name);
    const recognised = recognise(spec, known, found);
    if (recognised !== null) return {...none, ...this.#takeIn(known, recognised)};
    if (boot !== null && known.wanted === true) this.#tellBoot(name, boot);
    const leader = known.lastLeader?.bootId === this.#moment.bootId ? known.lastLeader : null;
    const isOver = service.state.tag === 'done' || (service.state.tag === 'stopped' && service.state.why === 'ended');
    const wantedUp = known.wanted === true && !isOver;
    return {
      ...none,
      isKnown: leader !== null,
      leader: leader ?? found.find(({leads}) => leads) ?? null,
      mayBeLeft:
        leader !== null || known.openIntent !== null || found.length > 0 || boot?.relation === 'other-namespace',
      wantedUp,
      unjudged: wantedUp && boot === null ? this.#unjudged(spec, known) : null,
    };
  }

  #adopted(
    known: Remembered,
    identity: ProcessIdentity,
    life: Pick<Adopted, 'incarnation' | 'port' | 'logSeen' | 'wasReady' | 'told'>,
    spawnedAtWall: number,
  ): NonNullable<Finding['adopted']> {
    const {now, wall} = this.#moment;
    const spawnedAt = now - Math.max(0, wall - spawnedAtWall);
    const wanted = known.wanted === false ? 'down' : 'up';
    return {identity, spawnedAtWall, event: {tag: 'adopted', pid: identity.pid, ...life, wanted, spawnedAt}};
  }

  /** Found by its mark: from now on its journal knows it again. */
  #takeIn(known: Remembered, recognised: NonNullable<ReturnType<typeof recognise>>): Pick<Finding, 'adopted' | 'boot'> {
    const {foundling, incarnation, port, logSeen} = recognised;
    const {service, pid, startTime, bootId} = foundling;
    const {journal} = this.#around.world;
    const at = Math.min(foundling.startedAt ?? this.#moment.wall, this.#moment.wall);
    if (known.wanted === null) journal.append(service, {v: 1, t: 'wanted', up: true, at: this.#moment.wall, by: null});
    const mark = markOf(this.#around.projectMark, service, incarnation, port);
    const intent = known.openIntent?.incarnation === incarnation ? known.openIntent : null;
    journal.append(service, {v: 1, t: 'intent', inc: incarnation, at, mark, port, ...toldOf(intent?.told ?? {})});
    journal.append(service, {v: 1, t: 'spawned', inc: incarnation, at, pid, start: startTime, boot: bootId});
    if (logSeen) journal.append(service, {v: 1, t: 'log-ready', inc: incarnation, at});
    this.#tell(
      service,
      'WARNING',
      'found',
      `runs (pid ${pid}) although its journal does not say so; found by its mark and supervised on`,
    );
    const identity = {pid, startTime, bootId};
    const life = {incarnation, port, logSeen, wasReady: false, told: intent?.told ?? null};
    return {adopted: this.#adopted(known, identity, life, at), boot: null};
  }

  #unjudged(spec: ServiceSpec, known: Remembered): Event | null {
    const end = unjudged(known);
    if (end === null || end.incarnation !== known.incarnation) return null;
    const {projectDir, logDir} = this.#around.spec;
    const log = `${relative(projectDir, logDir) || '.'}/${spec.name}.log`;
    const diagnosis: Diagnosis = end.seen
      ? exitCause(end.exit, [], spec, known.port, log)
      : {
          cause: 'end-not-seen',
          confidence: 0.9,
          subject: null,
          evidence: ['it ended while no supervisor lived'],
          remedy: `look at its last lines: erp logs ${spec.name} -n 60`,
        };
    return {tag: 'ended-unjudged', incarnation: end.incarnation, exit: end.exit, diagnosis};
  }

  #tellBoot(name: string, boot: Boot): void {
    const diagnosis = rebootDiagnosis(boot);
    const text = `was up before and is gone: ${diagnosis.evidence[0]}`;
    this.#around.tell({level: 'INFO', service: name, type: 'reboot', text, diagnosis});
  }

  #tell(name: string, level: 'WARNING', type: string, text: string): void {
    this.#around.tell({level, service: name, type, text});
  }
}

/** The record that names its port may be lost, while the one that names its pid is not: then its mark tells. */
function portOf(
  spec: ServiceSpec,
  known: number | null,
  alive: ProcessIdentity,
  foundlings: readonly Foundling[],
): number | null {
  if (known !== null || spec.port === null) return known;
  const found = foundlings.find(({pid, startTime}) => pid === alive.pid && startTime === alive.startTime);
  return found?.port ?? spec.port.primary;
}
