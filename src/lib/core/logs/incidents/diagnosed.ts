import {diagnose} from '../diagnosis/diagnose.js';
import type {LogDiagnosis, ProgramEnd} from '../diagnosis/log-diagnosis.js';
import type {KnownEvent} from './context.js';

/** Enough to see a cause, and short. */
const mostLines = 3000;
const leastConfidence = 0.55;

/** The cause that events prove, with the lines of their file; null where none is proven. */
export function diagnosed(events: readonly KnownEvent[], end: ProgramEnd): LogDiagnosis | null {
  const lines: {readonly text: string; readonly line: number}[] = [];
  for (const {spot, text} of events) {
    for (const [i, part] of text.split('\n').entries())
      lines.push({text: part, line: spot.line === 0 ? 0 : spot.line + i});
    if (lines.length > mostLines) break;
  }
  const found = diagnose(
    lines.map(({text}) => text),
    end,
  );
  const evidence = found.evidence.map(({line, text}) => ({line: lines[line - 1]?.line ?? 0, text}));
  const isProven = found.cause !== null && found.confidence >= leastConfidence && evidence.length > 0;
  return isProven ? {...found, evidence} : null;
}
