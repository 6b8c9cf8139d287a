import {execFile, spawnSync, type ExecFileException} from 'node:child_process';

/** Runs a tool of the system. Tests give recorded answers instead. Never throws; null: it could not be run. */
export interface CommandRunner {
  run(file: string, args: readonly string[], callback: (output: string | null) => void): void;
  runSync(file: string, args: readonly string[]): string | null;
}

/** What became of one call of a tool. */
export interface ToolAnswer {
  /** What it printed; with a failure what came until then. */
  readonly output: string;
  /** First line of what it complained about. */
  readonly complaint: string;
  /** Exit code; null: it did not run to its end. */
  readonly code: number | null;
  /** Why it did not run to its end (`not found`, `no answer within 5s`), so that its output is no basis; null: it did. */
  readonly failure: string | null;
}

/** Like `CommandRunner`, for those who must tell "nothing found" from "could not look". Never rejects. */
export type ToolRunner = (file: string, args: readonly string[], timeoutMs: number) => Promise<ToolAnswer>;

const limits = {timeout: 15_000, maxBuffer: 64 * 1024 * 1024, windowsHide: true, encoding: 'utf8'} as const;
/** The tools' words and dates in English, as far as they know it. */
const environment = (): NodeJS.ProcessEnv => ({...process.env, LC_ALL: 'C'});

export const systemRunner: CommandRunner = {
  run(file, args, callback) {
    // A tool that finds nothing may end with 1 and still have said something (lsof).
    execFile(file, [...args], {...limits, env: environment()}, (error, output) =>
      callback(error !== null && output === '' ? null : output),
    );
  },
  runSync(file, args) {
    const result = spawnSync(file, [...args], {...limits, env: environment()});
    return result.error === undefined ? result.stdout : null;
  },
};

export const systemTools: ToolRunner = (file, args, timeoutMs) =>
  new Promise<ToolAnswer>((resolve) => {
    const tooLate = `no answer within ${timeoutMs / 1000}s`;
    const options = {...limits, timeout: timeoutMs, killSignal: 'SIGKILL', env: environment()} as const;
    const child = execFile(file, [...args], options, (error, output, complaints) => {
      clearTimeout(hopeless);
      const complaint = complaints.trim().split(/\r?\n/)[0] ?? '';
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
      resolve({output, complaint, code, failure: error === null || code !== null ? null : whyNot(error, tooLate)});
    });
    // Whoever hangs in the kernel (lsof on a dead network drive) does not even end by SIGKILL: we go on without it.
    const hopeless = setTimeout(() => {
      child.unref();
      resolve({...nothing, failure: tooLate});
    }, timeoutMs + 500);
  }).catch((error: unknown) => ({...nothing, failure: (error as Error).message}));

const nothing = {output: '', complaint: '', code: null};

function whyNot(error: ExecFileException, tooLate: string): string {
  if (error.code === 'ENOENT') return 'not found';
  if (error.code === 'EACCES' || error.code === 'EPERM') return 'may not be run';
  if (typeof error.code === 'string') return error.code;
  if (error.killed === true) return tooLate;
  return typeof error.signal === 'string' ? `ended by ${error.signal}` : error.message;
}
