import {type HangFacts, type Peer, peerName, waitKind} from '../core/diagnosis/hang.js';
import {systemTools, type ToolRunner} from './command-runner.js';
import type {HangQuestion} from './types.js';

/** A question, and the time there is for it. */
export interface HangLook extends HangQuestion {
  /** Milliseconds since the epoch. */
  readonly until: number;
  pause(ms: number): Promise<void>;
}

/** What is left for the answer to get back. */
const answerMs = 60;

interface Row {
  readonly pid: number;
  readonly ppid: number;
  readonly state: string;
  readonly cpuRatio: number;
  readonly channel: string | null;
  readonly name: string;
}

/** macOS: what ps and lsof tell. `sample` takes longer than the life has left. */
export async function hangFactsDarwin(look: HangLook, run: ToolRunner = systemTools): Promise<HangFacts | null> {
  const left = (): number => Math.max(50, look.until - answerMs - Date.now());
  const table = await run('ps', ['-g', String(look.pid), '-o', 'pid=,ppid=,stat=,%cpu=,wchan=,comm='], left());
  const rows = table.failure === null ? table.output.split('\n').flatMap(rowOf) : [];
  const worker = workerOf(rows);
  if (worker === null) return null;
  const pids = rows.map(({pid}) => pid).join(',');
  const files = await run('lsof', ['-nP', '-a', '-p', pids, '-F', 'pftPnT'], left());
  const {peers, used} = files.failure === null ? readLsof(files.output, look, worker.pid) : {peers: [], used: null};
  return {
    pid: worker.pid,
    name: worker.name,
    state: worker.state,
    waitsIn: worker.channel === null ? null : waitKind(worker.channel),
    channel: worker.channel,
    threads: 1,
    cpuRatio: rows.reduce((sum, {cpuRatio}) => sum + cpuRatio, 0),
    wantedRatio: rows.reduce((sum, {cpuRatio}) => sum + cpuRatio, 0),
    busyThreads: worker.cpuRatio > 0.5 ? Math.max(1, Math.round(worker.cpuRatio)) : 0,
    openFiles: used === null ? null : {used, limit: null},
    peers,
    unread: 0,
    unaccepted: 0,
    stack: null,
  };
}

function rowOf(line: string): Row[] {
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+([\d.,]+)\s+(\S+)\s+(.+)$/.exec(line);
  if (match === null) return [];
  const [, pid, ppid, state = '', cpu = '0', channel = '-', command = ''] = match;
  const name = command.split('/').at(-1)?.trim() ?? command;
  // `U` is what Linux calls `D`.
  const shown = state.startsWith('U') ? 'D' : state.slice(0, 1);
  const cpuRatio = Number(cpu.replace(',', '.')) / 100;
  return [
    {pid: Number(pid), ppid: Number(ppid), state: shown, cpuRatio, channel: channel === '-' ? null : channel, name},
  ];
}

/** Who has children waits for them; of the others the one that takes most. */
function workerOf(rows: readonly Row[]): Row | null {
  const parents = new Set(rows.map(({ppid}) => ppid));
  const leaves = rows.filter(({pid}) => !parents.has(pid));
  return [...(leaves.length > 0 ? leaves : rows)].sort((a, b) => b.cpuRatio - a.cpuRatio)[0] ?? null;
}

/** One field a line: `p` pid, `f` descriptor, `t` type, `n` `local->peer`, `TST=` state. */
export function readLsof(
  output: string,
  {places, port: own}: Pick<HangQuestion, 'places' | 'port'>,
  worker: number,
): {readonly peers: readonly Peer[]; readonly used: number} {
  const counts = new Map<string, Peer>();
  let used = 0;
  let pid = 0;
  let name = '';
  for (const line of output.split('\n')) {
    const [field, value] = [line.slice(0, 1), line.slice(1)];
    if (field === 'p') pid = Number(value);
    if (field === 'f' && pid === worker && /^\d/.test(value)) used += 1;
    if (field === 'f') name = '';
    if (field === 'n') name = value;
    if (!line.startsWith('TST=')) continue;
    const match = /^(?:\[?[^\]>]*\]?):(\d+)->\[?([^\]]+?)\]?:(\d+)$/.exec(name);
    if (match === null || Number(match[1]) === own) continue;
    const state = line.slice(4).replace('_', '-');
    const [host, port] = [match[2] ?? '', Number(match[3])];
    const key = `${host} ${port} ${state}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, {host, port, state, count, name: peerName(host, port, places)});
  }
  return {peers: [...counts.values()], used};
}
