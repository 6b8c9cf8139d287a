import {closeSync, mkdirSync, openSync, readSync, fstatSync, writeFileSync} from 'node:fs';
import {uptime, userInfo} from 'node:os';
import {join} from 'node:path';
import {ErpError} from '../core/errors.js';
import {ExitCode} from '../core/exit-codes.js';
import {certainty} from '../core/diagnosis/diagnosis.js';
import {freshWatch, watchMachine} from '../core/machine/warnings.js';
import {isoWithOffset, statusDocument, type Observation} from '../core/report/build-status.js';
import {formatDuration} from '../core/report/format.js';
import type {ErpEvent, MachineStatus, StatusDocument} from '../core/report/status.js';
import type {ProjectSpec} from '../core/spec.js';
import {lastErrorLine} from '../core/diagnosis/exit-cause.js';
import {projectMark} from '../core/supervision/mark.js';
import {ensureRuntimeDir} from '../platform/project-paths.js';
import {ControlSocket} from '../platform/control-socket.js';
import {acquireLock, holdsLock, ownerOf} from '../platform/lock.js';
import {OwnLog} from '../platform/own-log.js';
import type {ServiceSample} from '../platform/sampler.js';
import {createWorld, type SystemWorld} from '../platform/world.js';
import {ControlServer} from './control-server.js';
import {EventLog} from './event-log.js';
import {OwnFiles} from './own-files.js';
import type {News} from './shared.js';
import {type EndReason, Supervisor} from './supervisor.js';

export interface SupervisorOptions {
  /** Take over what runs and start nothing: for a stop without a supervisor. */
  readonly adoptOnly: boolean;
  /** Its program and its specification: made again when somebody deletes them. */
  readonly ownFiles: readonly string[];
}

/** A supervisor nobody talks to after a start that failed must not stay for ever. */
const idleLimitMs = 60_000;

/** Where a supervisor that could not start says why. */
export const fatalFile = (stateDir: string): string => join(stateDir, 'supervisor-error.json');

/**
 * One supervisor, from lock to last line. Services come first: they are adopted and started before logs, samples and
 * everything else that can wait.
 */
export async function runSupervisor(spec: ProjectSpec, version: string, options: SupervisorOptions): Promise<void> {
  for (const folder of [spec.stateDir, spec.logDir, spec.ownLogDir]) makeFolder(folder);
  ensureRuntimeDir(spec.runtimeDir);
  const {self, processes} = createWorld({...spec, onProblem: () => {}});
  const lock = acquireLock(spec.runtimeDir, {...self, project: spec.projectDir, at: Date.now()}, (other) =>
    processes.isAlive(other),
  );
  if (!lock.owned) process.exit(ExitCode.done); // Another one was faster and lives: that is what was wanted.
  await new SupervisorProcess(spec, version, options, lock.generation).run();
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, {recursive: true});
  } catch (cause) {
    throw new ErpError(`${path} cannot be made: ${(cause as Error).message}.`, {
      code: 'ERP_FOLDER_UNWRITABLE',
      exitCode: ExitCode.unexpected,
      remedy: ['make room for it, or set stateDir and logDir in the configuration'],
      cause,
    });
  }
}

export function writeFatal(spec: ProjectSpec, error: unknown): void {
  const known = error instanceof ErpError;
  const document = {
    error: {
      code: known ? error.code : 'ERP_UNEXPECTED',
      message: error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error),
      remedy: known ? error.remedy : [],
      exitCode: known ? error.exitCode : ExitCode.unexpected,
      causes: [],
      facts: {},
    },
  };
  try {
    mkdirSync(spec.stateDir, {recursive: true});
    writeFileSync(fatalFile(spec.stateDir), `${JSON.stringify(document)}\n`, {mode: 0o600});
  } catch {
    // Nowhere to write: the exit code is all that is left.
  }
}

class SupervisorProcess {
  readonly #spec: ProjectSpec;
  readonly #version: string;
  readonly #options: SupervisorOptions;
  readonly #ownFiles: OwnFiles;
  readonly #world: SystemWorld;
  readonly #ownLog: OwnLog;
  readonly #events: EventLog;
  readonly #supervisor: Supervisor;
  readonly #control: ControlServer;
  readonly #startedAt = new Date();
  readonly #user = userName();
  readonly #notes = new Map<string, string>();
  readonly #socket: ControlSocket;
  #generation: number;
  #samples: ReadonlyMap<string, ServiceSample> = new Map();
  #machine: MachineStatus | null = null;
  #watch = freshWatch;
  #sampledAt: Date | null = null;
  /** The first ones come sooner: a status right after the start shall show what a service takes. */
  readonly #samplePauses = [1000, 1000, 2000];
  #sampleTimer: NodeJS.Timeout | null = null;

  constructor(spec: ProjectSpec, version: string, options: SupervisorOptions, generation: number) {
    this.#generation = generation;
    this.#spec = spec;
    this.#version = version;
    this.#options = options;
    this.#ownFiles = new OwnFiles(options.ownFiles);
    this.#ownLog = new OwnLog({
      ownLogDir: spec.ownLogDir,
      stateDir: spec.stateDir,
      projectDir: spec.projectDir,
      level: spec.logging.ownLevel,
      maxAgeDays: spec.logging.ownMaxAgeDays,
      onProblem: (level, text) => this.#tell({level, service: null, type: 'problem', text}),
    });
    this.#events = new EventLog(lastSeq(join(spec.stateDir, 'events.jsonl')), () => Date.now());
    this.#events.subscribe((event) => {
      this.#ownLog.event(event);
      this.#ownLog.log(event.level, logText(event));
    });
    this.#world = createWorld({
      runtimeDir: spec.runtimeDir,
      stateDir: spec.stateDir,
      logDir: spec.logDir,
      logging: spec.logging,
      machine: spec.machine,
      onProblem: (level, text) => this.#tell({level, service: null, type: 'problem', text}),
    });
    this.#world.output.open(spec.services.filter(({kind}) => kind !== 'external').map(({name}) => name));
    const mark = projectMark(spec.runtimeDir);
    this.#supervisor = new Supervisor(
      spec,
      this.#world,
      {
        tell: (news) => this.#tell(news),
        changed: () => this.#control.changed(),
        ended: (reason, code, text) => this.#end(reason, code, text),
      },
      mark,
    );
    this.#socket = new ControlSocket(spec.runtimeDir, (socket) => this.#control.server.emit('connection', socket));
    this.#control = new ControlServer({
      spec,
      supervisor: this.#supervisor,
      events: this.#events,
      hello: {
        project: spec.projectDir,
        pid: process.pid,
        version,
        specHash: spec.hash,
        configFile: spec.configFile,
        user: this.#user,
      },
      status: () => this.#status(),
      tell: (news) => this.#tell(news),
      onLeaseEnd: (lease, tie) => this.#onLeaseEnd(lease, tie),
    });
  }

  /** Others clean folders: the door and the lock are looked at, and made again or given up. */
  #lookAfterDoor(): void {
    const {runtimeDir} = this.#spec;
    if (ownerOf(runtimeDir) === null) {
      const generation = this.#lock();
      if (generation !== null) this.#generation = generation;
      else if (ownerOf(runtimeDir) === null) return; // Not writable now: nobody else can take over either.
    }
    if (!holdsLock(runtimeDir, this.#generation)) {
      this.#tell({
        level: 'ERROR',
        service: null,
        type: 'replaced',
        text: 'another supervisor has taken over; this one ends and leaves the services alone',
      });
      this.#supervisor.letGo();
      this.#ownLog.flushSync();
      process.exit(ExitCode.done);
    }
    if (this.#socket.isOurs()) return;
    this.#tell({level: 'WARNING', service: null, type: 'problem', text: 'the control socket was removed: made again'});
    this.#socket
      .open()
      .catch((error: unknown) =>
        this.#tell({level: 'ERROR', service: null, type: 'problem', text: `no control socket: ${String(error)}`}),
      );
  }

  /** The folder of sockets and locks was removed: both are made anew. */
  #lock(): number | null {
    try {
      ensureRuntimeDir(this.#spec.runtimeDir);
      const {self, processes} = this.#world;
      const lock = acquireLock(
        this.#spec.runtimeDir,
        {...self, project: this.#spec.projectDir, at: Date.now()},
        (other) => processes.isAlive(other),
      );
      return lock.owned ? lock.generation : null;
    } catch (error) {
      this.#tell({
        level: 'ERROR',
        service: null,
        type: 'problem',
        text: `the runtime folder can't be made again: ${String(error)}`,
      });
      return null;
    }
  }

  async run(): Promise<void> {
    process.on('uncaughtException', (error) => this.#die(error));
    process.on('unhandledRejection', (error) => this.#die(error));
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      let asked = 0;
      process.on(signal, () => {
        asked += 1;
        this.#tell({
          level: 'INFO',
          service: null,
          type: 'operator',
          text: `${signal}: everything stops${asked > 1 ? ' at once' : ''}`,
        });
        this.#supervisor.end('shutdown', ExitCode.done, `the supervisor got ${signal}`, asked > 1, null);
      });
    }
    const {wantedUp, rebooted} = this.#supervisor.adopt(this.#world.bootId);
    if (rebooted)
      this.#tell({
        level: 'INFO',
        service: null,
        type: 'reboot',
        text: `the machine was restarted at ${bootTime()}; nothing of the last run is left`,
      });
    else if (!this.#options.adoptOnly && wantedUp.length > 0) this.#supervisor.resume(wantedUp);
    await this.#socket.open();
    // From here on nobody waits for us: the heavy part of the log comes last.
    await this.#ownLog.load();
    this.#tell({
      level: 'DEBUG',
      service: null,
      type: 'supervisor-started',
      text: `supervisor ${this.#version} started (pid ${process.pid}, Node ${process.version})`,
    });
    this.#sample();
    this.#endWhenForgotten();
  }

  #tell(news: News): void {
    if (news.type === 'port-moved' && news.service !== null)
      this.#notes.set(news.service, typeof news.facts?.why === 'string' ? news.facts.why : news.text);
    this.#events.add(news);
  }

  // ——— what it shows ———

  #status(): StatusDocument {
    const mono = this.#world.clock.now();
    const wall = this.#world.clock.wall();
    const calendar = {now: mono, iso: (at: number) => isoWithOffset(new Date(wall + (at - mono)))};
    return statusDocument(
      this.#spec,
      this.#supervisor.services(),
      (name) => this.#observe(name),
      calendar,
      {
        pid: process.pid,
        version: this.#version,
        startedAt: isoWithOffset(this.#startedAt),
        uptimeMs: Date.now() - this.#startedAt.getTime(),
        specHash: this.#spec.hash,
        user: this.#user,
      },
      this.#machine,
      this.#sampledAt === null ? null : isoWithOffset(this.#sampledAt),
      this.#supervisor.ending,
    );
  }

  #observe(name: string): Observation {
    const runner = this.#supervisor.runner(name);
    const {state} = this.#supervisor.service(name);
    const sample = this.#samples.get(name);
    const troubled = state.tag !== 'ready' && state.tag !== 'stopped' && state.tag !== 'done';
    const verdict = runner.verdict?.verdict ?? null;
    return {
      pid: runner.identity?.pid ?? null,
      spawnedAtWall: runner.spawnedAtWall,
      cpuRatio: sample?.cpuRatio ?? null,
      memoryBytes: sample?.rssBytes ?? null,
      lastErrorLine:
        troubled || this.#supervisor.service(name).memory.lastEnd !== null
          ? lastErrorLine(this.#world.output.tail(name, 50))
          : null,
      portNote: this.#notes.get(name) ?? null,
      listener: verdict === 'unknown' ? 'not-verified' : verdict,
    };
  }

  #lookAfterFiles(): void {
    try {
      for (const path of this.#ownFiles.restore())
        this.#tell({level: 'WARNING', service: null, type: 'problem', text: `${path} was removed: made again`});
    } catch (error) {
      this.#tell({level: 'ERROR', service: null, type: 'problem', text: `cannot be made again: ${String(error)}`});
    }
  }

  #sample(): void {
    this.#lookAfterDoor();
    this.#lookAfterFiles();
    const again = (): void => {
      this.#sampleTimer = setTimeout(
        () => this.#sample(),
        this.#samplePauses.shift() ?? this.#spec.machine.sampleIntervalMs,
      );
    };
    const leaders = [...this.#supervisor.leaders()].map(([service, leader]) => ({service, leader}));
    this.#world.sampler.sample(leaders, ({at, services, machine}) => {
      this.#samples = new Map(services.map((sample) => [sample.service, sample]));
      this.#machine = {
        cpuRatio: machine.cpuRatio,
        memoryAvailableBytes: machine.memoryAvailableBytes,
        memorySizeBytes: machine.memoryTotalBytes,
        diskFreeBytes: machine.diskFreeBytes,
        diskSizeBytes: machine.diskTotalBytes,
      };
      this.#sampledAt = new Date(at);
      const [watch, news] = watchMachine(this.#watch, this.#machine, this.#spec.machine, this.#world.clock.now());
      this.#watch = watch;
      for (const {level, quantity, text} of news)
        this.#tell({level, service: null, type: 'machine-warning', text, facts: {quantity}});
      again();
    });
  }

  // ——— how it ends ———

  #onLeaseEnd(lease: string, tie: 'none' | 'terminal'): void {
    if (tie === 'terminal') {
      this.#tell({
        level: 'INFO',
        service: null,
        type: 'lease-ended',
        text: `the terminal (${lease}) has gone; the services are tied to it and stop`,
      });
      this.#supervisor.end('stopped', ExitCode.done, 'the terminal has gone', false, null);
    } else
      this.#tell({
        level: 'INFO',
        service: null,
        type: 'lease-ended',
        text: `the terminal (${lease}) has gone; the services go on: erp attach gets the view back, erp stop stops them`,
      });
  }

  /** A start that nobody followed up (its command line was killed) leaves no supervisor without services behind. */
  #endWhenForgotten(): void {
    setTimeout(() => {
      const idle = this.#supervisor.names().every((name) => this.#supervisor.service(name).memory.wanted === 'down');
      if (idle && this.#control.lease === null)
        this.#supervisor.end('stopped', ExitCode.done, 'nothing to supervise', false, null);
      else this.#endWhenForgotten();
    }, idleLimitMs).unref();
  }

  #end(reason: EndReason, exitCode: number, text: string): void {
    if (this.#sampleTimer !== null) clearTimeout(this.#sampleTimer);
    this.#tell({
      level: 'INFO',
      service: null,
      type: 'supervisor-stopping',
      text: `supervisor ends after ${formatDuration(Date.now() - this.#startedAt.getTime())}: ${text}`,
    });
    this.#control.end({type: 'end', reason, exitCode, text}, () => {
      this.#socket.close();
      this.#world.close();
      this.#ownLog.flushSync();
      process.exit(exitCode);
    });
  }

  /** Our own defect: said synchronously, and the guardian brings the next supervisor, which adopts everything. */
  #die(error: unknown): void {
    this.#supervisor.letGo();
    this.#tell({
      level: 'CRITICAL',
      service: null,
      type: 'defect',
      text: `the supervisor met a defect of its own and starts anew; services go on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    });
    this.#ownLog.flushSync();
    writeFatal(this.#spec, error);
    process.exit(ExitCode.unexpected);
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}

function bootTime(): string {
  return isoWithOffset(new Date(Date.now() - uptime() * 1000))
    .slice(0, 16)
    .replace('T', ' ');
}

/** The line of the log: the event, and under it why. */
function logText(event: ErpEvent): string {
  const {diagnosis} = event;
  if (diagnosis === undefined) return event.text;
  const subject = diagnosis.subject === null ? '' : `: ${diagnosis.subject}`;
  const lines = [
    event.text,
    `cause: ${diagnosis.cause} (${certainty(diagnosis)})${subject}`,
    ...diagnosis.evidence.map((evidence) => `evidence: ${evidence}`),
  ];
  return [...lines, ...(diagnosis.remedy === null ? [] : [`remedy: ${diagnosis.remedy}`])].join('\n');
}

/** Number of the last event that was written, so that numbers go on over a restart of the supervisor. */
function lastSeq(path: string): number {
  try {
    const fd = openSync(path, 'r');
    try {
      const {size} = fstatSync(fd);
      const length = Math.min(size, 64 * 1024);
      const buffer = Buffer.alloc(length);
      readSync(fd, buffer, 0, length, size - length);
      for (const line of buffer.toString('utf8').split('\n').reverse()) {
        try {
          const {seq} = JSON.parse(line) as Partial<ErpEvent>;
          if (typeof seq === 'number') return seq;
        } catch {
          // Torn or cut: the line before tells.
        }
      }
    } finally {
      closeSync(fd);
    }
  } catch {
    // No file yet.
  }
  return 0;
}
