import {portsToldTo} from '../core/config/references.js';
import type {ErpError} from '../core/errors.js';
import {ExitCode} from '../core/exit-codes.js';
import {formatDuration, listOf} from '../core/report/format.js';
import {serviceUrl} from '../core/report/service-url.js';
import type {Actor} from '../core/report/status.js';
import {failureExitCode} from '../core/report/verdict.js';
import type {ProjectSpec, ServiceSpec} from '../core/spec.js';
import {isRestless, nextDeadline} from '../core/supervision/deadlines.js';
import {mostEarlyMs} from '../core/supervision/being-up.js';
import {Dependents} from '../core/supervision/dependents.js';
import type {Event} from '../core/supervision/events.js';
import {type Clocks, GapWatch} from '../core/supervision/gap-watch.js';
import {isKeptSame} from '../core/supervision/kept.js';
import {followersOf} from '../core/supervision/port-following.js';
import type {UnaskedReason} from '../core/supervision/planned.js';
import {missingDependencies, type Services} from '../core/supervision/dependencies.js';
import {runningDependents, settle, withDependencies} from '../core/supervision/settle.js';
import {type Blocker, initialService, isAtRest, type Service} from '../core/supervision/state.js';
import {transition} from '../core/supervision/transition.js';
import type {Cancel, ProcessIdentity, World} from '../platform/types.js';
import {Adoption} from './adoption.js';
import type {ForwardView} from '../core/supervision/forward-view.js';
import {CheckedRestarts} from './checked-restarts.js';
import {DeadlineQueue} from './deadline-queue.js';
import {sweepProject} from './ending-strays.js';
import {Forwards} from './forwards.js';
import {LifeBook} from './life-book.js';
import {MovedPorts} from './moved-ports.js';
import {PortBook} from './port-book.js';
import {askForPrimaries, type Return} from './to-primary.js';
import {Schedules} from './schedules.js';
import {ServiceRunner} from './service-runner.js';
import type {News, Surroundings} from './shared.js';

/** A look at all that changes with time at least this often; also what gaps are measured against. */
const beatMs = 1000;

export type EndReason = 'stopped' | 'budget-spent' | 'critical-failed' | 'shutdown';

export interface SupervisorSink {
  /** Something worth telling; in the order in which it happened. */
  tell(news: News): void;
  /** How long a service that is ready took to answer a probe. */
  answered?(service: string, incarnation: number, latencyMs: number): void;
  /** States have changed; called once after a batch of changes. */
  changed(): void;
  /** Everything is at rest and shall stay so: the supervisor has done its work. */
  ended(reason: EndReason, exitCode: number, text: string): void;
}

interface Entry {
  readonly spec: ServiceSpec;
  readonly runner: ServiceRunner;
  service: Service;
  blocker: Blocker | null;
  /** How often somebody has asked for its stop. */
  stops: number;
}

interface ByKind {
  readonly services: readonly string[];
  readonly forwards: readonly string[];
}

/**
 * The loop of the supervisor: one event at a time through the core, effects into the world, then what follows for the
 * other services. It knows the world only through its interfaces, so that simulation runs this very class.
 */
export class Supervisor {
  readonly #spec: ProjectSpec;
  readonly #world: World;
  readonly #sink: SupervisorSink;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #forwardViews = new Map<string, ForwardView>();
  readonly #services = Object.assign(new Map<string, Service>(), {forwards: this.#forwardViews});
  readonly #book: LifeBook;
  readonly #gaps: GapWatch;
  readonly #restarts: CheckedRestarts;
  readonly #schedules: Schedules;
  readonly #dependents: Dependents;
  readonly #ports = new PortBook();
  readonly #moved: MovedPorts;
  readonly forwards: Forwards;
  /** What stands for `{services.NAME.port}`. */
  readonly #portsToTell: Record<string, number> = {};
  readonly #deadlines = new DeadlineQueue();
  /** Looked at with every beat. */
  readonly #restless = new Set<string>();
  /** Not what they were when dependencies were last looked at. */
  readonly #changed = new Set<string>();
  /** Not what they were when it was last asked whether a failure ends everything. */
  readonly #unjudged = new Set<string>();
  /** May not have ended yet; a service leaves it when it was seen at rest while everything goes down. */
  readonly #unended: Set<Entry>;
  readonly #around: Surroundings;
  /** How services go on that were wanted up and do not run; see `resume`. */
  readonly #goOn = new Map<string, Event>();
  readonly #inbox: {readonly entry: Entry; readonly event: Event}[] = [];
  #working = false;
  #cancelTimer: Cancel = () => {};
  #armedFor = Number.POSITIVE_INFINITY;
  #plannedBeat: number;
  /** Set while everything goes down for good. */
  #ending: {readonly reason: EndReason; readonly exitCode: number; readonly text: string} | null = null;
  #over = false;
  /** The look for what no single service could be blamed for, when all are down. */
  #lastSweep: 'due' | 'under way' | 'done' = 'due';
  readonly #projectMark: string;

  constructor(spec: ProjectSpec, world: World, sink: SupervisorSink, projectMark: string) {
    this.#spec = spec;
    this.#projectMark = projectMark;
    this.#dependents = new Dependents(spec);
    this.#book = new LifeBook(spec, world);
    this.#gaps = new GapWatch(this.#clocks(world));
    this.#world = world;
    this.#sink = sink;
    this.#plannedBeat = world.clock.now() + beatMs;
    this.#around = {
      spec,
      world,
      projectMark,
      emit: (service, event) => this.#dispatch(service.name, event),
      tell: (news) => sink.tell(news),
      now: (name) => this.service(name),
      answered: (service, incarnation, latencyMs) => sink.answered?.(service, incarnation, latencyMs),
      portsInUse: () => this.portsInUse(),
      oneTestAtATime: (test) => this.#ports.oneTestAtATime(test),
      portsToTell: () => this.#portsToTell,
      serviceOn: (port) => this.#ports.holder(port),
    };
    this.#entries = new Map(
      spec.services.map((service) => [
        service.name,
        {
          spec: service,
          runner: new ServiceRunner(service, this.#around),
          service: initialService,
          blocker: null,
          stops: 0,
        },
      ]),
    );
    this.#unended = new Set(this.#entries.values());
    this.#restarts = new CheckedRestarts({
      services: this.#services,
      candidate: (name) => this.#entry(name),
      isEnding: () => this.#over || this.ending,
      tell: (news) => sink.tell(news),
      send: (name, event) => this.#batch([[name, event]]),
    });
    this.#moved = new MovedPorts({
      around: this.#around,
      goBack: (name, text, done) => this.restartUnasked(name, 'port', text, done),
    });
    for (const entry of this.#entries.values()) this.#index(entry);
    for (const {name, primary} of spec.portForwards) this.#portsToTell[name] = primary;
    this.forwards = new Forwards({
      around: this.#around,
      network: world.network,
      kubectl: world.kubectl,
      changed: (name, view) => this.forwardChanged(name, view),
      refreshed: () => this.#sink.changed(),
    });
    this.#schedules = new Schedules(spec, {
      clock: world.clock,
      tell: (news) => sink.tell(news),
      restart: (name, text, done) => this.restartUnasked(name, 'schedule', text, done),
    });
    this.#arm();
  }

  // ——— what the API asks ———

  /**
   * Starts services and all they need. Unknown names are the caller's mistake.
   * @param again jobs among `names` that are done are run once more; they were asked for by name
   * @param alone without what they need: what nobody wants up holds nobody back
   */
  start(
    names: readonly string[],
    by: Actor | null,
    again = false,
    announce: (started: readonly string[]) => void = () => {},
    alone = false,
  ): {started: string[]; alreadyRunning: string[]} {
    const started: string[] = [];
    const alreadyRunning: string[] = [];
    for (const name of alone ? names : withDependencies(this.#spec, names)) {
      if (this.forwards.has(name)) {
        (this.forwards.isWanted(name) ? alreadyRunning : started).push(name);
        continue;
      }
      const {state, memory} = this.service(name);
      const idle = isAtRest(state) || state.tag === 'failed' || memory.wanted === 'down';
      // A job that is done stays done when it only comes along.
      if (!idle || (state.tag === 'done' && memory.wanted === 'up' && !(again && names.includes(name))))
        alreadyRunning.push(name);
      else {
        started.push(name);
      }
    }
    if (started.length > 0) announce(started);
    for (const name of started) this.#book.wanted(name, true, by);
    const {services, forwards} = this.#byKind(started);
    this.#comingUp(forwards);
    this.#batch(services.map((name) => [name, {tag: 'start'}]));
    this.forwards.start(forwards);
    return {started, alreadyRunning};
  }

  /** Goes on with what was wanted up before the supervisor died; with nothing else: what was stopped stays stopped. */
  resume(names: readonly string[]): void {
    const {services, forwards} = this.#byKind(names);
    this.#comingUp(forwards);
    this.#batch(services.map((name) => [name, this.#goOn.get(name) ?? {tag: 'resume'}]));
    this.#goOn.clear();
    this.forwards.start(forwards);
  }

  /** Stops services; all of them end with `ended`. In reverse order of the dependencies, unless `now`. */
  stop(names: readonly string[], now: boolean, by: Actor | null): {stopping: string[]; notRunning: string[]} {
    const isDown = (name: string): boolean =>
      this.forwards.has(name)
        ? this.forwards.forward(name).state.tag === 'stopped'
        : ['stopped', 'done'].includes(this.service(name).state.tag);
    const stopping = names.filter((name) => !isDown(name));
    const notRunning = names.filter(isDown);
    for (const name of names) this.#book.wanted(name, false, by);
    const {services, forwards} = this.#byKind(names);
    const going = services.filter((name) => stopping.includes(name));
    // Nothing runs of what has failed for good, but from now on it is stopped.
    const failed = going.filter((name) => isAtRest(this.service(name).state));
    this.#goDown({services, forwards}, now ? going : failed, now);
    return {stopping, notRunning};
  }

  /** The order is kept by `settle`; only `directly` are told at once. */
  #goDown({services, forwards}: ByKind, directly: readonly string[], now: boolean): void {
    for (const name of services) {
      const entry = this.#entry(name);
      entry.stops += 1;
      this.#keep(entry, {...entry.service, memory: {...entry.service.memory, wanted: 'down'}});
    }
    // Nobody is looked at before all are known that go down: who goes first depends on the others.
    const wasWorking = this.#working;
    this.#working = true;
    this.forwards.stop(forwards, now);
    this.#working = wasWorking;
    this.#batch(directly.map((name) => [name, {tag: 'stop', now, why: 'operator'}]));
  }

  /** Stops everything and ends. A system that shuts down does not want its services down: they start after the boot. */
  end(reason: EndReason, exitCode: number, text: string, now: boolean, by: Actor | null): void {
    this.#ending = this.#ending ?? {reason, exitCode, text};
    const names = this.names();
    if (reason !== 'shutdown')
      for (const name of [...names, ...this.forwards.names()]) this.#book.wanted(name, false, by);
    const directly = now ? names.filter((name) => !isAtRest(this.service(name).state)) : [];
    this.#goDown({services: names, forwards: this.forwards.names()}, directly, now);
  }

  /** Ends the supervision and leaves every process as it is: for the next supervisor, which adopts them. */
  letGo(): void {
    this.#over = true;
    this.forwards.letGo();
    this.#cancelTimer();
  }

  /**
   * Restarts services (planned). With a preCheck hook each is checked first, and nothing is stopped if one says no.
   * @param done gets what the checks said, or null
   * @param primary back to their primary ports
   */
  restart(all: readonly string[], by: Actor | null, done: (problem: string | null) => void, primary = false): void {
    const {services: names, forwards} = this.#byKind(all);
    this.#restarts.check(names, (problem) => {
      if (problem === null) {
        for (const name of all) this.#book.wanted(name, true, by);
        if (names.length > 0) this.#comingUp(forwards);
        this.#batch(names.map((name) => [name, {tag: 'restart', why: 'operator', primary}]));
        this.forwards.restart(forwards);
      }
      done(problem);
    });
  }

  /** Which of these could go back to their primary ports; nothing is restarted. */
  askForPrimaries(names: readonly string[], isNamed: boolean, done: (answer: Return | ErpError) => void): void {
    const candidates = names.map((name) => {
      const {spec, service, runner} = this.#entry(name);
      return {spec, service, identity: runner.identity};
    });
    askForPrimaries(this.#around, candidates, isNamed, done);
  }

  /** Who is restarted behind these when their ports change. */
  followersOf(names: readonly string[]): readonly string[] {
    return followersOf(this.#spec, names, this.#services);
  }

  /**
   * Restarts a service because its schedule or its memory limit says so, or to bring it back to its primary port: only one that is up and can come back, and only
   * if its preCheck agrees.
   * @param text more about why, for people
   * @param done gets why it is not restarted, or null
   */
  restartUnasked(name: string, why: UnaskedReason, text: string, done: (refused: string | null) => void): void {
    this.#restarts.unasked(name, why, text, done);
  }

  /** When its schedule restarts a service next, milliseconds since the epoch; null: never. */
  nextRestartAt(name: string): number | null {
    return this.#schedules.nextAt(name);
  }

  runningDependents(names: readonly string[]): readonly string[] {
    return runningDependents(this.#spec, new Set(names), this.#services);
  }

  // ——— what others want to know ———

  names(): string[] {
    return [...this.#entries.keys()];
  }

  /** Services and port-forwards. */
  allNames(): string[] {
    return [...this.names(), ...this.forwards.names()];
  }

  isWanted(name: string): boolean {
    return this.forwards.has(name) ? this.forwards.isWanted(name) : this.service(name).memory.wanted === 'up';
  }

  /** Nothing of it runs. */
  isDown(name: string): boolean {
    return this.forwards.has(name)
      ? this.forwards.forward(name).state.tag === 'stopped'
      : isAtRest(this.service(name).state);
  }

  service(name: string): Service {
    return this.#entry(name).service;
  }

  services(): Services {
    return this.#services;
  }

  runner(name: string): ServiceRunner {
    return this.#entry(name).runner;
  }

  get ending(): boolean {
    return this.#ending !== null;
  }

  portsInUse(): Readonly<Record<string, number>> {
    return this.#ports.byService;
  }

  /** Where a service is reached; null: it has no address, or no port now. */
  url(name: string): string | null {
    const {spec, service} = this.#entry(name);
    return serviceUrl(spec, {port: service.memory.port, services: this.#portsToTell});
  }

  leaders(): ReadonlyMap<string, ProcessIdentity> {
    const leaders = new Map<string, ProcessIdentity>();
    for (const {spec, runner} of this.#entries.values())
      if (runner.identity !== null) leaders.set(spec.name, runner.identity);
    return leaders;
  }

  /**
   * Reads the journals a former supervisor left and takes over what still runs. Comes before any start.
   * @returns names that were wanted up and do not run (the machine was restarted, or they died meanwhile), and whether
   * the machine was booted since
   */
  adopt(): {readonly wantedUp: readonly string[]; readonly rebooted: boolean} {
    const wantedUp: string[] = [];
    let rebooted = false;
    // Events are worked off when all services are known: who stops first depends on the others.
    this.#working = true;
    for (const [name, found] of new Adoption(this.#around).look()) {
      const entry = this.#entry(name);
      this.#keep(entry, found.service);
      if (found.isNew) this.#book.remember(name, found.service);
      rebooted ||= found.boot !== null;
      if (found.adopted !== null) {
        const {identity, event, spawnedAtWall} = found.adopted;
        this.#inbox.push({entry, event});
        if (found.isKnown) entry.runner.recall(found.known, identity);
        entry.runner.adopt(identity, event.incarnation, spawnedAtWall);
        entry.runner.perform({tag: 'sweep', incarnation: 0});
        continue;
      }
      if (found.mayBeLeft) {
        if (found.leader !== null && found.isKnown) entry.runner.recall({...found.known, process: null}, found.leader);
        entry.runner.expectLeftovers(found.leader);
        entry.runner.perform({tag: 'sweep', incarnation: found.service.memory.incarnation});
      }
      if (!found.wantedUp) continue;
      wantedUp.push(name);
      this.#goOn.set(name, found.unjudged ?? {tag: 'resume'});
    }
    this.#working = false;
    wantedUp.push(...this.forwards.adopt());
    this.#work();
    return {wantedUp, rebooted};
  }

  // ——— the loop ———

  /** A port-forward is not what it was. */
  forwardChanged(name: string, view: ForwardView): void {
    this.#forwardViews.set(name, view);
    this.#ports.note(name, view.port);
    if (view.port !== null) this.#portsToTell[name] = view.port;
    this.#changed.add(name);
    this.#work();
  }

  /**
   * Said before services and forwards come up together: who needs one of these waits for it, while the forwards
   * themselves come last, when it is known which of the services they need are wanted.
   */
  #comingUp(forwards: readonly string[]): void {
    for (const name of forwards) {
      const view = this.#forwardViews.get(name) ?? {mayRun: false, port: null, primary: this.#portsToTell[name] ?? 0};
      this.#forwardViews.set(name, {...view, wanted: 'up', isUp: false});
    }
  }

  #byKind(names: readonly string[]): ByKind {
    return {
      services: names.filter((name) => !this.forwards.has(name)),
      forwards: names.filter((name) => this.forwards.has(name)),
    };
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new Error(`no service ${name}`);
    return entry;
  }

  #keep(entry: Entry, service: Service): void {
    const before = entry.service;
    entry.service = service;
    if (before.state === service.state && before.memory === service.memory) return;
    this.#changed.add(entry.spec.name);
    this.#unjudged.add(entry.spec.name);
    this.#index(entry);
  }

  #index({spec, service}: Entry): void {
    this.#services.set(spec.name, service);
    this.#ports.note(spec.name, portOf(spec, service));
    if (spec.port !== null) this.#portsToTell[spec.name] = service.memory.port ?? spec.port.primary;
    this.#moved.note(spec, service);
    this.#deadlines.set(spec.name, nextDeadline(service, spec));
    if (isRestless(service)) this.#restless.add(spec.name);
    else this.#restless.delete(spec.name);
  }

  #batch(events: readonly (readonly [string, Event])[]): void {
    this.#lookForGap();
    for (const [name, event] of events) this.#inbox.push({entry: this.#entry(name), event});
    this.#work();
  }

  #dispatch(name: string, event: Event): void {
    if (this.#over) return;
    // News that waited through a gap must not be judged by clocks that do not know of it yet.
    if (!this.#working) this.#lookForGap();
    this.#inbox.push({entry: this.#entry(name), event});
    this.#work();
  }

  #work(): void {
    if (this.#working || this.#over) return;
    this.#working = true;
    for (;;) {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift())
        this.#apply(next.entry, next.event);
      const changed = [...this.#changed];
      this.#changed.clear();
      const moves = settle(this.#dependents, this.#services, changed);
      for (const {service, event} of moves) this.#inbox.push({entry: this.#entry(service), event});
      if (moves.length === 0 && !this.#failuresEndAll()) break;
    }
    this.#working = false;
    this.forwards.servicesChanged();
    this.#conclude();
  }

  #conclude(): void {
    // The last forward may have stopped only now, and everything with it.
    if (this.#over) return;
    this.#sink.changed();
    if (this.#ending !== null && this.#allEnded()) {
      if (this.#lastSweep !== 'done') {
        this.#sweepAll();
        return;
      }
      this.#over = true;
      this.#cancelTimer();
      const {reason, exitCode, text} = this.#ending;
      const left = this.#unkillable();
      if (left.length === 0 || exitCode !== ExitCode.done) this.#sink.ended(reason, exitCode, text);
      else this.#sink.ended(reason, ExitCode.serviceFailed, `cannot be ended: ${listOf(left)}`);
      return;
    }
    this.#arm();
  }

  #sweepAll(): void {
    if (this.#lastSweep === 'under way') return;
    this.#lastSweep = 'under way';
    sweepProject(this.#world, this.#projectMark, this.#sink, () => {
      this.#lastSweep = 'done';
      this.#work();
    });
  }

  /** Asked after every event while hundreds go down: whoever still runs answers for all. */
  #allEnded(): boolean {
    const ended = ({service, runner}: Entry): boolean => isAtRest(service.state) && !runner.busy;
    for (const entry of this.#unended) {
      if (!ended(entry)) return false;
      this.#unended.delete(entry);
    }
    return this.forwards.allStopped && [...this.#entries.values()].every(ended);
  }

  #apply(entry: Entry, event: Event): void {
    const before = entry.service;
    const [service, effects] = transition(before, event, {
      now: this.#world.clock.now(),
      chance: this.#world.random(),
      spec: entry.spec,
      dependenciesUp: entry.spec.dependsOn.every(({name}) => {
        const forward = this.#forwardViews.get(name);
        if (forward !== undefined) return forward.isUp;
        const tag = this.#services.get(name)?.state.tag;
        return tag === 'ready' || tag === 'done';
      }),
      mayStart: missingDependencies(entry.spec, this.#services).length === 0,
      tellPorts: () => pick(this.#portsToTell, portsToldTo(entry.spec)),
    });
    this.#keep(entry, service);
    const isNew = !isKeptSame(before, service);
    // In the file before the spawn, together with its intent: a supervisor that dies with it must not have given a
    // restart away. The whole story follows behind it.
    const isHurried =
      isNew && service.memory.lastEnd?.end.blockedOn == null && effects.some(({tag}) => tag === 'spawn');
    if (isHurried) this.#book.rememberBriefly(entry.spec.name, service);
    else if (isNew) this.#book.remember(entry.spec.name, service);
    for (const effect of effects) entry.runner.perform(effect);
    if (isHurried) this.#book.remember(entry.spec.name, entry.service);
    const {state} = service;
    const blocker = state.tag === 'failed' || state.tag === 'backing-off' ? state.blockedOn : null;
    if (blocker !== entry.blocker) {
      entry.blocker = blocker;
      entry.runner.watchBlocker(blocker);
    }
  }

  /** Services that SIGKILL has not ended: with them "stopped" would be a lie. */
  #unkillable(): string[] {
    return [...this.#entries.values()].flatMap(({spec, service: {state, memory}}) => {
      const diagnosis = memory.lastEnd?.end.diagnosis;
      if (state.tag !== 'failed' || diagnosis?.cause !== 'unkillable') return [];
      return [`${spec.name}${diagnosis.subject === null ? '' : ` (${diagnosis.subject})`}`];
    });
  }

  /** A watchdog ends with its service; a critical service takes everything with it. True: something was set in motion. */
  #failuresEndAll(): boolean {
    const names = this.#dependents.inOrder(this.#unjudged);
    this.#unjudged.clear();
    if (this.#ending !== null) return false;
    for (const name of names) {
      const {spec, service} = this.#entry(name);
      const {state, memory} = service;
      if (!isAtRest(state) || memory.wanted === 'down') continue;
      const cause = memory.lastEnd?.end.diagnosis.cause ?? 'unknown';
      if (state.tag === 'failed' && (this.#spec.mode === 'watchdog' || spec.critical)) {
        const exitCode = failureExitCode({diagnosis: memory.lastEnd?.end.diagnosis ?? null});
        const why = this.#spec.mode === 'watchdog' ? 'budget-spent' : 'critical-failed';
        const text =
          why === 'budget-spent'
            ? `${spec.name} has failed (${cause})`
            : `${spec.name} is critical and has failed (${cause}): everything else stops`;
        this.#sink.tell({level: 'CRITICAL', service: null, type: why, text, facts: {exitCode}});
        this.end(why, exitCode, text, false, null);
        return true;
      }
      if (this.#spec.mode === 'watchdog' && state.tag === 'stopped' && state.why === 'ended') {
        this.end('stopped', 0, `${spec.name} has ended by itself`, false, null);
        return true;
      }
    }
    return false;
  }

  // ——— time ———

  #clocks({clock}: World = this.#world): Clocks {
    return {now: clock.now(), wall: clock.wall()};
  }

  #arm(): void {
    const next = Math.min(this.#plannedBeat, this.#deadlines.earliest);
    // One that comes too early finds nothing due: cheaper than another timer for every event.
    if (this.#armedFor <= next) return;
    this.#cancelTimer();
    this.#armedFor = next;
    this.#cancelTimer = this.#world.clock.at(Math.max(next, this.#world.clock.now()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#armedFor = Number.POSITIVE_INFINITY;
    this.#lookForGap();
    const now = this.#world.clock.now();
    const beat = now >= this.#plannedBeat;
    if (beat) {
      this.#plannedBeat = now + beatMs;
      this.#schedules.look();
      this.#moved.look();
      this.forwards.beat(now);
    }
    this.#book.compact(now, this.#entries.keys());
    this.#gaps.passed(this.#clocks());
    // Probes that are due in a moment go along: a wake-up costs as much as a probe.
    const due = this.#deadlines.due(now + mostEarlyMs);
    for (const name of this.#dependents.inOrder(beat ? new Set([...due, ...this.#restless]) : due))
      this.#inbox.push({entry: this.#entry(name), event: {tag: 'tick'}});
    this.#work();
  }

  /** Sleep, a VM snapshot, a starved loop: every clock is extended before anything is judged. */
  #lookForGap(): void {
    const clocks = this.#clocks();
    const jump = this.#gaps.look(clocks, this.#plannedBeat);
    if (jump === null) return;
    if (jump.tag === 'set-back') {
      const text = `the clock was set back by ${formatDuration(jump.byMs)}; nothing depends on it`;
      this.#sink.tell({level: 'INFO', service: null, type: 'clock', text});
      return;
    }
    const {sleptMs, lostMs} = jump;
    this.#plannedBeat = clocks.now + beatMs;
    this.#sink.tell({
      level: 'WARNING',
      service: null,
      type: 'gap',
      text: `slept ${formatDuration(sleptMs)} (sleep, snapshot, clock change or a busy machine): every service is asked before anything is decided`,
      facts: {ms: sleptMs},
    });
    for (const entry of this.#entries.values()) this.#inbox.push({entry, event: {tag: 'gap', ms: lostMs}});
    for (const entry of this.#entries.values()) this.#inbox.push({entry, event: {tag: 'tick'}});
    this.forwards.gap(lostMs);
    this.#work();
  }
}

const pick = (all: Readonly<Record<string, number>>, names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.flatMap((name) => (all[name] === undefined ? [] : [[name, all[name]]])));

/** A service at rest has given its port back; others may still be told its primary. */
function portOf(spec: ServiceSpec, {state, memory}: Service): number | null {
  if (memory.port !== null && !isAtRest(state)) return memory.port;
  return spec.kind === 'external' && spec.port !== null ? spec.port.primary : null;
}
