import {editDistance} from './nearest.js';
import {parseDuration} from './durations.js';
import {type Problem, showValue} from './problems.js';
import {configSchema, type PolicyKey, policyKeys, topLevelScalars} from './schema.js';
import type {Described} from './schema-values.js';
import {flagName, variableName} from './variable-names.js';
import type {Variables} from './variables.js';

/** Lists and groups can't be said in one word. */
const policyScalars = policyKeys.filter(
  (key): key is Exclude<PolicyKey, 'env' | 'backOff'> => key !== 'env' && key !== 'backOff',
);

export type OverrideKey = (typeof policyScalars)[number] | (typeof topLevelScalars)[number] | 'expect';

/** What flags and `ERP_…` variables may set for all services at once. */
export const overrideKeys: readonly OverrideKey[] = [...topLevelScalars, ...policyScalars, 'expect'];

/** As the commands hand flags over: by the name of the key, undefined when not given. */
export type FlagValues = Partial<Record<OverrideKey, string | number | undefined>>;

export interface Override {
  readonly value: string | number;
  readonly source: 'flag' | 'environment';
  /** `--max-restarts` or `ERP_MAX_RESTARTS` */
  readonly place: string;
}
export type Overrides = ReadonlyMap<OverrideKey, Override>;

export interface OverrideProblem extends Problem {
  readonly source: 'flag' | 'environment';
}

/** Flags before environment; an empty variable counts as not set. */
export function readOverrides(flags: FlagValues, env: Variables): {overrides: Overrides; problems: OverrideProblem[]} {
  const overrides = new Map<OverrideKey, Override>();
  const problems: OverrideProblem[] = [];
  for (const key of overrideKeys) {
    const flag = flags[key];
    const given = flag ?? (env[variableName(key)] || undefined);
    if (given === undefined) continue;
    const source = flag === undefined ? 'environment' : 'flag';
    const place = source === 'flag' ? flagName(key) : variableName(key);
    const read = readValue(key, given);
    if (read.ok) overrides.set(key, {value: read.value, source, place});
    else {
      const {what, allowed} = read.described;
      problems.push({
        path: [],
        message: `${place}: ${showValue(given)} is not ${what}.`,
        allowed,
        nearest: null,
        found: showValue(given),
        position: null,
        source,
      });
    }
  }
  return {overrides, problems};
}

function readValue(
  key: OverrideKey,
  given: string | number,
): {ok: true; value: string | number} | {ok: false; described: Described} {
  const schema = schemaOf(key);
  // Everything in the environment is a text, also what has to be a number.
  const numeric = typeof given === 'string' && /^\s*-?\d+\s*$/.test(given) ? [Number(given)] : [];
  for (const value of [given, ...numeric]) {
    const result = schema.safeParse(value);
    if (result.success && (key !== 'afterBudget' || isDecision(String(value)))) return {ok: true, value};
  }
  return {ok: false, described: schema.meta() as unknown as Described};
}

function isDecision(text: string): boolean {
  const pause = /^\s*cooldown\s+(\S+)/.exec(text)?.[1];
  return pause === undefined || Boolean(parseDuration(pause));
}

function schemaOf(key: OverrideKey) {
  const {shape} = configSchema;
  if (key === 'expect') return shape.services.unwrap().valueType.shape.expect.unwrap();
  const top = (topLevelScalars as readonly string[]).includes(key);
  return top
    ? shape[key as (typeof topLevelScalars)[number]].unwrap()
    : shape.defaults.unwrap().shape[key as (typeof policyScalars)[number]].unwrap();
}

/** `ERP_MAX_RESTART` does nothing; whoever set it should know. Variables of the ERP system itself are left in peace. */
export function misspeltVariables(env: Variables): string[] {
  const known = ['ERP_PROJECT', 'ERP_CONFIG', ...overrideKeys.map(variableName)];
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('ERP_') || name.length < 10 || known.includes(name)) return [];
    const near = known.find((other) => editDistance(name, other) === 1);
    return near === undefined ? [] : [`${name} is set and not known to erp. Did you mean ${near}?`];
  });
}
