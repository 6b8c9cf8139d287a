import type {ForwardStatus} from '../../../src/lib/core/report/status.js';
import {freePort} from '../free-port.js';
import {erpBinary, kill, type Process, type Rig, until} from '../rig.js';
import type {Ground} from './ground.js';

/** A forward as it is wished for. */
export interface Wish {
  readonly namespace: string;
  readonly target: string;
  readonly remotePort: number | string;
  /** `shop/web`: who must answer. */
  readonly app: string;
}

export type Wishes = Readonly<Record<string, Wish>>;

/** Two kinds of workload, two namespaces, and a service with two ports. */
export const usualWishes: Wishes = {
  web: {namespace: 'shop', target: 'svc/web', remotePort: 80, app: 'shop/web'},
  api: {namespace: 'shop', target: 'svc/api', remotePort: 3000, app: 'shop/api'},
  search: {namespace: 'shop', target: 'statefulset/search', remotePort: 9200, app: 'shop/search'},
  ledger: {namespace: 'billing', target: 'deploy/ledger', remotePort: 8081, app: 'billing/ledger'},
};

/** Whoever keeps forwards alive: erp, or the loop that everybody writes first. */
export interface Subject {
  readonly id: 'erp' | 'naive';
  readonly wishes: Wishes;
  readonly primaries: Readonly<Record<string, number>>;
  start(): Promise<void>;
  /** Where a forward listens now; null: nowhere. */
  port(name: string): Promise<number | null>;
  kubectls(name?: string): Process[];
  /** Everything that it has started, kubectl too. */
  processes(): Process[];
  stop(): Promise<void>;
}

interface Place {
  readonly rig: Rig;
  readonly ground: Ground;
  /** The program. */
  readonly kubectl: string;
  readonly wishes?: Wishes;
}

/** `… 26074:3000` */
function localPortOf({command}: Process): number | null {
  const port = / (\d+):\S+/.exec(command)?.[1];
  return port === undefined ? null : Number(port);
}

abstract class OneOf {
  readonly wishes: Wishes;
  readonly primaries: Record<string, number> = {};
  /** All that a forward may have. */
  protected readonly ports: Record<string, readonly number[]> = {};
  protected readonly rig: Rig;
  protected readonly ground: Ground;
  protected readonly kubectl: string;

  constructor({rig, ground, kubectl, wishes = usualWishes}: Place) {
    this.rig = rig;
    this.ground = ground;
    this.kubectl = kubectl;
    this.wishes = wishes;
    rig.variables['KUBECONFIG'] = ground.cluster.kubeconfig;
  }

  protected async choosePorts(): Promise<void> {
    for (const name of Object.keys(this.wishes)) {
      const primary = (this.primaries[name] ??= await freePort());
      this.ports[name] = [primary, await freePort(), await freePort()];
    }
  }

  processes(): Process[] {
    return this.rig.processes();
  }

  /** By its local port: a kubectl may have been told the pod behind its target. */
  kubectls(name?: string): Process[] {
    const all = this.rig.having('port-forward').filter(({command}) => !command.startsWith('/bin/sh'));
    return name === undefined ? all : all.filter((each) => (this.ports[name] ?? []).includes(localPortOf(each) ?? 0));
  }
}

/** `erp monitor-connection`, in the background. */
export class ErpSubject extends OneOf implements Subject {
  readonly id = 'erp';
  /** More of `connection`. */
  connection: Readonly<Record<string, unknown>> = {};

  async start(): Promise<void> {
    await this.choosePorts();
    const portForwards = Object.fromEntries(
      Object.entries(this.wishes).map(([name, {namespace, target, remotePort}]) => {
        const [primary, ...alternatives] = this.ports[name] ?? [];
        const port = {primary, alternatives};
        return [name, {namespace, target, remotePort, port}];
      }),
    );
    // On loopback nobody is asked whether there is an internet.
    const silent = this.ground.prefix.length === 0 ? {publicTargets: [], portal: 'none'} : {};
    const connection = {kubectl: this.kubectl, ...silent, ...this.connection};
    this.rig.config({}, {name: 'shop', connection, portForwards});
    this.run(['monitor-connection', '--mode', 'background']);
    await until('a supervisor', () => this.rig.supervisors().length > 0);
  }

  /** `erp …` at the client's place, which goes on meanwhile. */
  run(args: readonly string[]) {
    const [command = '', ...rest] = [...this.ground.prefix, process.execPath, erpBinary, ...args];
    return this.rig.spawn([command, ...rest]);
  }

  async forwards(): Promise<readonly ForwardStatus[]> {
    return (await this.rig.status()).forwards ?? [];
  }

  async forward(name: string): Promise<ForwardStatus> {
    const found = (await this.forwards()).find((each) => each.name === name);
    if (found === undefined) throw new Error(`status has no forward ${name}`);
    return found;
  }

  /** Of the commands of its kubectl, so that asking costs nothing. */
  async port(name: string): Promise<number | null> {
    const [process] = this.kubectls(name);
    return process === undefined ? null : localPortOf(process);
  }

  async stop(): Promise<void> {
    await this.rig.stop();
  }
}

/** `while true; do kubectl port-forward …; sleep 1; done`, one for each forward. */
export class NaiveSubject extends OneOf implements Subject {
  readonly id = 'naive';

  async start(): Promise<void> {
    await this.choosePorts();
    for (const [name, {namespace, target, remotePort}] of Object.entries(this.wishes)) {
      const forward = `'${this.kubectl}' -n ${namespace} port-forward ${target} ${this.primaries[name] ?? ''}:${remotePort}`;
      const loop = `while true; do ${forward}; sleep 1; done`;
      const [command, ...rest] = [...this.ground.prefix, '/bin/sh', '-c', loop];
      this.rig.spawn([command, ...rest]);
    }
  }

  async port(name: string): Promise<number | null> {
    return this.primaries[name] ?? null;
  }

  async stop(): Promise<void> {
    // The loops first: they would start another one.
    for (const {pid} of this.rig.having('while true')) kill(pid);
    for (const {pid} of this.rig.processes()) kill(pid);
    await this.rig.nothingLeft();
  }
}
