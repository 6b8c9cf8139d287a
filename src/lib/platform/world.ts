import {LinuxListeners} from './listeners.linux.js';
import {FileJournal} from './journal.js';
import {PosixOutputs} from './output.js';
import {SystemPorts} from './ports.js';
import {SocketProber} from './prober.js';
import {ProcessMemory} from './process-memory.js';
import {LinuxProcessTable} from './process-table.linux.js';
import {PosixProcesses} from './processes.posix.js';
import type {OnProblem} from './service-log.js';
import {SystemClock} from './system-clock.js';
import type {LoggingSpec, MachineSpec} from '../core/spec.js';
import type {ProcessIdentity, World} from './types.js';

export interface WorldOptions {
  /** Socket, lock, FIFOs. */
  readonly runtimeDir: string;
  readonly stateDir: string;
  readonly logDir: string;
  readonly logging: LoggingSpec;
  /** Limits for a disk that fills up; null: old logs are not removed for it. */
  readonly machine: MachineSpec | null;
  /** What went wrong with files and processes that nobody waits for. */
  readonly onProblem: OnProblem;
}

/** The real world, and what it needs to end. */
export interface SystemWorld extends World {
  readonly memory: ProcessMemory;
  readonly bootId: string;
  /** This very process. */
  readonly self: ProcessIdentity;
  /** Closes files, pipes and timers. Services are not touched. */
  close(): void;
}

/** The adapters for the system we run on. */
export function createWorld(options: WorldOptions): SystemWorld {
  const table = new LinuxProcessTable();
  const memory = new ProcessMemory();
  const output = new PosixOutputs(options);
  const processes = new PosixProcesses({table, output, memory});
  const journal = new FileJournal(options.stateDir, options.onProblem);
  return {
    clock: new SystemClock(),
    processes,
    prober: new SocketProber(),
    ports: new SystemPorts({table, listeners: new LinuxListeners(table), memory}),
    output,
    journal,
    random: Math.random,
    memory,
    bootId: table.bootId,
    self: {pid: process.pid, startTime: table.read(process.pid)?.startTime ?? null, bootId: table.bootId},
    close: () => {
      processes.close();
      output.close();
      journal.close();
    },
  };
}
