import {forwardArgs} from '../core/connection/forward-args.js';
import type {ForwardFailure} from '../core/connection/forward-failure.js';
import {forwardQuestion} from '../core/connection/forward-question.js';
import {
  type Forward,
  type ForwardContext,
  type ForwardEffect,
  type ForwardEvent,
  initialForward,
  nextForwardDeadline,
} from '../core/connection/forward-state.js';
import {forwardStep} from '../core/connection/forward-transition.js';
import {apiCost, kubectlFailure, readKubectlLine} from '../core/connection/kubectl-output.js';
import type {ForwardSpec} from '../core/spec.js';
import type {JournalRecord} from '../core/supervision/journal.js';
import {markOf} from '../core/supervision/mark.js';
import {unreachable} from '../core/unreachable.js';
import type {Cancel, Exit, Kubectl, PodPort, ProbeAnswer, ProbeTarget, ProcessIdentity} from '../platform/types.js';
import {faultPoint} from './fault.js';
import {ForwardPortSearch} from './forward-port.js';
import type {Surroundings} from './shared.js';

/** What kubectl says last is what it died of. */
const tailLines = 20;
/** Of a start that names a pod: it is read twice, and its connection upgraded. */
const directCost = 3;
const closeLookMs = 20;
const closeLooks = 500;
const isWindows = process.platform === 'win32';
const never: Cancel = () => {};

export interface ForwarderHost {
  readonly around: Surroundings;
  readonly kubectl: Kubectl;
  /** What else a decision depends on, as of now. */
  gate(): Pick<ForwardContext, 'isOnline' | 'isUnsure' | 'hindrance'>;
  missing(): readonly string[];
  doubtGate(): void;
  /** Calls until cancelled when a pod of its namespace has become ready. */
  watchPods(ready: (pod: string) => void): Cancel;
  changed(before: Forward, now: Forward): void;
}

/** One `kubectl port-forward`: turns the world into events for the core, and its effects into the world. */
export class PortForwarder {
  readonly spec: ForwardSpec;
  readonly #host: ForwarderHost;
  readonly #inbox: ForwardEvent[] = [];
  #forward: Forward = initialForward;
  #identity: ProcessIdentity | null = null;
  #isAdopted = false;
  #spawnedAtWall: number | null = null;
  #remotePort: number | string | null;
  /** Named in place of its service, as long as that refuses. */
  #pod: PodPort | null = null;
  #isPodAsked = false;
  #portNote: string | null = null;
  /** Taken between test and use since it last went well. */
  readonly #lostPorts = new Set<number>();
  #cancelTimer: Cancel = never;
  #armedFor = Number.POSITIVE_INFINITY;
  #cancelPreparation: Cancel = never;
  #cancelAsk: Cancel = never;
  #cancelLines: Cancel = never;
  #cancelWatch: Cancel = never;
  #isOver = false;

  constructor(spec: ForwardSpec, host: ForwarderHost) {
    this.spec = spec;
    this.#host = host;
    this.#remotePort = spec.remotePort;
  }

  get forward(): Forward {
    return this.#forward;
  }

  get identity(): ProcessIdentity | null {
    return this.#identity;
  }

  /** Milliseconds since the epoch; null: nothing runs. */
  get spawnedAtWall(): number | null {
    return this.#identity === null ? null : this.#spawnedAtWall;
  }

  /** The one that is used; null: not known yet. */
  get remotePort(): number | string | null {
    return this.#remotePort;
  }

  get portNote(): string | null {
    return this.#portNote;
  }

  handle(event: ForwardEvent): void {
    if (this.#isOver) return;
    this.#inbox.push(event);
    // An effect answered at once: its news waits until the other effects are done.
    if (this.#inbox.length > 1) return;
    const before = this.#forward;
    for (let next = this.#inbox[0]; next !== undefined; this.#inbox.shift(), next = this.#inbox[0]) {
      const [forward, effects] = forwardStep(this.#forward, next, {
        now: this.#clock.now(),
        chance: this.#host.around.world.random(),
        spec: this.spec,
        connection: this.#host.around.spec.connection,
        missing: this.#host.missing(),
        ...this.#host.gate(),
      });
      this.#forward = forward;
      for (const effect of effects) this.#perform(effect);
    }
    this.#settleIn(before);
  }

  /** What a former supervisor started and left running. */
  adopt(identity: ProcessIdentity, incarnation: number, port: number, spawnedAtWall: number): void {
    this.#identity = identity;
    this.#isAdopted = true;
    this.#spawnedAtWall = spawnedAtWall;
    this.#listen(incarnation);
    this.#host.around.world.processes.watch(identity, (exit) => this.#onExit(identity, incarnation, exit));
    this.handle({tag: 'adopted', incarnation, pid: identity.pid, port});
  }

  /** The incarnation that the journal knows: the next one is another. */
  recall(incarnation: number, totalRestarts: number, remotePort: number | string | null): void {
    this.#remotePort ??= remotePort;
    const {memory} = this.#forward;
    this.#forward = {...this.#forward, memory: {...memory, incarnation, totalRestarts}};
  }

  /** Ends the supervision and leaves kubectl as it is. */
  letGo(): void {
    this.#isOver = true;
    for (const cancel of [
      this.#cancelTimer,
      this.#cancelPreparation,
      this.#cancelAsk,
      this.#cancelLines,
      this.#cancelWatch,
    ])
      cancel();
  }

  get #clock() {
    return this.#host.around.world.clock;
  }

  #settleIn(before: Forward): void {
    const now = this.#forward;
    if (now.state.tag === 'up' && now.state.proof.tag === 'given') this.#lostPorts.clear();
    const {totalRestarts, incarnation} = now.memory;
    if (totalRestarts !== before.memory.totalRestarts)
      this.#note({v: 1, t: 'memory', inc: incarnation, used: 0, total: totalRestarts});
    this.#arm();
    if (now !== before) this.#host.changed(before, now);
  }

  #arm(): void {
    const at = nextForwardDeadline(this.#forward);
    // One that comes too early finds nothing due.
    if (at >= this.#armedFor) return;
    this.#cancelTimer();
    this.#armedFor = at;
    this.#cancelTimer = this.#clock.at(at, () => {
      this.#armedFor = Number.POSITIVE_INFINITY;
      this.handle({tag: 'tick'});
    });
  }

  #perform(effect: ForwardEffect): void {
    switch (effect.tag) {
      case 'prepare':
        this.#prepare(effect.incarnation, effect.isDirect);
        break;
      case 'cancel-prepare':
        this.#cancelPreparation();
        break;
      case 'spawn':
        this.#spawn(effect.incarnation, effect.port);
        break;
      case 'signal':
        // 0 would be our own group.
        if (effect.pid > 0) this.#host.around.world.processes.signalGroup(effect.pid, effect.signal, 'SIGKILL');
        this.#watchClosely(0);
        break;
      case 'ask':
        this.#ask(effect);
        break;
      case 'cancel-ask':
        this.#cancelAsk();
        break;
      case 'doubt-gate':
        this.#host.doubtGate();
        break;
      case 'watch-pods':
        this.#cancelWatch();
        this.#cancelWatch = effect.on
          ? this.#host.watchPods((pod) => this.handle({tag: 'poke', why: `pod ${pod} is ready`}))
          : never;
        break;
      case 'report': {
        const {tag: _, facts, ...news} = effect;
        this.#host.around.tell({...news, service: this.spec.name, facts: {...facts, forward: true}});
        break;
      }
      default:
        unreachable(effect);
    }
  }

  /** One that was adopted is no child of ours: its end is noticed late, unless it is looked for. */
  #watchClosely(round: number): void {
    if (this.#identity === null || !this.#isAdopted || round > closeLooks) return;
    this.#clock.at(this.#clock.now() + closeLookMs, () => {
      this.#lookWhetherItLives();
      this.#watchClosely(round + 1);
    });
  }

  // ——— what comes before a spawn ———

  #prepare(incarnation: number, isDirect: boolean): void {
    const {kubectl, around} = this.#host;
    let cancelled = false;
    let cost = 0;
    let cancelStep: Cancel = never;
    this.#cancelPreparation = () => {
      cancelled = true;
      cancelStep();
    };
    const failed = (failure: ForwardFailure, cost: number): void =>
      this.handle({tag: 'prepare-failed', incarnation, failure, cost});
    const findPort = (): void => {
      const search = new ForwardPortSearch(this.spec, around, new Set(this.#lostPorts), (found) => {
        if (cancelled) return;
        if ('failure' in found) {
          // The next time all are asked again.
          this.#lostPorts.clear();
          failed(found.failure, 0);
          return;
        }
        this.#tellMoved(found.port, found.note);
        this.handle({tag: 'prepared', incarnation, port: found.port, cost});
      });
      cancelStep = () => search.cancel();
    };
    if (!isDirect) {
      this.#pod = null;
      this.#isPodAsked = false;
    }
    const missing = kubectl.missing();
    if (missing !== null) failed(missing, 0);
    else if (isDirect && !this.#isPodAsked && this.#remotePort !== null)
      cancelStep = kubectl.podBehind(this.spec, this.#remotePort, (pod) => {
        if (cancelled) return;
        this.#isPodAsked = true;
        this.#pod = pod;
        cost = 2;
        findPort();
      });
    else if (this.#remotePort !== null) findPort();
    else
      cancelStep = kubectl.remotePort(this.spec, (answer) => {
        if (cancelled) return;
        if ('failure' in answer) {
          failed(answer.failure, apiCost(answer.failure));
          return;
        }
        this.#remotePort = answer.port;
        this.#note({v: 1, t: 'remote', port: answer.port});
        cost = 1;
        findPort();
      });
  }

  #tellMoved(port: number, note: string | null): void {
    const {primary, name} = this.spec;
    if (note !== null && note !== this.#portNote)
      this.#host.around.tell({
        level: 'INFO',
        service: name,
        type: 'port-moved',
        text: `${port} instead of ${primary}, ${note}`,
        facts: {port, primary, why: note, forward: true},
      });
    this.#portNote = note;
  }

  #spawn(incarnation: number, port: number): void {
    const {around, kubectl} = this.#host;
    const {world, spec} = around;
    const {name} = this.spec;
    const at = world.clock.wall();
    const mark = markOf(around.projectMark, name, incarnation, port);
    this.#journal({v: 1, t: 'intent', inc: incarnation, at, mark, port});
    faultPoint('after-intent');
    world.output.beginLife(name);
    this.#listen(incarnation);
    let identity: ProcessIdentity | null = null;
    const result = world.processes.spawn(
      {
        service: name,
        incarnation,
        command: {argv: kubectl.argv(this.#args(port))},
        cwd: spec.projectDir,
        env: {...spec.baseEnv, ...kubectl.env, ERP_MARK: mark},
        stdin: 'null',
        output: isWindows ? 'file' : 'pipe',
      },
      (exit) => {
        if (identity !== null) this.#onExit(identity, incarnation, exit);
      },
    );
    if (!result.ok) {
      this.#journal({v: 1, t: 'exited', inc: incarnation, at, code: null, signal: null, planned: false});
      const failure = kubectl.missing() ?? {
        kind: 'other' as const,
        diagnosis: {
          cause: 'spawn-failed',
          confidence: 0.95,
          subject: result.error.code,
          evidence: [result.error.message],
          remedy: 'see connection.kubectl in the configuration',
        },
      };
      this.handle({tag: 'spawn-failed', incarnation, failure});
      return;
    }
    faultPoint('after-spawn');
    identity = result.identity;
    this.#identity = identity;
    this.#isAdopted = false;
    this.#spawnedAtWall = at;
    const {pid, startTime, bootId} = identity;
    this.#note({v: 1, t: 'spawned', inc: incarnation, at, pid, start: startTime, boot: bootId});
    this.handle({tag: 'spawned', incarnation, pid});
  }

  #args(port: number): readonly string[] {
    if (this.#pod === null) return forwardArgs(this.spec, port, this.#remotePort ?? 0);
    return forwardArgs({...this.spec, target: this.#pod.target}, port, this.#pod.port);
  }

  /** kubectl says when it listens, and sometimes that nothing comes through. */
  #listen(incarnation: number): void {
    this.#cancelLines();
    this.#cancelLines = this.#host.around.world.output.onLine(this.spec.name, (text) => {
      const line = readKubectlLine(text);
      if (line.tag === 'listening')
        this.handle({tag: 'listening', incarnation, port: line.port, cost: this.#pod === null ? 4 : directCost});
      else if (line.tag === 'half-dead') this.handle({tag: 'half-dead', incarnation});
    });
  }

  #onExit(identity: ProcessIdentity, incarnation: number, exit: Exit): void {
    if (this.#identity !== identity) return;
    this.#identity = null;
    const {world} = this.#host.around;
    const {name, context, namespace, target} = this.spec;
    // The last line comes before the verdict on the exit.
    world.output.drain(name);
    this.#cancelLines();
    // `minikube kubectl --` leaves the real one behind.
    if (world.processes.groupAlive(identity.pid)) world.processes.signalGroup(identity.pid, 'SIGKILL');
    this.#note({v: 1, t: 'exited', inc: incarnation, at: world.clock.wall(), ...exit, planned: false});
    const localPort = this.#forward.memory.port ?? this.#portOfState;
    const lines = world.output.tail(name, tailLines);
    const about = {forward: name, context, namespace, target, remotePort: this.#remotePort, localPort};
    const failure = kubectlFailure(lines, exit, about);
    if (failure.kind === 'port' && this.#portOfState !== null) this.#lostPorts.add(this.#portOfState);
    // What was found out about the target may be what has changed.
    if (failure.kind === 'needs-you') this.#remotePort = this.spec.remotePort;
    const cost = this.#pod === null ? apiCost(failure) : Math.min(directCost, apiCost(failure));
    // That very pod is gone: it is the service's business again.
    const isBehindPod = failure.kind === 'remote-refused' || failure.diagnosis.cause === 'kubelet-unreachable';
    if (this.#pod !== null && !isBehindPod) {
      this.#pod = null;
      this.#isPodAsked = false;
      this.handle({tag: 'exited', incarnation, failure: {...failure, kind: 'lost'}, cost});
      return;
    }
    this.handle({tag: 'exited', incarnation, failure, cost});
  }

  get #portOfState(): number | null {
    const {state} = this.#forward;
    return state.tag === 'launching' ? state.port : state.tag === 'up' ? state.run.port : null;
  }

  // ——— proof ———

  #ask({id, port, timeoutMs, isIdle}: Extract<ForwardEffect, {tag: 'ask'}>): void {
    this.#cancelAsk = this.#host.around.world.prober.probe(this.#target(port, isIdle), timeoutMs, (answer) => {
      this.#cancelAsk = never;
      const {probe} = this.spec;
      if (answer.tag === 'silent' && answer.reason === 'refused') this.#lookWhetherItLives();
      this.handle(readAnswer(id, answer, probe.type === 'http' && probe.expect.length > 0));
    });
  }

  /** The end of one that was adopted is noticed late; but who lives listens. */
  #lookWhetherItLives(): void {
    const identity = this.#identity;
    if (identity === null || this.#host.around.world.processes.isAlive(identity)) return;
    this.#onExit(identity, this.#forward.memory.incarnation, {code: null, signal: null});
  }

  #target(port: number, isIdle: boolean): ProbeTarget {
    const host = this.spec.addresses[0] ?? '127.0.0.1';
    const question = forwardQuestion(this.spec, this.#remotePort, isIdle);
    if (question.type !== 'http') return {type: question.type, host, port};
    const {path, ...rest} = question;
    const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    return {...rest, url: `http://${authority}${path}`};
  }

  #journal(record: JournalRecord): void {
    this.#host.around.world.journal.append(this.spec.name, record);
  }

  #note(record: object): void {
    this.#host.around.world.journal.note(this.spec.name, record);
  }
}

function readAnswer(id: number, answer: ProbeAnswer, isExpecting: boolean): ForwardEvent {
  if (answer.tag === 'silent') {
    const isReset = answer.reason === 'reset' || answer.reason === 'refused';
    return {tag: 'missed', id, isReset, detail: answer.detail};
  }
  // Where something is expected, another answer is another app's.
  if (isExpecting && answer.health === 'unhealthy')
    return {tag: 'missed', id, isReset: false, detail: answer.detail ?? 'another answer than expected'};
  return {tag: 'answered', id, latencyMs: answer.latencyMs, isProof: answer.detail !== 'silent'};
}
