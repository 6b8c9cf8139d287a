import type {Foundling} from '../core/supervision/foundling.js';
import {readMark} from '../core/supervision/mark.js';
import {isEnded, type ProcessRow, type ProcessTable, variableOf} from './process-table.js';

interface Sources {
  readonly table: ProcessTable;
  /** Streams that only this service holds. */
  streamsOf(service: string): readonly string[];
}

/** See `Processes.findMarked`. */
export function findMarked(project: string, services: readonly string[], sources: Sources): readonly Foundling[] {
  const {table} = sources;
  const rows = table.rows?.() ?? [];
  const self = process.geteuid?.() ?? 0;
  const here = table.namespaceOf?.(process.pid) ?? null;
  const spared = ancestors(rows);
  const streams = new Map(services.flatMap((name) => sources.streamsOf(name).map((path) => [path, name] as const)));
  return rows.flatMap((row) => {
    const {pid, startTime, startedAt} = row;
    // Of the kernel.
    if (pid === 2 || row.ppid === 2) return [];
    const leads = pid === row.session && pid === row.pgrp;
    if (isEnded(row) || spared.has(pid)) return [];
    const uid = table.uid(pid);
    if (uid === null || (self !== 0 && uid !== self)) return [];
    const found = belongsTo(row, project, leads ? streams : new Map(), table);
    if (found === null || !services.includes(found.service)) return [];
    // Another container runs the same project; its processes are none of ours, though the host sees them.
    if (here !== null && table.namespaceOf?.(pid) !== here) return [];
    return [{...found, leads, pid, startTime, startedAt, bootId: table.bootId, argv: table.argv?.(pid) ?? []}];
  });
}

function belongsTo(
  {pid}: ProcessRow,
  project: string,
  streams: ReadonlyMap<string, string>,
  table: ProcessTable,
): Pick<Foundling, 'service' | 'incarnation' | 'port'> | null {
  const environ = table.environ(pid);
  const mark = environ === null ? null : variableOf(environ, 'ERP_MARK');
  if (mark !== null) return readMark(mark, project);
  // redis-server and others write their title over their environment.
  for (const target of table.standardStreams(pid)) {
    const service = streams.get(target.replace(/ \(deleted\)$/, ''));
    if (service !== undefined) return {service, incarnation: null, port: null};
  }
  return null;
}

/** Whoever started us may carry a mark: erp as a service of erp. */
function ancestors(rows: readonly ProcessRow[]): ReadonlySet<number> {
  const byPid = new Map(rows.map((row) => [row.pid, row]));
  const found = new Set<number>();
  for (let pid = process.pid; pid > 1 && !found.has(pid); pid = byPid.get(pid)?.ppid ?? 0) found.add(pid);
  return found;
}
