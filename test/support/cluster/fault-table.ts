import {createServer, type Server} from 'node:net';
import {commandOf, kill, until} from '../rig.js';
import type {Cluster, Fault} from './faults.js';
import type {Ground} from './ground.js';
import type {Subject} from './subject.js';

export interface Scene {
  readonly ground: Ground;
  readonly cluster: Cluster;
  readonly subject: Subject;
  /** What has to be undone whatever happens. */
  readonly closers: (() => void)[];
}

/** A fault of a forward that runs, and what comes after it. */
export interface FaultCase {
  /** As in the tables of docs/benchmarks.md. */
  readonly name: string;
  /** `network`: real packets must be lost; `any`: the cluster can play it. */
  readonly needs: 'any' | 'network';
  readonly begin: (scene: Scene) => Promise<void>;
  /** How long it lasts; without: it is over at once. */
  readonly holdMs?: number;
  readonly end?: (scene: Scene) => Promise<void>;
  /** From the end of the fault until every forward of `hit` answers: what is promised. */
  readonly limitMs: number;
  /** Forwards that it hits; without: all. */
  readonly hit?: readonly string[];
  /** A naive loop never recovers from it: not waited for longer than this. */
  readonly patienceMs?: number;
}

/** Nothing is broken for a forward here: no session may be ended. */
export interface QuietCase {
  readonly name: string;
  readonly needs: 'any' | 'network';
  readonly begin: (scene: Scene) => Promise<void>;
  readonly holdMs: number;
  readonly end: (scene: Scene) => Promise<void>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const startMs = 500;
/** Every app of the usual wishes. */
const apps = [
  {namespace: 'shop', app: 'web'},
  {namespace: 'shop', app: 'api'},
  {namespace: 'shop', app: 'search'},
  {namespace: 'billing', app: 'ledger'},
] as const;

const make =
  (...faults: readonly Fault[]) =>
  async ({cluster}: Scene): Promise<void> => {
    await Promise.all(faults.map((fault) => cluster.fault(fault)));
  };
const onAll = (more: (where: (typeof apps)[number]) => Fault) => make(...apps.map(more));
const killPods = (more: Partial<Extract<Fault, {type: 'kill-pod'}>> = {}) =>
  onAll((where) => ({type: 'kill-pod', startMs, ...where, ...more}));

const network = 5000;
const halfDead = 10_000;

export const faultCases: readonly FaultCase[] = [
  {name: 'pod deleted', needs: 'any', begin: killPods(), limitMs: 5000},
  {
    name: 'pod deleted, its connections closed',
    needs: 'any',
    begin: killPods({connections: 'fin'}),
    limitMs: 5000,
  },
  {
    name: 'pod deleted, its connections reset',
    needs: 'any',
    begin: killPods({connections: 'rst'}),
    limitMs: 5000,
  },
  {
    name: 'pod replaced, same name',
    needs: 'any',
    begin: make({type: 'kill-pod', namespace: 'shop', app: 'search', startMs}),
    hit: ['search'],
    limitMs: 5000,
  },
  {name: 'rollout', needs: 'any', begin: killPods({graceMs: 1000}), limitMs: 5000},
  {
    name: 'container restart',
    needs: 'any',
    begin: onAll((where) => ({type: 'restart-container', downMs: 1500, ...where})),
    limitMs: 5000,
  },
  {
    name: 'remote port closed 5 s',
    needs: 'any',
    begin: onAll((where) => ({type: 'close-port', ...where})),
    holdMs: 5000,
    end: onAll((where) => ({type: 'close-port', on: false, ...where})),
    limitMs: 5000,
  },
  {
    name: 'no pods 8 s',
    needs: 'any',
    begin: onAll((where) => ({type: 'scale', replicas: 0, ...where})),
    holdMs: 8000,
    end: onAll((where) => ({type: 'scale', replicas: 1, ...where})),
    limitMs: 5000,
  },
  {
    name: 'pod resets a connection',
    needs: 'any',
    begin: async ({ground, subject}) => {
      for (const name of Object.keys(subject.wishes)) {
        const port = await subject.port(name);
        if (port !== null) await ground.probe(port, {path: '/reset'});
      }
    },
    limitMs: 5000,
  },
  {
    name: 'streams closed (GOAWAY)',
    needs: 'any',
    begin: make({type: 'close-forwards', how: 'goaway'}),
    limitMs: 5000,
  },
  {
    name: 'streams closed (FIN)',
    needs: 'any',
    begin: make({type: 'close-forwards', how: 'fin'}),
    limitMs: 5000,
  },
  {
    name: 'API server restarted (2 s)',
    needs: 'any',
    begin: make({type: 'api-down'}),
    holdMs: 2000,
    end: make({type: 'api-down', on: false}),
    limitMs: 5000,
  },
  {
    name: 'API server down 20 s',
    needs: 'any',
    begin: make({type: 'api-down'}),
    holdMs: 20_000,
    end: make({type: 'api-down', on: false}),
    limitMs: 5000,
  },
  {
    name: 'kubectl killed',
    needs: 'any',
    begin: async ({subject}) => subject.kubectls().forEach(({pid}) => kill(pid)),
    limitMs: 3000,
  },
  {
    name: 'kubectl frozen',
    needs: 'any',
    begin: async ({subject, closers}) => {
      const frozen = subject.kubectls();
      for (const {pid} of frozen) kill(pid, 'SIGSTOP');
      closers.push(() => frozen.forEach(({pid}) => kill(pid, 'SIGCONT')));
    },
    limitMs: halfDead,
    patienceMs: 30_000,
  },
  {
    name: 'client aborts a big download',
    needs: 'any',
    begin: async ({ground, subject}) => {
      for (const name of Object.keys(subject.wishes)) {
        const port = await subject.port(name);
        if (port !== null) await abortDownload(ground, port);
      }
    },
    limitMs: halfDead,
    patienceMs: 60_000,
  },
  {
    name: 'node died',
    needs: 'any',
    begin: killPods({connections: 'strand'}),
    limitMs: halfDead,
    patienceMs: 60_000,
  },
  {
    name: 'connection stranded (NAT, VPN)',
    needs: 'any',
    begin: make({type: 'strand-all'}),
    limitMs: halfDead,
    patienceMs: 60_000,
  },
  {
    name: 'app hangs 20 s',
    needs: 'any',
    begin: onAll((where) => ({type: 'hang-pod', ...where})),
    holdMs: 20_000,
    end: onAll((where) => ({type: 'hang-pod', on: false, ...where})),
    limitMs: 5000,
  },
  {
    name: 'token expired 15 s, kubectl killed',
    needs: 'any',
    begin: async (scene) => {
      await scene.cluster.fault({type: 'auth', mode: '401'});
      for (const {pid} of scene.subject.kubectls()) kill(pid);
    },
    holdMs: 15_000,
    end: make({type: 'auth', mode: 'ok'}),
    limitMs: 5000,
  },
  {
    name: 'kubelet unreachable 15 s, pod deleted',
    needs: 'any',
    begin: async (scene) => {
      await scene.cluster.fault({type: 'refuse-portforward'});
      await killPods()(scene);
    },
    holdMs: 15_000,
    end: make({type: 'refuse-portforward', on: false}),
    limitMs: 5000,
  },
  {
    name: 'local port stolen at the restart',
    needs: 'any',
    begin: async ({subject, closers}) => {
      const port = await subject.port('web');
      if (port === null) throw new Error('web has no port');
      const gone = subject.kubectls('web');
      for (const {pid} of gone) kill(pid);
      await until('kubectl has gone', () => gone.every(({pid}) => commandOf(pid) === null));
      const thief = await steal(port);
      if (thief !== null) closers.push(() => thief.close());
    },
    hit: ['web'],
    limitMs: 5000,
    patienceMs: 20_000,
  },
  ...([10, 60] as const).map(
    (seconds): FaultCase => ({
      name: `black hole ${seconds} s`,
      needs: 'network',
      begin: ({ground}) => ground.blackHole(true),
      holdMs: seconds * 1000,
      end: ({ground}) => ground.blackHole(false),
      limitMs: network,
      patienceMs: 120_000,
    }),
  ),
  ...([10, 60] as const).map(
    (seconds): FaultCase => ({
      name: `link down ${seconds} s`,
      needs: 'network',
      begin: ({ground}) => ground.link(false),
      holdMs: seconds * 1000,
      end: ({ground}) => ground.link(true),
      limitMs: network,
    }),
  ),
  {
    name: 'address changed',
    needs: 'network',
    begin: ({ground}) => ground.newAddress(),
    limitMs: network,
    patienceMs: 60_000,
  },
  {
    name: 'sleep 30 s, another address',
    needs: 'network',
    begin: async ({ground, subject, closers}) => {
      const sleepers = subject.processes();
      for (const {pid} of sleepers) kill(pid, 'SIGSTOP');
      await ground.newAddress();
      closers.push(() => sleepers.forEach(({pid}) => kill(pid, 'SIGCONT')));
    },
    holdMs: 30_000,
    end: async ({closers}) => closers.splice(0).forEach((wake) => wake()),
    limitMs: network,
    patienceMs: 60_000,
  },
];

const nothing = async (): Promise<void> => {};

export const quietCases: readonly QuietCase[] = [
  {name: 'healthy', needs: 'any', begin: nothing, holdMs: 15_000, end: nothing},
  {
    name: 'pods not ready',
    needs: 'any',
    begin: onAll((where) => ({type: 'not-ready', ...where})),
    holdMs: 10_000,
    end: onAll((where) => ({type: 'not-ready', on: false, ...where})),
  },
  {
    name: 'token expired, forwards run',
    needs: 'any',
    begin: make({type: 'auth', mode: '401'}),
    holdMs: 10_000,
    end: make({type: 'auth', mode: 'ok'}),
  },
  {
    name: 'pings unanswered',
    needs: 'any',
    begin: make({type: 'mute-pongs'}),
    holdMs: 12_000,
    end: make({type: 'mute-pongs', on: false}),
  },
  {
    name: 'latency 300 ms',
    needs: 'any',
    begin: make({type: 'latency', ms: 150}),
    holdMs: 10_000,
    end: make({type: 'latency', ms: 0}),
  },
  {
    name: 'flapping',
    needs: 'network',
    begin: async ({ground}) => {
      for (let round = 0; round < 8; round += 1) {
        await ground.blackHole(true);
        await pause(150);
        await ground.blackHole(false);
        await pause(1500);
      }
    },
    holdMs: 3000,
    end: nothing,
  },
  {
    name: 'only the internet is down',
    needs: 'network',
    begin: ({ground}) => ground.internet(false),
    holdMs: 20_000,
    end: ({ground}) => ground.internet(true),
  },
];

/** A client that goes in the middle of 50 MiB: kubectl 1.31 and older are wedged by it. */
function abortDownload(ground: Ground, port: number): Promise<unknown> {
  return ground.probe(port, {path: '/big?mb=50', timeoutMs: 300});
}

/** null: somebody was there first. */
function steal(port: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => void socket.on('error', () => {}).end());
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
