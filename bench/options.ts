import {parseArgs} from 'node:util';
import type {Settings} from './types.js';

export interface Options {
  /** null: all that are installed. */
  readonly peers: readonly string[] | null;
  readonly tests: readonly string[] | null;
  readonly settings: Settings;
  /** Only write docs/benchmarks.md again, from this file ('': the last whole run); null: measure. */
  readonly report: string | null;
}

export const usage = `npm run bench -- [options]
  --peers erp,bare-node   only these
  --tests a,e             only these
  --reps 20               kills of each peer in a
  --idle 20               seconds of idling in c
  --lines 1000000         lines of e
  --others 300            processes that do nothing beside it
  --forwards              port-forwards instead; --forwards --help
  --logs                  analysis of logs instead; --logs --help
  --report [FILE]         only write docs/benchmarks.md again, from bench/published.json or FILE`;

/** @throws for what is not understood */
export function options(argv: readonly string[], known: Record<'peers' | 'tests', readonly string[]>): Options {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    args: [...argv],
    options: {
      peers: {type: 'string'},
      tests: {type: 'string'},
      reps: {type: 'string', default: '20'},
      idle: {type: 'string', default: '20'},
      lines: {type: 'string', default: '1000000'},
      others: {type: 'string', default: '300'},
      report: {type: 'boolean', default: false},
      help: {type: 'boolean', default: false},
    },
  });
  if (positionals.length > (values.report ? 1 : 0)) throw new Error(`${positionals.join(' ')}: not understood`);
  return {
    peers: list('peers', values.peers, known.peers),
    tests: list('tests', values.tests, known.tests),
    report: values.report ? (positionals[0] ?? '') : null,
    settings: {
      reps: count('reps', values.reps),
      idleSeconds: count('idle', values.idle),
      lines: count('lines', values.lines),
      others: count('others', values.others),
    },
  };
}

function list(name: string, value: string | undefined, known: readonly string[]): readonly string[] | null {
  if (value === undefined) return null;
  const words = value.split(',').filter((word) => word !== '');
  const unknown = words.filter((word) => !known.includes(word));
  if (unknown.length > 0) throw new Error(`--${name} ${unknown.join(',')}: not one of ${known.join(', ')}`);
  return words;
}

function count(name: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} ${value}: not a whole number`);
  return number;
}
