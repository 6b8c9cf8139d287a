import type {FlagRow} from '../status-flags.js';

/** The flags of `erp ports`, for the fast path and for the test that holds them against the oclif command. */
export const portsFlagTable: readonly FlagRow[] = [
  {name: 'project', char: 'C', value: true, env: 'ERP_PROJECT', fast: true},
  {name: 'config', value: true, env: 'ERP_CONFIG', fast: true},
  {name: 'instance', value: true, fast: true},
  {name: 'color', value: false, allowNo: true, fast: true},
  {name: 'json', value: false, fast: true},
  {name: 'all', char: 'a', value: false, fast: true},
  {name: 'watch', char: 'w', value: false, fast: false},
  {name: 'interval', value: true, fast: false},
];
