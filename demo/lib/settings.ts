import {resolve} from 'node:path';
import {DemoError} from './demo-error.js';

/** Version of the demo ERP, as its status documents give it. */
export const version = '1.0.0';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A whole number from the environment. @throws DemoError (exit code 3) that names variable, value and range */
export function numberFrom(env: Environment, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new DemoError(`${name} is "${text}": a whole number from ${String(min)} to ${String(max)} is needed.`, 3);
}

/** TCP port to listen on; 0 lets the system choose a free one. */
export function portFrom(env: Environment, fallback: number): number {
  return numberFrom(env, 'PORT', fallback, 0, 65535);
}

/** Absolute path of the database file. */
export function databasePathFrom(env: Environment): string {
  return resolve(env['DEMO_DATA'] ?? '.erp/demo-data/erp.db');
}
