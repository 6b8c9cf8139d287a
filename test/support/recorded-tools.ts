import {readFileSync} from 'node:fs';
import {join, win32} from 'node:path';
import type {ToolAnswer, ToolRunner} from '../../src/lib/platform/command-runner.js';

export interface RecordedTools {
  readonly run: ToolRunner;
  /** Command lines, without the folders of the tools. */
  readonly calls: string[];
}

/**
 * Tools that answer as recorded: the first entry whose key the command line (without the tool's folder) begins with.
 * Who has no answer is not installed.
 */
export function recordedTools(answers: Readonly<Record<string, string | Partial<ToolAnswer>>>): RecordedTools {
  const calls: string[] = [];
  const nothing = {output: '', complaint: '', code: 0, failure: null};
  const run: ToolRunner = (file, args) => {
    const line = [win32.basename(file), ...args].join(' ');
    calls.push(line);
    const answer = Object.entries(answers).find(([start]) => line.startsWith(start))?.[1] ?? notInstalled;
    return Promise.resolve({...nothing, ...(typeof answer === 'string' ? {output: answer} : answer)});
  };
  return {run, calls};
}

export const notInstalled: Partial<ToolAnswer> = {code: null, failure: 'not found'};
export const tooSlow: Partial<ToolAnswer> = {code: null, failure: 'no answer within 5s'};

export const listenerFixture = (name: string): string =>
  readFileSync(join(process.cwd(), 'test/fixtures/listeners', name), 'utf8');
