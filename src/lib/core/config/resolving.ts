import type {Overrides, FlagValues} from './overrides.js';
import type {ConfigPath, PositionLookup, Problem} from './problems.js';
import {formatPath} from './problems.js';
import type {Ledger} from './provenance.js';
import {replaceConstants} from './placeholders.js';
import type {Config} from './schema.js';
import {expandVariables, type Variables} from './variables.js';

/** The world around a configuration; what touches disk or system comes in as a function or as a value read before. */
export interface ResolveContext {
  readonly projectDir: string;
  readonly configFile: string | null;
  readonly instance?: string | null;
  readonly mode: 'start' | 'watchdog';
  readonly runtimeDir: string;
  /** Environment of the CLI. */
  readonly env: Variables;
  /** `.env` of the project. */
  readonly dotenv: Variables;
  /** Contents of the `envFile`s, by absolute path; see `envFilesOf`. */
  readonly envFiles: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly flags: FlagValues;
  /** `{node}` */
  readonly nodePath: string;
  /** `{demo}`, only for the built-in demo. */
  readonly demoDir?: string | undefined;
  readonly platform: string;
  /** Services of the old configuration that name no command: why they are only observed. */
  readonly observed: Readonly<Record<string, string>>;
  readonly position: PositionLookup;
  /** `erp.config.yaml:7` */
  place(path: ConfigPath): string;
  /** path.resolve */
  resolvePath(base: string, path: string): string;
  /** SHA-256, hexadecimal. */
  hash(text: string): string;
}

/** What the parts of `resolve.ts` share while one configuration is resolved. */
export interface Resolving {
  readonly config: Config;
  readonly context: ResolveContext;
  readonly overrides: Overrides;
  readonly ledger: Ledger;
  readonly problems: Problem[];
}

/** `.env` never overrides what is set for real. */
export function variablesOf(context: ResolveContext): Variables {
  return {...context.dotenv, ...context.env};
}

/** Variables and constants of a text; a variable that is not set is a problem at its place. */
export function fill(r: Resolving, text: string, path: ConfigPath): string {
  const {text: filled, missing} = expandVariables(text, variablesOf(r.context));
  for (const name of new Set(missing)) {
    r.problems.push({
      path,
      message: `${formatPath(path)}: the variable ${name} is not set.`,
      allowed: `\${${name}:-a value without it}, or ${name}=… in .env or the environment`,
      nearest: null,
      found: null,
      position: r.context.position(path, 'value'),
    });
  }
  return replaceConstants(filled, constantsOf(r.context));
}

export function constantsOf(context: ResolveContext): Record<string, string> {
  return {node: context.nodePath, ...(context.demoDir === undefined ? {} : {demo: context.demoDir})};
}
