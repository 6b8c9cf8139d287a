import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {uptime, userInfo} from 'node:os';
import {join} from 'node:path';
import {ErpError} from '../core/errors.js';
import {ExitCode} from '../core/exit-codes.js';
import {Redactor} from '../core/config/redactor.js';
import {statusDocument, type Observation} from '../core/report/build-status.js';
import {formatDuration, isoWithOffset} from '../core/report/format.js';
import type {StatusDocument} from '../core/report/status.js';
import type {ProjectSpec} from '../core/spec.js';
import {lastErrorLine} from '../core/diagnosis/exit-cause.js';
import {projectMark} from '../core/supervision/mark.js';
import {helperFile} from '../platform/helper-file.js';
import {createWorld, type SystemWorld} from '../platform/world.js';
import {ControlServer} from './control-server.js';
import {Door, takeLock} from './door.js';
import {defectExitCode, guardianFiles} from '../platform/guardian.js';
import {EventLog} from './event-log.js';
import {lastSeq} from './event-text.js';
import {Guarding} from './guarding.js';
import {Measurements} from './measurements.js';
import {OwnFiles} from './own-files.js';
import {OwnLogs} from './own-logs.js';
import {ServiceWatches} from './service-watches.js';
import type {News} from './shared.js';
import {type EndReason, Supervisor} from './supervisor.js';

export interface SupervisorOptions {
  /** Take over what runs and start nothing: for a stop without a supervisor. */
  readonly adoptOnly: boolean;
  /** Its program and its specification: what it is started again from, and made again when somebody deletes them. */
  readonly program: string;
  readonly specFile: string;
}

/** A supervisor nobody talks to after a start that failed must not stay for ever. */
const idleLimitMs = 60_000;

/** So long after somebody has looked at the status it is taken for likely that he looks again. */
const askedForMs = 10_000;

/** Where a supervisor that could not start says why. */
export const fatalFile = (stateDir: string): string => join(stateDir, 'supervisor-error.json');

/**
 * One supervisor, from lock to last line. Services come first: they are adopted and started before logs, samples and
 * everything else that can wait.
 */
export async function runSupervisor(spec: ProjectSpec, version: string, options: SupervisorOptions): Promise<void> {
  makeFolder(spec.stateDir, 0o700);
  for (const folder of [spec.logDir, spec.ownLogDir]) makeFolder(folder, 0o755);
  const generation = takeLock(spec, createWorld({...spec, onProblem: () => {}}));
  if (generation === null) process.exit(ExitCode.done); // Another one was faster and lives: that is what was wanted.
  await new SupervisorProcess(spec, version, options, generation).run();
}

function makeFolder(path: string, mode: number): void {
  try {
    mkdirSync(path, {recursive: true, mode});
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
    mkdirSync(spec.stateDir, {recursive: true, mode: 0o700});
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
  readonly #ownLogs: OwnLogs;
  readonly #events: EventLog;
  readonly #supervisor: Supervisor;
  readonly #control: ControlServer;
  readonly #startedAt = new Date();
  readonly #user = userName();
  readonly #notes = new Map<string, string>();
  readonly #door: Door;
  readonly #measurements: Measurements;
  readonly #guarding: Guarding;
  readonly #watches: ServiceWatches;
  /** Services with `maxMemory`. */
  readonly #limited: ReadonlySet<string>;
  /** When somebody last looked at the status. */
  #askedAt = -Infinity;
  readonly #redact: <T>(value: T) => T;

  constructor(spec: ProjectSpec, version: string, options: SupervisorOptions, generation: number) {
    this.#spec = spec;
    this.#version = version;
    this.#options = options;
    this.#limited = new Set(spec.services.filter(({policy}) => policy.maxMemoryBytes !== null).map(({name}) => name));
    const helper = helperFile(options.program);
    this.#ownFiles = new OwnFiles([options.program, ...(existsSync(helper) ? [helper] : []), options.specFile]);
    this.#guarding = new Guarding({
      files: guardianFiles(spec, options.program, options.specFile),
      env: process.env,
      tell: (news) => this.#tell(news),
    });
    this.#ownLogs = new OwnLogs(spec, (level, text) => this.#tell({level, service: null, type: 'problem', text}));
    const redactor = new Redactor(spec);
    this.#redact = (value) => redactor.deep(value);
    this.#events = new EventLog(lastSeq(join(spec.stateDir, 'events.jsonl')), () => Date.now(), this.#redact);
    this.#events.subscribe((event) => this.#ownLogs.record(event));
    this.#world = createWorld({
      runtimeDir: spec.runtimeDir,
      stateDir: spec.stateDir,
      logDir: spec.logDir,
      projectDir: spec.projectDir,
      logging: spec.logging,
      machine: spec.machine,
      connection: spec.connection,
      baseEnv: spec.baseEnv,
      diagnoser: existsSync(helper) ? helper : '',
      onProblem: (level, text) => this.#tell({level, service: null, type: 'problem', text}),
    });
    const started = spec.services.filter(({kind}) => kind !== 'external');
    this.#world.output.open(
      [...started, ...spec.portForwards].map(({name}) => name),
      [
        ...started.filter(({output}) => output === 'file'),
        ...(process.platform === 'win32' ? spec.portForwards : []),
      ].map(({name}) => name),
    );
    const mark = projectMark(spec.runtimeDir);
    this.#supervisor = new Supervisor(
      spec,
      this.#world,
      {
        tell: (news) => this.#tell(news),
        answered: (service, incarnation, latencyMs) => this.#watches.answered(service, incarnation, latencyMs),
        changed: () => this.#control.changed(),
        ended: (reason, code, text) => this.#end(reason, code, text),
      },
      mark,
    );
    this.#door = new Door(
      spec,
      this.#world,
      generation,
      (socket) => this.#control.server.emit('connection', socket),
      (news) => this.#tell(news),
    );
    this.#watches = new ServiceWatches({
      spec,
      clock: this.#world.clock,
      now: (name) => this.#supervisor.service(name),
      tell: (news) => this.#tell(news),
      restart: (name, text, done) => this.#supervisor.restartUnasked(name, 'memory', text, done),
    });
    this.#measurements = new Measurements({
      spec: spec.machine,
      sampler: this.#world.sampler,
      clock: this.#world.clock,
      leaders: () => this.#supervisor.leaders(),
      tell: (news) => this.#tell(news),
      before: () => this.#lookAround(),
      isLimited: (name) => this.#limited.has(name),
      isAsked: () => performance.now() - this.#askedAt < askedForMs,
      sampled: (services, available) => this.#watches.sampled(services, available),
    });
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
      redact: this.#redact,
      tell: (news) => this.#tell(news),
      onLeaseEnd: (lease, tie) => this.#onLeaseEnd(lease, tie),
    });
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
    const {wantedUp, rebooted} = this.#supervisor.adopt();
    const adopted = this.#supervisor.leaders().size + this.#supervisor.forwards.leaders().length;
    if (rebooted)
      this.#tell({
        level: 'INFO',
        service: null,
        type: 'reboot',
        text: `the machine was restarted at ${bootTime()}; nothing of the last run is left`,
      });
    else if (!this.#options.adoptOnly && wantedUp.length > 0) this.#supervisor.resume(wantedUp);
    await this.#door.open();
    this.#guarding.up(adopted, rebooted || this.#options.adoptOnly ? 0 : wantedUp.length);
    // From here on nobody waits for us: the heavy part of the log comes last.
    await this.#ownLogs.load();
    this.#tell({
      level: 'DEBUG',
      service: null,
      type: 'supervisor-started',
      text: `supervisor ${this.#version} started (pid ${process.pid}, Node ${process.version})`,
    });
    this.#measurements.start();
    this.#endWhenForgotten();
  }

  #tell(news: News): void {
    if (news.type === 'port-moved' && news.service !== null)
      this.#notes.set(news.service, typeof news.facts?.why === 'string' ? news.facts.why : news.text);
    this.#events.add(news);
  }

  // ——— what it shows ———

  #status(): StatusDocument {
    this.#askedAt = performance.now();
    const mono = this.#world.clock.now();
    const wall = this.#world.clock.wall();
    const calendar = {now: mono, iso: (at: number) => isoWithOffset(new Date(wall + (at - mono)))};
    const document = statusDocument(
      this.#spec,
      this.#supervisor.services(),
      (name) => this.#observe(name, calendar.iso),
      calendar,
      {
        pid: process.pid,
        version: this.#version,
        startedAt: isoWithOffset(this.#startedAt),
        uptimeMs: Date.now() - this.#startedAt.getTime(),
        specHash: this.#spec.hash,
        user: this.#user,
        returns: this.#guarding.returns,
      },
      this.#measurements.machine(calendar.iso),
      this.#measurements.at === null ? null : isoWithOffset(this.#measurements.at),
      this.#supervisor.ending,
      this.#supervisor.forwards.statuses(calendar),
      this.#supervisor.forwards.contexts(calendar),
    );
    return {
      ...document,
      services: document.services.map((service) => this.#redact(service)),
      forwards: document.forwards?.map((forward) => this.#redact(forward)) ?? [],
    };
  }

  #observe(name: string, iso: (at: number) => string): Observation {
    const runner = this.#supervisor.runner(name);
    const {state} = this.#supervisor.service(name);
    const sample = this.#measurements.of(name);
    const troubled = ['starting', 'clearing', 'backing-off', 'failed'].includes(state.tag);
    const verdict = runner.verdict?.verdict ?? null;
    return {
      pid: runner.identity?.pid ?? null,
      spawnedAtWall: runner.spawnedAtWall,
      cpuRatio: sample?.cpuRatio ?? null,
      memoryBytes: sample?.rssBytes ?? null,
      lastErrorLine:
        // What this supervisor has not seen written belongs to a run before it.
        troubled && runner.spawnedAtWall !== null ? lastErrorLine(this.#world.output.tail(name, 50)) : null,
      portNote: this.#notes.get(name) ?? null,
      url: this.#supervisor.url(name),
      listener: verdict === 'unknown' ? 'not-verified' : verdict,
      warnings: this.#watches.of(name, iso),
      nextRestartAtWall: this.#supervisor.nextRestartAt(name),
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

  /** Once per sample: what others may have taken away. */
  #lookAround(): void {
    this.#lookAfterFiles();
    this.#guarding.look();
    if (this.#door.look()) {
      this.#world.look();
      this.#ownLogs.retry();
      return;
    }
    this.#tell({
      level: 'ERROR',
      service: null,
      type: 'replaced',
      text: 'another supervisor has taken over; this one ends and leaves the services alone',
    });
    this.#supervisor.letGo();
    this.#writeAll();
    process.exit(ExitCode.done);
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
      const idle = this.#supervisor.allNames().every((name) => !this.#supervisor.isWanted(name));
      if (idle && this.#control.lease === null)
        this.#supervisor.end('stopped', ExitCode.done, 'nothing to supervise', false, null);
      else this.#endWhenForgotten();
    }, idleLimitMs).unref();
  }

  #end(reason: EndReason, exitCode: number, text: string): void {
    this.#measurements.stop();
    // What was critical has been said; once is enough.
    const why = reason === 'critical-failed' || reason === 'budget-spent' ? '' : `: ${text}`;
    this.#tell({
      level: 'INFO',
      service: null,
      type: 'supervisor-stopping',
      text: `supervisor ends after ${formatDuration(Date.now() - this.#startedAt.getTime())}${why}`,
    });
    this.#control.end({type: 'end', reason, exitCode, text}, () => {
      // Pipes of a service that can't be ended, or of another supervisor that has taken over, are not ours to remove.
      const nothingRuns = this.#supervisor.leaders().size === 0 && this.#supervisor.forwards.leaders().length === 0;
      const forGood = nothingRuns && this.#door.isOurs();
      this.#door.close();
      this.#world.close(forGood);
      this.#writeAll();
      process.exit(exitCode);
    });
  }

  /** What else would be written when this turn of the event loop is over: for whoever ends the process before. */
  #writeAll(): void {
    this.#events.flush();
    this.#ownLogs.flushSync();
  }

  /** Our own defect: said synchronously, and the guardian brings the next supervisor, which adopts everything. */
  #die(error: unknown): void {
    try {
      this.#supervisor.letGo();
      this.#tell({
        level: 'CRITICAL',
        service: null,
        type: 'defect',
        text: `the supervisor met a defect of its own and starts anew; services go on: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      });
      this.#writeAll();
      this.#world.journal.check();
      writeFatal(this.#spec, error);
    } finally {
      // An exception in here would end Node with 7, which the guardian takes for an end that was meant.
      process.exit(defectExitCode);
    }
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
