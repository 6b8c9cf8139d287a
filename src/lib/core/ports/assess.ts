import type {Mark} from '../report/status.js';
import {isInTheWay, isWildcard} from './addresses.js';
import {choosePort, type PassedPort, type PortFinding} from './choose-port.js';
import type {PlannedEntry} from './plan.js';
import type {PortListener, PortSurvey, ReservedRange} from './survey.js';
import {type Ours, type Whose, whose} from './whose.js';

/**
 * `ours`: of a service of this project. `watched`: of what erp only watches or uses. `owner-unknown`: somebody listens whose
 * process can't be read. `unknown`: who listens can't be found out on this machine.
 */
export type PortState = 'free' | 'ours' | 'watched' | 'taken' | 'reserved' | 'owner-unknown' | 'unknown';

/** A process (or an unreadable socket) that listens on a port. */
export interface PortHolder extends Omit<PortListener, 'address' | 'isDualStack' | 'inode' | 'port'> {
  readonly addresses: readonly string[];
  readonly whose: Whose;
}

export interface AssessedPort {
  readonly port: number;
  readonly state: PortState;
  readonly holders: readonly PortHolder[];
  readonly reserved: ReservedRange | null;
}

/** `used`: held by somebody whom erp uses if he answers (`ifRunning: use`). `watched`: erp starts nothing there. */
export type Outcome = 'primary' | 'alternative' | 'any' | 'none' | 'used' | 'watched' | 'not-known';

export interface AssessedEntry {
  readonly entry: PlannedEntry;
  /** It has this port now, because it runs. */
  readonly current: number | null;
  /** Port that `erp start` would give it; `any`: one that the system gives. */
  readonly willUse: number | 'any' | null;
  readonly outcome: Outcome;
  readonly mark: Mark;
  /** The primary first. */
  readonly ports: readonly AssessedPort[];
  /** Why not the ports before the chosen one. */
  readonly passed: readonly PassedPort[];
}

export interface Surroundings {
  readonly survey: PortSurvey;
  readonly ours: Ours;
  /** Ports that services had last: a choice is kept over restarts. */
  readonly last: Readonly<Record<string, number>>;
}

/**
 * What every entry of a configuration would get, one after the other, by the very function that the supervisor asks.
 * Whoever runs keeps what it has.
 */
export function assessEntries(entries: readonly PlannedEntry[], around: Surroundings): AssessedEntry[] {
  const given = presentPorts(entries, around);
  const running = {...given};
  return entries.map((entry) => {
    const ports = [entry.primary, ...entry.alternatives].map((port) => assessFor(entry, port, entries, around));
    const current = running[entry.name] ?? null;
    const facts = {entry, current, ports};
    if (entry.kind === 'external') return {...facts, ...watched(entry, ports), passed: []};
    const choice = choosePort(
      entry,
      {
        others: entries.filter(({name}) => name !== entry.name),
        given,
        last: current ?? around.last[entry.name] ?? null,
      },
      (port) => findingOf(entry, port, ports, current),
    );
    if (choice.tag === 'chosen') {
      if (choice.port !== 0) given[entry.name] = choice.port;
      return {...facts, ...chosen(entry, choice.port, ports), passed: choice.passed};
    }
    return {...facts, ...without(entry, ports), passed: choice.passed};
  });
}

/** What runs: as the supervisor says, or by the mark of what the last one left running. */
function presentPorts(entries: readonly PlannedEntry[], {survey, ours}: Surroundings): Record<string, number> {
  const given: Record<string, number> = {};
  const names = new Set(entries.filter(({kind}) => kind !== 'external').map(({name}) => name));
  for (const {name, port, pid, isBorrowed} of ours.services ?? [])
    if (port !== null && (pid !== null || isBorrowed) && names.has(name)) given[name] = port;
  if (ours.services !== null) return given;
  for (const listener of survey.listeners ?? []) {
    const owner = whose(listener, ours, []);
    if (owner.tag !== 'left-over' || given[owner.service] !== undefined) continue;
    const entry = entries.find(({name}) => name === owner.service);
    // What listens on yet another port beside its own (metrics, a debugger) has not moved there.
    if (entry !== undefined && [entry.primary, ...entry.alternatives].includes(listener.port))
      given[owner.service] = listener.port;
  }
  return given;
}

/** The state of any port, whoever wants it; every listener on it counts. */
export function assessPort(port: number, entries: readonly PlannedEntry[], around: Surroundings): AssessedPort {
  return stateOf(port, listenersOn(port, around), entries, around);
}

/** The state of a port for one entry: a listener on an address that it does not use is not in its way. */
function assessFor(
  entry: PlannedEntry,
  port: number,
  entries: readonly PlannedEntry[],
  around: Surroundings,
): AssessedPort {
  const inTheWay = listenersOn(port, around)?.filter((one) =>
    entry.addresses.some((wanted) => isInTheWay(one, wanted)),
  );
  const found = stateOf(port, inTheWay ?? null, entries, around, entry.addresses);
  const isSomebody = found.state === 'taken' || found.state === 'owner-unknown';
  return entry.kind === 'external' && isSomebody ? {...found, state: 'watched'} : found;
}

function listenersOn(port: number, {survey}: Surroundings): readonly PortListener[] | null {
  if (survey.listeners === null) return null;
  let index = byPort.get(survey.listeners);
  if (index === undefined) {
    index = new Map<number, PortListener[]>();
    for (const listener of survey.listeners) index.set(listener.port, [...(index.get(listener.port) ?? []), listener]);
    byPort.set(survey.listeners, index);
  }
  return index.get(port) ?? [];
}

/** `erp ports 1-65535` on a machine with thousands of listeners. */
const byPort = new WeakMap<readonly PortListener[], Map<number, PortListener[]>>();

function stateOf(
  port: number,
  listeners: readonly PortListener[] | null,
  entries: readonly PlannedEntry[],
  {survey, ours}: Surroundings,
  addresses: readonly string[] = [],
): AssessedPort {
  const reserved = survey.reserved.find((range) => isKeptBack(port, range, addresses)) ?? null;
  const holders = holdersOf(listeners ?? [], ours, entries);
  const tags = new Set(holders.map((holder) => holder.whose.tag));
  const state = ((): PortState => {
    if (listeners === null) return 'unknown';
    if (holders.length === 0) return reserved === null ? 'free' : 'reserved';
    if (tags.has('ours') || tags.has('left-over') || tags.has('old-copy')) return 'ours';
    if (tags.has('used')) return 'watched';
    return tags.has('unknown') && tags.size === 1 ? 'owner-unknown' : 'taken';
  })();
  return {port, state, holders, reserved};
}

function isKeptBack(
  port: number,
  {from, to, exceptOnAllAddresses}: ReservedRange,
  addresses: readonly string[],
): boolean {
  if (port < from || port > to) return false;
  return exceptOnAllAddresses !== true || !addresses.every(isWildcard) || addresses.length === 0;
}

/** One process with a socket for each family of addresses is one holder. */
function holdersOf(listeners: readonly PortListener[], ours: Ours, entries: readonly PlannedEntry[]): PortHolder[] {
  const byProcess = new Map<string, PortHolder>();
  for (const listener of listeners) {
    const {address, isDualStack: _, inode, port: __, ...facts} = listener;
    const key = listener.pid === null ? `${listener.user}:${inode === null ? address : ''}` : String(listener.pid);
    const known = byProcess.get(key);
    const addresses = [...new Set([...(known?.addresses ?? []), address])];
    byProcess.set(
      key,
      known === undefined ? {...facts, addresses, whose: whose(listener, ours, entries)} : {...known, addresses},
    );
  }
  return [...byProcess.values()];
}

/** As the supervisor would find it; what it stops or takes over first counts as free for that service. */
function findingOf(
  {name}: PlannedEntry,
  port: number,
  ports: readonly AssessedPort[],
  current: number | null,
): PortFinding {
  if (port === 0 || port === current) return 'free';
  const found = ports.find((one) => one.port === port);
  if (found === undefined) return 'free';
  switch (found.state) {
    case 'free':
    case 'unknown':
      return 'free';
    case 'reserved':
      return 'reserved';
    case 'ours':
      return found.holders.every((holder) => 'service' in holder.whose && holder.whose.service === name)
        ? 'free'
        : 'taken';
    case 'taken':
    case 'watched':
    case 'owner-unknown':
      return 'taken';
  }
}

type Verdict = Pick<AssessedEntry, 'willUse' | 'outcome' | 'mark'>;

function watched({primary}: PlannedEntry, [own]: readonly AssessedPort[]): Verdict {
  const marks: Partial<Record<PortState, Mark>> = {watched: 'good', ours: 'good', free: 'stopped', reserved: 'stopped'};
  return {willUse: primary, outcome: 'watched', mark: (own && marks[own.state]) ?? 'unknown'};
}

function chosen({primary}: PlannedEntry, port: number, ports: readonly AssessedPort[]): Verdict {
  if (port === 0) return {willUse: 'any', outcome: 'any', mark: 'degraded'};
  const isSeen = ports.every(({state}) => state !== 'unknown');
  if (!isSeen) return {willUse: port, outcome: 'not-known', mark: 'unknown'};
  if (port === primary) return {willUse: port, outcome: 'primary', mark: 'good'};
  return {willUse: port, outcome: ports.some((one) => one.port === port) ? 'alternative' : 'any', mark: 'degraded'};
}

function without({primary, ifRunning}: PlannedEntry, [own]: readonly AssessedPort[]): Verdict {
  const isHeld = own?.state === 'taken' || own?.state === 'owner-unknown';
  if (ifRunning === 'use' && isHeld) return {willUse: primary, outcome: 'used', mark: 'good'};
  return {willUse: null, outcome: 'none', mark: 'failed'};
}
