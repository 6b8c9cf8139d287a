import {decodeBytes} from '../../lib/core/logs/scan/text.js';
import type {LogInput} from '../../lib/runtime/log-analysis/collect-logs.js';
import {wholeText} from '../../lib/runtime/log-analysis/whole-text.js';

/** Lines of logs as one list, for what needs more than counts. Of very long ones the beginning and the end. */
export interface WholeLog {
  readonly lines: readonly string[];
  /** The number in its log of the line with this index, 1-based. */
  readonly numberOf: (index: number) => number;
}

export async function readWhole(inputs: readonly LogInput[]): Promise<WholeLog> {
  const lines: string[] = [];
  const jumps: {readonly from: number; readonly by: number}[] = [];
  for (const input of inputs) {
    const {head, tail, skippedLines} = await wholeText(input);
    lines.push(...linesOf(head));
    if (tail === null) continue;
    jumps.push({from: lines.length, by: skippedLines});
    lines.push(...linesOf(tail));
  }
  return {
    lines,
    numberOf: (index) => index + 1 + jumps.reduce((sum, {from, by}) => (index >= from ? sum + by : sum), 0),
  };
}

function linesOf(bytes: Buffer): string[] {
  const lines = decodeBytes(bytes, 0, bytes.length).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
