import {z} from 'zod';
import {nearest} from './nearest.js';
import {type ConfigPath, formatPath, type PositionLookup, type Problem, showValue} from './problems.js';
import {configSchema} from './schema.js';
import type {Described} from './schema-values.js';
import {isSecretName, maskUrls} from './secrets.js';

type Issue = z.core.$ZodIssue;

/**
 * What is wrong with the shape of a document: unknown keys and values of the wrong kind. One wrong value is one problem,
 * whatever number of alternatives zod tried on it.
 */
export function shapeProblems(document: unknown, position: PositionLookup): Problem[] {
  const result = configSchema.safeParse(document);
  if (result.success) return [];
  const problems = result.error.issues.flatMap(flatten).flatMap((issue) => explain(issue, document, position));
  // Several checks of one value (a pattern and a range) are still one wrong value.
  const seen = new Set<string>();
  return problems.filter((problem) => {
    const key = formatPath(problem.path);
    return !seen.has(key) && seen.add(key);
  });
}

/** A union reports what each of its alternatives says; we keep the one that the value was meant to be. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.filter((branch) => !branch.some((i) => i.code === 'invalid_type' && i.path.length === 0));
  const deeper = meant.filter((branch) => branch.some((i) => i.path.length > 0 || i.code === 'unrecognized_keys'));
  const [best] = deeper.sort((a, b) => a.length - b.length);
  if (best === undefined) return [issue];
  return best.flatMap((inner) => flatten({...inner, path: [...issue.path, ...inner.path]}));
}

function explain(issue: Issue, document: unknown, position: PositionLookup): Problem[] {
  const path = issue.path as (string | number)[];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey([...path, key], position));
  const name = formatPath(path);
  const value = valueAt(document, path);
  const kind = describe(path) ?? {what: 'allowed here', allowed: ''};
  if (issue.code === 'invalid_key') {
    return [
      {
        path,
        message: `${name}: ${JSON.stringify(String(path.at(-1)))} is not ${kind.keyWhat ?? 'a name'}.`,
        allowed: kind.keyAllowed ?? null,
        nearest: null,
        found: null,
        position: position(path, 'key'),
      },
    ];
  }
  const braces = bareBraces(value);
  if (braces !== null) {
    return [
      {
        path,
        message: `${name}: ${braces} without quotes is a group of keys in YAML.`,
        allowed: `"${braces}"`,
        nearest: null,
        found: braces,
        position: position(path, 'value'),
      },
    ];
  }
  const found = isSecretName(name) && typeof value === 'string' ? '***' : maskUrls(showValue(value));
  const missing = value === undefined;
  const empty = value === null;
  return [
    {
      path,
      message: missing
        ? `${name} is missing: ${kind.what}.`
        : `${name}${empty ? ' is empty, not' : `: ${found} is not`} ${kind.what}.`,
      allowed: kind.allowed === '' ? null : kind.allowed,
      nearest: typeof value === 'string' ? nearest(value, wordsOf(kind.allowed)) : null,
      found: missing ? null : found,
      position: missing ? position(path.slice(0, -1), 'key') : position(path, empty ? 'key' : 'value'),
    },
  ];
}

/** `{port}` in a flow list or as a bare value is `{port: null}` for YAML: the slip that everybody makes once. */
function bareBraces(value: unknown): string | null {
  if (Array.isArray(value)) return value.map(bareBraces).find((found) => found !== null) ?? null;
  if (typeof value !== 'object' || value === null) return null;
  const [entry, second] = Object.entries(value);
  return entry !== undefined && second === undefined && entry[1] === null && /^[\w.]+$/.test(entry[0])
    ? `{${entry[0]}}`
    : null;
}

/** Words that can be typed as they stand, for "Did you mean": not examples with values in them. */
const wordsOf = (allowed: string) => allowed.split(', ').filter((word) => /^[A-Za-z-]+$/.test(word));

function unknownKey(path: ConfigPath, position: PositionLookup): Problem {
  const name = String(path.at(-1));
  const allowed = allowedKeys(path.slice(0, -1));
  return {
    path,
    message: `${formatPath(path)} is unknown.`,
    allowed: allowed.join(', '),
    nearest: meantKey(name, allowed),
    found: null,
    position: position(path, 'key'),
  };
}

/** Names that other tools use for the same thing, too far away to be found as a slip of the keys. */
const otherWords: Readonly<Record<string, string>> = {
  environment: 'env',
  env_file: 'envFile',
  working_dir: 'cwd',
  workingDirectory: 'cwd',
  directory: 'cwd',
  healthcheck: 'health',
  script: 'command',
  exec: 'command',
  cmd: 'command',
  run: 'command',
  ports: 'port',
  autostart: 'autoStart',
  needs: 'dependsOn',
  requires: 'dependsOn',
  max_restarts: 'maxRestarts',
  retries: 'maxRestarts',
  max_memory_restart: 'maxMemory',
  memory_limit: 'maxMemory',
  cron_restart: 'schedule',
  cron: 'schedule',
  processes: 'services',
  programs: 'services',
  apps: 'services',
};

/** The key that an unknown one was most likely meant to be, or null. */
export function meantKey(typed: string, allowed: readonly string[]): string | null {
  const other = Object.hasOwn(otherWords, typed) ? otherWords[typed] : undefined;
  return other !== undefined && allowed.includes(other) ? other : nearest(typed, allowed);
}

export function valueAt(document: unknown, path: ConfigPath): unknown {
  let value = document;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** The deepest named kind on the way to a place. */
function describe(path: ConfigPath): (Described & {keyWhat?: string; keyAllowed?: string}) | null {
  let best: Described | null = null;
  // An element of a list that has no name of its own is part of what the list is.
  const least = typeof path.at(-1) === 'number' ? path.length - 1 : path.length;
  let schema: z.core.$ZodType | null = configSchema;
  for (let depth = 0; schema !== null; depth += 1) {
    for (let inner: z.core.$ZodType | null = schema; inner !== null; inner = unwrapped(inner)) {
      const meta = z.globalRegistry.get(inner) as Partial<Described> | undefined;
      if (meta?.what !== undefined && meta.allowed !== undefined && depth >= least) {
        const keyMeta = keyKind(inner);
        best = {what: meta.what, allowed: meta.allowed, ...keyMeta};
        break;
      }
    }
    const part = path[depth];
    if (part === undefined) break;
    schema = step(schema, part);
  }
  const parent = path.length > 0 ? schemaAt(path.slice(0, -1)) : null;
  return best === null ? null : {...best, ...(parent === null ? {} : keyKind(parent))};
}

function keyKind(schema: z.core.$ZodType): {keyWhat?: string; keyAllowed?: string} {
  const record = members(schema).find((member) => member instanceof z.ZodRecord);
  const meta =
    record === undefined ? undefined : (z.globalRegistry.get(record.def.keyType) as Partial<Described> | undefined);
  return meta?.what === undefined ? {} : {keyWhat: meta.what, keyAllowed: meta.allowed ?? ''};
}

function schemaAt(path: ConfigPath): z.core.$ZodType | null {
  let schema: z.core.$ZodType | null = configSchema;
  for (const part of path) {
    if (schema === null) return null;
    schema = step(schema, part);
  }
  return schema;
}

function allowedKeys(path: ConfigPath): string[] {
  const schema = schemaAt(path);
  const object = schema === null ? undefined : members(schema).find((member) => member instanceof z.ZodObject);
  return object === undefined ? [] : Object.keys(object.def.shape);
}

/** One key or index further down. */
function step(schema: z.core.$ZodType, part: string | number): z.core.$ZodType | null {
  for (const member of members(schema)) {
    if (member instanceof z.ZodObject && Object.hasOwn(member.def.shape, part)) {
      return (member.def.shape as Record<string | number, z.core.$ZodType>)[part] ?? null;
    }
    if (member instanceof z.ZodRecord) return member.def.valueType;
    if (member instanceof z.ZodArray && typeof part === 'number') return member.def.element;
  }
  return null;
}

/** A schema without `optional`, and the alternatives of a union. */
function members(schema: z.core.$ZodType): z.core.$ZodType[] {
  const inner = unwrapped(schema);
  if (inner !== null) return members(inner);
  return schema instanceof z.ZodUnion ? schema.def.options.flatMap((option) => members(option)) : [schema];
}

const unwrapped = (schema: z.core.$ZodType): z.core.$ZodType | null =>
  schema instanceof z.ZodOptional ? schema.def.innerType : null;
