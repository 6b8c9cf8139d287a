import {relative} from 'node:path';
import {exitCause, saysPortTaken} from '../core/diagnosis/exit-cause.js';
import {expandPlaceholders} from '../core/config/placeholders.js';
import type {CommandSpec, ProbeCheck, ServiceSpec, StopSignal} from '../core/spec.js';
import type {Answer, Effect} from '../core/supervision/events.js';
import type {JournalRecord} from '../core/supervision/journal.js';
import type {Blocker, ExitStatus} from '../core/supervision/state.js';
import {unreachable} from '../core/unreachable.js';
import type {Cancel, ListenerVerdict, ProbeAnswer, ProbeTarget, ProcessIdentity} from '../platform/types.js';
import {Preparation, type PreparationHost, expandCommand, holderText} from './preparation.js';
import type {Surroundings} from './shared.js';

const tailLines = 50;
/** A verdict on who holds the listener is looked at again after this, and after every miss. */
const verdictFreshMs = 15_000;
const groupPollMs = [2, 5, 10, 20, 50] as const;
const sweepGraceMs = 1000;
const sweepKillMs = 3000;
const longestRoundMs = 1000;
const blockerPollMs = 500;
/** A holder that cannot be seen: tries after 1, 2, 4, … s. */
const blindPauseMs = 1000;
const longestBlindPauseMs = 60_000;

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
  readonly #probes = new Set<Cancel>();
  #unwatchLog: Cancel = () => {};
  #unwatchBlocker: Cancel = () => {};
  #verdict: {readonly is: ListenerVerdict; readonly at: number} | null = null;
  #spawnedAtWall: number | null = null;
  /** Sweeps and hooks under way: a supervisor that ends meanwhile would leave something behind. */
  #chores = 0;
  /** Tries for a port whose holder could not be seen, since it was last ready. */
  #blindTries = 0;

  constructor(spec: ServiceSpec, around: Surroundings) {
    this.#spec = spec;
    this.#around = around;
  }

  get identity(): ProcessIdentity | null {
    return this.#identity;
  }

  get busy(): boolean {
    return this.#chores > 0;
  }

  get verdict(): ListenerVerdict | null {
    return this.#verdict?.is ?? null;
  }

  get spawnedAtWall(): number | null {
    return this.#spawnedAtWall;
  }

  perform(effect: Effect): void {
    switch (effect.tag) {
      case 'prepare':
        this.#prepare(effect.incarnation, effect.hooks);
        break;
      case 'cancel-prepare':
        this.#preparation?.cancel();
        this.#preparation = null;
        break;
      case 'spawn':
        this.#spawn(effect.incarnation, effect.port);
        break;
      case 'probe':
        this.#probe(effect);
        break;
      case 'cancel-probes':
        for (const cancel of this.#probes) cancel();
        this.#probes.clear();
        break;
      case 'ask-to-stop':
        this.#askToStop(effect.pid, effect.hung);
        this.#watchClosely(effect.incarnation, 0);
        break;
      case 'kill':
        this.#signalGroup(effect.pid, 'SIGKILL');
        break;
      case 'watch-group':
        this.#watchGroup(effect.incarnation, effect.pid, 0);
        break;
      case 'sweep':
        this.#sweep(() => this.#around.emit(this.#spec, {tag: 'swept', incarnation: effect.incarnation}));
        break;
      case 'post-stop':
        this.#postStop();
        break;
      case 'report': {
        const {tag: _tag, ...news} = effect;
        if (effect.type === 'ready') {
          this.#blindTries = 0;
          this.#journal({v: 1, t: 'ready', inc: this.#incarnation, at: this.#around.world.clock.wall()});
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
    this.#unwatchBlocker();
    if (blocker === null) return;
    const {world} = this.#around;
    let before: string | null = null;
    let seenTaken = false;
    const blindUntil = world.clock.now() + Math.min(blindPauseMs * 2 ** this.#blindTries, longestBlindPauseMs);
    const look = (): void => {
      const again = (): void => {
        this.#unwatchBlocker = world.clock.at(world.clock.now() + blockerPollMs, look);
      };
      if (blocker.kind === 'file') {
        const now = world.processes.fileState(blocker.path);
        if (before !== null && now !== before) this.#around.emit(this.#spec, {tag: 'unblocked'});
        else again();
        before = now;
        return;
      }
      // Looks, never binds: a watcher that binds steals the port it watches.
      let current = true;
      this.#unwatchBlocker = () => {
        current = false;
      };
      world.ports.owners(blocker.port, (listeners) => {
        if (!current) return;
        if (listeners !== null && listeners.length > 0) seenTaken = true;
        else if (listeners !== null && seenTaken) {
          this.#around.emit(this.#spec, {tag: 'unblocked'});
          return;
        } else if (world.clock.now() >= blindUntil) {
          // Nobody to be seen there from the start: the holder is hidden, or was gone before the first look.
          this.#blindTries += 1;
          this.#around.emit(this.#spec, {tag: 'unblocked'});
          return;
        }
        again();
      });
    };
    look();
  }

  /** Takes over a process that a former supervisor started. */
  adopt(identity: ProcessIdentity, incarnation: number, spawnedAtWall: number): void {
    this.#identity = identity;
    this.#adopted = true;
    this.#spawnedAtWall = spawnedAtWall;
    this.#around.world.output.beginLife(this.#spec.name);
    this.#watchLog(incarnation);
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

  #rememberLeader(identity: ProcessIdentity): void {
    this.#leaders = [...this.#leaders, identity].slice(-8);
  }

  /** Runs the preCheck hook; calls with what is wrong, or null. */
  preCheck(done: (problem: string | null) => void): void {
    const hook = this.#spec.hooks.preCheck;
    if (hook === null) {
      done(null);
      return;
    }
    const port = this.#port;
    this.#around.world.processes.run(
      {
        service: this.#spec.name,
        purpose: 'preCheck',
        command: this.#command(hook, port),
        cwd: this.#spec.cwd,
        env: this.#env(port, 0),
        timeoutMs: this.#spec.hookTimeoutMs,
      },
      (result) => {
        if (result.error === null && !result.timedOut && result.exit.code === 0) done(null);
        else
          done(
            result.error?.message ??
              (result.timedOut
                ? 'preCheck ran into its time-out'
                : `preCheck ended with ${result.exit.signal ?? `code ${result.exit.code}`}: ${result.tail.trimEnd().split('\n').at(-1) ?? ''}`),
          );
      },
    );
  }

  // ——— starting ———

  #prepare(incarnation: number, hooks: boolean): void {
    this.#preparation?.cancel();
    const {memory} = this.#around.now(this.#spec.name);
    const host: PreparationHost = {
      service: this.#spec,
      around: this.#around,
      lastPort: memory.port,
      firstStart: !memory.everReady,
      env: (port) => this.#env(port, incarnation),
      command: (command, port) => this.#command(command, port),
      probeTarget: (port) => {
        const check = this.#spec.probes[0]?.check;
        return check === undefined ? null : this.#target(check, port);
      },
      maybeLeftovers: () =>
        this.#unresolved || this.#identity !== null || this.#leftGroups.some((pid) => this.#groupAlive(pid)),
      clearStragglers: (done) =>
        this.#sweep((left) => {
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

  #spawn(incarnation: number, port: number | null): void {
    const {world} = this.#around;
    const {name, command, cwd, stdin, output} = this.#spec;
    if (command === null) throw new Error(`${name} has no command`);
    const wall = world.clock.wall();
    const env = this.#env(port, incarnation);
    this.#journal({v: 1, t: 'intent', inc: incarnation, at: wall, mark: env.ERP_MARK ?? '', port});
    world.output.beginLife(name);
    this.#verdict = null;
    let identity: ProcessIdentity | null = null;
    const result = world.processes.spawn(
      {service: name, incarnation, command: this.#command(command, port), cwd, env, stdin, output},
      (exit) => {
        if (identity !== null) this.#onExit(identity, incarnation, exit);
      },
    );
    if (!result.ok) {
      this.#journal({v: 1, t: 'exited', inc: incarnation, at: wall, code: null, signal: null});
      const {code, message} = result.error;
      const blockedOn: Blocker | null = code === 'ENOENT' || code === 'EACCES' ? {kind: 'file', path: cwd} : null;
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
    identity = result.identity;
    this.#identity = identity;
    this.#adopted = false;
    this.#spawnedAtWall = wall;
    this.#journal({
      v: 1,
      t: 'spawned',
      inc: incarnation,
      at: wall,
      pid: identity.pid,
      start: identity.startTime,
      boot: identity.bootId,
    });
    this.#watchLog(incarnation);
    this.#around.emit(this.#spec, {tag: 'spawned', incarnation, pid: identity.pid});
  }

  #watchLog(incarnation: number): void {
    this.#unwatchLog();
    const {readyLog} = this.#spec;
    if (readyLog === null) return;
    const pattern = new RegExp(readyLog);
    const cancel = this.#around.world.output.onLine(this.#spec.name, (line) => {
      if (!pattern.test(line)) return;
      cancel();
      this.#journal({v: 1, t: 'log-ready', inc: incarnation, at: this.#around.world.clock.wall()});
      this.#around.emit(this.#spec, {tag: 'log-ready', incarnation});
    });
    this.#unwatchLog = cancel;
  }

  #env(port: number | null, incarnation: number): Readonly<Record<string, string>> {
    const {spec, projectMark} = this.#around;
    const ports = {port, services: this.#around.portsInUse()};
    const own = Object.fromEntries(
      Object.entries(this.#spec.env).map(([key, value]) => [key, expandPlaceholders(value, ports)]),
    );
    return {...spec.baseEnv, ...own, ERP_MARK: `${projectMark}/${this.#spec.name}/${incarnation}`};
  }

  #command(command: CommandSpec, port: number | null): CommandSpec {
    return expandCommand(command, {port, services: this.#around.portsInUse()});
  }

  // ——— probing ———

  #probe({incarnation, track, id, timeoutMs}: Extract<Effect, {tag: 'probe'}>): void {
    const probe = this.#spec.probes[track];
    if (probe === undefined) return;
    const answer = (said: Answer): void =>
      this.#around.emit(this.#spec, {tag: 'answer', incarnation, track, id, answer: said});
    if (probe.check.type === 'command') {
      this.#probeByCommand(probe.check.command, timeoutMs, answer);
      return;
    }
    const target = this.#target(probe.check, this.#port);
    if (target === null) {
      answer({tag: 'silent', reason: 'error', detail: 'the probe has no address'});
      return;
    }
    const cancel = this.#around.world.prober.probe(target, timeoutMs, (said) => {
      this.#probes.delete(cancel);
      this.#believe(said, answer);
    });
    this.#probes.add(cancel);
  }

  #probeByCommand(command: CommandSpec, timeoutMs: number, answer: (said: Answer) => void): void {
    const port = this.#port;
    const cancel = this.#around.world.processes.run(
      {
        service: this.#spec.name,
        purpose: 'probe',
        command: this.#command(command, port),
        cwd: this.#spec.cwd,
        env: this.#env(port, 0),
        timeoutMs,
      },
      (result) => {
        this.#probes.delete(cancel);
        if (result.error === null && !result.timedOut && result.exit.code === 0)
          answer({tag: 'answered', health: 'healthy', detail: null});
        else
          answer({
            tag: 'silent',
            reason: result.timedOut ? 'timeout' : 'refused',
            detail:
              result.error?.message ??
              (result.timedOut
                ? `no end within ${timeoutMs} ms`
                : `probe command ended with ${result.exit.signal ?? `code ${result.exit.code}`}`),
          });
      },
    );
    this.#probes.add(cancel);
  }

  #target(check: ProbeCheck, port: number | null): ProbeTarget | null {
    const ports = {port, services: this.#around.portsInUse()};
    if (check.type === 'http')
      return {type: 'http', url: expandPlaceholders(check.url, ports), expect: check.expect, headers: check.headers};
    if (check.type === 'command') return null;
    const number = Number(expandPlaceholders(check.port, ports));
    return Number.isInteger(number) && number > 0 ? {type: 'tcp', host: check.host, port: number} : null;
  }

  /** An answer on our port proves something only if it is our process that listens there. */
  #believe(said: ProbeAnswer, answer: (said: Answer) => void): void {
    const {world} = this.#around;
    if (said.tag === 'silent') {
      this.#verdict = null;
      answer(said);
      return;
    }
    const leader = this.#identity;
    const port = this.#port;
    const {listener, kind} = this.#spec;
    if (kind === 'external' || listener === 'any' || leader === null || port === null) {
      answer(said);
      return;
    }
    const now = world.clock.now();
    if (this.#verdict !== null && this.#verdict.is.verdict !== 'foreign' && now - this.#verdict.at < verdictFreshMs) {
      answer(said);
      return;
    }
    // The mark of this very life: what an earlier one left behind is as foreign as a stranger.
    const mark = `${this.#around.projectMark}/${this.#spec.name}/${this.#incarnation}`;
    world.ports.holder(port, leader, mark, (verdict) => {
      if (this.#identity !== leader) return;
      const known = this.#verdict?.is.verdict === 'foreign';
      this.#verdict = {is: verdict, at: now};
      if (verdict.verdict === 'unknown' && this.#around.now(this.#spec.name).state.tag === 'starting') {
        // Who answered may have gone before we looked, and be nobody of ours: the next answer is believed.
        answer({tag: 'silent', reason: 'not-verified', detail: verdict.why});
        return;
      }
      if (verdict.verdict !== 'foreign') {
        answer(said);
        return;
      }
      const holder = holderText([verdict.listener]);
      if (!known)
        this.#around.tell({
          level: 'ERROR',
          service: this.#spec.name,
          type: 'stranger',
          text: `port ${port} is ${holder}, not by ${this.#spec.name}: its answers prove nothing`,
          facts: {port, pid: verdict.listener.pid},
        });
      answer({tag: 'silent', reason: 'stranger', detail: `port ${port} is ${holder}`});
    });
  }

  // ——— ending ———

  #onExit(identity: ProcessIdentity, incarnation: number, exit: ExitStatus): void {
    const {world} = this.#around;
    if (this.#identity !== identity) return; // seen already
    this.#identity = null;
    this.#unwatchLog();
    this.#rememberLeader(identity);
    // The last line comes before the verdict on the exit.
    world.output.drain(this.#spec.name);
    const groupAlive = this.#groupAlive(identity.pid);
    if (groupAlive) this.#leftGroups.push(identity.pid);
    const lines = world.output.tail(this.#spec.name, tailLines);
    const port = this.#port;
    const log = `${relative(this.#around.spec.projectDir, this.#around.spec.logDir) || '.'}/${this.#spec.name}.log`;
    const diagnosis = exitCause(exit, lines, this.#spec, port, log);
    this.#journal({v: 1, t: 'exited', inc: incarnation, at: world.clock.wall(), code: exit.code, signal: exit.signal});
    const blockedOn: Blocker | null =
      port !== null && exit.signal === null && exit.code !== 0 && saysPortTaken(lines, port)
        ? {kind: 'port', port}
        : null;
    this.#around.emit(this.#spec, {tag: 'exited', incarnation, exit, groupAlive, diagnosis, blockedOn});
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
            url: expandPlaceholders(stop.http, {port: this.#port, services: this.#around.portsInUse()}),
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
    const port = this.#port;
    world.processes.run(
      {
        service: this.#spec.name,
        purpose: 'stop',
        command: this.#command(stop.command, port),
        cwd: this.#spec.cwd,
        env: this.#env(port, 0),
        timeoutMs: this.#spec.policy.stopGraceMs,
      },
      signal,
    );
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
    const leader = this.#identity?.pid === pid ? this.#identity : this.#leaders.findLast((one) => one.pid === pid);
    if (leader !== undefined && processes.isSomebodyElse?.(leader) === true) return false;
    return processes.groupAlive(pid);
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

  /** Ends what belongs to earlier lives and escaped from their group; tells the pid of one that cannot be ended. */
  #sweep(then: (left: number | null) => void): void {
    const {world} = this.#around;
    this.#chores += 1;
    const done = (left: number | null): void => {
      this.#chores -= 1;
      then(left);
    };
    const query = {
      service: this.#spec.name,
      markPrefix: `${this.#around.projectMark}/${this.#spec.name}/`,
    };
    const told = new Set<number>();
    // Time that was lived through: after a sleep of the machine nobody has had his grace yet.
    let lived = 0;
    let lookedAt = world.clock.now();
    let kills = 0;
    const round = (pause: number): void => {
      // The present incarnation and all that belongs to it stay.
      const except = this.#identity;
      world.processes.stragglers({...query, leaders: this.#leaders, except}, (found) => {
        const now = world.clock.now();
        // A new life began while the search went on: it may be among what was found.
        if (this.#identity !== null && this.#identity !== except) {
          round(pause);
          return;
        }
        lived += Math.min(now - lookedAt, longestRoundMs);
        lookedAt = now;
        if (found.length === 0 || (lived >= sweepGraceMs + sweepKillMs && kills > 2)) {
          if (found.length > 0)
            this.#around.tell({
              level: 'ERROR',
              service: this.#spec.name,
              type: 'straggler',
              text: `cannot end what is left of it: ${found.map(({pid, command}) => `${command} (pid ${pid})`).join(', ')}`,
            });
          done(found[0]?.pid ?? this.#formerLeader(except));
          return;
        }
        const kill = told.size > 0 && lived >= sweepGraceMs;
        if (kill) kills += 1;
        for (const stray of found) {
          if (!told.has(stray.pid)) {
            told.add(stray.pid);
            this.#around.tell({
              level: 'WARNING',
              service: this.#spec.name,
              type: 'straggler',
              text: `had left ${stray.command} (pid ${stray.pid}) behind: ended`,
              facts: {pid: stray.pid, how: stray.why},
            });
          }
          world.processes.signal(stray, kill ? 'SIGKILL' : 'SIGTERM');
        }
        world.clock.at(now + pause, () => round(Math.min(pause * 2, 200)));
      });
    };
    round(10);
  }

  /** Only in the way before a spawn: a leader that was killed and is still there. */
  #formerLeader(except: ProcessIdentity | null): number | null {
    const {state} = this.#around.now(this.#spec.name);
    return state.tag === 'preparing' && except !== null ? except.pid : null;
  }

  #postStop(): void {
    const hook = this.#spec.hooks.postStop;
    if (hook === null) return;
    const port = this.#port;
    this.#chores += 1;
    this.#around.world.processes.run(
      {
        service: this.#spec.name,
        purpose: 'postStop',
        command: this.#command(hook, port),
        cwd: this.#spec.cwd,
        env: this.#env(port, 0),
        timeoutMs: this.#spec.hookTimeoutMs,
      },
      (result) => {
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
      },
    );
  }

  get #port(): number | null {
    return this.#around.now(this.#spec.name).memory.port;
  }

  get #incarnation(): number {
    return this.#around.now(this.#spec.name).memory.incarnation;
  }

  #journal(record: JournalRecord): void {
    this.#around.world.journal.append(this.#spec.name, record);
  }
}
