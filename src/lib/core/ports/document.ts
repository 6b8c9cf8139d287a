import type {Mark} from '../report/status.js';
import type {PassedPort} from './choose-port.js';
import type {EntryKind} from './plan.js';
import {
  type AssessedEntry,
  type AssessedPort,
  assessEntries,
  assessPort,
  type Outcome,
  type PortHolder,
  type PortState,
  type Surroundings,
} from './assess.js';
import {type Overlap, overlapsOf, wishesFor} from './overlaps.js';
import type {PortPlan} from './plan.js';
import type {Whose} from './whose.js';

/** `erp ports --json`, documented in docs/reference/commands.md. */
export interface PortsDocument {
  readonly schema: 1;
  /** ISO 8601 with offset: when the machine was looked at. */
  readonly at: string;
  readonly project: {readonly dir: string; readonly configFile: string | null} | null;
  readonly supervisor: {readonly pid: number} | null;
  /** What the configuration wants, in its order; what was asked for by name. */
  readonly entries: readonly EntryReport[];
  /** What was asked for by number, or all that somebody listens on (`--all`). */
  readonly ports: readonly PortReport[];
  readonly overlaps: readonly Overlap[];
  /** What is missing in this picture, in whole sentences. */
  readonly problems: readonly string[];
}

export interface EntryReport {
  readonly name: string;
  readonly kind: EntryKind;
  readonly mark: Mark;
  readonly outcome: Outcome;
  readonly willUse: number | 'any' | null;
  readonly current: number | null;
  readonly any: boolean;
  /** Of the primary in the configuration. */
  readonly line: number | null;
  readonly ports: readonly PortReport[];
  readonly passed: readonly PassedPort[];
}

export interface PortReport {
  readonly port: number;
  readonly role: 'primary' | 'alternative' | null;
  readonly state: PortState;
  /** Why nobody gets it without more; null: not reserved. */
  readonly reserved: {readonly why: string; readonly source: string} | null;
  readonly holders: readonly HolderReport[];
  /** Entries of the configuration that name it. */
  readonly wantedBy: readonly {readonly name: string; readonly role: 'primary' | 'alternative'}[];
}

export interface HolderReport {
  /** null: can't be read. */
  readonly pid: number | null;
  readonly alsoHeldBy: readonly number[];
  readonly name: string | null;
  readonly user: string | null;
  /** Secrets are `***`. */
  readonly command: string | null;
  /** ISO 8601 with offset. */
  readonly startedAt: string | null;
  readonly cwd: string | null;
  readonly addresses: readonly string[];
  /** It does not listen: the near end of a connection of it has this number. */
  readonly isConnection: boolean;
  readonly whose: Whose['tag'];
  readonly service: string | null;
}

export interface PortsRequest {
  readonly at: string;
  readonly project: PortsDocument['project'];
  readonly supervisor: PortsDocument['supervisor'];
  readonly plan: PortPlan | null;
  /** Which entries; null: none. */
  readonly names: readonly string[] | null;
  /** Ports by number, or all that somebody listens on. */
  readonly ports: readonly number[] | 'all';
  readonly problems: readonly string[];
  readonly redact: (text: string) => string;
  readonly isoOf: (ms: number) => string;
}

export function portsDocument(request: PortsRequest, around: Surroundings): PortsDocument {
  const {at, project, supervisor, plan, names, problems} = request;
  const entries = plan?.entries ?? [];
  const isAsked = (name: string): boolean => names?.includes(name) === true;
  const numbers =
    request.ports === 'all'
      ? [...new Set((around.survey.listeners ?? []).map(({port}) => port))].sort((a, b) => a - b)
      : request.ports;
  const report = (found: AssessedPort, role: PortReport['role']): PortReport => ({
    port: found.port,
    role,
    state: found.state,
    reserved: found.reserved === null ? null : {why: found.reserved.why, source: found.reserved.source},
    holders: found.holders.map((holder) => holderReport(holder, request)),
    wantedBy: wishesFor(found.port, entries).map(({name, role}) => ({name, role})),
  });
  return {
    schema: 1,
    at,
    project,
    supervisor,
    entries: assessEntries(entries, around)
      .filter(({entry}) => isAsked(entry.name))
      .map((found) => entryReport(found, report)),
    ports: numbers.map((port) => report(assessPort(port, entries, around), null)),
    overlaps: overlapsOf(entries).filter(({wanted}) => wanted.some(({name}) => isAsked(name))),
    problems: [...(around.survey.problem === null ? [] : [around.survey.problem]), ...problems],
  };
}

function entryReport(
  {entry, mark, outcome, willUse, current, ports, passed}: AssessedEntry,
  report: (port: AssessedPort, role: PortReport['role']) => PortReport,
): EntryReport {
  const {name, kind, any, line} = entry;
  return {
    name,
    kind,
    mark,
    outcome,
    willUse,
    current,
    any,
    line,
    ports: ports.map((port, index) => report(port, index === 0 ? 'primary' : 'alternative')),
    passed,
  };
}

export function holderReport(
  holder: PortHolder,
  {redact, isoOf}: Pick<PortsRequest, 'redact' | 'isoOf'>,
): HolderReport {
  const {pid, alsoHeldBy, name, user, command, startedAt, cwd, addresses, whose} = holder;
  return {
    pid,
    alsoHeldBy,
    name,
    user,
    command: command === null ? null : redact(command),
    startedAt: startedAt === null ? null : isoOf(startedAt),
    cwd,
    addresses,
    isConnection: holder.isConnection === true,
    whose: whose.tag,
    service: 'service' in whose ? whose.service : null,
  };
}

/** Something that erp would start, and that does not run, gets no port. */
export const findsNone = ({outcome, current}: Pick<EntryReport, 'outcome' | 'current'>): boolean =>
  outcome === 'none' && current === null;
