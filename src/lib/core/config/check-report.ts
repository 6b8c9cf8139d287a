import {type ConfigPath, formatPath, type PositionLookup, type Problem, showValue} from './problems.js';
import type {Config, PortForwardConfig, ServiceConfig} from './schema.js';
import {isSecretName, maskUrls} from './secrets.js';
import {valueAt} from './shape.js';

/** What a check of the meaning looks at, and where it puts what it finds. */
export interface Checking {
  readonly config: Config;
  /** The same before misshapen parts were taken out. */
  readonly document: unknown;
  readonly services: readonly (readonly [string, ServiceConfig])[];
  readonly forwards: readonly (readonly [string, PortForwardConfig])[];
  readonly position: PositionLookup;
  report(path: ConfigPath, sentence: string, details?: Details): void;
}

export interface Details {
  readonly allowed?: string | null;
  readonly nearest?: string | null;
  /** The key is what is wrong, rather than its value. */
  readonly atKey?: boolean;
}

/** Collects problems; a sentence without a subject gets the path in front of it. */
export function checking(
  config: Config,
  document: unknown,
  position: PositionLookup,
): Checking & {problems: Problem[]} {
  const problems: Problem[] = [];
  return {
    config,
    document,
    services: Object.entries(config.services ?? {}),
    forwards: Object.entries(config.portForwards ?? {}),
    position,
    problems,
    report(path, sentence, {allowed = null, nearest = null, atKey = false} = {}) {
      const name = formatPath(path);
      const value = valueAt(document, path);
      problems.push({
        path,
        message: `${name}${/^(is|has|needs) /.test(sentence) ? ' ' : ': '}${sentence}.`,
        allowed,
        nearest,
        found: atKey || isSecretName(name) ? null : maskUrls(showValue(value)),
        position:
          path.length === 0 ? null : (position(path, atKey ? 'key' : 'value') ?? position(path.slice(0, -1), 'key')),
      });
    },
  };
}
