/** Why a program failed, as its output and its end tell. */
export interface LogDiagnosis {
  /** One of `causes`; null: nothing failed. */
  readonly cause: Cause | null;
  /** 0..1; certain from .9, likely from .6, else perhaps. */
  readonly confidence: number;
  /** The concrete thing: `{port: 8001}`, `{module: 'fastapi'}`, `{host: 'db.erp.local', port: 5432}`. */
  readonly subject: Readonly<Record<string, string | number>>;
  /** Lines that prove it, the most telling first; `line` counts from 1. */
  readonly evidence: readonly {readonly line: number; readonly text: string}[];
  /** The command to type, the setting to change; null where nobody has to do anything. */
  readonly remedy: string | null;
  /** One or two whole sentences for the operator. */
  readonly explanation: string;
  /** A restart can't mend it: the same verdict twice stops the restarts. */
  readonly isPermanent: boolean;
  /** What has to change before another try makes sense; null: nothing that can be watched. */
  readonly mendedBy: Mend | null;
}

export type Mend =
  | {readonly kind: 'file'; readonly path: string}
  | {readonly kind: 'port'; readonly port: number; readonly host: string | null}
  | {readonly kind: 'listener'; readonly host: string; readonly port: number}
  | {readonly kind: 'configuration'};

/** How the program ended. Both null: it still runs, or nobody knows. */
export interface ProgramEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** The labels; docs/reference/causes.md tells what each means. */
export const causes = [
  'port-in-use',
  'address-not-available',
  'permission-denied',
  'missing-module',
  'import-error',
  'syntax-error',
  'config-invalid',
  'missing-env-var',
  'missing-file',
  'database-unreachable',
  'database-auth',
  'database-schema-missing',
  'database-locked',
  'redis-unreachable',
  'redis-auth',
  'redis-misconf',
  'broker-unreachable',
  'dns-failure',
  'connection-refused-upstream',
  'upstream-timeout',
  'tls-certificate',
  'out-of-memory',
  'disk-full',
  'disk-read-only',
  'file-descriptor-limit',
  'killed-by-signal',
  'unhandled-exception',
  'hang',
  'version-mismatch',
  'cluster-unreachable',
  'cluster-unauthorized',
  'pod-not-found',
  'forward-lost',
  'rate-limited',
  'licence-expired',
] as const;
export type Cause = (typeof causes)[number];
