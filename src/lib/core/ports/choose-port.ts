/** Something that wants a port: a service, a port-forward, erp's own status port. */
export interface PortEntry {
  readonly name: string;
  readonly primary: number;
  readonly alternatives: readonly number[];
  /** Last resort: one that the system gives. */
  readonly any: boolean;
  /** Addresses it will listen on, as they are tested. */
  readonly addresses: readonly string[];
}

/** What else a choice depends on. */
export interface PortClaims {
  /** All other entries of the configuration, whether they run or not. */
  readonly others: readonly PortEntry[];
  /** Port that each entry has now, by name; the entry's own does not count. */
  readonly given: Readonly<Record<string, number>>;
  /** The one it had last: the choice is kept over restarts. null: from the beginning. */
  readonly last: number | null;
}

/**
 * What is known of a port. `reserved`: nobody gets it without more (below 1024, excluded by the system). `lost`: it was
 * free when it was tested, and taken each time the service wanted it.
 */
export type PortFinding = 'free' | 'taken' | 'reserved' | 'lost';

/** A port that was wanted and not chosen. */
export interface PassedPort {
  readonly port: number;
  /** `given`: another entry has it now. `wanted`: it is the primary of another entry. */
  readonly why: Exclude<PortFinding, 'free'> | 'given' | 'wanted';
  /** The entry that has or wants it. */
  readonly by: string | null;
}

export type PortChoice =
  /** Nothing is known of this port yet: find out, and ask again. 0: one that the system gives. */
  | {readonly tag: 'ask'; readonly port: number; readonly passed: readonly PassedPort[]}
  | {readonly tag: 'chosen'; readonly port: number; readonly passed: readonly PassedPort[]}
  | {readonly tag: 'none'; readonly passed: readonly PassedPort[]};

/** Has nothing but its primary. */
export const isFixed = ({alternatives, any}: Pick<PortEntry, 'alternatives' | 'any'>): boolean =>
  alternatives.length === 0 && !any;

/**
 * Which port an entry gets: the last one, the primary, the alternatives, one that the system gives; what others want
 * comes last, see `order`. The supervisor and `erp ports` ask this same function: the one tests each port that it is
 * asked about, the other knows the state of all.
 * @param find what is known of a port; null: nothing yet. Port 0 stands for one that the system gives.
 */
export function choosePort(
  entry: PortEntry,
  claims: PortClaims,
  find: (port: number) => PortFinding | null,
): PortChoice {
  const passed: PassedPort[] = [];
  for (const {port, barredBy} of order(entry, claims)) {
    const holder = holderOf(port, entry, claims);
    if (holder !== null) passed.push({port, why: 'given', by: holder});
    else if (barredBy !== null) passed.push({port, why: 'wanted', by: barredBy});
    else {
      const found = find(port);
      if (found === null) return {tag: 'ask', port, passed};
      if (found === 'free') return {tag: 'chosen', port, passed};
      passed.push({port, why: found, by: null});
    }
  }
  return {tag: 'none', passed};
}

/** May a port that the system gave be used? Not if another entry has it or may come to want it. */
export function isNobodyElses(port: number, entry: PortEntry, {others, given}: PortClaims): boolean {
  return (
    holderOf(port, entry, {given}) === null &&
    others.every(({primary, alternatives}) => port !== primary && !alternatives.includes(port))
  );
}

/**
 * All ports in the order in which they are tried. A primary of another entry is never taken as long as there is anything
 * else; and if that entry has nothing else itself, not even then: it would have to fail in place of the one whose port
 * was taken. The same for an own primary that is also that of an entry which can't move.
 */
function order(
  entry: PortEntry,
  {others, last}: PortClaims,
): readonly {readonly port: number; readonly barredBy: string | null}[] {
  const {primary, alternatives, any} = entry;
  const own = [primary, ...alternatives];
  const kept = last !== null && (own.includes(last) || any) ? [last] : [];
  const listed = [...new Set([...kept, ...own])].map((port) => {
    const rivals = others.filter(
      (other) => other.primary === port && (port !== primary || (isFixed(other) && !isFixed(entry))),
    );
    const fixed = port === primary ? undefined : rivals.find(isFixed);
    return {port, yields: rivals.length > 0, barredBy: fixed?.name ?? null};
  });
  return [
    ...listed.filter(({yields}) => !yields),
    ...(any ? [{port: 0, barredBy: null}] : []),
    ...listed.filter(({yields}) => yields),
  ];
}

function holderOf(port: number, {name}: PortEntry, {given}: Pick<PortClaims, 'given'>): string | null {
  return Object.keys(given).find((other) => other !== name && given[other] === port) ?? null;
}
