import {formatDuration} from '../../lib/core/report/format.js';
import type {ErpEvent, StatusDocument} from '../../lib/core/report/status.js';
import {forwardsOf} from '../../lib/core/report/verdict.js';
import type {LogLevel} from '../../lib/core/spec.js';
import {logLevels} from '../../lib/core/spec.js';
import {plainEvent, plainLine} from '../render/events.js';
import {neutralise} from '../render/foreign.js';
import {cutEnd} from '../render/width.js';
import type {Progress} from './progress.js';
import {Chatter} from './chatter.js';
import {isForwardUnderWay} from './forward-row.js';

export interface PlainOptions {
  readonly write: (text: string) => void;
  /** Lines below it are for the file only. */
  readonly level: LogLevel;
  /** What a service wrote last, for those that let one wait; null: not known where it writes. */
  readonly lastLine: ((service: string) => string | null) | null;
  readonly now?: () => Date;
}

const awaitedEveryMs = 10_000;
const summariesEveryMs = 1_000;

/** A line per change in the form of the log; every 10 s what is still awaited, with that service's last line. */
export function plainProgress(options: PlainOptions): Progress {
  const now = options.now ?? (() => new Date());
  const chatter = new Chatter();
  let document: StatusDocument | null = null;
  let since = now().getTime();
  const shown = (level: LogLevel) => logLevels.indexOf(level) >= logLevels.indexOf(options.level);
  const summaries = () => {
    for (const summary of chatter.summaries(now().getTime())) options.write(`${plainLine(now(), 'INFO', summary)}\n`);
  };
  const tick = () => {
    for (const line of awaited(document, now().getTime() - since, options.lastLine)) {
      options.write(`${plainLine(now(), 'INFO', line)}\n`);
    }
  };
  const timers = [setInterval(tick, awaitedEveryMs).unref(), setInterval(summaries, summariesEveryMs).unref()];
  return {
    event: (event: ErpEvent) => {
      if (shown(event.level) && chatter.admits(event, now().getTime())) options.write(`${plainEvent(event)}\n`);
    },
    status: (next) => {
      document = next;
    },
    notice: (text) => {
      since = now().getTime();
      options.write(`${plainLine(now(), 'INFO', text)}\n`);
    },
    settled: () => {
      since = now().getTime();
    },
    beside: (print) => print(),
    close: () => {
      summaries();
      for (const timer of timers) clearInterval(timer);
    },
  };
}

function awaited(document: StatusDocument | null, sinceMs: number, lastLine: PlainOptions['lastLine']): string[] {
  if (document === null) return [];
  const open = [
    ...document.services.filter(({state}) => state === 'starting' || state === 'stopping'),
    ...forwardsOf(document).filter(isForwardUnderWay),
  ];
  return open.map(({name, state, note}) => {
    const last = lastLine?.(name) ?? null;
    const words = last === null ? '; no output yet' : `; last line: ${cutEnd(neutralise(last), 160, '…')}`;
    const why = note === null || note === state ? '' : `, ${note}`;
    return `still waiting for ${name}: ${state}${why}, ${formatDuration(sinceMs)} so far${lastLine === null ? '' : words}`;
  });
}
