/** What the folder says about things that the old configuration leaves open; found by looking at files. */
export interface LegacyFacts {
  /** `WorkspaceRoot` is a folder of this machine. */
  readonly workspaceFound: boolean;
  /** `Redis.ConfigPath` is there. */
  readonly redisConfigFound: boolean;
  /** The Python backend as `config init` finds it. */
  readonly api: {readonly cwd: string; readonly command: readonly string[]; readonly health: string | null} | null;
  readonly celery: {readonly cwd: string; readonly python: string; readonly app: string} | null;
}
