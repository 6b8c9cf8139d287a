import {HelperDiagnoser} from './diagnoser.js';
import {DarwinListeners} from './listeners.darwin.js';
import {LinuxListeners} from './listeners.linux.js';
import type {Listeners} from './listeners.js';
import {WindowsListeners} from './listeners.windows.js';
import {FileJournal} from './journal.js';
import type {LogRetention} from './log-retention.js';
import {SystemKubectl} from './kubectl.js';
import {SystemNetwork} from './network.js';
import {noKubectl, noNetwork} from './no-kubectl.js';
import {PosixOutputs} from './output.js';
import {WindowsOutputs} from './output.windows.js';
import {SystemPorts} from './ports.js';
import {SocketProber} from './prober.js';
import {type Descendant, ProcessMemory} from './process-memory.js';
import type {ProcessTable} from './process-table.js';
import {PosixProcesses} from './processes.posix.js';
import {WindowsProcesses} from './processes.windows.js';
import {type Place, Sampler} from './sampler.js';
import type {OnProblem} from './service-log.js';
import {SystemClock} from './system-clock.js';
import {systemProcessTable} from './system-table.js';
import {WindowsProcessTable} from './process-table.windows.js';
import {uptime} from 'node:os';
import type {ConnectionSpec, LoggingSpec, MachineSpec} from '../core/spec.js';
import type {JournalRecord} from '../core/supervision/journal.js';
import type {Kubectl, ProcessIdentity, World} from './types.js';

export interface WorldOptions {
  /** Socket, lock, FIFOs. */
  readonly runtimeDir: string;
  readonly stateDir: string;
  readonly logDir: string;
  /** Whose disk is watched too. */
  readonly projectDir?: string;
  readonly logging: LoggingSpec;
  /** Limits for a disk that fills up; null: old logs are not removed for it. */
  readonly machine: MachineSpec | null;
  /** How kubectl is called, and in which environment; absent: no port-forwards are run. */
  readonly connection?: ConnectionSpec;
  readonly baseEnv?: Readonly<Record<string, string>>;
  /** Program of the diagnosis helper; absent: nothing is diagnosed. */
  readonly diagnoser?: string;
  /** What went wrong with files and processes that nobody waits for. */
  readonly onProblem: OnProblem;
}

/** The real world, what measures it, and what it needs to end. */
export interface SystemWorld extends World {
  readonly journal: FileJournal;
  readonly sampler: Sampler;
  readonly retention: LogRetention;
  readonly table: ProcessTable;
  /** This very process. */
  readonly self: ProcessIdentity;
  /** To be called now and then: looks after files, pipes and disk. */
  look(): void;
  /**
   * Closes files, pipes and timers. Services are not touched.
   * @param forGood nothing runs any more: their pipes are removed
   */
  close(forGood?: boolean): void;
}

/** The adapters for the system we run on. */
export function createWorld(options: WorldOptions): SystemWorld {
  const memory = new ProcessMemory();
  const {table, output, processes} = process.platform === 'win32' ? windows(options, memory) : posix(options, memory);
  const journal = new FileJournal(options.stateDir, options.onProblem);
  const diagnoser = new HelperDiagnoser(options.diagnoser ?? '');
  memory.onEscaped = (service, escaped) => journal.append(service, seenRecord(escaped));
  return {
    clock: new SystemClock(),
    processes,
    prober: new SocketProber(),
    ports: new SystemPorts({table, listeners: systemListeners(table), memory}),
    output,
    journal,
    network: options.connection === undefined ? noNetwork : new SystemNetwork(),
    kubectl: kubectlOf(options),
    diagnoser,
    random: Math.random,
    sampler: new Sampler({table, memory, places: placesOf(options)}),
    retention: output.retention,
    table,
    get self() {
      return {pid: process.pid, startTime: table.read(process.pid)?.startTime ?? null, bootId: table.bootId};
    },
    get bootId() {
      return table.bootId;
    },
    look: () => output.look(),
    bootedAt: Date.now() - uptime() * 1000,
    close: (forGood = false) => {
      diagnoser.close();
      processes.close();
      output.close(forGood);
      journal.close();
    },
  };
}

function kubectlOf({connection, baseEnv = {}, projectDir}: WorldOptions): Kubectl {
  if (connection === undefined) return noKubectl;
  return new SystemKubectl({...connection, environment: baseEnv, cwd: projectDir ?? process.cwd()});
}

function placesOf({stateDir, logDir, projectDir}: WorldOptions): readonly Place[] {
  const places = [
    {place: 'state', path: stateDir},
    {place: 'logs', path: logDir},
  ];
  return projectDir === undefined ? places : [...places, {place: 'project', path: projectDir}];
}

/** Kept over our own death: nothing else leads to them. */
function seenRecord(escaped: readonly Descendant[]): JournalRecord {
  return {
    v: 1,
    t: 'seen',
    boot: escaped[0]?.bootId ?? '',
    members: escaped.map(({pid, startTime}) => [pid, startTime] as const),
  };
}

function posix(options: WorldOptions, memory: ProcessMemory) {
  const table = systemProcessTable();
  const output = new PosixOutputs(options, table);
  return {table, output, processes: new PosixProcesses({table, output, memory})};
}

function windows(options: WorldOptions, memory: ProcessMemory) {
  const table = new WindowsProcessTable();
  const output = new WindowsOutputs(options);
  return {table, output, processes: new WindowsProcesses({table, output, memory, onProblem: options.onProblem})};
}

function systemListeners(table: ProcessTable): Listeners {
  switch (process.platform) {
    case 'win32':
      return new WindowsListeners(table);
    case 'linux':
    case 'android':
      return new LinuxListeners(table);
    default:
      return new DarwinListeners(table);
  }
}
