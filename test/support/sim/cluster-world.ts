import type {ForwardFailure} from '../../../src/lib/core/connection/forward-failure.js';
import type {DialAnswer} from '../../../src/lib/core/connection/offline-cause.js';
import type {ForwardSpec} from '../../../src/lib/core/spec.js';
import type {JournalRecord} from '../../../src/lib/core/supervision/journal.js';
import type {
  Cancel,
  Clock,
  Exit,
  Kubectl,
  Network,
  ProbeAnswer,
  ProcessIdentity,
  SpawnPlan,
  World,
} from '../../../src/lib/platform/types.js';
import {noDiagnoser} from './no-diagnoser.js';
import {Agenda} from './agenda.js';

/** How a start of kubectl that gets no good answer from the API server ends. */
export type ApiMood = 'ok' | 'unauthorized' | 'forbidden' | 'not-found' | 'kubelet-away';
export type PodMood = 'running' | 'pending' | 'none';
export type AppMood = 'answers' | 'hangs' | 'closed' | 'slow';

interface Tunnel {
  /** Its connection is lost for ever and nobody was told. */
  isStranded: boolean;
  /** The pod it leads to: another one has come since. */
  readonly pod: number;
}

export interface SimKubectl {
  readonly identity: ProcessIdentity;
  readonly service: string;
  readonly port: number;
  readonly startedAt: number;
  /** Requests of a whole start: a pod that is named is not looked up. */
  readonly cost: number;
  tunnel: Tunnel | null;
  isAlive: boolean;
  /** SIGTERM does not reach it: it blocks while it closes a half-open connection. */
  isDeaf: boolean;
  readonly onExit: (exit: Exit) => void;
}

/** A process of a service: it runs until it is told to end, and takes a moment for that. */
export interface SimProcess {
  readonly identity: ProcessIdentity;
  readonly service: string;
  readonly env: Readonly<Record<string, string>>;
  isAlive: boolean;
  readonly onExit: (exit: Exit) => void;
}

const serviceEndMs = 400;
const connectMs = 5;
const startMs = 100;

/** A virtual machine with a virtual cluster: what real kubectl does under faults, as it was measured. */
export class ClusterWorld implements World {
  now = 0;
  readonly #agenda = new Agenda();
  readonly kubectls: SimKubectl[] = [];
  readonly services: SimProcess[] = [];
  /** API requests, by time. */
  readonly requests: number[] = [];
  readonly #tails = new Map<string, string[]>();
  readonly #listeners = new Map<string, Set<(line: string) => void>>();
  readonly journals = new Map<string, object[]>();
  readonly #podListeners = new Set<(pod: string) => void>();
  readonly strangers = new Set<number>();
  readonly #chance: () => number;
  #pid = 100;

  // ——— what fate decides ———
  isNetworkUp = true;
  /** How a connection fails while the network is down. */
  outage: 'black-hole' | 'link-down' | 'refuses' = 'black-hole';
  api: ApiMood = 'ok';
  pods: PodMood = 'running';
  app: AppMood = 'answers';
  podNumber = 1;
  hasKubectl = true;
  address = '10.0.0.2';
  files = 1;
  #portsInUse = 0;

  readonly clock: Clock = {
    now: () => this.now,
    wall: () => 1_790_000_000_000 + this.now,
    at: (at, callback) => {
      const due = this.#agenda.add(Math.max(at, this.now), 1, true, callback);
      return () => {
        due.run = null;
      };
    },
  };
  readonly bootId = 'boot';
  readonly bootedAt = 0;
  readonly random = (): number => this.#chance();

  constructor(chance: () => number) {
    this.#chance = chance;
  }

  advance(ms: number, watch: () => void = () => {}): void {
    const until = this.now + ms;
    for (let due = this.#agenda.take(until); due !== null; due = this.#agenda.take(until)) {
      this.now = Math.max(this.now, due.at);
      due.run?.();
      watch();
    }
    this.now = until;
  }

  /** What is due meanwhile comes late, all at once. */
  sleep(ms: number): void {
    this.now += ms;
  }

  requestsWithin(ms: number): number {
    return this.requests.filter((at) => at > this.now - ms).length;
  }

  // ——— faults ———

  /** The network is gone for a while; what was open is stranded or heals late. */
  cut(kind: 'black-hole' | 'link-down' | 'refuses'): void {
    this.isNetworkUp = false;
    this.outage = kind;
    if (kind === 'refuses') this.restartApi();
  }

  restore(strandsAll: boolean): void {
    this.isNetworkUp = true;
    if (strandsAll) this.strand();
  }

  strand(): void {
    for (const {tunnel} of this.living) if (tunnel !== null) tunnel.isStranded = true;
  }

  newAddress(): void {
    this.address = `10.0.0.${Number(this.address.split('.')[3]) + 1}`;
    this.strand();
  }

  /** As kubelet does it: open connections stay, and nobody is told. */
  killPod(readyAfterMs: number): void {
    this.podNumber += 1;
    this.pods = 'pending';
    this.#in(readyAfterMs, () => this.podReady());
  }

  podReady(): void {
    this.pods = 'running';
    for (const tell of [...this.#podListeners]) this.#in(20, () => tell(`pod-${this.podNumber}`));
  }

  restartApi(): void {
    for (const one of this.living) this.#end(one, ['error: lost connection to pod'], 30);
  }

  killKubectl(): void {
    const one = this.living[0];
    if (one !== undefined) this.#exit(one, {code: null, signal: 'SIGKILL'});
  }

  /** The process of a service; null: it does not run. */
  serviceOf(name: string): SimProcess | null {
    return this.services.find(({service, isAlive}) => isAlive && service === name) ?? null;
  }

  get living(): SimKubectl[] {
    return this.kubectls.filter(({isAlive}) => isAlive);
  }

  // ——— the world's side ———

  readonly network: Network = {
    addresses: () => this.address,
    dial: (_server, timeoutMs, callback) =>
      this.#in(
        this.isNetworkUp || this.outage !== 'black-hole' ? connectMs : timeoutMs,
        () => callback(this.#dialled()),
        true,
      ),
    lookAround: (_question, callback) =>
      this.#in(500, () => callback({hasAddress: true, internet: 'not-asked', name: 'literal'}), true),
  };

  #dialled(): DialAnswer {
    if (this.isNetworkUp) return {tag: 'reached', latencyMs: connectMs};
    if (this.outage === 'refuses') return {tag: 'refused', detail: 'ECONNREFUSED'};
    return this.outage === 'link-down'
      ? {tag: 'unreachable', detail: 'ENETUNREACH'}
      : {tag: 'timeout', detail: 'no answer'};
  }

  readonly kubectl: Kubectl = {
    argv: (args) => ['kubectl', ...args],
    env: {},
    missing: () => (this.hasKubectl ? null : missingKubectl),
    stamp: () => `${this.files} ${this.hasKubectl}`,
    context: (name, callback) =>
      this.#in(
        80,
        () =>
          callback({
            ok: true,
            name: name ?? 'sim',
            namespace: null,
            server: {host: '10.1.0.1', port: 6443},
            url: 'https://10.1.0.1:6443',
            viaProxy: false,
          }),
        true,
      ),
    remotePort: (_forward, callback) => {
      this.#request(1);
      return this.#in(100, () => callback({port: 80}), true);
    },
    podBehind: (_forward, _port, callback) => {
      this.#request(2);
      return this.#in(80, () => callback({target: `pod/pod-${this.podNumber}`, port: 80}), true);
    },
    watchPods: (_where, ready) => {
      this.#request(2);
      this.#podListeners.add(ready);
      return () => this.#podListeners.delete(ready);
    },
  };

  readonly processes: World['processes'] = {
    spawn: (plan, onExit) => {
      if (!('argv' in plan.command) || plan.command.argv[0] !== 'kubectl')
        return {ok: true, identity: this.#spawnService(plan, onExit)};
      if (!this.hasKubectl) return {ok: false, error: {code: 'ENOENT', message: 'spawn kubectl ENOENT'}};
      return {ok: true, identity: this.#spawn(plan, onExit)};
    },
    watch: () => () => {},
    isAlive: (identity) => this.#alive.some((one) => one.identity.pid === identity.pid),
    groupAlive: (pid) => this.#alive.some(({identity}) => identity.pid === pid),
    signalGroup: (pid, signal) => {
      const service = this.services.find(({identity, isAlive}) => isAlive && identity.pid === pid);
      if (service !== undefined) {
        this.#in(signal === 'SIGKILL' ? 1 : serviceEndMs, () => this.endService(service));
        return 'sent';
      }
      const one = this.living.find(({identity}) => identity.pid === pid);
      if (one === undefined) return 'gone';
      if (signal === 'SIGKILL' || !one.isDeaf)
        this.#in(1, () => this.#exit(one, signal === 'SIGKILL' ? {code: null, signal} : {code: 143, signal: null}));
      return 'sent';
    },
    signal: () => 'gone',
    stragglers: (_query, callback) => callback([]),
    precheck: () => null,
    fileState: () => '',
    diskRoom: () => null,
    run: () => () => {},
  };

  readonly ports: World['ports'] = {
    tryBind: (port, _addresses, callback) => {
      const isTaken = this.strangers.has(port) || this.living.some((one) => one.tunnel !== null && one.port === port);
      this.#in(1, () => callback(isTaken ? {state: 'taken', code: 'EADDRINUSE'} : {state: 'free'}));
    },
    owners: (_port, callback) => {
      this.#in(1, () => callback([]));
    },
    listening: (port, callback) => {
      this.#in(1, () => callback(this.strangers.has(port) ? [{address: '127.0.0.1', inode: '1'}] : []));
    },
    connections: (_port, callback) => {
      this.#in(1, () => callback(this.#portsInUse));
    },
    holder: (_port, _leader, _mark, callback) => callback({verdict: 'own', inode: null}),
  };

  readonly diagnoser = noDiagnoser;

  readonly output: World['output'] = {
    open: () => {},
    beginLife: (service) => {
      this.#tails.set(service, []);
    },
    lifePlace: () => null,
    tail: (service, lines) => (this.#tails.get(service) ?? []).slice(-lines),
    drain: () => {},
    onLine: (service, callback) => {
      const set = this.#listeners.get(service) ?? new Set();
      this.#listeners.set(service, set);
      set.add(callback);
      return () => set.delete(callback);
    },
    mark: () => {},
    close: () => {},
  };

  readonly journal: World['journal'] = {
    append: (service, record) => this.#record(service, record),
    note: (service, record) => this.#record(service, record),
    read: (service) => ({records: this.journals.get(service) ?? [], problem: null}),
    services: () => [...this.journals.keys()],
    compact: (service, records) => {
      this.journals.set(service, [...records] as JournalRecord[]);
    },
  };

  readonly prober: World['prober'] = {
    probe: (target, timeoutMs, callback) => {
      const port = 'port' in target ? target.port : Number(new URL((target as {url: string}).url).port);
      const one = this.living.find((each) => each.port === port && each.tunnel !== null);
      const [afterMs, answer] = this.#asked(one);
      return this.#in(Math.min(afterMs, timeoutMs), () => callback(afterMs > timeoutMs ? silent : answer), true);
    },
  };

  get #alive(): readonly (SimKubectl | SimProcess)[] {
    return [...this.living, ...this.services.filter(({isAlive}) => isAlive)];
  }

  #spawnService({service, env}: SpawnPlan, onExit: (exit: Exit) => void): ProcessIdentity {
    const identity = {pid: (this.#pid += 1), startTime: String(this.now), bootId: this.bootId};
    this.services.push({identity, service, env, isAlive: true, onExit});
    return identity;
  }

  endService(service: SimProcess): void {
    if (!service.isAlive) return;
    service.isAlive = false;
    service.onExit({code: 1, signal: null});
  }

  // ——— how kubectl behaves ———

  #asked(one: SimKubectl | undefined): readonly [number, ProbeAnswer] {
    if (one?.tunnel == null) return [1, {tag: 'silent', reason: 'refused', detail: 'nobody listens'}];
    const {tunnel} = one;
    if (!this.isNetworkUp || tunnel.isStranded) {
      this.#in(30_000, () => {
        if (one.isAlive)
          this.#say(one.service, 'E1122 portforward.go:351] error creating error stream for port: Timeout occurred');
      });
      return [60_000, silent];
    }
    if (tunnel.pod !== this.podNumber || this.pods !== 'running')
      return this.#endOfStream(one, 'failed to find sandbox "x" in store: not found');
    if (this.app === 'closed') return this.#endOfStream(one, 'connect: connection refused');
    if (this.app === 'hangs') return [600_000, silent];
    const latencyMs = this.app === 'slow' ? 3000 : connectMs;
    return [latencyMs, {tag: 'answered', health: 'healthy', status: 200, detail: null, latencyMs}];
  }

  #endOfStream(one: SimKubectl, why: string): readonly [number, ProbeAnswer] {
    this.#end(
      one,
      [`E1122 portforward.go:424] an error occurred forwarding 1 -> 80: ${why}`, 'error: lost connection to pod'],
      15,
    );
    return [8, {tag: 'silent', reason: 'reset', detail: 'the connection was closed without an answer'}];
  }

  #spawn(plan: SpawnPlan, onExit: (exit: Exit) => void): ProcessIdentity {
    const identity = {pid: (this.#pid += 1), startTime: String(this.now), bootId: this.bootId};
    const argv = 'argv' in plan.command ? plan.command.argv : [];
    const port = Number(argv.at(-1)?.split(':')[0]);
    const one: SimKubectl = {
      identity,
      service: plan.service,
      port,
      startedAt: this.now,
      cost: argv.some((arg) => arg.startsWith('pod/')) ? 3 : 4,
      tunnel: null,
      isAlive: true,
      isDeaf: this.#chance() < 0.2,
      onExit,
    };
    this.kubectls.push(one);
    this.#in(startMs, () => this.#connect(one));
    return identity;
  }

  #connect(one: SimKubectl): void {
    if (!one.isAlive) return;
    if (!this.isNetworkUp) {
      if (this.outage === 'refuses')
        this.#end(
          one,
          ['The connection to the server 10.1.0.1:6443 was refused - did you specify the right host or port?'],
          10,
        );
      else if (this.outage === 'link-down')
        this.#end(one, ['Unable to connect to the server: dial tcp: connect: network is unreachable'], 10);
      else this.#end(one, ['Unable to connect to the server: dial tcp 10.1.0.1:6443: i/o timeout'], 30_400);
      return;
    }
    const refusals: Readonly<Record<Exclude<ApiMood, 'ok'>, readonly [number, string]>> = {
      unauthorized: [1, 'error: You must be logged in to the server (Unauthorized)'],
      forbidden: [
        2,
        'Error from server (Forbidden): pods "x" is forbidden: User "dev" cannot create resource "pods/portforward" in API group ""',
      ],
      'not-found': [1, 'Error from server (NotFound): services "api" not found'],
      'kubelet-away': [
        4,
        'error: error upgrading connection: error dialing backend: dial tcp 10.0.0.9:10250: connect: connection refused',
      ],
    };
    if (this.api !== 'ok') {
      const [cost, text] = refusals[this.api];
      this.#request(Math.min(cost, one.cost));
      this.#end(one, [text], 20);
    } else if (this.pods === 'none') {
      this.#request(one.cost - 1);
      this.#end(one, ['error: timed out waiting for the condition'], 12_000);
    } else if (this.pods === 'pending') {
      this.#request(one.cost - 1);
      this.#end(one, ['error: unable to forward port because pod is not running. Current status=Pending'], 20);
    } else if (this.strangers.has(one.port)) {
      this.#request(one.cost);
      this.#end(
        one,
        [
          'Unable to listen on port 1: bind: address already in use',
          'error: unable to listen on any of the requested ports: [{1 80}]',
        ],
        5,
      );
    } else {
      this.#request(one.cost);
      one.tunnel = {isStranded: false, pod: this.podNumber};
      this.#say(one.service, `Forwarding from 127.0.0.1:${one.port} -> 80`);
    }
  }

  #end(one: SimKubectl, lines: readonly string[], afterMs: number): void {
    this.#in(afterMs, () => {
      if (!one.isAlive) return;
      for (const line of lines) this.#say(one.service, line);
      this.#exit(one, {code: 1, signal: null});
    });
  }

  #exit(one: SimKubectl, exit: Exit): void {
    if (!one.isAlive) return;
    one.isAlive = false;
    one.tunnel = null;
    one.onExit(exit);
  }

  #say(service: string, line: string): void {
    this.#tails.get(service)?.push(line);
    for (const tell of [...(this.#listeners.get(service) ?? [])]) tell(line);
  }

  #request(count: number): void {
    for (let n = 0; n < count; n += 1) this.requests.push(this.now);
  }

  #record(service: string, record: object): void {
    this.journals.set(service, [...(this.journals.get(service) ?? []), record]);
  }

  /** @param cancellable news for who asked, which may lose interest */
  #in(ms: number, run: () => void, cancellable = false): Cancel {
    const due = this.#agenda.add(this.now + ms, 0, false, run);
    return () => {
      if (cancellable) due.run = null;
    };
  }
}

const silent: ProbeAnswer = {tag: 'silent', reason: 'timeout', detail: 'no answer in time'};
export const missingKubectl: ForwardFailure = {
  kind: 'tool-missing',
  diagnosis: {
    cause: 'kubectl-missing',
    confidence: 0.95,
    subject: 'kubectl',
    evidence: ['kubectl is not there'],
    remedy: 'get it',
  },
};

/** For specs of tests. */
export const forwardSpec = (name: string, differs: Partial<ForwardSpec> = {}): ForwardSpec => ({
  name,
  primary: 3000,
  alternatives: [3001, 3002],
  any: false,
  addresses: ['127.0.0.1'],
  context: null,
  namespace: null,
  target: `svc/${name}`,
  remotePort: 80,
  probe: {type: 'auto'},
  dependsOn: [],
  autoStart: true,
  returnToPrimary: 'idle',
  returnAfterMs: 10_000,
  ...differs,
});
