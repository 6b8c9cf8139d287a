import {mappedAsIPv4} from './listeners.js';

/** A listening TCP socket as macOS' `netstat -anvl -p tcp` shows it. */
export interface NetstatListener {
  readonly port: number;
  readonly address: string;
  /** `tcp46`: it takes IPv4 connections too. */
  readonly isDualStack: boolean;
  /** The process that used the socket last; null: not told by this version. */
  readonly pid: number | null;
}

const row = /^(tcp4|tcp6|tcp46)\s+\d+\s+\d+\s+(\S+)\.(\d+)\s+\S+\s+LISTEN\b\s*(.*)$/;

/**
 * Listeners of all users. The columns after the state differ: `rhiwat shiwat pid epid` until Sonoma, with `rxbytes
 * txbytes` before them in Sequoia, `process:pid` with a name that may contain blanks from Tahoe on. So the heading
 * decides where the pid stands.
 * @returns null: this is no output of netstat
 */
export function parseDarwinNetstat(output: string): readonly NetstatListener[] | null {
  const lines = output.split('\n');
  const heading = lines.find((line) => /^Proto\s.*\(state\)/i.test(line));
  if (heading === undefined) return null;
  const columns = heading.slice(heading.toLowerCase().indexOf('(state)')).trim().split(/\s+/).slice(1);
  const pidOf = pidReader(columns);
  const listeners: NetstatListener[] = [];
  for (const line of lines) {
    const match = row.exec(line.trimEnd());
    if (match === null) continue;
    const [, family, host, port, rest] = match as unknown as [string, string, string, string, string];
    listeners.push({
      port: Number(port),
      address: host === '*' ? (family === 'tcp4' ? '0.0.0.0' : '::') : mappedAsIPv4(withoutZone(host)),
      isDualStack: family === 'tcp46',
      pid: pidOf(rest),
    });
  }
  return listeners;
}

function pidReader(columns: readonly string[]): (rest: string) => number | null {
  const plain = columns.indexOf('pid');
  if (plain !== -1) return (rest) => positive(rest.split(/\s+/)[plain]);
  if (!columns.includes('process:pid')) return () => null;
  // The last colon: a name may have others, the columns behind it have none.
  return (rest) => positive(/^.*:(\d+)(?:\s|$)/.exec(rest)?.[1]);
}

function positive(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) && text !== '0' ? Number(text) : null;
}

/** `fe80::1%lo0`, and `fe80:1::1`, the kernel's own way of writing the same that lsof shows. */
export function withoutZone(address: string): string {
  return address.replace(/%.*$/, '').replace(/^fe80:[0-9a-f]+::/i, 'fe80::');
}
