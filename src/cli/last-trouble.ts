import {closeSync, fstatSync, openSync, readSync} from 'node:fs';
import {join} from 'node:path';
import {formatTime} from '../lib/core/report/format.js';
import type {ErpEvent} from '../lib/core/report/status.js';
import {neutralise} from './render/foreign.js';

const tailBytes = 128 * 1024;

/**
 * The last CRITICAL or ERROR of the last run, in lines for people: whoever finds nothing running asks why. If it names no
 * cause of its own (everything stops because of one service), the last one that does follows.
 */
export function lastTrouble(stateDir: string, now = new Date()): string[] {
  const bad = lastRun(eventsAt(join(stateDir, 'events.jsonl'))).filter(
    ({level}) => level === 'CRITICAL' || level === 'ERROR',
  );
  const last = bad.at(-1);
  if (last === undefined) return [];
  const cause = bad.findLast(({diagnosis}) => diagnosis !== undefined);
  const time = ({at}: ErpEvent) => formatTime(new Date(at), now);
  return [
    `The last run, ${time(last)}: ${last.text}`,
    ...(cause === undefined || cause === last ? [] : [`  ${time(cause)}: ${cause.text}`]),
    ...(cause?.diagnosis === undefined
      ? []
      : [`  cause: ${cause.diagnosis.cause}`, ...cause.diagnosis.evidence.map((line) => `  evidence: ${line}`)]),
  ].map(neutralise);
}

/** A run ends with the word of its supervisor, if it could still say it. */
function lastRun(events: readonly ErpEvent[]): readonly ErpEvent[] {
  const before = events.slice(0, -1).findLastIndex(({type}) => type === 'supervisor-stopping');
  return events.slice(before + 1);
}

function eventsAt(path: string): ErpEvent[] {
  let fd: number | null = null;
  try {
    fd = openSync(path, 'r');
    const {size} = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, tailBytes));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8').split('\n').flatMap(parsed);
  } catch {
    return []; // none, or not ours to read
  } finally {
    if (fd !== null) closeSync(fd);
  }
}

/** The first line of the piece may be cut, the last one torn. */
function parsed(line: string): ErpEvent[] {
  try {
    const event = JSON.parse(line) as Partial<ErpEvent> | null;
    return typeof event?.text === 'string' && typeof event.at === 'string' ? [event as ErpEvent] : [];
  } catch {
    return [];
  }
}
