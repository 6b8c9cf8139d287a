import {z} from 'zod';
import {durationPattern, formatDuration, parseDuration} from './durations.js';
import {parseSize, sizePattern} from './sizes.js';

/** What an error message says about a place in the schema; read back by `shape.ts`. */
export interface Described {
  /** `is not …`: "a duration". */
  readonly what: string;
  readonly allowed: string;
}

/** Names a kind of value, so that one sentence explains whatever is wrong with it. */
export function described<T extends z.ZodType>(schema: T, what: string, allowed: string, description?: string): T {
  return schema.meta({what, allowed, ...(description === undefined ? {} : {description})});
}

const durationExamples = '15 (seconds), 15s, 1m30s, 250ms, 2h, 3d';

const durationBetween = (leastMs: number, what: string, allowed: string) =>
  described(
    z.union([
      z.number().refine((value) => atLeast(parseDuration(value), leastMs)),
      z
        .string()
        .regex(new RegExp(durationPattern))
        .refine((value) => atLeast(parseDuration(value), leastMs)),
    ]),
    what,
    allowed,
  );

const atLeast = (value: number | null, least: number) => value !== null && value >= least;

export const duration = durationBetween(0, 'a duration', durationExamples);
/** Times that something has to happen in: zero would mean never. */
export const positiveDuration = durationBetween(1, 'a duration above zero', durationExamples);
/** The machine and the log would suffer below this; nobody needs it. */
export const shortestInterval = 100;
export const interval = durationBetween(
  shortestInterval,
  `a duration of ${formatDuration(shortestInterval)} or more`,
  durationExamples,
);

const sizeFrom = (least: number, what: string, allowed: string) =>
  described(
    z.union([
      z.number().refine((value) => atLeast(parseSize(value), least)),
      z
        .string()
        .regex(new RegExp(sizePattern))
        .refine((value) => atLeast(parseSize(value), least)),
    ]),
    what,
    allowed,
  );

export const size = sizeFrom(0, 'a size', '20MB, 1.2 GiB, 812 KiB, 4096 (bytes)');
/** Who writes 512 means megabytes; no process lives with less than one. */
export const processMemory = sizeFrom(2 ** 20, 'a size of 1 MiB or more', '512MB, 1.2 GiB');

export const share = described(
  z.union([
    z.number().refine((value) => value > 0 && value <= 1),
    z.string().refine((value) => parseShare(value) !== null),
  ]),
  'a share',
  '0.85 or 85%',
);

/** @returns 0..1 without 0, or null when it is no share */
export function parseShare(value: number | string): number | null {
  if (typeof value === 'number') return value > 0 && value <= 1 ? value : null;
  const match = /^\s*(\d+(?:\.\d+)?)\s*(%?)\s*$/.exec(value);
  if (match === null) return null;
  return parseShare(Math.round((Number(match[1]) / (match[2] === '%' ? 100 : 1)) * 1e6) / 1e6 || 0);
}

export const portNumber = described(z.int().min(1).max(65_535), 'a port', '1 to 65535, a number without quotes');

export const count = (least: number, most = 1_000_000) =>
  described(z.int().min(least).max(most), `a whole number from ${least} to ${most}`, `${least} to ${most}`);

export const flag = described(z.boolean(), 'yes or no', 'true, false');

export const text = (what: string, allowed: string) =>
  described(
    z
      .string()
      .regex(/\S/)
      .refine((value) => !value.includes('\0')),
    what,
    allowed,
  );

export const oneOf = <const T extends readonly [string, ...string[]]>(what: string, values: T) =>
  described(z.enum(values), what, values.join(', '));

/** An object with exactly these keys. */
export const keys = <T extends z.core.$ZodLooseShape>(shape: T, what = 'a group of keys') =>
  described(z.strictObject(shape), what, Object.keys(shape).join(', '));

/** Environment variables and HTTP headers: a number or yes/no is taken as it is written. */
export const textMap = (what: string) =>
  described(
    z.record(
      described(z.string().regex(/^[^=\0\s]+$/), 'a name', 'letters, digits, _ and -'),
      described(
        z.union([z.string().refine((value) => !value.includes('\0')), z.number(), z.boolean()]),
        'a text',
        'a text, a number, true or false ("" for empty)',
      ),
    ),
    what,
    'NAME: value',
  );

/** They become file names on every system and stand in `{services.NAME.port}`. */
export const serviceName = described(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/),
  'a name',
  'letters, digits, - and _, at most 63, beginning with a letter or digit',
);

export const serviceNames = described(
  z.union([serviceName, z.array(serviceName)]),
  'a list of services',
  '[redis, backend]',
);

/** `status=healthy`; dots for nesting. */
const expectation = described(
  z.string().regex(/^\s*[^=\s]+\s*=\s*\S.*$/),
  'an expectation',
  'status=healthy (a field of the JSON answer and its value)',
);

export const expectations = described(
  z.union([
    expectation,
    z.array(expectation),
    z.record(z.string(), described(z.union([z.string(), z.number(), z.boolean()]), 'a value', 'a text or a number')),
  ]),
  'an expectation',
  'status=healthy (a field of the JSON answer and its value), or a list of them',
);

export const command = described(
  z.union([
    z
      .string()
      .regex(/\S/)
      .refine((value) => !value.includes('\0')),
    z
      .array(z.string().refine((value) => !value.includes('\0')))
      .min(1)
      .refine((list) => /\S/.test(list[0] ?? '')),
  ]),
  'a command',
  'npm start (through a shell), or a list: [python3, -m, uvicorn, "main:app"]',
);
