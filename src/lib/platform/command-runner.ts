import {execFile, spawnSync} from 'node:child_process';

/** Runs a tool of the system. Tests give recorded answers instead. Never throws; null: it could not be run. */
export interface CommandRunner {
  run(file: string, args: readonly string[], callback: (output: string | null) => void): void;
  runSync(file: string, args: readonly string[]): string | null;
}

const limits = {timeout: 15_000, maxBuffer: 64 * 1024 * 1024, windowsHide: true, encoding: 'utf8'} as const;

export const systemRunner: CommandRunner = {
  run(file, args, callback) {
    // A tool that finds nothing may end with 1 and still have said something (lsof).
    execFile(file, [...args], {...limits, env: {...process.env, LC_ALL: 'C'}}, (error, output) =>
      callback(error !== null && output === '' ? null : output),
    );
  },
  runSync(file, args) {
    const result = spawnSync(file, [...args], {...limits, env: {...process.env, LC_ALL: 'C'}});
    return result.error === undefined ? result.stdout : null;
  },
};
