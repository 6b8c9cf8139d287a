import {win32} from 'node:path';
import type {PortListener, PortSurvey, ReservedRange} from '../core/ports/survey.js';
import type {ToolAnswer, ToolRunner} from './command-runner.js';
import {mappedAsIPv4, type ListeningSocket} from './listeners.js';
import {parseNetstat} from './listeners.windows.js';
import {parseCimProcesses, powershell, processQuery, utf8} from './process-table.windows.js';

const timeoutMs = 5000;
/** A first start of PowerShell on a slow machine, with a virus scanner reading along. */
const powershellTimeoutMs = 15_000;

type Details = Pick<PortListener, 'name' | 'command' | 'user' | 'startedAt'>;

/**
 * Who listens on a Windows machine. netstat and netsh (twice, at the same time) answer within 100 ms, PowerShell needs
 * 300 and more only to start, tasklist /V seconds. So: netstat tells sockets and pids; only when a wanted port is held,
 * one PowerShell call for all holders tells name, command, start and owner by CIM, in UTF-8. tasklist gives the names
 * if PowerShell may not run; Get-NetTCPConnection the sockets if netstat does not. Nothing found because nothing could
 * be asked is never "free".
 */
export async function surveyWindows(
  run: ToolRunner,
  wanted: 'all' | readonly number[],
  systemRoot: string = process.env['SystemRoot'] ?? 'C:\\Windows',
): Promise<PortSurvey> {
  // By their full paths: Windows looks into the current folder before the PATH.
  const system = (...parts: readonly string[]): string => win32.join(systemRoot, 'System32', ...parts);
  const shell = (script: string): Promise<ToolAnswer> =>
    run(system('WindowsPowerShell', 'v1.0', 'powershell.exe'), powershell(script), powershellTimeoutMs);
  const [netstat, v4, v6] = await Promise.all([
    run(system('netstat.exe'), ['-ano'], timeoutMs),
    run(system('netsh.exe'), excludedArguments('ipv4'), timeoutMs),
    run(system('netsh.exe'), excludedArguments('ipv6'), timeoutMs),
  ]);
  const excluded = readExcluded([v4, v6]);
  const sockets = readNetstat(netstat) ?? readConnections(await shell(connectionQuery));
  if (sockets === null) {
    const why = netstat.failure ?? 'an output that is not understood';
    const problem = `who listens can not be told: netstat: ${why}, nor does Get-NetTCPConnection answer`;
    return {listeners: null, problem, reserved: excluded.ranges};
  }
  const ports = wanted === 'all' ? null : new Set(wanted);
  const asked = sockets.filter(({port}) => ports?.has(port) ?? true);
  const pids = [...new Set(asked.flatMap(({pid}) => pid ?? []))];
  const told = pids.length === 0 ? nobody : await describe(run, shell, system('tasklist.exe'), pids);
  const problems = [told.problem, excluded.problem].filter((problem) => problem !== null);
  return {
    listeners: asked.map((one) => listener(one, told)),
    problem: problems.length === 0 ? null : problems.join('; '),
    reserved: excluded.ranges,
  };
}

interface Told {
  readonly of: ReadonlyMap<number, Details>;
  /** Null: who is not told of does not exist (any more). */
  readonly problem: string | null;
}

const nobody: Told = {of: new Map(), problem: null};

async function describe(
  run: ToolRunner,
  shell: (script: string) => Promise<ToolAnswer>,
  tasklist: string,
  pids: readonly number[],
): Promise<Told> {
  const answer = await shell(processQuery(pids));
  const rows = parseCimProcesses(answer.output);
  const of = new Map(
    rows.map(({pid, name, commandLine, executable, user, startedAt}): [number, Details] => [
      pid,
      {name: name || null, command: commandLine ?? executable, user, startedAt},
    ]),
  );
  if (rows.length > 0 && answer.failure === null) return {of, problem: null};
  const tasks = parseTasklist((await run(tasklist, ['/FO', 'CSV', '/NH'], timeoutMs)).output);
  const why = answer.failure ?? (answer.complaint === '' ? 'no answer' : answer.complaint);
  const nothing = {command: null, user: null, startedAt: null};
  return {
    of: new Map([...[...tasks].map(([pid, name]): [number, Details] => [pid, {name, ...nothing}]), ...of]),
    problem: `PowerShell: ${why}: command lines and owners of the holders are missing`,
  };
}

/** A Windows without any listener does not exist (135, 445): then it was no output of netstat, or cut off before them. */
function readNetstat({output, code}: ToolAnswer): readonly ListeningSocket[] | null {
  if (code !== 0 || !output.endsWith('\n')) return null;
  const sockets = parseNetstat(output);
  return sockets.length === 0 ? null : sockets;
}

const connectionQuery =
  `${utf8}Get-NetTCPConnection -State Listen|Select-Object LocalAddress,LocalPort,OwningProcess` +
  '|ConvertTo-Json -Compress';

function readConnections({output, failure}: ToolAnswer): readonly ListeningSocket[] | null {
  const sockets = failure === null ? parseConnections(output) : null;
  return sockets === null || sockets.length === 0 ? null : sockets;
}

/**
 * JSON of Get-NetTCPConnection; a single one comes without brackets. The state, where it is there, is a number (2) or a
 * word.
 * @returns null: no JSON
 */
export function parseConnections(output: string): readonly ListeningSocket[] | null {
  let value: unknown;
  try {
    value = JSON.parse(output.replace(/^\ufeff/, ''));
  } catch {
    return null;
  }
  return [value].flat().flatMap((one: unknown): ListeningSocket[] => {
    if (typeof one !== 'object' || one === null) return [];
    const row = one as Readonly<Record<string, unknown>>;
    const [address, port, pid, state] = [row['LocalAddress'], row['LocalPort'], row['OwningProcess'], row['State']];
    if (typeof address !== 'string' || !Number.isInteger(port)) return [];
    if (state !== undefined && state !== 2 && state !== 'Listen') return [];
    const holder = typeof pid === 'number' && pid > 0 ? pid : null;
    const inode = `${address}:${String(port)}/${holder ?? '?'}`;
    return [{address: mappedAsIPv4(address), port: port as number, inode, uid: null, pid: holder}];
  });
}

const excludedArguments = (family: 'ipv4' | 'ipv6'): readonly string[] => [
  'interface',
  family,
  'show',
  'excludedportrange',
  'protocol=tcp',
];

/** Both families; what both exclude is told once. */
function readExcluded([v4, v6]: readonly [ToolAnswer, ToolAnswer]): {
  readonly ranges: readonly ReservedRange[];
  readonly problem: string | null;
} {
  const [first, second] = [parseExcluded(v4.output, 'ipv4'), parseExcluded(v6.output, 'ipv6')];
  const known = new Set(first?.map(({from, to}) => `${from}-${to}`));
  const ranges = [...(first ?? []), ...(second ?? []).filter(({from, to}) => !known.has(`${from}-${to}`))];
  const isWhole = first !== null && second !== null && v4.failure === null && v6.failure === null;
  const why = v4.failure ?? v6.failure ?? 'an output that is not understood';
  return {
    ranges: ranges.sort((a, b) => a.from - b.from),
    problem: isWhole ? null : `netsh: ${why}: which ports Windows excludes is not known`,
  };
}

/**
 * Ranges that Windows keeps back from everybody, for Hyper-V, WSL, containers or by an administrator (`*`). The words
 * are translated, the rule below the heading and the numbers are not.
 * @returns null: this is no such list
 */
export function parseExcluded(output: string, family: 'ipv4' | 'ipv6'): readonly ReservedRange[] | null {
  if (!/^-+\s+-+\s*$/m.test(output)) return null;
  const command = `netsh ${excludedArguments(family).join(' ')}`;
  return [...output.matchAll(/^\s*(\d{1,5})\s+(\d{1,5})(?:\s+(\*))?\s*$/gm)].flatMap(([, first, last, star]) => {
    const [from, to] = [Number(first), Number(last)];
    if (from > to || to > 65_535) return [];
    const by = star === undefined ? '' : ', set by an administrator';
    return [
      {from, to, why: 'excluded' as const, source: `${command}: ${from === to ? from : `${from} to ${to}`}${by}`},
    ];
  });
}

/** `"node.exe","4711","Console","1","45.000 K"`: the second column is a number in every language. */
export function parseTasklist(output: string): ReadonlyMap<number, string> {
  return new Map([...output.matchAll(/^"([^"]+)","(\d+)",/gm)].map(([, name, pid]) => [Number(pid), name as string]));
}

function listener({port, address, inode, pid}: ListeningSocket, {of, problem}: Told): PortListener {
  const holder = pid === null ? undefined : of.get(pid);
  // A socket that a child inherited goes on under the number of a parent which has ended.
  const isGone = holder === undefined && problem === null;
  return {
    ...{port, address, inode},
    pid: isGone ? null : pid,
    // Windows shows a socket for both families as two, of which each is listed here.
    isDualStack: address === '::' ? null : false,
    alsoHeldBy: [],
    name: holder?.name ?? (pid === 4 ? 'System' : null),
    command: holder?.command ?? null,
    user: holder?.user ?? null,
    startedAt: holder?.startedAt ?? null,
    // Neither folder nor environment of another process is told to anybody.
    cwd: null,
    mark: null,
  };
}
