import type {Diagnosis} from './diagnosis.js';

/** A service whose command ended well and soon, and left something running: it is a launcher, not the service. */
export function goesIntoBackground(left: {readonly pid: number; readonly command: string} | null): Diagnosis {
  const what = left === null ? 'processes of its group' : `${left.command} (pid ${left.pid})`;
  return {
    cause: 'goes-into-background',
    confidence: 0.9,
    subject: left?.command ?? null,
    evidence: [`its command ended with code 0 and left ${what} running`],
    remedy: 'use its foreground form, e.g. redis-server --daemonize no, nginx -g "daemon off;"',
  };
}
