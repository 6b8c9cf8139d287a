import {spawn, spawnSync, type ChildProcess} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {isAlive, rootFile} from '../rig.js';
import type {Tool} from '../tools.js';
import {ClusterProcess} from './cluster-process.js';
import type {Ground} from './ground.js';
import type {ProbeOptions, ProbeResult} from './probe.js';

const clusterAddress = '10.213.0.2';
const apiPort = 6443;
/** Who is asked whether there is an internet; all of them live in the cluster's namespace. */
const publicAddresses = ['1.1.1.1', '1.0.0.1', '8.8.8.8', '8.8.4.4', '9.9.9.9'];
const nameOf = /^erplab-(\d+)-\d+-[cs]$/;
let labs = 0;

/** Why there can be no lab here. */
export const networkLab: Tool = {
  name: 'right to make network namespaces with iptables',
  missing: tryNamespace() ? null : 'Linux, run the tests as root, apt-get install iproute2 iptables',
};

/**
 * Two network namespaces with a cable between: the client's, for erp and kubectl, and the cluster's, with a stand-in for
 * the internet. Packets are really lost here, and no packet leaves the machine.
 */
export class NetLab implements Ground {
  readonly prefix: readonly string[];
  readonly #folder = mkdtempSync(join(tmpdir(), 'erp-lab-'));
  readonly #client: string;
  readonly #server: string;
  readonly #waiting = new Map<number, (result: ProbeResult) => void>();
  readonly #atExit = () => this.#removeAll();
  #cluster!: ClusterProcess;
  #prober!: ChildProcess;
  #asked = 0;
  #address = 1;

  static async create(): Promise<NetLab> {
    removeLeftovers();
    const lab = new NetLab();
    try {
      await lab.#start();
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    return lab;
  }

  private constructor() {
    labs += 1;
    this.#client = `erplab-${process.pid}-${labs}-c`;
    this.#server = `erplab-${process.pid}-${labs}-s`;
    this.prefix = ['ip', 'netns', 'exec', this.#client];
    process.once('exit', this.#atExit);
  }

  get cluster(): ClusterProcess {
    return this.#cluster;
  }

  async #start(): Promise<void> {
    const [c, s] = [this.#client, this.#server];
    ip('netns', 'add', c);
    ip('netns', 'add', s);
    ip('link', 'add', 'v0', 'netns', c, 'type', 'veth', 'peer', 'name', 'v0', 'netns', s);
    ip('-n', c, 'addr', 'add', `10.213.0.${this.#address}/24`, 'dev', 'v0');
    ip('-n', s, 'addr', 'add', `${clusterAddress}/24`, 'dev', 'v0');
    for (const address of publicAddresses) ip('-n', s, 'addr', 'add', `${address}/32`, 'dev', 'lo');
    for (const name of [c, s]) for (const link of ['lo', 'v0']) ip('-n', name, 'link', 'set', link, 'up');
    this.#route();
    mkdirSync(`/etc/netns/${c}`, {recursive: true});
    writeFileSync(`/etc/netns/${c}/resolv.conf`, 'nameserver 8.8.8.8\noptions timeout:1 attempts:1\n');
    const inServer = ['ip', 'netns', 'exec', s];
    const where = {folder: this.#folder, prefix: inServer, host: clusterAddress, port: apiPort, internet: true};
    this.#cluster = await ClusterProcess.create(where);
    this.#startProber();
  }

  #route(): void {
    ip('-n', this.#client, 'route', 'replace', 'default', 'via', clusterAddress);
  }

  #startProber(): void {
    const program = rootFile('build', 'test', 'support', 'cluster', 'prober-main.js');
    const [command, ...rest] = [...this.prefix, process.execPath, program];
    this.#prober = spawn(command, rest, {stdio: ['pipe', 'pipe', 'inherit']});
    this.#prober.stdin?.on('error', () => {});
    if (this.#prober.stdout !== null)
      createInterface(this.#prober.stdout).on('line', (line) => {
        const {id, result} = JSON.parse(line) as {id: number; result: ProbeResult};
        this.#waiting.get(id)?.(result);
        this.#waiting.delete(id);
      });
  }

  probe(port: number, options?: ProbeOptions): Promise<ProbeResult> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#prober.stdin?.write(`${JSON.stringify({id, port, options})}\n`);
    });
  }

  async blackHole(on: boolean): Promise<void> {
    for (const name of [this.#client, this.#server])
      iptables(name, on ? '-I' : '-D', 'INPUT', '-i', 'v0', '-j', 'DROP');
  }

  async link(up: boolean): Promise<void> {
    ip('-n', this.#client, 'link', 'set', 'v0', up ? 'up' : 'down');
    if (up) this.#route();
  }

  async newAddress(): Promise<void> {
    this.#address += 10;
    ip('-n', this.#client, 'addr', 'flush', 'dev', 'v0', 'scope', 'global');
    ip('-n', this.#client, 'addr', 'add', `10.213.0.${this.#address}/24`, 'dev', 'v0');
    this.#route();
  }

  async internet(up: boolean): Promise<void> {
    iptables(this.#server, up ? '-D' : '-I', 'INPUT', '-i', 'v0', '!', '-d', clusterAddress, '-j', 'DROP');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#atExit);
    this.#removeAll();
    // Undefined when the lab has failed before they were started.
    await (this.#cluster as ClusterProcess | undefined)?.stop();
    rmSync(this.#folder, {recursive: true, force: true});
  }

  #removeAll(): void {
    (this.#prober as ChildProcess | undefined)?.kill('SIGKILL');
    for (const name of [this.#client, this.#server]) removeNamespace(name);
  }
}

function ip(...args: readonly string[]): void {
  run('ip', args);
}

function iptables(namespace: string, ...args: readonly string[]): void {
  run('ip', ['netns', 'exec', namespace, 'iptables', '-w', ...args]);
}

function run(command: string, args: readonly string[]): void {
  const {status, stderr} = spawnSync(command, args, {encoding: 'utf8'});
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}

function removeNamespace(name: string): void {
  spawnSync('ip', ['netns', 'del', name], {stdio: 'ignore'});
  rmSync(`/etc/netns/${name}`, {recursive: true, force: true});
}

/** Of runs that were killed. */
function removeLeftovers(): void {
  const {stdout} = spawnSync('ip', ['netns', 'list'], {encoding: 'utf8'});
  for (const line of stdout.split('\n')) {
    const [name = ''] = line.split(' ');
    const owner = nameOf.exec(name)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) removeNamespace(name);
  }
}

function tryNamespace(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  const name = `erplab-${process.pid}-0-c`;
  try {
    ip('netns', 'add', name);
    iptables(name, '-I', 'INPUT', '-i', 'v0', '-j', 'DROP');
    return true;
  } catch {
    return false;
  } finally {
    removeNamespace(name);
  }
}
