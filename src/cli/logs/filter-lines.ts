import {stripControls} from '../render/foreign.js';
import type {LineLevel} from './line-times.js';
import {isAtLeast, levelOf} from './line-times.js';
import type {LogLine} from './read-lines.js';

export interface LineFilter {
  /** Milliseconds since the epoch; null: no limit. Lines whose time nobody knows pass. */
  readonly since: number | null;
  readonly until: number | null;
  readonly grep: RegExp | null;
  /** This one and all that are worse; lines without a level belong to the one above them. */
  readonly level: LineLevel | null;
}

/** A traceback of more lines than this is judged by itself. */
const longestEvent = 2000;

const inTime = (line: LogLine, {until}: LineFilter) => until === null || line.at === null || line.at <= until;
const matches = (line: LogLine, {grep}: LineFilter) => grep === null || grep.test(stripControls(line.text));

/** For a source that descends in time: ends as soon as everything else is too old. */
export async function* filterBackwards(source: AsyncIterable<LogLine>, filter: LineFilter): AsyncGenerator<LogLine> {
  let open: LogLine[] = [];
  for await (const line of source) {
    if (filter.since !== null && line.at !== null && line.at < filter.since) break;
    if (!inTime(line, filter)) continue;
    if (filter.level === null) {
      if (matches(line, filter)) yield line;
      continue;
    }
    open.push(line);
    const level = levelOf(stripControls(line.text));
    if (level === null && open.length < longestEvent) continue;
    if (isAtLeast(level ?? 'INFO', filter.level)) yield* open.filter((each) => matches(each, filter));
    open = [];
  }
  // What stands above the first level that was ever named.
  if (filter.level !== null && isAtLeast('INFO', filter.level)) yield* open.filter((each) => matches(each, filter));
}

/** For a source that ascends, one service only. */
export async function* filterForwards(source: AsyncIterable<LogLine>, filter: LineFilter): AsyncGenerator<LogLine> {
  const passes = lineGate(filter);
  for await (const line of source) {
    if (filter.until !== null && line.at !== null && line.at > filter.until) break;
    if (filter.since !== null && line.at !== null && line.at < filter.since) continue;
    if (passes(line)) yield line;
  }
}

/** Remembers for each service how its last line with a level was judged. */
export function lineGate(filter: LineFilter): (line: LogLine) => boolean {
  const judged = new Map<string, boolean>();
  return (line) => {
    if (filter.level !== null) {
      const level = levelOf(stripControls(line.text));
      if (level !== null) judged.set(line.service, isAtLeast(level, filter.level));
      if (!(judged.get(line.service) ?? isAtLeast('INFO', filter.level))) return false;
    }
    return matches(line, filter);
  };
}
