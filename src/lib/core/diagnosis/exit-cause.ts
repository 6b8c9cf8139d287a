import {isFixed} from '../ports/choose-port.js';
import {rightsRemedy} from '../ports/port-failure.js';
import type {ServiceSpec} from '../spec.js';
import type {DiskBlocker, ExitStatus} from '../supervision/state.js';
import type {Diagnosis} from './diagnosis.js';
import {roomText, saysDiskFull} from './disk-full.js';
import {plain} from './plain.js';
import {besides, deniedPort, type TakenPort, takenPort} from './taken-port.js';

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

const errorLine =
  /\b\w*(?:error|exception)s?\b|\b(?:fatal|panic|critical|failed|cannot|refused|denied|not found|unable|no such)\b|\bE[A-Z]{4,}\b/i;

/** The line by which Node, Python, Java and others tell what nobody caught. */
const uncaught = /^(?:Uncaught |Exception in thread "[^"]*" )?(?:\w+[.:])*\w*(?:Error|Exception)(?:: .*|$)/;
/**
 * The line of a service's last output that tells most: the last one that speaks of an error, else the last one.
 * @param lines oldest first
 */
export function lastErrorLine(lines: readonly string[]): string | null {
  const clean = lines.map(plain).filter((line) => line.trim() !== '');
  return clean.findLast((line) => errorLine.test(line) && !besides.test(line)) ?? clean.at(-1) ?? null;
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
  const taken = takenPort(lines, port);
  if (taken !== null && port !== null) return lostPort(taken, spec, port, log);
  const denied = exit.code === 0 ? null : deniedPort(lines, port);
  if (denied !== null && port !== null)
    return {
      cause: 'port-reserved',
      confidence: 0.9,
      subject: `port ${port}`,
      evidence: [`${log} "${denied}"`],
      remedy: rightsRemedy(port),
    };
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
      cause: 'missing-module',
      confidence: 0.9,
      subject: spec.command.shell,
      evidence,
      remedy: 'the shell did not find a program of this command: check PATH and spelling',
    };
  }
  if (exit.code === 126) {
    return {
      cause: 'permission-denied',
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

/** It found its port taken, and said so. */
export function lostPort({line, movedTo}: TakenPort, spec: ServiceSpec, port: number, log: string): Diagnosis {
  const elsewhere = movedTo === null ? [] : [`it says that it listens on ${movedTo} instead, which nobody gave it`];
  const strict = movedTo === null ? '' : '; let it end when its port is taken (vite: --strictPort)';
  return {
    cause: 'port-in-use',
    confidence: 0.95,
    subject: `port ${port}`,
    evidence: [`${log} "${line}"`, ...elsewhere],
    remedy: `see who holds port ${port}: erp ports ${port}${spec.port !== null && isFixed(spec.port) ? `, or give ${spec.name} alternatives` : ''}${strict}`,
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
