import {meaningProblems} from './checks.js';
import {type ConfigPath, type PositionLookup, type Problem, showValue} from './problems.js';
import {type Config, configSchema} from './schema.js';
import {meantKey, shapeProblems, valueAt} from './shape.js';

export type Validation =
  | {readonly ok: true; readonly config: Config}
  | {readonly ok: false; readonly problems: readonly Problem[]};

/**
 * Checks a parsed document: first its shape, then what it means. Both are reported together: what has the wrong shape is
 * taken out before the meaning is looked at, so that one run names everything that is wrong.
 * @param constants placeholders besides the ports: node, and demo in the built-in demo
 */
export function validate(
  document: unknown,
  position: PositionLookup,
  constants: readonly string[] = ['node'],
): Validation {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return {ok: false, problems: [noObject(document)]};
  }
  const own = Object.fromEntries(Object.entries(document).filter(([key]) => !key.startsWith('x-')));
  const shape = shapeProblems(own, position);
  const config = readable(own);
  const meaning = config === null ? [] : meaningProblems(config, own, position, constants);
  const problems = [...shape, ...meaning.filter((problem) => !shape.some((s) => covers(s.path, problem.path)))].sort(
    byPosition,
  );
  return problems.length === 0 && config !== null ? {ok: true, config} : {ok: false, problems};
}

function noObject(document: unknown): Problem {
  return {
    path: [],
    message:
      document == null
        ? 'The configuration is empty.'
        : `The configuration is ${showValue(document)}, not a group of keys.`,
    allowed: 'services: {NAME: {command: …}}',
    nearest: null,
    found: null,
    position: null,
  };
}

/** What is left of a document without its misshapen parts, or null when that is nothing. */
function readable(document: Record<string, unknown>): Config | null {
  const rest = plainCopy(document);
  // A key that is missing can't be taken out; then the group that misses it goes, so each round removes something.
  for (let round = 0; round < 8; round += 1) {
    const result = configSchema.safeParse(rest);
    if (result.success) return result.data;
    const gone: ConfigPath[] = [];
    for (const issue of result.error.issues) {
      const path = issue.path as (string | number)[];
      const places = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
      for (const place of places) {
        // Several checks may have failed at one place: the second one must not take the group around it.
        if (gone.some((other) => covers(other, place))) continue;
        takeOut(rest, place);
        gone.push(place);
      }
    }
  }
  return null;
}

/** A copy to take pieces out of. What a program exports may refer to itself; nothing of ours lies that deep. */
function plainCopy(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((inner) => plainCopy(inner, depth + 1));
  if (typeof value !== 'object' || value === null || depth > 12) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainCopy(inner, depth + 1)]));
}

/**
 * A misshapen or misspelt command or port is there all the same: without these, a second complaint ("has no command")
 * would follow from the first.
 */
const standIns: Readonly<Record<string, unknown>> = {command: 'x', port: {primary: 1, any: true}};

/** Removes a place, or the nearest group around it when it is missing or an element of a list. */
function takeOut(root: unknown, path: ConfigPath): void {
  for (let end = path.length; end > 0; end -= 1) {
    const parent = valueAt(root, path.slice(0, end - 1));
    const key = path[end - 1];
    if (typeof parent !== 'object' || parent === null || Array.isArray(parent) || typeof key !== 'string') continue;
    if (!Object.hasOwn(parent, key)) continue;
    const group = parent as Record<string, unknown>;
    Reflect.deleteProperty(group, key);
    if (path[0] !== 'services' || end !== 3) return;
    const meant = meantKey(key, Object.keys(standIns));
    if (meant !== null && !Object.hasOwn(group, meant)) group[meant] = standIns[meant];
    return;
  }
}

const covers = (a: ConfigPath, b: ConfigPath) => a.every((part, index) => b[index] === part) && a.length > 0;

function byPosition(a: Problem, b: Problem): number {
  if (a.position === null || b.position === null) return Number(b.position !== null) - Number(a.position !== null);
  return a.position.line - b.position.line || a.position.column - b.position.column;
}
