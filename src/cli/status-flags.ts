/**
 * The flags of `erp status`, as a table: the fast path (`src/fast.ts`) reads it without oclif, and a test holds it
 * against what the oclif command declares.
 */
export interface FlagRow {
  readonly name: string;
  readonly char?: string;
  readonly value: boolean;
  /** Also as `--no-NAME`. */
  readonly allowNo?: boolean;
  /** Variable that stands for it. */
  readonly env?: string;
  /** The fast path knows what to do with it; with any other flag oclif takes over. */
  readonly fast: boolean;
}

export const statusFlagTable: readonly FlagRow[] = [
  {name: 'project', char: 'C', value: true, env: 'ERP_PROJECT', fast: true},
  {name: 'config', value: true, env: 'ERP_CONFIG', fast: true},
  {name: 'instance', value: true, fast: true},
  {name: 'color', value: false, allowNo: true, fast: true},
  {name: 'json', value: false, fast: true},
  {name: 'watch', char: 'w', value: false, fast: false},
  {name: 'wait', value: true, fast: false},
  {name: 'timeout', value: true, fast: false},
  {name: 'output', value: true, fast: false},
];
