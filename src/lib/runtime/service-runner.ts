import {relative} from 'node:path';
import {goesIntoBackground} from '../core/diagnosis/background.js';
import {exitCause} from '../core/diagnosis/exit-cause.js';
import {deniedPort, saysPortTaken} from '../core/diagnosis/taken-port.js';
import {whenAsked} from '../core/diagnosis/when-asked.js';
import {expandPlaceholders} from '../core/config/placeholders.js';
import type {ServiceSpec, StopSignal} from '../core/spec.js';
import type {Effect} from '../core/supervision/events.js';
import {type JournalRecord, type Remembered, toldOf} from '../core/supervision/journal.js';
import type {Blocker, ExitStatus, State} from '../core/supervision/state.js';
import {unreachable} from '../core/unreachable.js';
import type {Cancel, ListenerVerdict, ProcessIdentity} from '../platform/types.js';
import {BlockerWatch} from './blocker-watch.js';
import {faultPoint} from './fault.js';
import {diskBlocker} from './disk-blocker.js';
import {LifeDiagnosis} from './life-diagnosis.js';
import {LostPortWatch} from './lost-port-watch.js';
import {PortHook} from './port-hook.js';
import {Preparation, type PreparationHost} from './preparation.js';
import {ServicePlan} from './service-plan.js';
import {ServiceProber} from './service-prober.js';
import type {Surroundings} from './shared.js';
import {type EndedLife, recalledLife, Sweep, wasLaunch} from './sweep.js';

const tailLines = 50;
/** Pauses between looks at what a new life has started; the samples go on with it. */
const looksBelowMs = [20, 80, 400] as const;
const rememberedLives = 8;
const groupPollMs = [2, 5, 10, 20, 50] as const;

/** A life that has gone well for longer than this did not end for what it said at its start. */
const beginningMs = 10_000;

const isBeginning = (state: State, now: number): boolean =>
  state.tag === 'starting' || (state.tag === 'ready' && now - state.life.spawnedAt < beginningMs);

const isOwnEnd = ({code, signal}: ExitStatus): boolean => signal === null && code !== 0;

/** Performs the effects of one service's core and turns what the world says into its events. Decides nothing. */
export class ServiceRunner {
  readonly #spec: ServiceSpec;
  readonly #around: Surroundings;
  /** The living leader; null: none of ours. */
  #identity: ProcessIdentity | null = null;
  /** Not our child: nobody tells us of its end, so it is looked at. */
  #adopted = false;
  /** Leaders of earlier incarnations whose session or group may still have members. */
  #leaders: ProcessIdentity[] = [];
  /** Groups that outlived their leader and were not seen to end. A pid that is free again may lead somebody else's. */
  readonly #leftGroups: number[] = [];
  /** A former supervisor may have started something that nobody has seen. */
  #unresolved = false;
  #preparation: Preparation | null = null;
  /** A port that we may not test, and only a life can tell whether the service may have it; null: it was tested. */
  #untestedPort: number | null = null;
  #unwatchLog: Cancel = () => {};
  #spawnedAtWall: number | null = null;
  /** Hooks under way: a supervisor that ends meanwhile would leave something behind. */
  #chores = 0;
  #endedLives: readonly EndedLife[] = [];
  readonly #plan: ServicePlan;
  readonly #prober: ServiceProber;
  readonly #sweep: Sweep;
  readonly #blocker: BlockerWatch;
  readonly #lostPort: LostPortWatch;
  readonly #portHook: PortHook;
  readonly #diagnosis: LifeDiagnosis;

  constructor(spec: ServiceSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
    this.#plan = new ServicePlan(spec, around);
    this.#prober = new ServiceProber(spec, around, this.#plan, this);
    this.#sweep = new Sweep(spec, around, this);
    this.#blocker = new BlockerWatch(spec, around);
    this.#lostPort = new LostPortWatch(spec, around);
    this.#portHook = new PortHook(spec, around, this.#plan);
    this.#diagnosis = new LifeDiagnosis(spec, around);
  }

  get identity(): ProcessIdentity | null {
    return this.#identity;
  }

  get leaders(): readonly ProcessIdentity[] {
    return this.#leaders;
  }

  get endedLives(): readonly EndedLife[] {
    return this.#endedLives;
  }

  get busy(): boolean {
    return this.#chores > 0 || this.#sweep.busy || this.#portHook.busy;
  }

  get verdict(): ListenerVerdict | null {
    return this.#prober.verdict;
  }

  get spawnedAtWall(): number | null {
    return this.#spawnedAtWall;
  }

  perform(effect: Effect): void {
    switch (effect.tag) {
      case 'prepare':
        this.#prepare(effect);
        break;
      case 'cancel-prepare':
        this.#preparation?.cancel();
        this.#preparation = null;
        break;
      case 'spawn':
        this.#spawn(effect);
        break;
      case 'probe':
        this.#prober.probe(effect);
        break;
      case 'cancel-probes':
        this.#prober.cancel();
        break;
      case 'ask-to-stop':
        // Of a life that ends there is nothing to tell outside any more.
        this.#portHook.cancel();
        this.#afterLook(effect);
        this.#watchClosely(effect.incarnation, 0);
        break;
      case 'kill':
        this.#signalGroup(effect.pid, 'SIGKILL');
        break;
      case 'watch-group':
        this.#watchGroup(effect.incarnation, effect.pid, 0);
        break;
      case 'sweep':
        this.#look(() => this.#around.emit(this.#spec, {tag: 'swept', incarnation: effect.incarnation}));
        break;
      case 'post-stop':
        this.#diagnosis.forget();
        this.#postStop();
        break;
      case 'announce-port':
        this.#portHook.run(effect);
        break;
      case 'report': {
        const {tag: _tag, ...news} = effect;
        if (effect.type === 'ready') {
          this.#blocker.forget();
          this.#lostPort.forget();
          if (this.#identity !== null) this.#around.world.processes.lookBelow?.(this.#spec.name, this.#identity);
          const ms = typeof effect.facts?.afterMs === 'number' && this.#identity !== null ? effect.facts.afterMs : null;
          const at = this.#around.world.clock.wall();
          this.#journal({v: 1, t: 'ready', inc: this.#incarnation, at, ...(ms === null ? {} : {ms: Math.round(ms)})});
        }
        this.#around.tell({...news, service: this.#spec.name});
        break;
      }
      default:
        unreachable(effect);
    }
  }

  /** Watches for what a blocked service waits for; null: no longer. */
  watchBlocker(blocker: Blocker | null): void {
    this.#blocker.watch(blocker);
  }

  /** Takes over a process that a former supervisor started. */
  adopt(identity: ProcessIdentity, incarnation: number, spawnedAtWall: number): void {
    this.#identity = identity;
    this.#adopted = true;
    this.#spawnedAtWall = spawnedAtWall;
    const {output} = this.#around.world;
    const {name, readyLog} = this.#spec;
    // What it wrote while nobody listened lies in its pipe. Not the end of its log: an earlier life was ready, too.
    const pattern = readyLog === null ? null : new RegExp(readyLog);
    let heard = false;
    const cancel = pattern === null ? () => {} : output.onLine(name, (line) => (heard ||= pattern.test(line)));
    output.drain(name);
    cancel();
    output.beginLife(name);
    this.#watchLog(incarnation, heard);
    this.#around.world.processes.watch(identity, (exit) => this.#onExit(identity, incarnation, exit));
  }

  /**
   * A former supervisor has started something and nobody knows what became of it: before the next life it is searched
   * for, by the session of its leader where that is known, else by its mark.
   */
  expectLeftovers(leader: ProcessIdentity | null): void {
    this.#unresolved = true;
    if (leader !== null) this.#rememberLeader(leader);
  }

  /** What a former supervisor knew of the last life and of those below it; comes before the first sweep. */
  recall({lastLife, seen, process}: Remembered, leader: ProcessIdentity): void {
    const {command, cwd} = this.#spec;
    if (lastLife === null || command === null) return;
    const life = recalledLife(lastLife);
    if (process === null) this.#endedLives = [life];
    this.#around.world.processes.recall?.(this.#spec.name, {
      leader,
      command: this.#plan.command(command, life.port),
      cwd,
      env: this.#plan.env(life.port, 0),
      lastedMs: process === null ? Math.max(0, life.to - life.from) : null,
      descendants: seen.filter(({bootId}) => bootId === leader.bootId),
    });
  }

  #rememberLeader(identity: ProcessIdentity): void {
    this.#leaders = [...this.#leaders, identity].slice(-rememberedLives);
  }

  /** Runs the preCheck hook; calls with what is wrong, or null. */
  preCheck(done: (problem: string | null) => void): void {
    const hook = this.#spec.hooks.preCheck;
    if (hook === null) {
      done(null);
      return;
    }
    this.#around.world.processes.run(this.#plan.run('preCheck', hook, this.#spec.hookTimeoutMs), (result) => {
      const said = result.tail.trimEnd().split('\n').at(-1) ?? '';
      if (result.error === null && !result.timedOut && result.exit.code === 0) done(null);
      else
        done(
          result.error?.message ??
            (result.timedOut
              ? 'preCheck ran into its time-out'
              : `preCheck ended with ${result.exit.signal ?? `code ${result.exit.code}`}${said === '' ? '' : `: ${said}`}`),
        );
    });
  }

  // ——— starting ———

  #prepare({incarnation, hooks, primary}: Extract<Effect, {tag: 'prepare'}>): void {
    this.#preparation?.cancel();
    const {memory} = this.#around.now(this.#spec.name);
    const host: PreparationHost = {
      service: this.#spec,
      around: this.#around,
      lastPort: primary ? null : memory.port,
      lostPorts: memory.lostPorts,
      firstStart: !memory.everReady,
      env: (port) => this.#plan.env(port, incarnation),
      command: (command, port) => this.#plan.command(command, port),
      probeTarget: (port) => {
        const check = this.#spec.probes[0]?.check;
        return check === undefined ? null : this.#plan.target(check, port);
      },
      untested: (port) => {
        this.#untestedPort = port;
      },
      maybeLeftovers: () =>
        this.#unresolved || this.#identity !== null || this.#leftGroups.some((pid) => this.#groupAlive(pid)),
      clearStragglers: (done) =>
        this.#sweep.run((left) => {
          if (left === null) {
            this.#unresolved = false;
            this.#leftGroups.length = 0;
          }
          done(left);
        }),
    };
    this.#preparation = new Preparation(host, hooks, (outcome) => {
      this.#preparation = null;
      this.#around.emit(this.#spec, {...outcome, incarnation});
    });
  }

  #spawn({incarnation, port, told}: Extract<Effect, {tag: 'spawn'}>): void {
    const {world} = this.#around;
    const {name, command, cwd, stdin, output} = this.#spec;
    if (command === null) throw new Error(`${name} has no command`);
    const wall = world.clock.wall();
    const env = this.#plan.env(port, incarnation);
    this.#journal({v: 1, t: 'intent', inc: incarnation, at: wall, mark: env.ERP_MARK ?? '', port, ...toldOf(told)});
    faultPoint('after-intent');
    world.output.beginLife(name);
    this.#prober.forget();
    let identity: ProcessIdentity | null = null;
    const result = world.processes.spawn(
      {service: name, incarnation, command: this.#plan.command(command, port), cwd, env, stdin, output},
      (exit) => {
        if (identity !== null) this.#onExit(identity, incarnation, exit);
      },
    );
    if (!result.ok) {
      this.#journal({v: 1, t: 'exited', inc: incarnation, at: wall, code: null, signal: null, planned: false});
      const {code, message} = result.error;
      const blockedOn: Blocker | null =
        code === 'ENOENT' || code === 'EACCES'
          ? {kind: 'file', path: cwd}
          : diskBlocker([message], this.#spec, this.#around);
      this.#around.emit(this.#spec, {
        tag: 'spawn-failed',
        incarnation,
        blockedOn,
        diagnosis: {
          cause: 'spawn-failed',
          confidence: 0.95,
          subject: code,
          evidence: [message],
          remedy:
            code === 'EAGAIN' || code === 'ENOMEM'
              ? 'the machine has no room for another process: see ulimit -u and free memory'
              : 'correct command or cwd',
        },
      });
      return;
    }
    faultPoint('after-spawn');
    identity = result.identity;
    this.#identity = identity;
    this.#adopted = false;
    this.#spawnedAtWall = wall;
    this.#note({
      v: 1,
      t: 'spawned',
      inc: incarnation,
      at: wall,
      pid: identity.pid,
      start: identity.startTime,
      boot: identity.bootId,
    });
    faultPoint('after-spawned');
    this.#lookBelow(identity, 0);
    this.#watchLog(incarnation);
    this.#lostPort.watch(identity, incarnation, port, this.#log);
    this.#around.emit(this.#spec, {tag: 'spawned', incarnation, pid: identity.pid});
  }

  /** Whoever forks twice has lost its parent a moment later: what is seen before is remembered. */
  #lookBelow(leader: ProcessIdentity, round: number): void {
    const {clock, processes} = this.#around.world;
    const pause = looksBelowMs[round];
    if (pause === undefined || processes.lookBelow === undefined) return;
    clock.at(clock.now() + pause, () => {
      if (this.#identity !== leader) return;
      processes.lookBelow?.(this.#spec.name, leader);
      this.#lookBelow(leader, round + 1);
    });
  }

  #watchLog(incarnation: number, heard = false): void {
    this.#unwatchLog();
    const {readyLog} = this.#spec;
    if (readyLog === null) return;
    const pattern = new RegExp(readyLog);
    let cancel: Cancel = () => {};
    const hear = (): void => {
      cancel();
      this.#journal({v: 1, t: 'log-ready', inc: incarnation, at: this.#around.world.clock.wall()});
      this.#around.emit(this.#spec, {tag: 'log-ready', incarnation});
    };
    if (heard) {
      hear();
      return;
    }
    cancel = this.#around.world.output.onLine(this.#spec.name, (line) => {
      if (pattern.test(line)) hear();
    });
    this.#unwatchLog = cancel;
  }

  // ——— ending ———

  /** Looks for what escaped. What ended with 0 may have gone into the background and holds the port of the next life. */
  #look(then: () => void): void {
    const {tag} = this.#around.now(this.#spec.name).state;
    if (tag === 'starting' && this.#endedLives.at(-1)?.endedWell === false) this.#sweep.soon(then);
    else this.#sweep.run(then);
  }

  #onExit(identity: ProcessIdentity, incarnation: number, exit: ExitStatus): void {
    const {world} = this.#around;
    if (this.#identity !== identity) return; // seen already
    this.#identity = null;
    this.#unwatchLog();
    this.#lostPort.forget();
    this.#rememberLeader(identity);
    // The last line comes before the verdict on the exit.
    world.output.drain(this.#spec.name);
    const groupAlive = this.#groupAlive(identity.pid);
    if (groupAlive) this.#leftGroups.push(identity.pid);
    const lines = world.output.tail(this.#spec.name, tailLines);
    const port = this.#port;
    const disk = exit.code === 0 ? null : diskBlocker(lines, this.#spec, this.#around);
    const wall = world.clock.wall();
    const {state} = this.#around.now(this.#spec.name);
    const life: EndedLife = {
      port,
      from: this.#spawnedAtWall ?? wall,
      to: wall,
      endedWell: exit.code === 0 && state.tag !== 'stopping',
    };
    this.#endedLives = [...this.#endedLives, life].slice(-rememberedLives);
    // It may be too young to have left the group, and is ended with it: nobody would find it later.
    const isLauncher = groupAlive && this.#spec.kind === 'service' && wasLaunch(life);
    const diagnosis = isLauncher
      ? goesIntoBackground(world.processes.groupMember?.(identity.pid) ?? null)
      : whenAsked(() => exitCause(exit, lines, this.#spec, port, this.#log, disk));
    this.#sweep.lookAgain();
    const planned = state.tag === 'stopping' && state.goal.then !== 'judge';
    const record = {
      v: 1,
      t: 'exited',
      inc: incarnation,
      at: wall,
      code: exit.code,
      signal: exit.signal,
      planned,
    } as const;
    // What has gone into the background is found by the life that launched it: that has to be known if we die now.
    if (life.endedWell === true) this.#journal(record);
    else this.#note(record);
    faultPoint('after-exited');
    const blockedOn: Blocker | null =
      port !== null && isBeginning(state, world.clock.now()) && isOwnEnd(exit) && saysPortTaken(lines, port)
        ? {kind: 'port', port}
        : disk;
    const mayNot = this.#untestedPort !== null && this.#untestedPort === port && isOwnEnd(exit);
    const hopeless = mayNot && deniedPort(lines, port) !== null;
    const isDone = this.#spec.kind === 'job' && exit.code === 0;
    // What is known to wait for its port or for space needs no more words.
    if (!planned && !isDone && blockedOn === null && !hopeless && this.#spec.kind !== 'external')
      this.#diagnosis.ended(incarnation, state.tag === 'stopping' ? {code: null, signal: null} : exit);
    this.#around.emit(this.#spec, {tag: 'exited', incarnation, exit, groupAlive, diagnosis, blockedOn, hopeless});
  }

  /** A life that hangs is looked at before it is asked to end: most of what there is to see is gone then. */
  #afterLook({incarnation, pid, hung}: Extract<Effect, {tag: 'ask-to-stop'}>): void {
    const {state} = this.#around.now(this.#spec.name);
    const end = state.tag === 'stopping' && state.goal.then === 'judge' ? state.goal.end : null;
    if (!hung || (end?.kind !== 'hang' && end?.kind !== 'start-timeout')) {
      this.#askToStop(pid, hung);
      return;
    }
    this.#diagnosis.lookAt(incarnation, pid, end.diagnosis, () => this.#askToStop(pid, hung));
  }

  #askToStop(pid: number, hung: boolean): void {
    const {world} = this.#around;
    const {stop} = this.#spec;
    const signal = (): void => {
      // A stop command takes its time: the process may be gone since, and its number somebody else's.
      const {state} = this.#around.now(this.#spec.name);
      if ((state.tag !== 'stopping' && state.tag !== 'clearing') || state.pid !== pid) return;
      this.#signalGroup(pid, hung ? 'SIGTERM' : stop.signal, hung ? 'SIGKILL' : undefined);
    };
    if (hung || stop.command === null) {
      if (!hung && stop.http !== null) {
        world.prober.probe(
          {
            type: 'http',
            url: expandPlaceholders(stop.http, {port: this.#port, services: this.#around.portsToTell()}),
            expect: [],
            headers: {},
            method: 'POST',
          },
          2000,
          signal,
        );
      } else signal();
      return;
    }
    world.processes.run(this.#plan.run('stop', stop.command, this.#spec.policy.stopGraceMs), signal);
  }

  /** An adopted process that is asked to end is looked at more often than one that just runs. */
  #watchClosely(incarnation: number, round: number): void {
    const {world} = this.#around;
    const identity = this.#identity;
    if (!this.#adopted || identity === null) return;
    if (!world.processes.isAlive(identity)) {
      this.#onExit(identity, incarnation, {code: null, signal: null});
      return;
    }
    if (this.#around.now(this.#spec.name).state.tag !== 'stopping') return;
    const pause = groupPollMs[Math.min(round, groupPollMs.length - 1)] ?? 50;
    world.clock.at(world.clock.now() + pause, () => this.#watchClosely(incarnation, round + 1));
  }

  #signalGroup(pid: number, signal: StopSignal, ifStopped?: 'SIGKILL'): void {
    if (!this.#groupAlive(pid)) return;
    if (this.#around.world.processes.signalGroup(pid, signal, ifStopped) !== 'denied') return;
    this.#around.tell({
      level: 'ERROR',
      service: this.#spec.name,
      type: 'signal-denied',
      text: `may not be signalled (pid ${pid}): it runs as another user`,
    });
  }

  #groupAlive(pid: number): boolean {
    const {processes} = this.#around.world;
    // The usual answer after an exit is no, and it comes from one call.
    if (!processes.groupAlive(pid)) return false;
    const leader = this.#identity?.pid === pid ? this.#identity : this.#leaders.findLast((one) => one.pid === pid);
    return leader === undefined || processes.isSomebodyElse?.(leader) !== true;
  }

  #watchGroup(incarnation: number, pid: number, round: number): void {
    const {world} = this.#around;
    if (!this.#groupAlive(pid)) {
      this.#leftGroups.splice(0, this.#leftGroups.length, ...this.#leftGroups.filter((left) => left !== pid));
      this.#around.emit(this.#spec, {tag: 'group-gone', incarnation});
      return;
    }
    const {state} = this.#around.now(this.#spec.name);
    if (state.tag !== 'clearing' && state.tag !== 'stopping') return;
    const pause = groupPollMs[Math.min(round, groupPollMs.length - 1)] ?? 50;
    world.clock.at(world.clock.now() + pause, () => this.#watchGroup(incarnation, pid, round + 1));
  }

  #postStop(): void {
    const hook = this.#spec.hooks.postStop;
    if (hook === null) return;
    this.#chores += 1;
    this.#around.world.processes.run(this.#plan.run('postStop', hook, this.#spec.hookTimeoutMs), (result) => {
      this.#chores -= 1;
      if (result.error !== null || result.timedOut || result.exit.code !== 0)
        this.#around.tell({
          level: 'WARNING',
          service: this.#spec.name,
          type: 'hook-failed',
          text: `postStop ${result.error?.message ?? (result.timedOut ? 'ran into its time-out' : `ended with ${result.exit.signal ?? `code ${result.exit.code}`}`)}`,
        });
      // Whoever waits for the end of all looks again.
      this.#around.emit(this.#spec, {tag: 'tick'});
    });
  }

  get #port(): number | null {
    return this.#around.now(this.#spec.name).memory.port;
  }

  get #incarnation(): number {
    return this.#around.now(this.#spec.name).memory.incarnation;
  }

  /** The log file as it is shown. */
  get #log(): string {
    const {projectDir, logDir} = this.#around.spec;
    return `${relative(projectDir, logDir) || '.'}/${this.#spec.name}.log`;
  }

  #journal(record: JournalRecord): void {
    this.#around.world.journal.append(this.#spec.name, record);
  }

  #note(record: JournalRecord): void {
    this.#around.world.journal.note(this.#spec.name, record);
  }
}
