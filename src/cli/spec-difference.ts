import {isSecretName, maskSecrets} from '../lib/core/config/secrets.js';
import {isTerminalVariable} from '../lib/core/config/terminal-variables.js';
import type {ProjectSpec} from '../lib/core/spec.js';

/**
 * What is different between the configuration that runs and the one that is asked for, as lines for people:
 * `backend.policy.maxRestarts: 5 runs, 10 asked for`. Choices that do not change what runs are left out.
 */
export function specDifference(running: ProjectSpec, asked: ProjectSpec): string[] {
  const lines: string[] = [];
  compare(simplified(running), simplified(asked), [], lines);
  return lines;
}

/** Variables that the services would get today and run without, or with another value. Values are nobody's business. */
export function environmentDifference({baseEnv: running}: ProjectSpec, {baseEnv: asked}: ProjectSpec): string[] {
  return [...new Set([...Object.keys(running), ...Object.keys(asked)])]
    .filter((name) => !isTerminalVariable(name) && running[name] !== asked[name])
    .sort();
}

function simplified({services, portForwards, connection, ...rest}: ProjectSpec): Record<string, unknown> {
  const {hash: _hash, tie: _tie, mode: _mode, runtimeDir: _place, baseEnv, logging, ...same} = rest;
  const {ownLevel: _level, ...log} = logging;
  // Under their names: one more in the middle must not make all behind it different.
  return {
    ...same,
    logging: log,
    env: Object.fromEntries(Object.entries(baseEnv).filter(([name]) => !isTerminalVariable(name))),
    ...(portForwards.length === 0 ? {} : {connection}),
    ...Object.fromEntries([...services, ...portForwards].map((each) => [each.name, each])),
  };
}

function compare(running: unknown, asked: unknown, path: readonly string[], lines: string[]): void {
  if (JSON.stringify(running) === JSON.stringify(asked)) return;
  if (isGroup(running) && isGroup(asked)) {
    for (const key of new Set([...Object.keys(running), ...Object.keys(asked)])) {
      compare(running[key], asked[key], [...path, key], lines);
    }
    return;
  }
  const hidden = path.some((key) => key === 'env') || isSecretName(path.at(-1) ?? '');
  const name = path.join('.');
  if (running === undefined) lines.push(`${name} is new`);
  else if (asked === undefined) lines.push(`${name} is gone`);
  else lines.push(hidden ? `${name} has another value` : `${name}: ${shown(running)} runs, ${shown(asked)} asked for`);
}

const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function shown(value: unknown): string {
  const text = maskWords(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** A list is a command: the secret stands one word behind its name. */
const maskWords = (value: unknown): string =>
  Array.isArray(value) && value.every((word) => typeof word === 'string')
    ? JSON.stringify(
        value.map((word, at) =>
          /^--?[\w-]+$/.test(value[at - 1] ?? '') && isSecretName(value[at - 1] ?? '') ? '***' : maskSecrets(word),
        ),
      )
    : maskSecrets(JSON.stringify(value));
