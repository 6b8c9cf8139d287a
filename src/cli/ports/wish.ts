import {nearest} from '../../lib/core/config/nearest.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import type {PortPlan} from '../../lib/core/ports/plan.js';

/** What is to be looked at. */
export interface PortsWish {
  /** null: everything of the configuration. Empty: nothing of it. */
  readonly names: readonly string[] | null;
  readonly ports: readonly number[] | 'all';
}

const highest = 65_535;

/**
 * `backend 8080 3000-3010`: names, ports and ranges, mixed.
 * @throws {ErpError} exit 2 for what is no port
 */
export function parseWish(words: readonly string[], all: boolean): PortsWish {
  const names: string[] = [];
  const ports = new Set<number>();
  for (const word of words) {
    const [, from, to] = /^(\d+)(?:(?:-|\.\.)(\d+))?$/.exec(word) ?? [];
    if (from === undefined) names.push(word);
    else for (const port of range(word, Number(from), Number(to ?? from))) ports.add(port);
  }
  if (all) return {names: [...new Set(names)], ports: 'all'};
  return {names: words.length === 0 ? null : [...new Set(names)], ports: [...ports].sort((a, b) => a - b)};
}

function range(word: string, from: number, to: number): number[] {
  if (from < 1 || to > highest || from > to) {
    throw usage(
      from > to && to >= 1 ? `${word} ends before it begins.` : `${word} is no port: ports are 1 to ${highest}.`,
      [from > to && to >= 1 ? `erp ports ${to}-${from}` : 'erp ports 8080, or a range: erp ports 3000-3010'],
    );
  }
  return Array.from({length: to - from + 1}, (_, index) => from + index);
}

/** @throws {ErpError} exit 2 for a name that the configuration does not have */
export function namesOf({names}: PortsWish, plan: PortPlan | null): readonly string[] {
  const entries = plan?.entries.map(({name}) => name) ?? [];
  if (names === null) return entries;
  const known = [...entries, ...(plan?.withoutPort ?? [])];
  for (const name of names) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    throw usage(`No service or port-forward ${name}.${near === null ? '' : ` Did you mean ${near}?`}`, [
      known.length === 0 ? 'this project has none; a port is a number: erp ports 8080' : `known: ${known.join(', ')}`,
    ]);
  }
  return names;
}

const usage = (message: string, remedy: readonly string[]) =>
  new ErpError(message, {code: 'ERP_USAGE', exitCode: ExitCode.usage, remedy});
