import {spawn, type ChildProcess} from 'node:child_process';
import {request} from 'node:http';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import {rootFile} from '../rig.js';
import type {ApiRequest, Cluster, ClusterView, Fault} from './faults.js';

export interface ProcessOptions {
  /** For its kubeconfig and its socket. */
  readonly folder: string;
  /** Words before its own: where it runs. */
  readonly prefix?: readonly string[];
  readonly host?: string;
  readonly port?: number;
  readonly internet?: boolean;
}

/** A fake cluster in a process of its own. */
export class ClusterProcess implements Cluster, AsyncDisposable {
  readonly kubeconfig: string;
  server = '';
  readonly #socket: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;

  static async create(options: ProcessOptions): Promise<ClusterProcess> {
    const cluster = new ClusterProcess(options);
    try {
      await cluster.#ready();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  private constructor({folder, prefix = [], host = '127.0.0.1', port = 0, internet = false}: ProcessOptions) {
    this.kubeconfig = join(folder, 'kubeconfig');
    this.#socket = join(folder, 'cluster.sock');
    const program = rootFile('build', 'test', 'support', 'cluster', 'main.js');
    const args = ['--kubeconfig', this.kubeconfig, '--socket', this.#socket, '--host', host, '--port', String(port)];
    const [command = '', ...rest] = [
      ...prefix,
      process.execPath,
      program,
      ...args,
      ...(internet ? ['--internet'] : []),
    ];
    this.#child = spawn(command, rest, {stdio: ['pipe', 'pipe', 'inherit']});
    this.#closed = new Promise((resolve) => void this.#child.once('close', () => resolve()));
  }

  async #ready(): Promise<void> {
    const {stdout} = this.#child;
    if (stdout === null) throw new Error('no output');
    const line = await new Promise<string>((resolve, reject) => {
      createInterface(stdout).once('line', resolve);
      this.#child.once('error', reject);
      this.#child.once('exit', (code) => reject(new Error(`the fake cluster ended with ${code ?? 'a signal'}`)));
    });
    this.server = (JSON.parse(line) as {server: string}).server;
  }

  async fault(fault: Fault): Promise<void> {
    await this.#ask('POST', '/fault', fault);
  }

  async view(): Promise<ClusterView> {
    return (await this.#ask('GET', '/view')) as ClusterView;
  }

  async requests(since = 0): Promise<readonly ApiRequest[]> {
    return (await this.#ask('GET', `/requests?since=${since}`)) as ApiRequest[];
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #ask(method: string, path: string, body?: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const asked = request({socketPath: this.#socket, method, path, agent: false}, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text));
          else reject(new Error(`${method} ${path}: ${text}`));
        });
      });
      asked.once('error', reject);
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
