import type {PortListener, PortSurvey, ReservedRange} from '../core/ports/survey.js';
import type {ToolAnswer, ToolRunner} from './command-runner.js';
import {parseLsof, type LsofSocket} from './listeners.darwin.js';
import {parseDarwinNetstat, withoutZone, type NetstatListener} from './netstat.darwin.js';
import {parsePs, psColumns} from './process-table.darwin.js';

/** Where macOS has them, whatever the PATH says; the system does not let them be moved. */
const lsof = '/usr/sbin/lsof';
const netstat = '/usr/sbin/netstat';
const ps = '/bin/ps';
const timeoutMs = 5000;

/** One listening socket and who has it open. */
interface Held {
  readonly port: number;
  readonly address: string;
  readonly isDualStack: boolean | null;
  readonly inode: string | null;
  readonly pids: readonly number[];
  readonly user: string | null;
}

interface Details {
  readonly name: string;
  readonly startedAt: number | null;
  readonly user: string | null;
  readonly command: string | null;
  readonly cwd: string | null;
  readonly mark: string | null;
}

/**
 * Who listens on a Mac. lsof tells holders and sockets exactly, but to an ordinary user only the own ones; not even
 * launchd's. netstat shows the sockets of everybody, with the process that used each last. One call of either for all
 * ports, at the same time; then one round of ps and lsof for all holders. Nothing found because nothing could be
 * asked is never "free".
 * @param isRoot then lsof sees everything, and no port is privileged
 */
export async function surveyDarwin(
  run: ToolRunner,
  wanted: 'all' | readonly number[],
  isRoot: boolean = process.getuid?.() === 0,
): Promise<PortSurvey> {
  const [lsofAnswer, netstatAnswer] = await Promise.all([
    run(lsof, ['-nP', '-iTCP', '-sTCP:LISTEN', '-FpLtdPn'], timeoutMs),
    run(netstat, ['-anvl', '-p', 'tcp'], timeoutMs),
  ]);
  const open = readLsof(lsofAnswer);
  const all = readNetstat(netstatAnswer);
  const reserved = isRoot ? [] : [privileged];
  // What an ordinary user's lsof does not show may be somebody else's.
  if (typeof all === 'string' && (typeof open === 'string' || !isRoot)) {
    const problem = typeof open === 'string' ? `${open}; ${all}` : `${all}, and lsof shows only our own`;
    return {listeners: null, problem: `who listens can not be told: ${problem}`, reserved};
  }
  const held = merge(typeof open === 'string' ? [] : open, typeof all === 'string' ? [] : all);
  const ports = wanted === 'all' ? null : new Set(wanted);
  const asked = held.filter(({port}) => ports?.has(port) ?? true);
  const details = await describe(run, [...new Set(asked.flatMap(({pids}) => pids))]);
  const problems = [
    typeof open === 'string' ? `${open}: holders are as netstat tells them` : null,
    typeof details === 'string' ? `${details}: names and start times of the holders are missing` : null,
  ].filter((problem) => problem !== null);
  return {
    listeners: asked.map((one) => listener(one, typeof details === 'string' ? null : details)),
    problem: problems.length === 0 ? null : problems.join('; '),
    reserved,
  };
}

/** The kernel's constant IPPORT_RESERVED; there is no sysctl for it. */
const privileged: ReservedRange = {
  from: 1,
  to: 1023,
  why: 'privileged',
  exceptOnAllAddresses: true,
  source:
    'macOS gives ports below 1024 on an exact address such as 127.0.0.1 to root only; on all addresses (0.0.0.0, ::) to everybody',
};

function readLsof(answer: ToolAnswer): readonly LsofSocket[] | string {
  const why = broken(answer);
  if (why !== null) return `lsof: ${why}`;
  // It ends with 1 and says nothing when it finds nobody that we may see.
  if (answer.output === '') return answer.code === 0 || isHarmless(answer.complaint) ? [] : `lsof: ${answer.complaint}`;
  const sockets = parseLsof(answer.output);
  return sockets.length === 0 && !/^p\d+$/m.test(answer.output) ? 'lsof: an output that is not understood' : sockets;
}

const isHarmless = (complaint: string): boolean => complaint === '' || /^lsof: WARNING/.test(complaint);

function readNetstat(answer: ToolAnswer): readonly NetstatListener[] | string {
  const why = broken(answer);
  if (why !== null) return `netstat: ${why}`;
  const listeners = answer.code === 0 ? parseDarwinNetstat(answer.output) : null;
  return listeners ?? `netstat: ${answer.complaint === '' ? 'an output that is not understood' : answer.complaint}`;
}

/** What was cut off in the middle of a line may lack just the port that is asked for. */
function broken({output, failure}: ToolAnswer): string | null {
  return failure ?? (output !== '' && !output.endsWith('\n') ? 'its output was cut off' : null);
}

/** What lsof tells, and what netstat sees beyond that. */
function merge(open: readonly LsofSocket[], all: readonly NetstatListener[]): readonly Held[] {
  const rows = groupBy(all, keyOf);
  const sockets = [...groupBy(open, (one) => `${one.inode} ${keyOf(one)}`).values()].map((same): Held => {
    const first = same[0] as LsofSocket;
    const family = rows.get(keyOf(first));
    return {
      port: first.port,
      address: first.address,
      isDualStack: first.address === '::' ? (family?.some((row) => row.isDualStack) ?? null) : false,
      inode: first.inode,
      // In the order of their numbers: the parent, that opened it, comes before its workers.
      pids: [...new Set(same.map(({pid}) => pid))].sort((a, b) => a - b),
      user: first.user,
    };
  });
  const seen = groupBy(sockets, keyOf);
  const unseen = [...rows].flatMap(([key, here]) => {
    const known = seen.get(key) ?? [];
    const holders = new Set(known.flatMap(({pids}) => pids));
    // Several sockets may share an address (SO_REUSEPORT): as many rows as lsof has sockets are explained.
    const unexplained = Math.max(0, here.length - known.length);
    return here
      .filter(({pid}) => pid === null || !holders.has(pid))
      .slice(0, unexplained)
      .map(
        ({port, address, isDualStack, pid}): Held => ({
          ...{port, address, isDualStack, inode: null, user: null},
          pids: pid === null ? [] : [pid],
        }),
      );
  });
  return [...sockets, ...unseen].sort((a, b) => a.port - b.port);
}

const keyOf = ({address, port}: {readonly address: string; readonly port: number}): string =>
  `${withoutZone(address)} ${port}`;

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** A string: why nothing is told. Who is missing has ended. */
async function describe(run: ToolRunner, pids: readonly number[]): Promise<ReadonlyMap<number, Details> | string> {
  if (pids.length === 0) return new Map();
  const list = pids.join(',');
  const [rows, commands, environments, folders] = await Promise.all([
    run(ps, ['-o', psColumns, '-p', list], timeoutMs),
    run(ps, ['-ww', '-o', 'pid=,user=,command=', '-p', list], timeoutMs),
    // -E appends the environment to the command; only our own processes' may be read.
    run(ps, ['-Eww', '-o', 'pid=,user=,command=', '-p', list], timeoutMs),
    run(lsof, ['-a', '-d', 'cwd', '-p', list, '-Fpn'], timeoutMs),
  ]);
  const why = broken(rows) ?? (rows.output === '' && rows.complaint !== '' ? rows.complaint : null);
  if (why !== null) return `ps: ${why}`;
  const [told, withEnvironment, cwds] = [perPid(commands), perPid(environments), parseFolders(folders.output)];
  return new Map(
    parsePs(rows.output).map(({pid, name, startedAt}): [number, Details] => {
      const {user = null, command = null} = told.get(pid) ?? {};
      const beyond = withEnvironment.get(pid)?.command.slice(command?.length ?? 0) ?? '';
      const mark = command === null ? null : (/ ERP_MARK=(\S+)/.exec(beyond)?.[1] ?? null);
      return [pid, {name, startedAt, user, command, cwd: cwds.get(pid) ?? null, mark}];
    }),
  );
}

function perPid({output}: ToolAnswer): ReadonlyMap<number, {readonly user: string; readonly command: string}> {
  const matches = output.matchAll(/^\s*(\d+)\s+(\S+)\s+(.*?)\s*$/gm);
  return new Map([...matches].map(([, pid, user, command]) => [Number(pid), {user, command} as never]));
}

function parseFolders(output: string): ReadonlyMap<number, string> {
  const folders = new Map<number, string>();
  let pid: number | null = null;
  for (const line of output.split('\n')) {
    if (line.startsWith('p')) pid = Number(line.slice(1));
    else if (line.startsWith('n/') && pid !== null) folders.set(pid, line.slice(1));
  }
  return folders;
}

function listener(held: Held, details: ReadonlyMap<number, Details> | null): PortListener {
  // The number that netstat keeps may be that of a process which has long ended.
  const living = details === null ? held.pids : held.pids.filter((pid) => details.has(pid));
  const [pid = null, ...alsoHeldBy] = living;
  const holder = pid === null ? null : (details?.get(pid) ?? null);
  return {
    port: held.port,
    address: held.address,
    isDualStack: held.isDualStack,
    inode: held.inode,
    pid,
    alsoHeldBy,
    name: holder?.name ?? null,
    command: holder?.command ?? null,
    user: holder?.user ?? held.user,
    startedAt: holder?.startedAt ?? null,
    cwd: holder?.cwd ?? null,
    mark: holder?.mark ?? null,
  };
}
