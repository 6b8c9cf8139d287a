import {release, type as systemName} from 'node:os';
import {join} from 'node:path';
import {DailyLog, logStamp} from './daily-log.js';
import {Reserve} from './reserve.js';
import {RotatingFile} from './rotating-file.js';
import type {LogLevel} from '../core/spec.js';

export interface OwnLogOptions {
  /** `watchdog_YYYYMMDD.log` */
  readonly ownLogDir: string;
  /** `events.jsonl` */
  readonly stateDir: string;
  readonly projectDir: string;
  readonly level: LogLevel;
  readonly maxAgeDays: number;
  readonly maxTotalBytes?: number;
  /** Told once when the folder can't be written, and once when it can again. */
  readonly onProblem: (level: LogLevel, text: string) => void;
}

const eventFileBytes = 10e6;
const eventFiles = 9;
const eventsToldEveryMs = 60_000;

/** The supervisor's own log, and each event as a line of JSON. */
export class OwnLog {
  readonly #options: OwnLogOptions;
  readonly #lines: DailyLog;
  readonly #events: RotatingFile;
  #eventsToldAt = Number.NEGATIVE_INFINITY;

  constructor(options: OwnLogOptions) {
    this.#options = options;
    this.#lines = new DailyLog({
      ...options,
      dir: options.ownLogDir,
      name: 'watchdog',
      auditFile: join(options.stateDir, 'watchdog-log-files.json'),
      title: `The own log in ${options.ownLogDir}`,
    });
    const reserve = new Reserve(options.stateDir);
    this.#events = new RotatingFile(
      join(options.stateDir, 'events.jsonl'),
      eventFileBytes,
      eventFiles,
      (error) => this.#eventsProblem(error),
      () => reserve.release(),
    );
    this.#header();
  }

  /** Loads winston and writes what has been waiting. Never rejects: without it lines are written without rotation. */
  load(): Promise<void> {
    return this.#lines.load();
  }

  log(level: LogLevel, text: string): void {
    this.#lines.log(level, text);
  }

  /** One line of JSON; `at` is added. */
  event(event: object): void {
    this.#events.write(`${JSON.stringify({at: new Date().toISOString(), ...event})}\n`);
  }

  /** Events that could not be written may be by now. */
  retry(): void {
    this.#events.retry();
  }

  /** Everything said so far is in the file when this returns; for the last lines before an exit. */
  flushSync(): void {
    this.#lines.flushSync();
  }

  close(): void {
    this.#lines.close();
    this.#events.close();
  }

  /** As the watchdog of old began its file. */
  #header(): void {
    const {projectDir} = this.#options;
    for (const line of [
      `# Watchdog-Log gestartet am ${logStamp(new Date())}`,
      `# Pfad: ${projectDir}`,
      `# System: ${systemName()} ${release()}`,
      `# Node: ${process.versions.node}`,
      '# ------------------------------------------------------',
      '',
    ])
      this.#lines.write('INFO', line);
  }

  /**
   * Of `events.jsonl` alone: what is said about it is an event, too, and the text log that takes it is no sign that this
   * file can be written again.
   */
  #eventsProblem(error: Error): void {
    if (Date.now() - this.#eventsToldAt < eventsToldEveryMs) return;
    this.#eventsToldAt = Date.now();
    this.#options.onProblem('ERROR', `events.jsonl in ${this.#options.stateDir} can't be written: ${error.message}`);
  }
}
