import {formatDuration} from '../../lib/core/report/format.js';
import type {ForwardStatus, StatusDocument} from '../../lib/core/report/status.js';
import {forwardsOf} from '../../lib/core/report/verdict.js';
import {type LogLevel, logLevels} from '../../lib/core/spec.js';
import {Chatter} from '../progress/chatter.js';
import {LiveRegion, type LiveStream, rowsOf} from '../progress/live-region.js';
import type {Progress} from '../progress/progress.js';
import {paintMark} from '../render/colour.js';
import {liveEvent} from '../render/events.js';
import {neutralise} from '../render/foreign.js';
import {answered, contextLines, remedyLines, times} from '../render/forwards.js';
import {indented, type View} from '../render/table.js';
import {cellWidth, cutEnd, cutMiddle, padEnd, padStart} from '../render/width.js';

export interface MonitorOptions {
  readonly stream: LiveStream;
  /** Asked at each redraw: the terminal may have been resized. */
  readonly view: () => View;
  readonly level: LogLevel;
  readonly names: readonly string[];
  /** Asked every second: an answer that changes nothing else is no news, yet its age is shown. null: nobody answers. */
  readonly refresh: () => Promise<StatusDocument | null>;
}

const everyMs = 1000;
const longestName = 24;
/** `waiting-for-network` */
const stateWidth = 19;
/** What was asked for by this very command. */
const known = new Set(['operator', 'supervisor-started', 'spawned', 'starting']);

/** Contexts and port-forwards stand at the end of the terminal as they are now; what happens scrolls up and stays. */
export function monitorProgress({stream, view, level, names, refresh}: MonitorOptions): Progress {
  const chatter = new Chatter();
  let document: StatusDocument | null = null;
  let receivedAt = Date.now();
  let isAsking = false;
  const region = new LiveRegion(stream, () =>
    document === null ? [] : monitorLines(document, names, view(), Date.now() - receivedAt, rowsOf(stream)),
  );
  const take = (next: StatusDocument): void => {
    document = next;
    receivedAt = Date.now();
    region.redraw();
  };
  const ticker = setInterval(() => {
    for (const summary of chatter.summaries(Date.now())) region.tell([summary]);
    region.redraw();
    if (isAsking) return;
    isAsking = true;
    refresh()
      .then((next) => next !== null && take(next))
      // Who follows the supervisor hears that it is gone, and says so.
      .catch(() => {})
      .finally(() => (isAsking = false));
  }, everyMs);
  ticker.unref();
  return {
    event: (event) => {
      if (logLevels.indexOf(event.level) < logLevels.indexOf(level)) return;
      if ((event.level === 'INFO' && known.has(event.type)) || !chatter.admits(event, Date.now())) return;
      region.tell(liveEvent(event, widthOf(names), view()));
    },
    status: take,
    notice: (text) => region.tell([text]),
    settled: () => region.flush(),
    beside: (print) => region.beside(print),
    close: () => {
      clearInterval(ticker);
      region.close();
    },
  };
}

const widthOf = (names: readonly string[]): number =>
  Math.min(longestName, Math.max(4, ...names.map((name) => cellWidth(name))));

/** @param sinceMs how old the document is: the ages in it grow on */
export function monitorLines(
  document: StatusDocument,
  names: readonly string[],
  view: View,
  sinceMs: number,
  rows: number,
): string[] {
  const forwards = forwardsOf(document).filter(({name}) => names.includes(name));
  const context = contextLines(document.contexts ?? [], view, {all: true});
  const lines = (shown: readonly ForwardStatus[]) =>
    shown.flatMap((forward) => monitorRow(forward, widthOf(names), view, sinceMs));
  const all = [...context, ...lines(forwards)];
  if (all.length < rows) return all;
  // Taller than the terminal: what is well needs no row of its own.
  const well = forwards.filter(({state}) => state === 'verified');
  const folded = `${paintMark(view.paint, view.glyphs, 'good')} ${well.length} verified`;
  return [...context, ...lines(forwards.filter((forward) => !well.includes(forward))), folded];
}

/** `● grafana  verified             3001  answered 1s ago  instead of 3000`, and below it what somebody has to do. */
export function monitorRow(forward: ForwardStatus, nameWidth: number, view: View, sinceMs: number): string[] {
  const {name, state, mark, port, primaryPort, note, diagnosis, nextTryInMs, lastLoss, restarts} = forward;
  const ago = answered(forward, sinceMs);
  const recovery = lastLoss?.recoveryMs ?? null;
  const words = [
    ago === null ? (state === 'stopped' ? null : 'never answered') : `answered ${ago}`,
    port !== null && port !== primaryPort ? `instead of ${primaryPort}` : null,
    mark === 'good' || diagnosis === null ? null : diagnosis.cause,
    mark === 'good' || note === null ? null : neutralise(note),
    nextTryInMs === null ? null : `next try in ${formatDuration(Math.max(0, nextTryInMs - sinceMs))}`,
    restarts > 0 && mark !== 'good' ? `replaced ${times(restarts)}` : null,
    mark === 'good' && recovery !== null ? `lost ${lastLoss?.reason ?? ''}, took ${formatDuration(recovery)}` : null,
  ].filter((part) => part !== null);
  const cells = [
    padEnd(cutMiddle(neutralise(name), nameWidth, view.glyphs.cut), nameWidth),
    padEnd(state, stateWidth),
    padStart(port === null ? view.glyphs.none : String(port), 5),
    ...words,
  ].join('  ');
  const text = view.columns === null ? cells : cutEnd(cells, view.columns - 2, view.glyphs.cut);
  const line = `${paintMark(view.paint, view.glyphs, mark)} ${text}`;
  if (mark !== 'failed' || diagnosis === null) return [line];
  const below = [
    ...diagnosis.evidence.slice(0, 1),
    ...remedyLines(diagnosis.remedy ?? '').map((at) => `remedy: ${at}`),
  ];
  return [line, ...below.flatMap((each) => indented(neutralise(each), nameWidth + 4, view.columns))];
}
