import {overrideKeys} from './overrides.js';
import {variableName} from './variable-names.js';
import type {Variables} from './variables.js';

/** Of erp itself and of the npm that may have started it: a service must not see how it was started. */
const internal = new Set([
  'INIT_CWD',
  'ERP_PROJECT',
  'ERP_CONFIG',
  'ERP_MARK',
  'ERP_FAULT',
  'ERP_FAULT_ONCE',
  ...overrideKeys.map(variableName),
]);

/**
 * What every service gets before its own `env`: the environment of erp, beneath it the project's `.env`.
 * Python buffers its output when it is no terminal: without PYTHONUNBUFFERED none of 50 lines survived a kill -9.
 */
export function baseEnvironment(env: Variables, dotenv: Variables, platform: string): Record<string, string> {
  const base: Record<string, string> = {};
  for (const [name, value] of [...Object.entries(dotenv), ...Object.entries(env)]) {
    if (value !== undefined && !internal.has(name) && !/^npm_/i.test(name)) base[name] = value;
  }
  base['PYTHONUNBUFFERED'] ??= '1';
  if (platform === 'win32') base['PYTHONUTF8'] ??= '1';
  return base;
}
