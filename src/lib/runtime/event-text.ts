import {closeSync, fstatSync, openSync, readSync} from 'node:fs';
import {certainty} from '../core/diagnosis/diagnosis.js';
import type {ErpEvent} from '../core/report/status.js';

/** The line of the log: the event, and under it why. */
export function logText(event: ErpEvent): string {
  const {diagnosis} = event;
  if (diagnosis === undefined) return event.text;
  const subject = diagnosis.subject === null ? '' : `: ${diagnosis.subject}`;
  const lines = [
    event.text,
    `cause: ${diagnosis.cause} (${certainty(diagnosis)})${subject}`,
    ...diagnosis.evidence.map((evidence) => `evidence: ${evidence}`),
  ];
  return [...lines, ...(diagnosis.remedy === null ? [] : [`remedy: ${diagnosis.remedy}`])].join('\n');
}

/** Number of the last event that was written, so that numbers go on over a restart of the supervisor. */
export function lastSeq(path: string): number {
  try {
    const fd = openSync(path, 'r');
    try {
      const {size} = fstatSync(fd);
      const length = Math.min(size, 64 * 1024);
      const buffer = Buffer.alloc(length);
      readSync(fd, buffer, 0, length, size - length);
      for (const line of buffer.toString('utf8').split('\n').reverse()) {
        try {
          const {seq} = JSON.parse(line) as Partial<ErpEvent>;
          if (typeof seq === 'number') return seq;
        } catch {
          // Torn or cut: the line before tells.
        }
      }
    } finally {
      closeSync(fd);
    }
  } catch {
    // No file yet.
  }
  return 0;
}
