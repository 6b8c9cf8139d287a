import {type Remembered, remember} from '../../../src/lib/core/supervision/journal.js';
import {isAtRest, mayRun, type Service} from '../../../src/lib/core/supervision/state.js';
import type {ProjectSpec, ServiceSpec} from '../../../src/lib/core/spec.js';
import type {News} from '../../../src/lib/runtime/shared.js';
import {type EndReason, Supervisor, type SupervisorSink} from '../../../src/lib/runtime/supervisor.js';
import type {Habit} from './habits.js';
import {afterDeath, broughtBackWithinMs, type Guardian, newGuardian} from './guardian.js';
import {type DeathPlan, type SimProcess, SimWorld, type Watcher} from './sim-world.js';

const projectMark = 'sim';
/** What escaped is ended within this, once a supervisor knows of it: search, TERM, a second, KILL. */
const sweepPatienceMs = 8000;

/** What the rules say about one service, kept apart from what the supervisor thinks. */
interface Ledger {
  wanted: boolean;
  /** Spawns since the budget was full, and how many of them are allowed. */
  spawns: number;
  allowed: number;
  readyAt: number;
  readyLife: string;
  unkillable: boolean;
  lastLife: SimProcess | null;
  /** Ports of the last lives in a row that found theirs taken. */
  racesLost: readonly number[];
  /** It was said that no restart can mend it, and nothing has changed since. */
  hopeless: boolean;
  /** Of the wall clock, when its schedule restarted it last. */
  scheduledMinute: number;
}

/** The supervisor over a simulated machine, with the rules checked at everything that happens. */
export class Rig implements SupervisorSink, Watcher {
  readonly world: SimWorld;
  readonly spec: ProjectSpec;
  readonly news: News[] = [];
  supervisor!: Supervisor;
  outcome: {reason: EndReason; exitCode: number; text: string} | null = null;
  sessionSince = 0;
  lastGapAt = Number.NEGATIVE_INFINITY;
  /** The last stop was told to ignore the order. */
  stoppedAtOnce = false;
  /** A supervisor that dies again and again, at the same place. */
  deathLoop: {readonly plan: DeathPlan; left: number} | null = null;
  #guardian: Guardian | null = null;
  #bringAt = Number.POSITIVE_INFINITY;
  #deaths = 0;
  #diedWhileAsked = false;
  #bootId = 'boot-1';
  /** Processes that were told to end: what follows is the same decision. */
  readonly #asked = new WeakSet<SimProcess>();
  readonly #checked = new Map<string, unknown>();
  readonly #checkedMemory = new Map<string, unknown>();
  readonly #ledgers = new Map<string, Ledger>();
  readonly #specs: ReadonlyMap<string, ServiceSpec>;

  constructor(spec: ProjectSpec, habits: Readonly<Record<string, readonly Habit[]>> = {}, seed = 1, reusePids = false) {
    this.spec = spec;
    this.world = new SimWorld(seed, reusePids);
    this.world.watcher = this;
    this.world.onDeath = () => this.#bringNext();
    this.#specs = new Map(spec.services.map((service) => [service.name, service]));
    for (const {name} of spec.services) {
      this.#ledgers.set(name, {
        wanted: false,
        spawns: 0,
        allowed: 0,
        readyAt: Number.POSITIVE_INFINITY,
        readyLife: '',
        unkillable: false,
        lastLife: null,
        racesLost: [],
        hopeless: false,
        scheduledMinute: 0,
      });
      const list = habits[name];
      if (list !== undefined) this.world.habits.set(name, list);
    }
    this.#connect();
  }

  /** An operator's command. */
  #ask(run: () => void): void {
    this.world.enter(run);
    this.#diedWhileAsked ||= !this.alive;
  }

  #connect(): void {
    const session = this.world.connect();
    this.sessionSince = this.world.now;
    this.supervisor = new Supervisor(this.spec, session, this, projectMark);
  }

  // ——— what operators and fate do ———

  get alive(): boolean {
    return this.world.session !== null;
  }

  service(name: string): Service {
    return this.supervisor.service(name);
  }

  tag(name: string): Service['state']['tag'] {
    return this.service(name).state.tag;
  }

  start(names: readonly string[] = this.supervisor.names()): void {
    this.world.say(`start ${names.join(' ')}`);
    this.#ask(() => {
      for (const name of this.#withDependencies(names)) {
        const ledger = this.#ledger(name);
        ledger.wanted = true;
        ledger.hopeless = false;
        ledger.spawns = 0;
        ledger.allowed = this.#budget(name) + 1;
      }
      this.supervisor.start(names, null);
    });
  }

  stop(names: readonly string[] = this.supervisor.names(), now = false): void {
    this.world.say(`stop${now ? ' now' : ''} ${names.join(' ')}`);
    this.stoppedAtOnce ||= now;
    for (const name of names) this.#ledger(name).wanted = false;
    this.#ask(() => this.supervisor.stop(names, now, null));
  }

  /** @param primary back to their primary ports */
  restart(names: readonly string[], primary = false): void {
    this.world.say(`restart ${names.join(' ')}${primary ? ' --primary' : ''}`);
    const wholeBudget = (): void => {
      for (const name of names) {
        const ledger = this.#ledger(name);
        ledger.spawns = 0;
        ledger.hopeless = false;
        // One more for a life that ends while it is being replaced.
        ledger.allowed = this.#budget(name) + 2;
      }
    };
    for (const name of names) this.#ledger(name).wanted = true;
    wholeBudget();
    this.#ask(() =>
      this.supervisor.restart(
        names,
        null,
        (problem) => {
          // A preCheck takes its time: lives that ended meanwhile had the budget of before.
          if (problem === null) wholeBudget();
        },
        primary,
      ),
    );
  }

  /** A sample shows it above its limit. */
  restartForMemory(name: string): string | null {
    let refused: string | null = null;
    this.world.enter(() => this.supervisor.restartUnasked(name, 'memory', 'memory 2 GiB', (said) => (refused = said)));
    return refused;
  }

  end(now = false): void {
    this.world.say('end');
    this.stoppedAtOnce ||= now;
    for (const ledger of this.#ledgers.values()) ledger.wanted = false;
    this.#ask(() => this.supervisor.end('stopped', 0, 'asked', now, null));
  }

  gap(ms: number, kind: 'sleep' | 'wall' | 'starved'): void {
    // Who sleeps brings nobody back.
    if (kind === 'sleep') this.#bringAt += ms;
    if (ms > 3000) this.lastGapAt = this.world.now + (kind === 'wall' ? 0 : ms);
    this.world.gap(ms, kind);
  }

  /** The supervisor dies; its processes live on. */
  die(): void {
    this.world.say('the supervisor dies');
    this.world.kill();
  }

  /** From now on somebody looks after the supervisor. */
  guard(): void {
    this.#guardian = newGuardian;
  }

  killGuardian(): void {
    if (this.#guardian !== null) this.#guardian = {...this.#guardian, alive: false};
    this.#bringAt = Number.POSITIVE_INFINITY;
  }

  #bringNext(): void {
    if (this.#guardian === null || this.outcome !== null) return;
    this.#guardian = afterDeath(this.#guardian, this.world.now);
    if (!this.#guardian.alive) {
      this.world.say('the guardian gives up');
      return;
    }
    const at = this.world.now + 20 + this.world.random() * (broughtBackWithinMs - 20);
    this.#bringAt = at;
    const death = ++this.#deaths;
    this.world.agenda.add(at, 0, false, () => {
      if (this.#deaths === death && this.#guardian?.alive === true && !this.alive) this.revive(false);
    });
  }

  /** A journal is damaged while nobody supervises: what is wanted is what it still says. */
  damage(name: string, how: 'tail' | 'middle' | 'all'): void {
    if (this.alive) return;
    this.world.damage(name, how);
    const ledger = this.#ledger(name);
    const known = remember(this.world.journals.get(name)?.records ?? []);
    ledger.wanted = known.wanted ?? this.world.leaderOf(name) !== null;
    ledger.spawns = 0;
    ledger.allowed = this.#budget(name) + 2;
  }

  /**
   * The next supervisor, which adopts.
   * @param byHand a command or a scheduler started it, with a guardian of its own; else the guardian did
   */
  revive(byHand = true): void {
    if (byHand && this.#guardian !== null) this.#guardian = newGuardian;
    this.#bringAt = Number.POSITIVE_INFINITY;
    this.#deaths += 1;
    const before = this.#running();
    const counters = new Map([...this.world.journals].map(([name, {records}]) => [name, remember(records)] as const));
    this.world.death = null;
    this.world.say('the next supervisor');
    // Whoever asked got no answer: what was written counts; of a journal that is lost, what runs.
    if (this.#diedWhileAsked)
      for (const [name, ledger] of this.#ledgers) ledger.wanted = counters.get(name)?.wanted ?? before.has(name);
    this.#diedWhileAsked = false;
    this.#connect();
    for (const [name, ledger] of this.#ledgers) {
      ledger.allowed += 1;
      // What would mend it may have changed meanwhile.
      ledger.hopeless = false;
      // Nobody saw how long the lives before a reboot had lasted.
      if (this.world.bootId !== this.#bootId) ledger.allowed += this.#budget(name);
    }
    this.#bootId = this.world.bootId;
    if (this.deathLoop !== null && this.deathLoop.left > 0) {
      this.deathLoop.left -= 1;
      this.world.death = {...this.deathLoop.plan};
    }
    this.world.enter(() => {
      const {wantedUp} = this.supervisor.adopt();
      for (const [name, process] of before) {
        const known = counters.get(name);
        const {state, memory} = this.service(name);
        if (known?.process?.pid !== process.pid || !process.alive) continue;
        if (known.process.bootId !== this.world.bootId) continue;
        const pid = 'life' in state ? state.life.pid : 'pid' in state ? state.pid : null;
        if (pid !== process.pid && memory.wanted === 'up')
          this.world.violate(`${name}: pid ${process.pid} was not adopted, but ${state.tag} ${pid}`);
        // The news of its readiness died with the supervisor, the record did not.
        const ledger = this.#ledger(name);
        if (known.process.wasReady && ledger.readyLife !== process.startTime) {
          ledger.readyLife = process.startTime;
          ledger.readyAt = this.world.now;
        }
        if (memory.restartsUsed !== known.restartsUsed || memory.totalRestarts < known.totalRestarts)
          this.world.violate(`${name}: counters were not kept`);
      }
      for (const {name} of this.spec.services) this.#checkAdopted(name, counters.get(name) ?? null);
      this.supervisor.resume(wantedUp);
    });
  }

  /** Nothing is adopted that is not ours, and what is remembered is as old as it is. */
  #checkAdopted(name: string, known: Remembered | null): void {
    const {world} = this;
    const {memory} = this.service(name);
    const identity = this.supervisor.runner(name).identity;
    if (identity !== null) {
      const process = world.processes.get(identity.pid);
      if (process !== undefined && (process.role !== 'leader' || process.service !== name))
        world.violate(`${name}: adopted ${process.role} ${process.pid} of ${process.service}`);
    }
    const times = [...memory.restartTimes, memory.incidentSince, memory.failedSince, memory.lastEnd?.at ?? null];
    for (const at of times)
      if (at !== null && at > world.now) world.violate(`${name}: remembers something of the future (${at})`);
    const kept = known?.memory ?? null;
    if (kept === null || kept.boot !== world.bootId) return;
    if (memory.restartTimes.length !== kept.restartsAgo.length || memory.unstable !== kept.unstable)
      world.violate(`${name}: restart times or instability were not kept`);
  }

  #running(): Map<string, SimProcess> {
    const running = new Map<string, SimProcess>();
    for (const process of this.world.processes.values())
      if (process.role === 'leader') running.set(process.service, process);
    return running;
  }

  advance(ms: number): void {
    this.world.advance(ms);
  }

  #ledger(name: string): Ledger {
    const ledger = this.#ledgers.get(name);
    if (ledger === undefined) throw new Error(`no service ${name}`);
    return ledger;
  }

  #budget(name: string): number {
    return this.#specs.get(name)?.policy.maxRestarts ?? 0;
  }

  #withDependencies(names: readonly string[]): readonly string[] {
    const all = new Set<string>();
    const add = (name: string): void => {
      if (all.has(name)) return;
      all.add(name);
      for (const dependency of this.#specs.get(name)?.dependsOn ?? []) add(dependency.name);
    };
    for (const name of names) add(name);
    return [...all];
  }

  // ——— rules, at each spawn and signal ———

  spawned(process: SimProcess): void {
    const {world} = this;
    const {service: name, incarnation} = process;
    const spec = this.#specs.get(name);
    const ledger = this.#ledger(name);
    if (spec === undefined) return;
    if (!ledger.wanted) world.violate(`${name}: spawned although nobody wants it`);
    if (ledger.hopeless) world.violate(`${name}: spawned although nothing has changed that would mend it`);
    for (const other of world.processes.values()) {
      if (other.service === name && other !== process && other.role !== 'escapee')
        world.violate(
          `${name}: incarnation ${incarnation} was spawned while ${other.role} ${other.pid} of ${other.incarnation} lives`,
        );
    }
    for (const dependency of spec.dependsOn) {
      const {state, memory} = this.service(dependency.name);
      if (memory.wanted === 'up' && state.tag !== 'ready' && state.tag !== 'done')
        world.violate(`${name}: spawned while ${dependency.name} is ${state.tag}`);
    }
    this.#checkPort(process, spec);
    ledger.spawns += 1;
    if (ledger.spawns > ledger.allowed)
      world.violate(
        `${name}: spawned ${ledger.spawns} times, allowed ${ledger.allowed} (budget ${this.#budget(name)})`,
      );
    ledger.readyAt = Number.POSITIVE_INFINITY;
    ledger.lastLife = process;
    process.onExit.push(() => {
      ledger.racesLost = process.lostPort ? [...ledger.racesLost, process.port ?? 0] : [];
      // A life that was ready long enough gives the budget back.
      if (world.now - ledger.readyAt >= spec.policy.stableAfterMs - 5 && process.startTime === ledger.readyLife) {
        // Who was told to end is followed by a life that costs nothing.
        const planned = this.#asked.has(process) ? 1 : 0;
        ledger.allowed = Math.max(ledger.allowed - ledger.spawns, this.#budget(name) + planned);
        ledger.spawns = 0;
      }
    });
  }

  /** Whose port is it that a life begins with? */
  #checkPort({port, service: name, incarnation}: SimProcess, spec: ServiceSpec): void {
    if (port === null || spec.port === null || spec.kind !== 'service') return;
    const {world} = this;
    const {primary, alternatives, any} = spec.port;
    const told = `${name}: incarnation ${incarnation} was given ${port}`;
    for (const [other, given] of Object.entries(this.supervisor.portsInUse()))
      if (other !== name && given === port) world.violate(`${told}, which ${other} has`);
    if (port === primary) return;
    const listed = [primary, ...alternatives];
    if (!any && !listed.includes(port)) world.violate(`${told}, which is none of its own`);
    for (const other of this.spec.services) {
      if (other === spec || other.port?.primary !== port) continue;
      if (any || (other.port.alternatives.length === 0 && !other.port.any))
        world.violate(`${told}, the primary of ${other.name}`);
      const primaries = this.spec.services.map((one) => one.port?.primary);
      const left = listed.find(
        (one) =>
          (one === primary || !primaries.includes(one)) &&
          one !== port &&
          !world.listeners.has(one) &&
          world.now - (world.lastHeld.get(one) ?? Number.NEGATIVE_INFINITY) > 3000 &&
          !Object.values(this.supervisor.portsInUse()).includes(one) &&
          !this.service(name).memory.lostPorts.includes(one),
      );
      if (left !== undefined) world.violate(`${told}, the primary of ${other.name}, although ${left} is free`);
    }
  }

  signalled(process: SimProcess, signal: string): void {
    if (process.role !== 'leader') return;
    const {world} = this;
    const {service: name} = process;
    const spec = this.#specs.get(name);
    const ledger = this.#ledger(name);
    if (spec === undefined) return;
    if (process.habit.term === 'unkillable') ledger.unkillable = true;
    // Who was asked to end once may be made to, whatever was wanted since.
    const isAskedAgain = this.#asked.has(process);
    this.#asked.add(process);
    if (!ledger.wanted || this.supervisor.ending || isAskedAgain) return;
    const {state} = this.service(name);
    if (state.tag === 'stopping' && state.goal.then === 'restart') return;
    if (state.tag === 'stopping' && state.goal.then === 'judge' && state.goal.end.kind === 'port') {
      if (process.everBound) world.violate(`${name}: ${signal} for the loss of a port that it has`);
      return;
    }
    if (this.supervisor.runner(name).identity?.pid !== process.pid) return;
    const {policy, probes} = spec;
    const {now} = world;
    const gaps = (since: number): number => (since < this.lastGapAt ? world.gaps - process.gapsBefore : 0);
    if (ledger.readyLife !== process.startTime) {
      const age = now - process.spawnedAt - (world.gaps - process.gapsBefore);
      if (age < policy.startTimeoutMs - 1 - world.smallGaps)
        world.violate(`${name}: ${signal} after ${age} ms, before its start timeout of ${policy.startTimeoutMs}`);
    } else if (
      probes.every((probe) => probe.failureThreshold === null && probe.purposes.includes('liveness')) &&
      policy.unhealthyForMs === null
    ) {
      const silence = now - Math.max(process.lastHeard, ledger.readyAt);
      if (silence < policy.timeoutThresholdMs - 1 - world.smallGaps)
        world.violate(
          `${name}: ${signal} ${silence} ms after its last answer (threshold ${policy.timeoutThresholdMs})`,
        );
      // Judged before the gap, it may be looked at during it, and is ended afterwards.
      const isJudged = state.tag === 'stopping' && state.since < this.lastGapAt;
      const isAsked = process.lastHeard >= this.lastGapAt || process.lastSilence >= this.lastGapAt;
      if (!isJudged && !isAsked && probes.length > 0)
        world.violate(`${name}: ${signal} after a gap without having been asked (${gaps(process.lastHeard)})`);
    }
    const asked = probes[0];
    if (asked === undefined || asked.check.type !== 'http' || policy.unhealthyForMs !== null) return;
    const word = world.word(process);
    const window = Math.max(...probes.map(({timeoutMs}) => timeoutMs)) + 2500;
    const age = now - process.spawnedAt - (world.gaps - process.gapsBefore);
    if (
      word !== null &&
      word.latency < asked.timeoutMs &&
      process.port !== null &&
      world.listeners.get(process.port)?.[0] === process &&
      age > window + (process.habit.early === 'silent' ? process.habit.ready : (process.habit.listens ?? 0)) &&
      now > this.lastGapAt + window &&
      process.troubleEnded + window < now
    )
      world.violate(`${name}: ${signal} although it answers (${word.health})`);
  }

  // ——— rules, at each piece of news ———

  tell(news: News): void {
    this.news.push(news);
    const {world} = this;
    if (world.keepsLog) world.say(`${news.level} ${news.service ?? '*'} ${news.type}: ${news.text}`);
    const name = news.service;
    if (name === null) return;
    const ledger = this.#ledger(name);
    const spec = this.#specs.get(name);
    if (spec === undefined) return;
    switch (news.type) {
      case 'ready': {
        const leader = world.leaderOf(name);
        ledger.readyAt = world.now;
        ledger.readyLife = leader?.startTime ?? '';
        if (leader === null || spec.kind !== 'service' || spec.probes.length === 0 || spec.port === null) break;
        if (spec.probes[0]?.check.type === 'command' || this.#isBorrowed(name)) break;
        if (spec.listener === 'own' && !leader.everBound && !world.invisible.has(spec.port.primary))
          world.violate(`${name}: ready by somebody else's answer`);
        break;
      }
      case 'stopping':
        ledger.allowed += 1;
        if (!this.stoppedAtOnce && news.text === 'stopping') this.#checkOrder(name);
        break;
      case 'restarting': {
        const restart = Number(news.facts?.restart);
        this.#checkRace(name, spec, news);
        if (restart > spec.policy.maxRestarts)
          world.violate(`${name}: restart ${restart} of ${spec.policy.maxRestarts}`);
        break;
      }
      case 'schedule': {
        const minute = Math.floor(world.wall() / 60_000);
        if (minute <= ledger.scheduledMinute) world.violate(`${name}: restarted twice for one moment of its schedule`);
        ledger.scheduledMinute = minute;
        this.#checkMayComeBack(name, spec);
        break;
      }
      case 'port-followed':
        if (this.oldPorts(name).length === 0) world.violate(`${name}: restarted for a port that has not changed`);
        break;
      case 'primary-free': {
        const {port} = spec;
        if (port !== null && (world.listeners.get(port.primary)?.length ?? 0) > 0 && !world.invisible.has(port.primary))
          world.violate(`${name}: its primary ${port.primary} is said to be free, and is not`);
        break;
      }
      case 'returns-to-primary':
      case 'memory-limit':
        this.#checkMayComeBack(name, spec);
        break;
      case 'retrying':
      case 'unblocked':
      case 'lost':
      case 'port-lost':
        ledger.hopeless = false;
        ledger.allowed += 1;
        break;
      case 'failed':
        ledger.hopeless = news.text.includes("a restart can't mend it");
        break;
      case 'diagnosed':
        ledger.allowed += Number(news.facts?.['restartsGivenBack'] ?? 0);
        break;
      case 'stopped':
        if (spec.kind === 'external') break;
        for (const process of world.processes.values())
          if (process.service === name && process.habit.term !== 'unkillable')
            world.violate(`${name}: stopped, but ${process.role} ${process.pid} lives`);
        break;
    }
  }

  /** A port that somebody took in between costs nothing the first time. */
  #checkRace(name: string, spec: ServiceSpec, {facts}: News): void {
    const {world} = this;
    const ledger = this.#ledger(name);
    const life = ledger.lastLife;
    if (life === null || spec.kind !== 'service' || (facts?.kind !== 'exit' && facts?.kind !== 'port')) return;
    if (!life.lostPort || life.alive || life.exit.code === 0 || life.exit.code === null) return;
    if (life.spawnedAt < this.sessionSince || life.diedAt - life.spawnedAt > 9000) return;
    // The system has more ports than anybody wants to try.
    if (ledger.racesLost.length > 2 * (1 + (spec.port?.alternatives.length ?? 0))) return;
    if (ledger.racesLost.filter((port) => port === life.port).length === 1)
      world.violate(`${name}: a lost race for ${life.port} cost a restart`);
  }

  /** What works is not stopped as planned when it could not start again. */
  #checkMayComeBack(name: string, spec: ServiceSpec): void {
    if (!this.#ledger(name).wanted) this.world.violate(`${name}: restarted as planned although nobody wants it`);
    for (const dependency of spec.dependsOn) {
      const {state, memory} = this.service(dependency.name);
      if (memory.wanted === 'down' || state.tag === 'done') continue;
      if (state.tag !== 'ready' || state.health === 'unhealthy')
        this.world.violate(`${name}: restarted as planned while ${dependency.name} is ${state.tag}`);
    }
  }

  #isBorrowed(name: string): boolean {
    const {state} = this.service(name);
    return 'life' in state && !state.life.own;
  }

  #checkOrder(name: string): void {
    const reached = new Set([name]);
    for (let grew = true; grew; ) {
      grew = false;
      for (const other of this.spec.services) {
        if (reached.has(other.name) || !other.dependsOn.some((dependency) => reached.has(dependency.name))) continue;
        reached.add(other.name);
        grew = true;
        const {memory} = this.service(other.name);
        if (
          memory.wanted === 'down' &&
          this.supervisor.runner(other.name).identity !== null &&
          !this.#ledger(other.name).unkillable
        )
          this.world.violate(`${name}: stops before ${other.name}, which needs it`);
      }
    }
  }

  changed(): void {}

  ended(reason: EndReason, exitCode: number, text: string): void {
    this.world.say(`ended ${reason} ${exitCode}`);
    this.outcome = {reason, exitCode, text};
  }

  // ——— rules, after each step ———

  check(): void {
    const {world} = this;
    if (!this.alive && this.#guardian?.alive === true && world.now > this.#bringAt)
      world.violate(`the guardian has not brought the next supervisor until ${world.now}`);
    if (this.alive && this.outcome === null) {
      for (const {name} of this.spec.services) this.#checkJournal(name);
      for (const process of world.processes.values()) {
        if (process.role !== 'escapee' || process.leader === null || process.leader.alive) continue;
        const since = Math.max(process.leader.diedAt, this.sessionSince, this.lastGapAt);
        if (world.now - since > sweepPatienceMs)
          world.violate(`${process.service}: escapee ${process.pid} lives on ${world.now - since} ms after its leader`);
      }
    }
    if (world.violations.length > 0) throw new Error(`rules broken:\n${world.violations.join('\n')}`);
  }

  /** What the next supervisor would read is what this one thinks. */
  #checkJournal(name: string): void {
    const journal = this.world.journals.get(name);
    if (journal === undefined) return;
    const last = journal.records.at(-1) ?? null;
    const {memory} = this.service(name);
    if (this.#checked.get(name) === last && this.#checkedMemory.get(name) === memory) return;
    this.#checked.set(name, last);
    this.#checkedMemory.set(name, memory);
    const known = remember(journal.records);
    this.#checkKept(name, known);
    const pid = this.supervisor.runner(name).identity?.pid ?? null;
    if (known.restartsUsed !== memory.restartsUsed || known.totalRestarts !== memory.totalRestarts)
      this.world.violate(
        `${name}: journal says ${known.restartsUsed}/${known.totalRestarts} restarts, memory ${memory.restartsUsed}/${memory.totalRestarts}`,
      );
    if (pid !== null && known.process?.pid !== pid)
      this.world.violate(`${name}: journal says pid ${known.process?.pid ?? null}, the runner ${pid}`);
    if (known.wanted !== null && !this.supervisor.ending && known.wanted !== (memory.wanted === 'up'))
      this.world.violate(`${name}: journal says wanted ${known.wanted}, memory ${memory.wanted}`);
  }

  /** Every bad sign, restart and pause stands in the journal as soon as it is there. */
  #checkKept(name: string, known: Remembered): void {
    const {memory, state} = this.service(name);
    const {restartTimes, unstable, lastEnd, incidentSince, failedSince} = memory;
    const kept = known.memory;
    const isSame =
      kept === null
        ? restartTimes.length === 0 && lastEnd === null && incidentSince === null && failedSince === null
        : kept.restartsAgo.length === restartTimes.length &&
          kept.unstable === unstable &&
          kept.end?.diagnosis.cause === lastEnd?.end.diagnosis.cause &&
          isNear(kept.incidentAgo, incidentSince, kept.up) &&
          isNear(kept.failedAgo, failedSince, kept.up) &&
          (kept.rest?.tag === 'backing-off') === (state.tag === 'backing-off') &&
          (kept.rest?.tag === 'failed') === (state.tag === 'failed');
    if (!isSame) this.world.violate(`${name}: the journal does not remember what memory does: ${JSON.stringify(kept)}`);
  }

  /** Well: nothing to wait for any more. */
  settled(name: string): boolean {
    const {state, memory} = this.service(name);
    if (memory.wanted === 'down') return isAtRest(state);
    if (state.tag === 'ready' || isAtRest(state)) return true;
    const leader = this.world.leaderOf(name);
    // Nobody can end it; all else waits for that.
    if (leader?.habit.term === 'unkillable' && state.tag !== 'starting') return true;
    if (state.tag === 'starting' && this.#specs.get(name)?.kind === 'job') return leader !== null;
    // It says 503 and is left alone, or waits for one that does or has failed for good.
    if (state.tag === 'starting' && leader !== null && this.world.word(leader)?.health === 'unhealthy') return true;
    if (state.tag !== 'waiting') return false;
    return (this.#specs.get(name)?.dependsOn ?? []).some((dependency) => {
      const other = this.service(dependency.name);
      if (other.memory.wanted === 'down') return false;
      if (other.state.tag === 'done') return false;
      return other.state.tag !== 'ready' ? this.settled(dependency.name) : other.state.health === 'unhealthy';
    });
  }

  /** Ports of others in the environment of its process that are not theirs any more, as the world has it. */
  oldPorts(name: string): readonly string[] {
    const leader = this.world.leaderOf(name);
    const spec = this.#specs.get(name);
    if (leader === null || spec?.kind !== 'service') return [];
    return Object.entries(leader.env).flatMap(([key, value]) => {
      const other = /^PORT_(\w+)$/.exec(key)?.[1];
      if (other === undefined || !this.#specs.has(other)) return [];
      const {state, memory} = this.service(other);
      if (state.tag !== 'ready' || String(memory.port) === value) return [];
      return [`${other} is on ${memory.port}, and not on ${value}`];
    });
  }

  /** It, and all that it names, is where the other believes it to be; or it was not to be restarted for that. */
  followed(name: string): boolean {
    const spec = this.#specs.get(name);
    const {state} = this.service(name);
    if (spec === undefined || spec.policy.onPortChange === 'ignore') return true;
    if (state.tag !== 'ready' || !state.life.own) return true;
    const canComeBack = spec.dependsOn.every((dependency) => {
      const other = this.service(dependency.name);
      if (other.memory.wanted === 'down' || other.state.tag === 'done') return true;
      return other.state.tag === 'ready' && other.state.health !== 'unhealthy';
    });
    return !canComeBack || this.oldPorts(name).length === 0;
  }

  anyMayRun(): boolean {
    return this.supervisor.names().some((name) => mayRun(this.service(name).state));
  }
}

/** Is this length, seen from then, that moment? Lengths are whole milliseconds. */
const isNear = (ago: number | null, at: number | null, then: number): boolean =>
  ago === null || at === null ? ago === at : Math.abs(then - ago - at) < 2;
