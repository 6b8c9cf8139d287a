import {noKubectl, noNetwork} from '../../../src/lib/platform/no-kubectl.js';
import type {JournalRecord} from '../../../src/lib/core/supervision/journal.js';
import type {Diagnosis} from '../../../src/lib/core/diagnosis/diagnosis.js';
import type {LifeVerdict} from '../../../src/lib/core/supervision/events.js';
import {readMark} from '../../../src/lib/core/supervision/mark.js';
import type {StopSignal} from '../../../src/lib/core/spec.js';
import type {
  Cancel,
  Clock,
  Diagnoser,
  Exit,
  Journal,
  Listener,
  ListenerVerdict,
  Outputs,
  Ports,
  PortState,
  ProbeAnswer,
  Prober,
  ProbeTarget,
  Processes,
  ProcessIdentity,
  RunPlan,
  RunResult,
  SpawnPlan,
  SpawnResult,
  StragglerQuery,
  StrayProcess,
  World,
} from '../../../src/lib/platform/types.js';
import {Agenda, type Due} from './agenda.js';
import {type Habit, type TroubleKind, wellBehaved} from './habits.js';

const wallAtStart = Date.UTC(2026, 10, 22);
export type Role = 'leader' | 'member' | 'escapee' | 'stranger' | 'outside' | 'bystander';

export interface SimProcess {
  readonly pid: number;
  readonly startTime: string;
  readonly role: Role;
  readonly service: string;
  readonly incarnation: number;
  readonly mark: string;
  readonly env: Readonly<Record<string, string>>;
  readonly group: number;
  readonly session: number;
  readonly sessionStart: string;
  readonly leader: SimProcess | null;
  readonly habit: Habit;
  readonly port: number | null;
  readonly spawnedAt: number;
  /** Lengths of all gaps before its spawn: what it slept through does not count for its age. */
  readonly gapsBefore: number;
  alive: boolean;
  frozen: boolean;
  everBound: boolean;
  /** Somebody else had its port when it wanted it. */
  lostPort: boolean;
  trouble: TroubleKind | 'none';
  troubleUntil: number;
  troubleEnded: number;
  diedAt: number;
  /** When a supervisor that lives heard an answer of it. */
  lastHeard: number;
  lastSilence: number;
  onExit: (() => void)[];
  exit: Exit;
  word: Habit['word'];
}

/** The supervisor's process is gone, in the middle of what it did. */
export class SupervisorDeath extends Error {}

/** `effect`: right before any call that the supervisor makes to the world. */
export type DeathPlan = {readonly at: 'spawn' | 'append' | 'after-append' | 'torn' | 'effect'; calls: number};

export interface Watcher {
  spawned(process: SimProcess): void;
  signalled(process: SimProcess, signal: string): void;
}

interface Pipe {
  lines: string[];
  tail: string[];
  /** What each life has written, as it was read. */
  readonly lives: string[][];
  listeners: Set<(line: string) => void>;
}

export interface HookHabit {
  readonly ms: number;
  readonly code: number;
}

/**
 * A machine on a virtual clock: processes with habits, ports with owners, pipes, journals, and one supervisor at a time
 * that may die. The same history gives the same run, always.
 */
export class SimWorld {
  now = 0.1;
  gaps = 0;
  /** Those that may be too short to be noticed: nobody's clock is extended by them. */
  smallGaps = 0;
  bootId = 'boot-1';
  bootedAt = wallAtStart;
  readonly agenda = new Agenda();
  readonly processes = new Map<number, SimProcess>();
  readonly listeners = new Map<number, SimProcess[]>();
  readonly journals = new Map<string, {records: JournalRecord[]; torn: boolean}>();
  readonly pipes = new Map<string, Pipe>();
  /** Habits of a service's lives, in order; the last one repeats. */
  readonly habits = new Map<string, readonly Habit[]>();
  readonly lives = new Map<string, number>();
  readonly missingFiles = new Set<string>();
  diskFull = false;
  readonly fileVersions = new Map<string, number>();
  readonly hooks = new Map<string, HookHabit>();
  readonly invisible = new Set<number>();
  /** So many ports are taken by strangers right after they were found free. */
  racers = 0;
  /** When a port was held last. */
  readonly lastHeld = new Map<number, number>();
  /** Established connections of clients, by port. */
  readonly connected = new Map<number, number>();
  readonly violations: string[] = [];
  readonly log: string[] = [];
  readonly ranHooks: string[] = [];
  /** Every run of `onPortMoved`. */
  readonly hookPlans: RunPlan[] = [];
  /** How often somebody has looked at the listeners of a port, again and again. */
  portLooks = 0;
  watcher: Watcher | null = null;
  death: DeathPlan | null = null;
  session: SimSession | null = null;
  /** A supervisor has died, not ended. */
  onDeath: () => void = () => {};
  scanMs = 3;
  /** More callbacks of timers than this in one virtual second is a storm. */
  timersPerSecond = 900;
  keepsLog = false;
  #wallShift = 0;
  #sessions = 0;
  #nextPid = 100;
  #nextStart = 0;
  #freed: number[] = [];
  #reusePids = false;
  #random: number;
  #second = 0;
  #fired = 0;
  timersFired = 0;

  constructor(seed = 1, reusePids = false) {
    this.#random = seed | 0;
    this.#reusePids = reusePids;
  }

  // ——— time ———

  wall(): number {
    return wallAtStart + this.now + this.#wallShift;
  }

  /** mulberry32 */
  random(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  advance(ms: number): void {
    const until = this.now + ms;
    for (let due = this.agenda.take(until); due !== null; due = this.agenda.take(until)) {
      this.now = Math.max(this.now, due.at);
      this.#happen(due);
    }
    this.now = until;
  }

  /** Goes on until `done`, at most `ms`. */
  advanceUntil(done: () => boolean, ms: number): boolean {
    const until = this.now + ms;
    if (done()) return true;
    for (let due = this.agenda.take(until); due !== null; due = this.agenda.take(until)) {
      this.now = Math.max(this.now, due.at);
      this.#happen(due);
      if (done()) return true;
    }
    this.now = until;
    return done();
  }

  #happen(due: Due): void {
    const {run} = due;
    due.run = null;
    if (run === null) return;
    if (due.owner === 0) {
      run();
      return;
    }
    if (due.owner !== this.session?.id) return;
    if (due.timer) this.#countTimer();
    this.enter(run);
  }

  #countTimer(): void {
    this.timersFired += 1;
    if (this.now - this.#second >= 1000) {
      this.#second = this.now;
      this.#fired = 0;
    }
    this.#fired += 1;
    if (this.#fired > this.timersPerSecond)
      throw new Error(`timer storm: ${this.#fired} timers of the supervisor since ${this.#second} ms`);
  }

  /** Runs code of the supervisor; its death in the middle ends it. */
  enter(run: () => void): void {
    try {
      run();
      this.session?.endTurn();
    } catch (error) {
      if (!(error instanceof SupervisorDeath)) throw error;
      this.kill();
    }
  }

  /**
   * Time that the supervisor does not live through.
   * - `sleep`: the machine sleeps, the monotonic clock goes on; all that was due comes late
   * - `wall`: the machine sleeps, the monotonic clock stands still
   * - `starved`: only the supervisor gets no turn
   */
  gap(ms: number, kind: 'sleep' | 'wall' | 'starved'): void {
    this.say(`gap ${kind} ${ms}`);
    this.#second = this.now + (kind === 'wall' ? 0 : ms);
    this.#fired = 0;
    if (kind === 'wall') {
      this.#wallShift += ms;
      return;
    }
    const target = this.now + ms;
    this.gaps += ms;
    if (ms <= 3000) this.smallGaps += ms;
    if (kind === 'sleep') {
      this.agenda.shiftUniverse(ms);
      for (const process of this.processes.values()) if (process.troubleUntil > this.now) process.troubleUntil += ms;
      this.now = target;
      return;
    }
    const late = this.agenda.takeOwned(target);
    for (let due = this.agenda.take(target); due !== null; due = this.agenda.take(target)) {
      this.now = Math.max(this.now, due.at);
      if (due.owner === 0) this.#happen(due);
      else late.push(due);
    }
    this.now = target;
    // What the world has said meanwhile is read before timers that are overdue are obeyed: the adapters see to that.
    for (const due of late) if (!due.timer) this.agenda.putBack(due, target);
    for (const due of late) if (due.timer) this.agenda.putBack(due, target);
  }

  say(text: string): void {
    if (this.keepsLog) this.log.push(`${(this.now / 1000).toFixed(3)} ${text}`);
  }

  violate(text: string): void {
    this.violations.push(`${(this.now / 1000).toFixed(3)} ${text}`);
  }

  // ——— supervisors ———

  connect(): SimSession {
    this.session?.die();
    this.#sessions += 1;
    const session = new SimSession(this, this.#sessions);
    this.session = session;
    for (const pipe of this.pipes.values()) pipe.listeners.clear();
    for (const name of this.pipes.keys()) this.#flushLater(name);
    return session;
  }

  /** The supervisor dies, whatever it is at. */
  kill(): void {
    if (this.session === null) return;
    this.session.die();
    this.onDeath();
  }

  /** What a torn write, a lost sector or a restored backup makes of a journal: only a part of its records is left. */
  damage(service: string, how: 'tail' | 'middle' | 'all'): void {
    const journal = this.journals.get(service);
    if (journal === undefined) return;
    const {records} = journal;
    const at = Math.floor(this.random() * (records.length + 1));
    this.say(`${service}: its journal loses ${how} at ${at} of ${records.length}`);
    if (how === 'all') journal.records = [];
    else if (how === 'tail') journal.records = records.slice(0, at);
    else journal.records = records.filter((_, index) => index !== at);
  }

  reboot(): void {
    this.session?.die();
    this.bootId = `boot-${Number(this.bootId.slice(5)) + 1}`;
    this.bootedAt = this.wall();
    for (const process of [...this.processes.values()])
      if (process.role !== 'outside') this.end(process, {code: null, signal: 'SIGKILL'}, true);
  }

  // ——— processes ———

  spawn(session: SimSession, plan: SpawnPlan, onExit: (exit: Exit) => void): SpawnResult {
    const list = this.habits.get(plan.service) ?? [wellBehaved];
    const life = this.lives.get(plan.service) ?? 0;
    this.lives.set(plan.service, life + 1);
    const habit = list[Math.min(life, list.length - 1)] ?? wellBehaved;
    if (habit.spawn !== 'ok') {
      this.say(`${plan.service} spawn ${habit.spawn}`);
      return {ok: false, error: {code: habit.spawn, message: `spawn ${habit.spawn}`}};
    }
    const wanted = 'argv' in plan.command ? Number(plan.command.argv[1]) : Number.NaN;
    const leader = this.#create('leader', plan.service, habit, Number.isInteger(wanted) ? wanted : null, {
      incarnation: plan.incarnation,
      mark: plan.env.ERP_MARK ?? '',
      env: plan.env,
      leader: null,
    });
    this.say(`${plan.service} spawned ${leader.pid} inc ${plan.incarnation} port ${leader.port}`);
    leader.onExit.push(() => this.news(session, this.random() < 0.5 ? 0 : 1, () => onExit(leader.exit)));
    this.watcher?.spawned(leader);
    this.#live(leader);
    this.mayDie('spawn');
    return {ok: true, identity: identityOf(leader, this.bootId)};
  }

  #create(
    role: Role,
    service: string,
    habit: Habit,
    port: number | null,
    from: {
      incarnation: number;
      mark: string;
      env?: Readonly<Record<string, string>>;
      leader: SimProcess | null;
    },
  ): SimProcess {
    this.#nextStart += 1;
    const pid = this.#pid();
    const startTime = String(this.#nextStart);
    const inGroup = role === 'member' && from.leader !== null;
    const process: SimProcess = {
      pid,
      startTime,
      role,
      service,
      incarnation: from.incarnation,
      mark: from.mark,
      env: from.env ?? {},
      group: inGroup ? from.leader!.group : pid,
      session: inGroup ? from.leader!.session : pid,
      sessionStart: inGroup ? from.leader!.sessionStart : startTime,
      leader: from.leader,
      habit,
      port,
      spawnedAt: this.now,
      gapsBefore: this.gaps,
      alive: true,
      frozen: false,
      everBound: false,
      lostPort: false,
      trouble: 'none',
      troubleUntil: 0,
      troubleEnded: Number.NEGATIVE_INFINITY,
      diedAt: Number.POSITIVE_INFINITY,
      lastHeard: Number.NEGATIVE_INFINITY,
      lastSilence: Number.NEGATIVE_INFINITY,
      onExit: [],
      exit: {code: null, signal: null},
      word: habit.word,
    };
    this.processes.set(pid, process);
    return process;
  }

  #pid(): number {
    if (this.#reusePids && this.#freed.length > 0) {
      const index = Math.floor(this.random() * this.#freed.length);
      const pid = this.#freed[index] as number;
      // The number of a group or session is not given away while it has members.
      if (![...this.processes.values()].some((p) => p.pid === pid || p.group === pid || p.session === pid)) {
        this.#freed.splice(index, 1);
        return pid;
      }
    }
    this.#nextPid += 1;
    return this.#nextPid;
  }

  #live(leader: SimProcess): void {
    const {habit, port, service} = leader;
    let child: SimProcess | null = null;
    if (habit.leaves !== 'nothing')
      child = this.#create(habit.leaves, service, habit, port, {
        incarnation: leader.incarnation,
        mark: leader.mark,
        leader,
      });
    if (port !== null && habit.listens !== null)
      this.#universe(habit.listens, leader, () => {
        if (!this.bind(leader, port)) {
          leader.lostPort = true;
          this.print(service, `Error: listen EADDRINUSE: address already in use 127.0.0.1:${port}`);
          if (habit.whenPortTaken === 'exits')
            this.#universe(2, leader, () => this.end(leader, {code: 1, signal: null}));
        } else if (child?.alive === true) this.listeners.get(port)?.push(child);
      });
    if (habit.saysReady !== null)
      this.#universe(habit.saysReady, leader, () => this.print(service, 'ready to accept connections'));
    for (const {at, ms, what} of habit.trouble) this.#universe(at, leader, () => this.trouble(leader, what, ms));
    const {ends} = habit;
    if (ends !== null)
      this.#universe(ends.at, leader, () => {
        for (const line of ends.lines) this.print(service, line);
        this.end(leader, {code: ends.code, signal: ends.signal});
      });
  }

  #universe(ms: number, process: SimProcess, run: () => void): void {
    this.agenda.add(this.now + ms, 0, false, () => {
      if (process.alive) run();
    });
  }

  trouble(process: SimProcess, what: TroubleKind, ms: number): void {
    this.say(`${process.service} ${process.pid} ${what} for ${ms}`);
    if (what === 'frozen') {
      process.frozen = true;
      return;
    }
    process.trouble = what;
    process.troubleUntil = this.now + ms;
    process.troubleEnded = this.now + ms;
  }

  end(process: SimProcess, exit: Exit, quietly = false): void {
    if (!process.alive) return;
    this.say(`${process.service} ${process.role} ${process.pid} ended ${exit.code ?? exit.signal}`);
    process.alive = false;
    process.diedAt = this.now;
    process.exit = exit;
    this.processes.delete(process.pid);
    // A zombie keeps its number until its parent has heard of its end.
    if (this.#reusePids) this.agenda.add(this.now + 2, 0, false, () => this.#freed.push(process.pid));
    this.unbind(process);
    if (!quietly) for (const tell of process.onExit) tell();
    process.onExit = [];
  }

  bind(process: SimProcess, port: number): boolean {
    const holders = this.listeners.get(port);
    if (holders !== undefined && holders.length > 0) return false;
    this.listeners.set(port, [process]);
    process.everBound = true;
    return true;
  }

  unbind(process: SimProcess): void {
    for (const [port, holders] of this.listeners) {
      const index = holders.indexOf(process);
      if (index < 0) continue;
      holders.splice(index, 1);
      this.lastHeld.set(port, this.now);
      if (holders.length === 0) this.listeners.delete(port);
    }
  }

  /** Somebody else's process that listens; false: the port is taken. */
  stranger(port: number, differs: Partial<Habit> = {}, role: 'stranger' | 'outside' = 'stranger'): SimProcess | null {
    if ((this.listeners.get(port)?.length ?? 0) > 0) return null;
    const process = this.#create(role, role, {...wellBehaved, ...differs, listens: 0, ready: 0}, port, {
      incarnation: 0,
      mark: '',
      leader: null,
    });
    this.bind(process, port);
    this.say(`${role} ${process.pid} takes ${port}`);
    return process;
  }

  /** Takes pids that are free again, as leaders of groups that are nobody's business. */
  bystanders(count: number): void {
    for (let i = 0; i < count && this.#freed.length > 0; i += 1)
      this.#create('bystander', 'bystander', wellBehaved, null, {incarnation: 0, mark: '', leader: null});
  }

  leaderOf(service: string): SimProcess | null {
    let found: SimProcess | null = null;
    for (const process of this.processes.values())
      if (process.service === service && process.role === 'leader') found = process;
    return found;
  }

  signal(process: SimProcess, signal: string, byUs: boolean): void {
    if (!process.alive) return;
    if (byUs) this.watcher?.signalled(process, signal);
    const {habit} = process;
    if (signal === 'SIGKILL') {
      if (habit.term !== 'unkillable' || process.role !== 'leader') this.end(process, {code: null, signal: 'SIGKILL'});
      return;
    }
    if (process.frozen) return;
    const ignores = process.role === 'leader' ? habit.term !== 'dies' : habit.leftIgnoresTerm;
    if (ignores) return;
    this.#universe(habit.termMs, process, () => this.end(process, {code: 0, signal: null}));
  }

  /** What this process says when it is asked now; null: nothing. */
  word(process: SimProcess): {health: 'healthy' | 'degraded' | 'unhealthy'; latency: number} | null {
    if (!process.alive || process.frozen) return null;
    const {habit} = process;
    const troubled = this.now < process.troubleUntil ? process.trouble : 'none';
    if (troubled === 'hang') return null;
    const latency = troubled === 'slow' ? habit.latency + 700 : habit.latency;
    const age = this.now - process.spawnedAt - (this.gaps - process.gapsBefore);
    if (process.role === 'leader' && age < habit.ready)
      return habit.early === 'silent' ? null : {health: 'unhealthy', latency};
    if (troubled === '503') return {health: 'unhealthy', latency};
    if (troubled === 'degraded') return {health: 'degraded', latency};
    return {health: process.word, latency};
  }

  // ——— output ———

  /** How long a helper takes that reads what a life has written. */
  diagnosisMs = 100;
  /** How often a helper was asked why a life ended. */
  diagnoses = 0;

  /** What the rules make of these lines: `cannot: CAUSE SUBJECT [FILE]` and `needs: PORT` are all that programs say here. */
  verdictOn(lines: readonly string[]): LifeVerdict | null {
    this.diagnoses += 1;
    const words = lines.map((line) => line.split(' ')).findLast(([first]) => first === 'cannot:' || first === 'needs:');
    const [first, a = '', b = null, file] = words ?? [];
    const told = {confidence: 0.95, evidence: lines, remedy: null};
    if (first === 'cannot:') {
      const diagnosis = {...told, cause: a, subject: b};
      return {
        diagnosis,
        isPermanent: true,
        mendedBy: file === undefined ? null : {kind: 'file', path: file},
        waitsFor: null,
      };
    }
    if (first !== 'needs:') return null;
    const port = Number(a);
    const isDown = (this.listeners.get(port) ?? []).length === 0;
    const listener = {kind: 'listener', host: '127.0.0.1', port, service: null} as const;
    const diagnosis = {...told, cause: 'database-unreachable', subject: `127.0.0.1:${port}`};
    return {diagnosis, isPermanent: false, mendedBy: listener, waitsFor: isDown ? listener : null};
  }

  seenHanging(pid: number, known: Diagnosis): Diagnosis | null {
    if (this.processes.get(pid)?.alive !== true) return null;
    return {...known, evidence: ['hung: 0 % CPU']};
  }

  pipe(service: string): Pipe {
    let pipe = this.pipes.get(service);
    if (pipe === undefined) {
      pipe = {lines: [], tail: [], lives: [], listeners: new Set()};
      this.pipes.set(service, pipe);
    }
    return pipe;
  }

  print(service: string, line: string): void {
    this.pipe(service).lines.push(line);
    this.#flushLater(service);
  }

  #flushLater(service: string): void {
    // Later than an exit's news: only a drain sees the last line in time.
    if (this.session !== null) this.news(this.session, 3, () => this.flush(service));
  }

  flush(service: string): void {
    const pipe = this.pipe(service);
    const {lines} = pipe;
    pipe.lines = [];
    for (const line of lines) {
      pipe.tail.push(line);
      for (const listener of [...pipe.listeners]) listener(line);
    }
  }

  // ——— what sessions use ———

  news(session: SimSession, ms: number, run: () => void): Due {
    // Real clocks give fractions: a sum and a difference of them are not the same.
    return this.agenda.add(this.now + ms + this.random() * 0.05, session.id, false, run);
  }

  mayDie(where: DeathPlan['at']): void {
    const {death} = this;
    if (death === null || death.at !== where || this.session === null) return;
    death.calls -= 1;
    if (death.calls > 0) return;
    this.death = null;
    this.say(`the supervisor dies (${where})`);
    throw new SupervisorDeath(where);
  }

  files(path: string, present: boolean): void {
    if (present) this.missingFiles.delete(path);
    else this.missingFiles.add(path);
    this.fileVersions.set(path, (this.fileVersions.get(path) ?? 0) + 1);
  }
}

function identityOf(process: SimProcess, bootId: string): ProcessIdentity {
  return {pid: process.pid, startTime: process.startTime, bootId};
}

/** Its supervisor may die right before any of these calls. */
function mortal<T extends object>(world: SimWorld, calls: T): T {
  const wrapped = Object.entries(calls).map(([name, call]) => [
    name,
    (...args: unknown[]) => {
      world.mayDie('effect');
      return (call as (...given: unknown[]) => unknown)(...args);
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

const urlPort = /:(\d+)(?:\/|$)/;

/** The world as one supervisor sees it. After its death nothing reaches it any more. */
export class SimSession implements World {
  readonly id: number;
  readonly clock: Clock;
  readonly processes: Processes;
  readonly prober: Prober;
  readonly ports: Ports;
  readonly output: Outputs;
  readonly diagnoser: Diagnoser;
  readonly journal: Journal;
  readonly network = noNetwork;
  readonly kubectl = noKubectl;
  readonly random: () => number;
  alive = true;
  get bootId(): string {
    return this.#world.bootId;
  }
  get bootedAt(): number {
    return this.#world.bootedAt;
  }
  readonly #world: SimWorld;
  #notes: {readonly service: string; readonly record: JournalRecord}[] = [];

  constructor(world: SimWorld, id: number) {
    this.id = id;
    this.#world = world;
    this.random = () => world.random();
    this.clock = {
      now: () => world.now,
      wall: () => world.wall(),
      at: (at, callback) => {
        world.mayDie('effect');
        return this.#timer(at, callback);
      },
    };
    this.processes = mortal(world, this.#makeProcesses());
    this.prober = mortal(world, {probe: (target, timeoutMs, callback) => this.#probe(target, timeoutMs, callback)});
    this.ports = mortal(world, this.#makePorts());
    this.output = {
      open: () => {},
      beginLife: (service) => {
        const pipe = world.pipe(service);
        pipe.tail = [];
        pipe.lives.push(pipe.tail);
      },
      lifePlace: (service) => {
        const life = world.pipe(service).lives.length - 1;
        return life < 0 ? null : {path: service, from: life, to: life + 1};
      },
      tail: (service, lines) => world.pipe(service).tail.slice(-lines),
      drain: (service) => world.flush(service),
      onLine: (service, callback) => {
        const {listeners} = world.pipe(service);
        listeners.add(callback);
        return () => listeners.delete(callback);
      },
      mark: () => {},
      close: () => {},
    };
    this.diagnoser = mortal(world, {
      diagnose: ({service, log}, callback) =>
        this.#soon(world.diagnosisMs * (0.5 + world.random()), () =>
          callback(world.verdictOn(world.pipe(service).lives[log.from] ?? [])),
        ),
      lookAt: ({pid, known}, timeoutMs, callback) =>
        this.#soon(Math.min(world.diagnosisMs * (0.5 + 4 * world.random()), timeoutMs), () =>
          callback(world.seenHanging(pid, known)),
        ),
      close: () => {},
    });
    this.journal = {
      append: (service, record) => {
        world.mayDie('effect');
        world.mayDie('append');
        this.#writeNotes(service);
        const journal = this.#journalOf(service);
        if (world.death?.at === 'torn' && world.death.calls <= 1) journal.torn = true;
        else journal.records.push(record as JournalRecord);
        world.mayDie('torn');
        world.mayDie('after-append');
      },
      // In the file with the next record, or when the supervisor's turn is over: lost if it dies before.
      note: (service, record) => {
        this.#notes.push({service, record: record as JournalRecord});
      },
      read: (service) => {
        this.#writeNotes(service);
        const journal = this.#journalOf(service);
        const problem = journal.torn ? 'the last line was cut off' : null;
        journal.torn = false;
        return {records: [...journal.records], problem};
      },
      services: () => [...world.journals.keys()],
      compact: (service, records) => {
        this.#journalOf(service).records = [...records] as JournalRecord[];
      },
    };
  }

  /** The supervisor's turn is over. */
  endTurn(): void {
    if (this.#notes.length === 0) return;
    this.#world.mayDie('append');
    for (const service of new Set(this.#notes.map((note) => note.service))) this.#writeNotes(service);
    this.#world.mayDie('after-append');
  }

  #writeNotes(service: string): void {
    const {records} = this.#journalOf(service);
    for (const note of this.#notes) if (note.service === service) records.push(note.record);
    this.#notes = this.#notes.filter((note) => note.service !== service);
  }

  die(): void {
    this.alive = false;
    if (this.#world.session === this) this.#world.session = null;
    for (const pipe of this.#world.pipes.values()) pipe.listeners.clear();
  }

  #journalOf(service: string): {records: JournalRecord[]; torn: boolean} {
    const {journals} = this.#world;
    let journal = journals.get(service);
    if (journal === undefined) {
      journal = {records: [], torn: false};
      journals.set(service, journal);
    }
    return journal;
  }

  #timer(at: number, callback: () => void): Cancel {
    const due = this.#world.agenda.add(Math.max(at, this.#world.now), this.id, true, callback);
    return () => {
      due.run = null;
    };
  }

  #soon(ms: number, run: () => void): Cancel {
    const due = this.#world.news(this, ms, run);
    return () => {
      due.run = null;
    };
  }

  #makeProcesses(): Processes {
    const world = this.#world;
    const members = (group: number): SimProcess[] => {
      const found: SimProcess[] = [];
      for (const process of world.processes.values()) if (process.group === group) found.push(process);
      return found;
    };
    const is = (process: SimProcess | undefined, identity: ProcessIdentity): process is SimProcess =>
      process !== undefined && process.startTime === identity.startTime && world.bootId === identity.bootId;
    return {
      spawn: (plan, onExit) => world.spawn(this, plan, onExit),
      watch: (identity, onExit) => {
        let current = true;
        const process = world.processes.get(identity.pid);
        const gone = (): void => {
          this.#soon(Math.floor(world.random() * 400), () => {
            if (current) onExit({code: null, signal: null});
          });
        };
        if (is(process, identity)) process.onExit.push(gone);
        else gone();
        return () => {
          current = false;
        };
      },
      isAlive: (identity) => is(world.processes.get(identity.pid), identity),
      isSomebodyElse: (identity) => {
        const process = world.processes.get(identity.pid);
        return process !== undefined && process.startTime !== identity.startTime;
      },
      findMarked: (project, services) =>
        [...world.processes.values()].flatMap((process) => {
          const mark = readMark(process.mark, project);
          if (mark === null || !services.includes(mark.service)) return [];
          const {pid, startTime, port} = process;
          const argv = process.role === 'leader' ? ['serve', port === null ? '-' : String(port)] : ['helper'];
          return [
            {...mark, leads: process.session === pid, pid, startTime, bootId: world.bootId, startedAt: null, argv},
          ];
        }),
      groupAlive: (pid) => members(pid).length > 0,
      signalGroup: (pid, signal, ifStopped) => {
        const group = members(pid);
        if (group.length === 0) return 'gone';
        const frozen = world.processes.get(pid)?.frozen === true;
        const chosen: StopSignal = frozen && ifStopped !== undefined ? ifStopped : signal;
        for (const process of group) {
          if (process.role === 'bystander') world.violate(`signalled a bystander (pid ${process.pid})`);
          world.signal(process, chosen, true);
        }
        return 'sent';
      },
      signal: (identity, signal) => {
        const process = world.processes.get(identity.pid);
        if (!is(process, identity)) return 'gone';
        world.signal(process, signal, true);
        return 'sent';
      },
      stragglers: (query, callback) => {
        const ms = world.scanMs * (0.5 + world.random());
        this.#soon(ms, () => callback(this.#stragglers(query)));
      },
      precheck: ({files}) => {
        const missing = files.find((file) => world.missingFiles.has(file));
        return missing === undefined
          ? null
          : {cause: 'missing-file', subject: missing, message: `${missing}: no such file`};
      },
      diskRoom: (path) => ({
        path,
        freeBytes: world.diskFull ? 0 : 1e12,
        sizeBytes: 2e12,
        freeFiles: null,
      }),
      fileState: (path) => `${world.missingFiles.has(path)}:${world.fileVersions.get(path) ?? 0}`,
      run: (plan, callback) => this.#run(plan, callback),
    };
  }

  #stragglers(query: StragglerQuery): StrayProcess[] {
    const found: StrayProcess[] = [];
    const {except} = query;
    for (const process of this.#world.processes.values()) {
      const ofExcept =
        except !== null &&
        ((process.pid === except.pid && process.startTime === except.startTime) ||
          (process.leader?.pid === except.pid && process.leader.startTime === except.startTime));
      if (ofExcept) continue;
      const bySession = query.leaders.some(
        (leader) => process.session === leader.pid && process.sessionStart === leader.startTime,
      );
      if (!bySession && !(process.mark !== '' && process.mark.startsWith(query.markPrefix))) continue;
      found.push({
        ...identityOf(process, this.#world.bootId),
        command: process.service,
        why: bySession ? 'session' : 'mark',
      });
    }
    return found;
  }

  #run(plan: RunPlan, callback: (result: RunResult) => void): Cancel {
    const world = this.#world;
    const none = {error: null, tail: ''};
    if (plan.purpose === 'probe') {
      const leader = world.leaderOf(plan.service);
      const word = leader === null ? null : world.word(leader);
      if (word === null)
        return this.#soon(plan.timeoutMs, () => {
          this.#heard(leader, false);
          callback({...none, exit: {code: null, signal: 'SIGKILL'}, timedOut: true});
        });
      return this.#soon(word.latency, () => {
        this.#heard(leader, word.health !== 'unhealthy');
        callback({...none, exit: {code: word.health === 'unhealthy' ? 1 : 0, signal: null}, timedOut: false});
      });
    }
    world.ranHooks.push(`${plan.service} ${plan.purpose}`);
    if (plan.purpose === 'onPortMoved') world.hookPlans.push(plan);
    const habit = world.hooks.get(`${plan.service} ${plan.purpose}`) ?? {ms: 10, code: 0};
    if (habit.ms >= plan.timeoutMs)
      return this.#soon(plan.timeoutMs, () =>
        callback({...none, exit: {code: null, signal: 'SIGKILL'}, timedOut: true}),
      );
    return this.#soon(habit.ms, () => callback({...none, exit: {code: habit.code, signal: null}, timedOut: false}));
  }

  #heard(process: SimProcess | null, answered: boolean): void {
    if (process === null) return;
    if (answered) process.lastHeard = this.#world.now;
    else process.lastSilence = this.#world.now;
  }

  #probe(target: ProbeTarget, timeoutMs: number, callback: (answer: ProbeAnswer) => void): Cancel {
    const world = this.#world;
    const port = target.type === 'http' ? Number(urlPort.exec(target.url)?.[1] ?? 0) : target.port;
    let over = false;
    let cancelTimeout: Cancel = () => {};
    const finish = (answer: ProbeAnswer, process: SimProcess | null): void => {
      if (over) return;
      over = true;
      cancelTimeout();
      this.#heard(process, answer.tag === 'answered');
      callback(answer);
    };
    const holder = world.listeners.get(port)?.[0] ?? null;
    if (holder === null) {
      // Whoever never got the port that it was given is asked in vain.
      const without = [...world.processes.values()].find((one) => one.role === 'leader' && one.port === port) ?? null;
      this.#soon(0.5, () => finish({tag: 'silent', reason: 'refused', detail: `port ${port} refused`}, without));
    } else {
      cancelTimeout = this.#timer(world.now + timeoutMs, () =>
        finish({tag: 'silent', reason: 'timeout', detail: `no answer within ${timeoutMs} ms`}, holder),
      );
      const word = world.word(holder);
      if (word !== null && target.type === 'http' && target.method === 'POST') world.signal(holder, 'SIGTERM', false);
      // It has accepted; the answer comes after its latency, if it lives and answers then.
      if (word !== null)
        world.agenda.add(world.now + word.latency, 0, false, () => {
          if (over || !this.alive) return;
          if (!holder.alive) {
            this.#soon(0, () => finish({tag: 'silent', reason: 'reset', detail: 'connection reset'}, holder));
            return;
          }
          const then = world.word(holder);
          if (then === null) return;
          const {health} = target.type === 'tcp' ? {health: 'healthy' as const} : then;
          const status = health === 'unhealthy' ? 503 : 200;
          this.#soon(0, () =>
            finish({tag: 'answered', health, status, detail: `${status}`, latencyMs: word.latency}, holder),
          );
        });
    }
    return () => {
      over = true;
      cancelTimeout();
    };
  }

  #makePorts(): Ports {
    const world = this.#world;
    let isTesting = false;
    const held = (port: number): SimProcess[] => world.listeners.get(port) ?? [];
    const listener = (process: SimProcess): Listener => ({
      pid: process.pid,
      command: process.service,
      user: 'ops1',
      startedAt: null,
      cwd: null,
      address: '127.0.0.1',
      inode: process.startTime,
    });
    return {
      tryBind: (port, _addresses, callback) => {
        // Real sockets would be in each other's way.
        if (isTesting) world.violate(`port ${port} is tested while another one is`);
        isTesting = true;
        this.#soon(0.2, () => {
          isTesting = false;
          const state: PortState =
            port === 0
              ? {state: 'free', port: 40_000 + Math.floor(world.random() * 10_000)}
              : held(port).length > 0
                ? {state: 'taken', code: 'EADDRINUSE'}
                : {state: 'free'};
          if (state.state === 'free' && world.racers > 0) {
            world.racers -= 1;
            world.agenda.add(world.now + 0.01, 0, false, () => world.stranger(state.port ?? port));
          }
          callback(state);
        });
      },
      owners: (port, callback) => {
        this.#soon(1, () => callback(world.invisible.has(port) ? [] : held(port).map(listener)));
      },
      listening: (port, callback) => {
        world.portLooks += 1;
        this.#soon(0.3, () => callback(world.invisible.has(port) ? [] : held(port).map(listener)));
      },
      connections: (port, callback) => {
        this.#soon(0.3, () => callback(world.connected.get(port) ?? 0));
      },
      holder: (port, leader, markPrefix, callback) => {
        this.#soon(1, () => {
          const first = held(port)[0];
          let verdict: ListenerVerdict;
          if (first === undefined) verdict = {verdict: 'unknown', why: 'no listener of this machine was found'};
          else if (world.invisible.has(port)) verdict = {verdict: 'unknown', why: 'cannot be read'};
          else if (
            (first.pid === leader.pid && first.startTime === leader.startTime) ||
            (first.leader?.pid === leader.pid && first.leader.startTime === leader.startTime) ||
            (first.mark !== '' && first.mark.startsWith(markPrefix))
          )
            verdict = {verdict: 'own', inode: first.startTime};
          else verdict = {verdict: 'foreign', listener: listener(first)};
          callback(verdict);
        });
      },
    };
  }
}
