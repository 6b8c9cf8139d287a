import {join} from 'node:path';
import type {LogLevel} from '../../lib/core/spec.js';
import {lastLineOf} from '../log-tail.js';
import {viewOf, wantsLive} from '../terminal.js';
import {plainProgress} from './plain.js';
import {jsonlProgress, type Progress} from './progress.js';

export interface ProgressChoice {
  readonly output: 'text' | 'jsonl';
  /** `--json`: nobody looks at what happens on the way. */
  readonly quiet: boolean;
  readonly level: LogLevel;
  readonly colour: boolean | undefined;
  /** Where `<service>.log` lies; null: not known to an attached client. */
  readonly logDir: string | null;
}

/** For what is over soon and says at its end how it went. */
export const briefProgress = (quiet: boolean, colour: boolean | undefined): Promise<Progress> =>
  chooseProgress({output: 'text', quiet, level: 'INFO', colour, logDir: null});

/** Live only for somebody who looks at a terminal, lines otherwise. */
export async function chooseProgress(choice: ProgressChoice): Promise<Progress> {
  if (choice.output === 'jsonl') return jsonlProgress((line) => process.stdout.write(line));
  if (!choice.quiet && wantsLive(process.stderr)) {
    const {liveProgress} = await import('./live.js');
    return liveProgress({
      stream: process.stderr,
      view: () => viewOf(process.stderr, choice.colour),
      level: choice.level,
    });
  }
  const {logDir} = choice;
  return plainProgress({
    write: (text) => process.stderr.write(text),
    level: choice.quiet ? 'ERROR' : choice.level,
    lastLine: logDir === null ? null : (service) => lastLineOf(join(logDir, `${service}.log`)),
  });
}
