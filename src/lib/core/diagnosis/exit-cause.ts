import type {ServiceSpec} from '../spec.js';
import type {DiskBlocker, ExitStatus} from '../supervision/state.js';
import type {Diagnosis} from './diagnosis.js';
import {roomText, saysDiskFull} from './disk-full.js';

/** Signals a process gets for a fault of its own; the others come from somebody. */
const faults: Readonly<Record<string, string>> = {
  SIGSEGV: 'it touched memory that is not its own (a native library, often)',
  SIGBUS: 'it touched memory that is not there (a truncated mapped file, often)',
  SIGILL: 'it met an instruction that this processor does not know (built for another one?)',
  SIGFPE: 'arithmetic fault',
  SIGABRT: 'it ended itself after an assertion failed',
  SIGTRAP: 'trap without a debugger',
  SIGSYS: 'a forbidden system call',
};

const portTaken =
  /EADDRINUSE|address already in use|(?:WinError|Errno) ?(?:98|48|10048)\b|Only one usage of each socket address|bind\(\) to .* failed \(98|\bport:? \d+ (?:is|was) (?:already )?in use|already running on port|connection in use: /i;
/** `127.0.0.1:80`, `[::]:80`, `:::3000`, `tcp :8080`, `('127.0.0.1', 8000)`, `port 5173`: a time of day is none of these. */
const namedPort =
  /(?:(?:\d{1,3}\.){3}\d{1,3}|\]|\*|localhost|::|\btcp[46]?\s):(\d{1,5})\b|['"], (\d{1,5})\)|\bport:? (\d{1,5})\b/gi;
const errorLine =
  /\b\w*(?:error|exception)s?\b|\b(?:fatal|panic|critical|failed|cannot|refused|denied|not found|unable|no such)\b|\bE[A-Z]{4,}\b/i;

/** The line by which Node, Python, Java and others tell what nobody caught. */
const uncaught = /^(?:Uncaught |Exception in thread "[^"]*" )?(?:\w+[.:])*\w*(?:Error|Exception)(?:: .*|$)/;
/** Frames of a stack, and the properties Node prints below an error: they repeat what the line above has said. */
const besides = /^\s+(?:at |(?:errno|code|syscall|address|port|path|dest|requireStack|\[cause\]):)/;

/**
 * The line of a service's last output that tells most: the last one that speaks of an error, else the last one.
 * @param lines oldest first
 */
export function lastErrorLine(lines: readonly string[]): string | null {
  const clean = lines.map(plain).filter((line) => line.trim() !== '');
  return clean.findLast((line) => errorLine.test(line) && !besides.test(line)) ?? clean.at(-1) ?? null;
}

/** Without ANSI and control characters, cut: for evidence that is shown. */
export function plain(line: string): string {
  // biome-ignore lint: control characters are what we look for
  return line
    .replace(
      /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g,
      '',
    )
    .slice(0, 300);
}

/** Does the last output say that the service's own port was taken? */
export function saysPortTaken(lines: readonly string[], port: number | null): boolean {
  if (port === null) return false;
  return lines.some((line) => {
    if (!portTaken.test(line)) return false;
    // A message that names ports must name ours: a backend that can't reach another's port says similar things.
    const named = [...line.matchAll(namedPort)].map((match) => Number(match[1] ?? match[2] ?? match[3]));
    return named.length === 0 || named.includes(port);
  });
}

/**
 * Why a process ended, as far as its exit and its last lines tell. Never a guess dressed as a fact: without a clue the
 * cause is `unknown` and the evidence its last words.
 * @param lines last lines of output, oldest first
 * @param log   the file they stand in, as it is shown
 * @param disk  a full one that its words may be about
 */
export function exitCause(
  exit: ExitStatus,
  lines: readonly string[],
  spec: ServiceSpec,
  port: number | null,
  log: string,
  disk: DiskBlocker | null = null,
): Diagnosis {
  const last = lastErrorLine(lines);
  const evidence = last === null ? [`${log} has no output of this life`] : [`${log} "${last.trim()}"`];
  const look = `erp logs ${spec.name} -n 60`;
  if (saysPortTaken(lines, port)) {
    const words = lines.findLast((line) => portTaken.test(line) && !besides.test(line))?.trim();
    return {
      cause: 'port-taken',
      confidence: 0.95,
      subject: `port ${port}`,
      evidence: words === undefined ? evidence : [`${log} "${words}"`],
      remedy: `see who holds port ${port}, or give ${spec.name} alternatives`,
    };
  }
  const full = exit.code === 0 ? null : saysDiskFull(lines);
  if (full !== null) return diskFull(`${log} "${plain(full).trim()}"`, disk);
  if (exit.signal !== null) {
    const fault = faults[exit.signal];
    const remedy =
      fault === undefined
        ? exit.signal === 'SIGKILL'
          ? 'was it the kernel (out of memory)? look: dmesg | grep -i "killed process"; else somebody did it by hand'
          : null
        : `${fault}; look at its last lines: ${look}`;
    return {
      cause: 'killed-by-signal',
      confidence: 0.95,
      subject: exit.signal,
      // Whoever is killed has usually said nothing about it: an ordinary last line is no evidence.
      evidence: [`ended by ${exit.signal}`, ...(last !== null && errorLine.test(last) ? evidence : [])],
      remedy,
    };
  }
  if (exit.code === 127 && spec.command !== null && 'shell' in spec.command) {
    return {
      cause: 'missing-executable',
      confidence: 0.9,
      subject: spec.command.shell,
      evidence,
      remedy: 'the shell did not find a program of this command: check PATH and spelling',
    };
  }
  if (exit.code === 126) {
    return {
      cause: 'not-executable',
      confidence: 0.9,
      subject: null,
      evidence,
      remedy: 'the program may not be executed: chmod +x, or is it for another system?',
    };
  }
  if (exit.code === 0) {
    return {
      cause: 'ended-by-itself',
      confidence: 0.9,
      subject: 'exit code 0',
      evidence,
      remedy: `if that is right, say restart: on-failure or kind: job; else look: ${look}`,
    };
  }
  const exception = last === null ? null : uncaught.exec(last.trim());
  if (exception !== null && exit.code !== null) {
    return {
      cause: 'unhandled-exception',
      confidence: 0.7,
      subject: exception[0].slice(0, 120),
      evidence,
      remedy: `see what led to it: ${look}`,
    };
  }
  return {
    cause: 'unknown',
    confidence: 0.3,
    subject: exit.code === null ? null : `exit code ${exit.code}`,
    evidence,
    remedy: `look at its last lines: ${look}`,
  };
}

/** Its words alone are likely to be right; with a disk that is full now they are. */
export function diskFull(said: string, disk: DiskBlocker | null): Diagnosis {
  return disk === null
    ? {
        cause: 'disk-full',
        confidence: 0.6,
        subject: null,
        evidence: [said, 'the disks that it is known to use have room now'],
        remedy: 'look at the disk that it writes to (df -h, df -i) and for a quota',
      }
    : {
        cause: 'disk-full',
        confidence: 0.95,
        subject: disk.path,
        evidence: [said, roomText(disk.path, disk)],
        remedy: `make room on ${disk.path}, see what fills it: du -xh -d 1 ${disk.path} | sort -h; it starts by itself then`,
      };
}
