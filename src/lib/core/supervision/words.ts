import {formatDuration} from '../report/format.js';
import type {ServiceSpec} from '../spec.js';
import type {ExitStatus, LifeEnd, ListenerBlocker} from './state.js';

/** "exited with code 1", "killed by SIGSEGV". */
export function exitText(exit: ExitStatus | null): string {
  if (exit === null) return 'ended';
  if (exit.signal !== null) return `killed by ${exit.signal}`;
  return exit.code === null ? 'ended (exit code unknown)' : `exited with code ${exit.code}`;
}

/** First half of the line that tells of an unplanned end; `after` is how long it had lived. */
export function endText(end: LifeEnd, spec: ServiceSpec, afterMs: number | null): string {
  const after = afterMs === null ? '' : ` after ${formatDuration(afterMs)}`;
  switch (end.kind) {
    case 'exit':
      return `${exitText(end.exit)}${after}`;
    case 'port':
      return `did not get its port${after}`;
    case 'hang':
      return `hung: no answer for ${formatDuration(spec.policy.timeoutThresholdMs)}`;
    case 'start-timeout':
      return `not ready within ${formatDuration(spec.policy.startTimeoutMs)}`;
    case 'unhealthy':
      return `unhealthy for ${formatDuration(spec.policy.unhealthyForMs ?? 0)}`;
    case 'reboot':
      return end.diagnosis.evidence[0] ?? 'machine rebooted';
    case 'spawn':
      return 'could not be started';
    case 'prepare':
      return 'cannot start';
  }
}

export function pauseText(ms: number): string {
  return ms === 0 ? 'at once' : `in ${formatDuration(ms)}`;
}

/** "redis (127.0.0.1:6379)", "db.erp.local:5432". */
export function listenerText({host, port, service}: ListenerBlocker): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return service === null ? address : `${service} (${address})`;
}
