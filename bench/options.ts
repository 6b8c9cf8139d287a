import {parseArgs} from 'node:util';
import type {Settings} from './types.js';

export interface Options {
  /** null: all that are installed. */
  readonly peers: readonly string[] | null;
  readonly tests: readonly string[] | null;
  readonly settings: Settings;
}

export const usage = `npm run bench -- [options]
  --peers erp,bare-node   only these
  --tests a,e             only these
  --reps 20               kills of each peer in a
  --idle 30               seconds of idling in c
  --lines 1000000         lines of e
  --others 300            processes that do nothing beside it`;

/** @throws with the usage for what is not understood */
export function options(argv: readonly string[]): Options {
  const {values} = parseArgs({
    args: [...argv],
    options: {
      peers: {type: 'string'},
      tests: {type: 'string'},
      reps: {type: 'string', default: '20'},
      idle: {type: 'string', default: '30'},
      lines: {type: 'string', default: '1000000'},
      others: {type: 'string', default: '300'},
    },
  });
  return {
    peers: list(values.peers),
    tests: list(values.tests),
    settings: {
      reps: count('reps', values.reps),
      idleSeconds: count('idle', values.idle),
      lines: count('lines', values.lines),
      others: count('others', values.others),
    },
  };
}

const list = (value: string | undefined): readonly string[] | null =>
  value === undefined ? null : value.split(',').filter((word) => word !== '');

function count(name: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} ${value}: not a whole number`);
  return number;
}
