import type {Orders} from './api-server.js';
import {healthy, type Conditions} from './conditions.js';
import type {Fault} from './faults.js';
import type {FrontDoor} from './front-door.js';
import type {Internet} from './internet.js';
import type {ApiObject} from './objects.js';
import type {PodProgram} from './pod-program.js';
import type {OpenForward, PortForwards} from './port-forwards.js';
import type {Selector, Workloads} from './workloads.js';

type Of<T extends Fault['type']> = Extract<Fault, {readonly type: T}>;
type KillPod = Of<'kill-pod'>;

const kubeletUnreachable = 'error dialing backend: dial tcp 10.0.0.5:10250: connect: connection refused';

/** Makes faults happen, whoever asks: a test, the control socket, or kubectl (`delete pod`, `scale`, `rollout restart`). */
export class FaultDesk implements Orders {
  readonly #workloads: Workloads;
  readonly #forwards: PortForwards;
  readonly #conditions: Conditions;
  readonly #door: () => FrontDoor;
  readonly #internet: Internet | null;
  #isStopped = false;

  constructor(
    workloads: Workloads,
    forwards: PortForwards,
    conditions: Conditions,
    door: () => FrontDoor,
    internet: Internet | null,
  ) {
    this.#workloads = workloads;
    this.#forwards = forwards;
    this.#conditions = conditions;
    this.#door = door;
    this.#internet = internet;
  }

  deletePod(namespace: string, pod: string): void {
    void this.#killPods({type: 'kill-pod', namespace, pod});
  }

  scale(namespace: string, app: string, replicas: number): void {
    void this.make({type: 'scale', namespace, app, replicas});
  }

  rollOut(namespace: string, app: string): void {
    void this.#killPods({type: 'kill-pod', namespace, app, graceMs: 1000});
  }

  stop(): void {
    this.#isStopped = true;
  }

  async make(fault: Fault): Promise<void> {
    switch (fault.type) {
      case 'kill-pod':
        await this.#killPods(fault);
        return;
      case 'restart-container':
        await Promise.all(this.#pods(fault).map((pod) => this.#workloads.restartContainer(pod, fault.downMs ?? 1000)));
        return;
      case 'scale':
        await this.#scale(fault);
        return;
      case 'not-ready':
        this.#workloads.setReady(fault, fault.on === false);
        return;
      case 'hang-pod':
        for (const program of this.#workloads.programs(fault)) program.isHung = fault.on !== false;
        return;
      case 'slow-pod':
        for (const program of this.#workloads.programs(fault)) program.slowMs = fault.ms;
        return;
      case 'close-port':
        for (const program of this.#workloads.programs(fault)) closePort(program, fault);
        return;
      case 'close-forwards':
        this.#closeForwards(fault);
        return;
      case 'strand-forwards':
        this.#door().strand(this.#passagesOf(fault));
        return;
      case 'strand-all':
        this.#door().strand();
        return;
      case 'blackhole':
        this.#door().blackHole(fault.on !== false);
        return;
      case 'latency':
        this.#door().latencyMs = fault.ms;
        return;
      case 'api-down':
        if (fault.on === false) await this.#door().open();
        else this.#door().shut();
        return;
      case 'internet':
        if (this.#internet === null) throw new Error('this cluster has no internet beside it');
        this.#internet.mode = fault.mode;
        return;
      case 'reset':
        await this.#reset();
        return;
      default:
        this.#setCondition(fault);
    }
  }

  #setCondition(fault: Of<'auth' | 'slow-api' | 'refuse-portforward' | 'mute-pongs' | 'websockets' | 'runtime'>): void {
    const isOn = 'on' in fault ? fault.on : true;
    switch (fault.type) {
      case 'auth':
        this.#conditions.auth = fault.mode;
        return;
      case 'slow-api':
        this.#conditions.delayMs = fault.ms;
        return;
      case 'refuse-portforward': {
        const {code = 500, message = kubeletUnreachable} = fault;
        this.#conditions.refusal = isOn ? {code, message} : null;
        return;
      }
      case 'mute-pongs':
        this.#conditions.answersPings = !isOn;
        for (const {session} of this.#forwards.open.values()) session.answersPings = !isOn;
        return;
      case 'websockets':
        this.#conditions.hasWebSockets = isOn;
        return;
      case 'runtime':
        this.#conditions.runtime = fault.kind;
    }
  }

  #pods(selector: Selector): ApiObject[] {
    const pods = this.#workloads.pods(selector);
    if (pods.length === 0) throw new Error(`no such pod: ${JSON.stringify(selector)}`);
    return pods;
  }

  async #killPods(fault: KillPod): Promise<void> {
    await Promise.all(this.#pods(fault).map((pod) => this.#killPod(pod, fault)));
  }

  async #killPod(pod: ApiObject, {connections = 'zombie', ...leaving}: KillPod): Promise<void> {
    const own = [...this.#forwards.open.values()].filter(({program}) => program === this.#workloads.program(pod));
    await this.#workloads.removePod(pod, leaving, () => {
      const isOwn = passagesOf(own);
      if (connections === 'rst') this.#door().reset(isOwn);
      else if (connections === 'strand') this.#door().strand(isOwn);
      else if (connections === 'fin') for (const forward of own) forward.finish();
    });
    // A cluster that was stopped meanwhile has started a pod that nobody stops.
    if (this.#isStopped) this.#workloads.stop();
  }

  async #scale({namespace, app, replicas, startMs, connections}: Of<'scale'>): Promise<void> {
    const surplus = await this.#workloads.scale(namespace, app, replicas, startMs);
    const how = connections === undefined ? {} : {connections};
    for (const {metadata} of surplus)
      await this.#killPods({type: 'kill-pod', namespace, pod: metadata.name, replace: false, ...how});
  }

  #closeForwards(fault: Of<'close-forwards'>): void {
    const {how = 'rst'} = fault;
    if (how === 'rst') this.#door().reset(this.#passagesOf(fault));
    else
      for (const {session, finish} of this.#forwardsOf(fault))
        if (how === 'fin') finish();
        else session.goAway();
  }

  #forwardsOf({namespace, app, pod}: Selector): OpenForward[] {
    return [...this.#forwards.open.values()].filter(
      ({program}) =>
        (namespace ?? program.namespace) === program.namespace &&
        (app ?? program.app) === program.app &&
        (pod ?? program.name) === program.name,
    );
  }

  #passagesOf(selector: Selector) {
    return passagesOf(this.#forwardsOf(selector));
  }

  async #reset(): Promise<void> {
    Object.assign(this.#conditions, healthy());
    this.#door().blackHole(false);
    this.#door().latencyMs = 0;
    await this.#door().open();
    if (this.#internet !== null) this.#internet.mode = 'ok';
    await this.#workloads.restore();
  }
}

function passagesOf(forwards: readonly OpenForward[]) {
  const passages = new Set(forwards.map(({passage}) => passage));
  return (passage: OpenForward['passage']): boolean => passages.has(passage);
}

function closePort(program: PodProgram, {port, on}: Of<'close-port'>): void {
  for (const {containerPort} of program.ports) {
    if (port !== undefined && port !== containerPort) continue;
    if (on === false) program.closedPorts.delete(containerPort);
    else program.closedPorts.add(containerPort);
  }
}
