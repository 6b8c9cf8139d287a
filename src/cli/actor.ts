import {readlinkSync} from 'node:fs';
import {userInfo} from 'node:os';
import {isatty} from 'node:tty';
import {maskSecrets} from '../lib/core/config/secrets.js';
import type {Actor} from '../lib/core/report/status.js';

/** Who asks: every action of an operator is an event with their name in it. */
export function actor(argv: readonly string[] = process.argv.slice(2), env: NodeJS.ProcessEnv = process.env): Actor {
  return {
    user: env['SUDO_USER'] || userName(),
    tty: terminalName(),
    from: (env['SSH_CONNECTION'] ?? env['SSH_CLIENT'] ?? '').split(' ')[0] || null,
    commandLine: maskSecrets(`erp ${argv.join(' ')}`.trimEnd()),
  };
}

export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`; // no entry in the passwd file, as in many containers
  }
}

/** `/dev/pts/3`; null without a terminal. */
export function terminalName(): string | null {
  for (const fd of [0, 2, 1]) {
    if (!isatty(fd)) continue;
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return `terminal of pid ${process.pid}`;
    }
  }
  return null;
}

/** Name under which a foreground command holds its services. */
export const leaseName = () => terminalName() ?? `pid ${process.pid}`;
