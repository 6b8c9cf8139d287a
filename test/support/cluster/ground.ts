import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {ClusterProcess} from './cluster-process.js';
import type {Cluster} from './faults.js';
import {probe, type ProbeOptions, type ProbeResult} from './probe.js';

/** A cluster, a network to it, and a client's place in that network. */
export interface Ground extends AsyncDisposable {
  readonly cluster: Cluster;
  /** Words before a command that runs at the client's place. */
  readonly prefix: readonly string[];
  /** A request to a local port at the client's place. */
  probe(port: number, options?: ProbeOptions): Promise<ProbeResult>;
  /** Everything between client and cluster is lost, and nobody is told. */
  blackHole(on: boolean): Promise<void>;
  /** The client's interface: cable out, Wi-Fi off. */
  link(up: boolean): Promise<void>;
  /** Another network: what was connected can never answer again. */
  newAddress(): Promise<void>;
  /** The cluster can be reached, the rest of the world can't. */
  internet(up: boolean): Promise<void>;
}

/** Without rights: the cluster's own door plays the network. */
export class LoopGround implements Ground {
  readonly cluster: Cluster;
  readonly prefix: readonly string[] = [];
  readonly #folder: string;

  static async create(): Promise<LoopGround> {
    const folder = mkdtempSync(join(tmpdir(), 'erp-ground-'));
    return new LoopGround(folder, await ClusterProcess.create({folder}));
  }

  private constructor(folder: string, cluster: Cluster) {
    this.#folder = folder;
    this.cluster = cluster;
  }

  probe(port: number, options?: ProbeOptions): Promise<ProbeResult> {
    return probe(port, options);
  }

  async blackHole(on: boolean): Promise<void> {
    await this.cluster.fault({type: 'blackhole', on});
  }

  async link(up: boolean): Promise<void> {
    await this.blackHole(!up);
  }

  async newAddress(): Promise<void> {
    await this.cluster.fault({type: 'strand-all'});
  }

  async internet(): Promise<void> {
    throw new Error('there is no internet on loopback');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster.stop();
    rmSync(this.#folder, {recursive: true, force: true});
  }
}
