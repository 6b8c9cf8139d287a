import {join} from 'node:path';
import {DailyLog, logLine} from './daily-log.js';
import {RotatingFile, sharedLog} from './rotating-file.js';
import type {LogLevel, LoggingSpec} from '../core/spec.js';
import {logLevels} from '../core/spec.js';

export interface ConnectionLogOptions {
  /** `connection_monitor.log`, and one for each day */
  readonly logDir: string;
  readonly stateDir: string;
  readonly logging: Pick<LoggingSpec, 'ownLevel' | 'ownMaxAgeDays'>;
  /** Told once when the folder can't be written, and once when it can again. */
  readonly onProblem: (level: LogLevel, text: string) => void;
}

const name = 'connection_monitor';
const maxBytes = 20e6;
/** Older ones: `connection_monitor.1.log` … */
const keptFiles = 4;
const launcherBytes = 1e6;

/**
 * What happened to port-forwards and to the way to their clusters, as operators look for it: `connection_monitor.log`,
 * and the same lines in `connection_monitor_YYYYMMDD.log`. Only where there are port-forwards.
 */
export class ConnectionLog {
  readonly #level: LogLevel;
  readonly #daily: DailyLog;
  readonly #whole: RotatingFile;

  constructor({logDir, stateDir, logging, onProblem}: ConnectionLogOptions) {
    this.#level = logging.ownLevel;
    this.#daily = new DailyLog({
      dir: logDir,
      name,
      auditFile: join(stateDir, 'connection-log-files.json'),
      level: logging.ownLevel,
      maxAgeDays: logging.ownMaxAgeDays,
      title: `${name}_YYYYMMDD.log in ${logDir}`,
      onProblem,
    });
    // What is wrong with this file is wrong with the other one, which tells it.
    this.#whole = new RotatingFile(join(logDir, `${name}.log`), maxBytes, keptFiles, () => {}, undefined, sharedLog);
  }

  /** Loads what rotates daily files; never rejects. */
  load(): Promise<void> {
    return this.#daily.load();
  }

  log(level: LogLevel, text: string): void {
    if (logLevels.indexOf(level) < logLevels.indexOf(this.#level)) return;
    const line = logLine(level, text);
    this.#whole.write(`${line}\n`);
    this.#daily.write(level, line);
    if (level === 'CRITICAL') this.flushSync();
  }

  /** Lines that could not be written may be by now. */
  retry(): void {
    this.#whole.retry();
  }

  flushSync(): void {
    this.#whole.retry();
    this.#daily.flushSync();
  }

  close(): void {
    this.#daily.close();
    this.#whole.close();
  }
}

/**
 * A line in `connection_monitor_launcher.log`: a supervisor was launched for the port-forwards, or joined. A log is no
 * reason to fail: what can't be written is left out.
 */
export function noteConnectionLaunch(logDir: string, text: string, level: LogLevel = 'INFO'): void {
  const file = new RotatingFile(join(logDir, `${name}_launcher.log`), launcherBytes, 1, () => {}, undefined, sharedLog);
  file.write(`${logLine(level, text)}\n`);
  file.close();
}
