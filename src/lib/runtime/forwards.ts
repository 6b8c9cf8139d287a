import type {ContextStatus, ForwardStatus} from '../core/report/status.js';
import type {Calendar} from '../core/report/build-status.js';
import {contextStatus} from '../core/connection/context-status.js';
import {forwardStatus} from '../core/connection/forward-report.js';
import {type Forward, isUp, pidOf} from '../core/connection/forward-state.js';
import {bootRelation} from '../core/supervision/boot.js';
import type {ForwardView} from '../core/supervision/forward-view.js';
import {remember, summary} from '../core/supervision/journal.js';
import {isAtRest} from '../core/supervision/state.js';
import type {Kubectl, Network, ProcessIdentity} from '../platform/types.js';
import {ConnectivityMonitor} from './connectivity-monitor.js';
import {PodWatches} from './pod-watches.js';
import {PortForwarder} from './port-forwarder.js';
import type {Surroundings} from './shared.js';

/** Elsewhere each look is a program that has to run (lsof, netstat). */
const primaryLookEveryMs = process.platform === 'linux' ? 2000 : 10_000;

export interface ForwardsHost {
  readonly around: Surroundings;
  readonly network: Network;
  readonly kubectl: Kubectl;
  /** For services that need it, and for who wants to know its port. */
  changed(name: string, view: ForwardView): void;
  /** It has answered again, or something else that only whoever looks at it wants to know. */
  refreshed(): void;
}

/** All port-forwards of the project, what they wait for, and who waits for them. */
export class Forwards {
  readonly #host: ForwardsHost;
  readonly #monitor: ConnectivityMonitor;
  readonly #pods: PodWatches;
  readonly #byName: ReadonlyMap<string, PortForwarder>;
  /** Shall stop as soon as no service needs them any more. */
  readonly #leaving = new Set<string>();
  /** Since when the primary of a forward that has another port is free and nobody is connected. */
  readonly #idleSince = new Map<string, number>();
  readonly #views = new Map<string, ForwardView>();
  #primariesAt = 0;
  #loggedAt = 0;

  constructor(host: ForwardsHost) {
    this.#host = host;
    const {around, network, kubectl} = host;
    const {connection, portForwards} = around.spec;
    this.#monitor = new ConnectivityMonitor({
      clock: around.world.clock,
      network,
      kubectl,
      publicTargets: connection.publicTargets,
      portalUrl: connection.portalUrl,
      tell: (news) => around.tell(news),
      changed: (context) => this.#each(context, (forwarder) => forwarder.handle({tag: 'look'})),
      suspect: (context, why) => {
        this.#each(context, (forwarder) => forwarder.handle({tag: 'suspect', why}));
        this.#each(context, (forwarder) => forwarder.handle({tag: 'look'}));
      },
    });
    this.#pods = new PodWatches(kubectl, around.world.clock);
    this.#byName = new Map(
      portForwards.map((spec) => {
        const {context, name, namespace} = spec;
        const forwarder = new PortForwarder(spec, {
          around,
          kubectl,
          gate: () => ({
            isOnline: this.#monitor.isOnline(context),
            isUnsure: this.#monitor.isUnsure(context),
            hindrance: this.#monitor.hindrance(context),
          }),
          missing: () => this.#missing(name),
          doubtGate: () => this.#monitor.doubt(context),
          watchPods: (ready) => this.#pods.watch({context, namespace}, ready),
          changed: (before, now) => this.#changed(forwarder, before, now),
        });
        return [name, forwarder] as const;
      }),
    );
    this.#loggedAt = around.world.clock.now();
  }

  names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  forward(name: string): Forward {
    return this.#forwarder(name).forward;
  }

  /** It shall be up: not one that only waits until nobody needs it any more. */
  isWanted(name: string): boolean {
    return this.forward(name).memory.wanted === 'up' && !this.#leaving.has(name);
  }

  start(names: readonly string[]): void {
    for (const name of names) this.#want(name, () => this.#forwarder(name).handle({tag: 'start'}));
  }

  restart(names: readonly string[]): void {
    for (const name of names) this.#want(name, () => this.#forwarder(name).handle({tag: 'restart'}));
  }

  /** The gate is there first: without it a start would wait for nothing. */
  #want(name: string, then: () => void): void {
    const forwarder = this.#forwarder(name);
    this.#monitor.want(new Set([...this.#wanted(), forwarder.spec.context]));
    const wasLeaving = this.#leaving.delete(name);
    then();
    // One that runs on has nothing to tell by itself.
    if (wasLeaving) this.#publish(forwarder);
  }

  /** In reverse order of the dependencies, unless `now`. */
  stop(names: readonly string[], now: boolean): void {
    for (const name of names) {
      const forwarder = this.#forwarder(name);
      if (now) {
        this.#leaving.delete(name);
        forwarder.handle({tag: 'stop', now});
      } else {
        this.#leaving.add(name);
        this.#publish(forwarder);
      }
    }
    this.servicesChanged();
  }

  /** What services are has changed: who waits for them, who may leave because they have. */
  servicesChanged(): void {
    for (const name of [...this.#leaving]) {
      if (this.#isNeeded(name)) continue;
      this.#leaving.delete(name);
      this.#forwarder(name).handle({tag: 'stop', now: false});
    }
    for (const forwarder of this.#byName.values())
      if (forwarder.forward.state.tag === 'held') forwarder.handle({tag: 'look'});
  }

  get allStopped(): boolean {
    return (
      this.#leaving.size === 0 &&
      [...this.#byName.values()].every(({forward, identity}) => forward.state.tag === 'stopped' && identity === null)
    );
  }

  leaders(): readonly (readonly [string, ProcessIdentity])[] {
    return [...this.#byName].flatMap(([name, {identity}]) => (identity === null ? [] : [[name, identity] as const]));
  }

  /** About once a second. */
  beat(now: number): void {
    if (now - this.#primariesAt >= primaryLookEveryMs) {
      this.#primariesAt = now;
      for (const forwarder of this.#byName.values()) this.#lookAtPrimary(forwarder, now);
    }
    const {logIntervalMs} = this.#host.around.spec.connection;
    if (logIntervalMs === null || now - this.#loggedAt < logIntervalMs) return;
    this.#loggedAt = now;
    this.#logHealthy(now);
  }

  gap(ms: number): void {
    for (const forwarder of this.#byName.values()) {
      forwarder.handle({tag: 'gap', ms});
      // Not by way of its gate: without kubectl there is none, and what runs may be dead all the same.
      forwarder.handle({tag: 'suspect', why: 'woke'});
    }
    this.#monitor.gap(ms);
  }

  /**
   * Takes over what a former supervisor left running.
   * @returns names that were wanted up and do not run
   */
  adopt(): readonly string[] {
    const {around} = this.#host;
    const {world, projectMark} = around;
    const wantedUp: string[] = [];
    const lost = new Set<string>();
    for (const [name, forwarder] of this.#byName) {
      const {records, problem} = world.journal.read(name);
      const known = remember(records);
      if (problem !== null) around.tell({level: 'WARNING', service: name, type: 'journal-problem', text: problem});
      if (!known.newer && (problem !== null || records.length > 20))
        world.journal.compact(name, [
          ...summary(known, world.clock.wall()),
          // Of what a service keeps, a forward keeps this alone.
          {v: 1, t: 'memory', inc: known.incarnation, used: 0, total: known.totalRestarts},
          ...remoteRecord(records),
        ]);
      forwarder.recall(known.incarnation, known.totalRestarts, remoteRecord(records)[0]?.port ?? null);
      const {process} = known;
      const identity =
        process === null || bootRelation(process.bootId, world.bootId) !== 'same'
          ? null
          : {pid: process.pid, startTime: process.startTime, bootId: world.bootId};
      const isAlive = identity !== null && world.processes.isAlive(identity);
      if (identity !== null && isAlive && process?.port != null && known.wanted !== false) {
        const {incarnation, port, spawnedAtWall} = process;
        this.#want(name, () => forwarder.adopt(identity, incarnation, port, spawnedAtWall));
        continue;
      }
      if (identity !== null && isAlive) world.processes.signalGroup(identity.pid, 'SIGKILL');
      else lost.add(name);
      if (known.wanted === true) wantedUp.push(name);
    }
    // A journal may be lost, or older than what runs: a kubectl that nobody knows would hold its port for ever.
    if (lost.size > 0)
      for (const {service, pid, leads} of world.processes.findMarked?.(projectMark, [...lost]) ?? [])
        if (lost.has(service) && leads) world.processes.signalGroup(pid, 'SIGKILL');
    return wantedUp;
  }

  letGo(): void {
    this.#monitor.close();
    this.#pods.close();
    for (const forwarder of this.#byName.values()) forwarder.letGo();
  }

  statuses(calendar: Calendar): readonly ForwardStatus[] {
    return [...this.#byName.values()].map((forwarder) => {
      const {spec, forward, spawnedAtWall, remotePort, portNote} = forwarder;
      const answer = this.#monitor.gates().find(({context}) => context === spec.context)?.answer;
      const context = answer?.ok === true ? answer.name : null;
      const missing = this.#missing(spec.name);
      const isGateKnown = this.#monitor.isOnline(spec.context) !== null;
      const seen = {spawnedAtWall, remotePort, portNote, missing, context, isGateKnown};
      const status = forwardStatus(spec, forward, seen, calendar);
      // It only lets those go first that need it: whoever asked for its end must not read that it is wanted.
      return this.#leaving.has(spec.name) ? {...status, wanted: 'down', note: 'stops after what needs it'} : status;
    });
  }

  contexts(calendar: Calendar): readonly ContextStatus[] {
    return this.#monitor.gates().map((gate) => contextStatus(gate, calendar));
  }

  // ——— inside ———

  #forwarder(name: string): PortForwarder {
    const forwarder = this.#byName.get(name);
    if (forwarder === undefined) throw new Error(`no port-forward ${name}`);
    return forwarder;
  }

  #each(context: string | null, act: (forwarder: PortForwarder) => void): void {
    for (const forwarder of this.#byName.values()) if (forwarder.spec.context === context) act(forwarder);
  }

  #wanted(): ReadonlySet<string | null> {
    return new Set(
      [...this.#byName.values()]
        .filter(({forward}) => forward.memory.wanted === 'up')
        .map(({spec: {context}}) => context),
    );
  }

  #missing(name: string): readonly string[] {
    const {around} = this.#host;
    return this.#forwarder(name)
      .spec.dependsOn.map((dependency) => dependency.name)
      .filter((service) => {
        const {state, memory} = around.now(service);
        return memory.wanted === 'up' && state.tag !== 'ready' && state.tag !== 'done';
      });
  }

  /** A service that runs and is told to use it goes first. */
  #isNeeded(name: string): boolean {
    const {around} = this.#host;
    return around.spec.services.some(
      ({name: service, dependsOn}) =>
        dependsOn.some((dependency) => dependency.name === name) &&
        !isAtRest(around.now(service).state) &&
        around.now(service).memory.wanted === 'down',
    );
  }

  #changed(forwarder: PortForwarder, before: Forward, now: Forward): void {
    const {name, primary} = forwarder.spec;
    if (before.memory.wanted !== now.memory.wanted) {
      this.#monitor.want(this.#wanted());
      if (this.#wanted().size === 0) this.#pods.close();
    }
    const port = portOf(now);
    if (now.state.tag === 'stopped' || port === null || port === primary) this.#idleSince.delete(name);
    this.#publish(forwarder);
  }

  #publish({spec: {name, primary}, forward}: PortForwarder): void {
    const view: ForwardView = {
      wanted: this.isWanted(name) ? 'up' : 'down',
      isUp: isUp(forward),
      mayRun: forward.state.tag === 'launching' || pidOf(forward) !== null,
      port: portOf(forward),
      primary,
    };
    const last = this.#views.get(name);
    this.#views.set(name, view);
    const isNews =
      last?.wanted !== view.wanted || last.isUp !== view.isUp || last.mayRun !== view.mayRun || last.port !== view.port;
    // The end of everything waits for this one as well.
    if (isNews || forward.state.tag === 'stopped') this.#host.changed(name, view);
    else this.#host.refreshed();
  }

  /** It never binds: a watcher that binds steals the port it watches. */
  #lookAtPrimary(forwarder: PortForwarder, now: number): void {
    const {spec, forward} = forwarder;
    const {state} = forward;
    if (state.tag !== 'up' || state.proof.tag !== 'given' || state.run.port === spec.primary) return;
    if (spec.returnToPrimary === 'never' || this.#host.around.serviceOn(spec.primary) !== null) return;
    const {ports} = this.#host.around.world;
    const isBusy = (): void => {
      this.#idleSince.delete(spec.name);
    };
    ports.listening(spec.primary, (sockets) => {
      if (sockets?.length !== 0) {
        isBusy();
        return;
      }
      ports.connections(state.run.port, (count) => {
        if (count !== 0) {
          isBusy();
          return;
        }
        const since = this.#idleSince.get(spec.name) ?? now;
        this.#idleSince.set(spec.name, since);
        if (now - since < spec.returnAfterMs) return;
        this.#idleSince.delete(spec.name);
        forwarder.handle({tag: 'go-back', port: spec.primary});
      });
    });
  }

  #logHealthy(now: number): void {
    for (const {spec, forward} of this.#byName.values()) {
      const {state, memory} = forward;
      if (state.tag !== 'up' || state.proof.tag !== 'given' || memory.answeredAt === null) continue;
      this.#host.around.tell({
        level: 'INFO',
        service: spec.name,
        type: 'forward-healthy',
        text: `verified on ${state.run.port}, answered ${Math.round((now - memory.answeredAt) / 100) / 10}s ago in ${Math.round(memory.latencyMs ?? 0)} ms`,
        facts: {forward: true},
      });
    }
  }
}

/** The local port of a kubectl that may be running. */
const portOf = (forward: Forward): number | null => (pidOf(forward) === null ? null : forward.memory.port);

/** What a configuration without `remotePort` was found to mean: a kubectl that is taken over is asked in its words. */
function remoteRecord(records: readonly unknown[]): readonly {readonly port: number | string}[] {
  const isRemote = (record: unknown): record is {readonly port: number | string} =>
    typeof record === 'object' && record !== null && (record as {t?: unknown}).t === 'remote';
  return records.filter(isRemote).slice(-1);
}
