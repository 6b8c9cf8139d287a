import type {CommandRunner} from './command-runner.js';
import {systemRunner} from './command-runner.js';
import type {ProcessRow, ProcessTable} from './process-table.js';

export const utf8 = '[Console]::OutputEncoding=[Text.Encoding]::UTF8;';

/**
 * PowerShell for processes by CIM (wmic is gone from newer Windows). One object a line as JSON: no dependence on
 * language, code page or column widths. Asking for the owner costs some milliseconds a process, so only these.
 */
export function processQuery(pids: readonly number[] | 'all'): string {
  const filter = pids === 'all' ? '' : `|Where-Object{@(${pids.join(',')}) -contains $_.ProcessId}`;
  const owner =
    pids === 'all'
      ? ''
      : ';o=$(try{$o=Invoke-CimMethod -InputObject $_ -MethodName GetOwner -ErrorAction Stop;' +
        "if($o.User){$o.Domain+'\\'+$o.User}}catch{})";
  return (
    `${utf8}Get-CimInstance Win32_Process${filter}|ForEach-Object{[pscustomobject]@{` +
    'p=$_.ProcessId;q=$_.ParentProcessId;n=$_.Name;c=$_.CommandLine;e=$_.ExecutablePath;' +
    's=if($_.CreationDate){([DateTimeOffset]$_.CreationDate).ToUnixTimeMilliseconds()}else{0};' +
    `u=([double]$_.UserModeTime+[double]$_.KernelModeTime)/1e7;r=$_.WorkingSetSize;t=$_.ThreadCount${owner}` +
    '}|ConvertTo-Json -Compress}'
  );
}
const query = processQuery('all');
const bootQuery = '([DateTimeOffset](Get-CimInstance Win32_OperatingSystem).LastBootUpTime).ToUnixTimeMilliseconds()';
/** Starting PowerShell takes half a second: one answer serves all questions of a moment. */
const freshMs = 1000;

interface WindowsRow extends ProcessRow {
  readonly commandLine: string | null;
  readonly executable: string | null;
  /** `DOMAIN\\name`; null: not asked for, or not told. */
  readonly user: string | null;
}

/** Processes by CIM. Windows has neither groups, sessions, zombies nor foreign environments. */
export class WindowsProcessTable implements ProcessTable {
  readonly #runner: CommandRunner;
  readonly startTimeHz = 1000;
  #bootId: string | null = null;
  #rows: ReadonlyMap<number, WindowsRow> = new Map();
  #readAt = -Infinity;

  constructor(runner: CommandRunner = systemRunner) {
    this.#runner = runner;
  }

  get bootId(): string {
    // Asked when needed: half a second at every start of the CLI would be too much.
    this.#bootId ??= (this.#runner.runSync('powershell.exe', powershell(bootQuery)) ?? '').trim() || 'unknown';
    return this.#bootId;
  }

  read(pid: number): WindowsRow | null {
    const known = this.#rows.get(pid);
    // Whoever existed a moment ago and still exists is the same one: Windows keeps a number while a handle is open.
    if (performance.now() - this.#readAt < freshMs) return known !== undefined && this.#exists(pid) ? known : null;
    this.#keep(this.#runner.runSync('powershell.exe', powershell(query)) ?? '');
    return this.#rows.get(pid) ?? null;
  }

  scan(callback: (rows: readonly ProcessRow[]) => void): void {
    this.#runner.run('powershell.exe', powershell(query), (output) => {
      this.#keep(output ?? '');
      callback([...this.#rows.values()]);
    });
  }

  /** All processes as they were when we last asked. */
  lastRows(): readonly ProcessRow[] {
    return [...this.#rows.values()];
  }

  firstInGroup(): number | null {
    return null;
  }

  uid(): number | null {
    return null;
  }

  environ(): string | null {
    return null;
  }

  commandLine(pid: number): string | null {
    return this.#rows.get(pid)?.commandLine ?? this.read(pid)?.commandLine ?? null;
  }

  cwd(): string | null {
    return null;
  }

  executable(pid: number): string | null {
    return this.#rows.get(pid)?.executable ?? null;
  }

  standardStreams(): readonly string[] {
    return [];
  }

  controlGroup(): string | null {
    return null;
  }

  #exists(pid: number): boolean {
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }

  #keep(output: string): void {
    this.#rows = new Map(parseCimProcesses(output).map((row) => [row.pid, row]));
    this.#readAt = performance.now();
  }
}

/** One JSON object a line, as `processQuery` makes them. */
export function parseCimProcesses(output: string): readonly WindowsRow[] {
  const rows: WindowsRow[] = [];
  for (const line of output.split(/\r?\n/)) {
    const text = line.replace(/^\ufeff/, '').trim();
    if (!text.startsWith('{')) continue;
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(text) as Record<string, unknown>;
    } catch {
      continue;
    }
    const started = Number(value['s']);
    const string = (name: string): string | null => (typeof value[name] === 'string' ? value[name] : null);
    rows.push({
      pid: Number(value['p']),
      ppid: Number(value['q']),
      pgrp: 0,
      session: 0,
      state: 'R',
      startTime: String(started),
      startedAt: started === 0 ? null : started,
      name: string('n') ?? '',
      commandLine: string('c'),
      executable: string('e'),
      user: string('o') || null,
      cpuSeconds: Number(value['u']),
      rssBytes: Number(value['r']),
      threads: Number(value['t']),
    });
  }
  return rows;
}

export const powershell = (script: string): string[] => [
  '-NoLogo',
  '-NoProfile',
  '-NonInteractive',
  '-ExecutionPolicy',
  'Bypass',
  '-Command',
  script,
];
