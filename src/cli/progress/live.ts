import {formatDuration} from '../../lib/core/report/format.js';
import type {ErpEvent, Mark, ServiceStatus, StatusDocument} from '../../lib/core/report/status.js';
import {forwardsOf, namesIn} from '../../lib/core/report/verdict.js';
import type {LogLevel} from '../../lib/core/spec.js';
import {logLevels} from '../../lib/core/spec.js';
import {markCodes} from '../render/marks.js';
import {paintMark} from '../render/colour.js';
import {liveEvent} from '../render/events.js';
import {neutralise} from '../render/foreign.js';
import type {View} from '../render/table.js';
import {cellWidth, cutEnd, cutMiddle, padEnd, padStart} from '../render/width.js';
import {Chatter} from './chatter.js';
import {forwardRow, isForwardUnderWay} from './forward-row.js';
import {LiveRegion, type LiveStream, rowsOf} from './live-region.js';
import type {Progress} from './progress.js';
import {StartList} from './start-list.js';

export interface LiveOptions {
  readonly stream: LiveStream;
  /** Asked at each redraw: the terminal may have been resized. */
  readonly view: () => View;
  readonly level: LogLevel;
}

const frameMs = 100;
const spinAfterMs = 300;
/** Names longer than this are cut in the live view. */
const longestName = 24;

/**
 * What is under way stands at the end of the terminal and moves; what has happened scrolls up and stays. A service that
 * became ready during the start leaves a row, every later change a line with its time.
 */
export function liveProgress(options: LiveOptions): Progress {
  const {stream} = options;
  const startedAt = Date.now();
  const chatter = new Chatter();
  let document: StatusDocument | null = null;
  let receivedAt = startedAt;
  let starting = true;
  let list: StartList | null = null;
  /** How long each start took, as its event tells. */
  const readyAfterMs = new Map<string, number>();

  const nameWidth = () =>
    Math.min(longestName, Math.max(4, ...(document === null ? [] : namesIn(document)).map((name) => cellWidth(name))));
  const region = new LiveRegion(stream, () => {
    if (document === null) return [];
    const now = Date.now();
    return regionLines(document, {
      view: options.view(),
      nameWidth: nameWidth(),
      sinceMs: now - receivedAt,
      spinning: now - startedAt > spinAfterMs,
      frame: Math.floor(now / frameMs),
      rows: rowsOf(stream),
    });
  });
  const tellRow = (name: string): void => {
    const took = readyAfterMs.get(name);
    const forward = document?.forwards?.find((each) => each.name === name);
    if (forward !== undefined) {
      const frame = {view: options.view(), nameWidth: nameWidth(), sinceMs: 0, mark: null, tookMs: took ?? null};
      region.tell([forwardRow(forward, frame)]);
    }
    const service = document?.services.find((each) => each.name === name);
    if (service === undefined) return;
    const row = {...service, uptimeMs: took ?? service.uptimeMs};
    region.tell([serviceRow(row, {view: options.view(), nameWidth: nameWidth(), sinceMs: 0, mark: null})]);
  };
  const ticker = setInterval(() => {
    for (const summary of chatter.summaries(Date.now())) region.tell([summary]);
    if (document !== null && somethingMoves(document)) region.redraw();
  }, frameMs);
  ticker.unref();

  return {
    event: (event: ErpEvent) => {
      const {afterMs} = event.facts ?? {};
      if (event.service !== null && readyTypes.has(event.type) && typeof afterMs === 'number') {
        readyAfterMs.set(event.service, afterMs);
      }
      document = document === null ? null : withNews(document, event);
      if (logLevels.indexOf(event.level) < logLevels.indexOf(options.level)) return;
      // During the start the rows below tell what is on its way; a good end leaves its row (see status).
      if (starting && event.level === 'INFO' && quietInStart.has(event.type)) return;
      if (!chatter.admits(event, Date.now())) return;
      region.tell(liveEvent(event, nameWidth(), options.view()));
    },
    status: (next) => {
      document = next;
      receivedAt = Date.now();
      if (starting) {
        // The first document may come before the start was asked for: then nothing is wanted yet.
        const all = [...next.services, ...forwardsOf(next)];
        const wanted = all.filter(({wanted}) => wanted === 'up').map(({name}) => name);
        if (wanted.length > 0) list ??= new StartList(wanted, {finished: tellRow, changed: () => region.redraw()});
        list?.status(next);
      }
      region.redraw();
    },
    notice: (text) => {
      region.tell([text]);
    },
    settled: async () => {
      starting = false;
      await list?.close();
      region.flush();
    },
    beside: (print) => region.beside(print),
    close: async () => {
      starting = false;
      await list?.close();
      clearInterval(ticker);
      region.close();
    },
  };
}

/** Events come at once, status documents a tenth of a second later: a row must not outlive the line that ends it. */
function withNews(document: StatusDocument, event: ErpEvent): StatusDocument {
  const state = event.type === 'stopped' || event.type === 'failed' || event.type === 'done' ? event.type : null;
  if (state === null) return document;
  return {
    ...document,
    services: document.services.map((service) => (service.name === event.service ? {...service, state} : service)),
  };
}

const readyTypes = new Set(['ready', 'forward-verified']);
const quietInStart = new Set([
  ...readyTypes,
  'spawned',
  'starting',
  'done',
  'waiting',
  'operator',
  'supervisor-started',
]);

const somethingMoves = (document: StatusDocument): boolean =>
  document.services.some(isUnderWay) || forwardsOf(document).some(isForwardUnderWay);

const isUnderWay = ({state, wanted, mark}: ServiceStatus) =>
  state === 'starting' ||
  state === 'stopping' ||
  state === 'backing-off' ||
  (state === 'waiting' && wanted === 'up') ||
  (state === 'ready' && mark === 'acting');

interface Frame {
  readonly view: View;
  readonly nameWidth: number;
  /** Since the status document came: what it says of ages grows on. */
  readonly sinceMs: number;
  readonly spinning: boolean;
  readonly frame: number;
  readonly rows: number;
}

function regionLines(document: StatusDocument, frame: Frame): string[] {
  const open = [
    ...document.services
      .filter(isUnderWay)
      .map((service) => () => serviceRow(service, {...frame, mark: spinner(service.mark, frame)})),
    ...forwardsOf(document)
      .filter(isForwardUnderWay)
      .map((forward) => () => forwardRow(forward, {...frame, mark: spinner(forward.mark, frame), tookMs: null})),
  ];
  const room = Math.max(3, frame.rows - 3);
  const shown = open.slice(0, open.length > room ? room - 1 : room);
  const lines = shown.map((row) => row());
  if (open.length > shown.length) lines.push(`  and ${open.length - shown.length} more`);
  return lines;
}

function spinner(mark: Mark, {view, spinning, frame}: Frame): string | null {
  if (!spinning || mark !== 'moving') return null;
  const {spinner: frames} = view.glyphs;
  return view.paint(markCodes.moving, frames[frame % frames.length] as string);
}

/** A sentence without what stands before it in its row. */
function rest(sentence: string, said: readonly string[]): string {
  const first = said.find((word) => sentence.startsWith(`${word} `));
  return first === undefined ? sentence : sentence.slice(first.length + 1);
}

/** `► worker    starting      –  pid 4133  1.1s  awaits log line "ready."` */
export function serviceRow(
  service: ServiceStatus,
  {view, nameWidth, sinceMs, mark}: Pick<Frame, 'view' | 'nameWidth' | 'sinceMs'> & {mark: string | null},
): string {
  const name = padEnd(cutMiddle(neutralise(service.name), nameWidth, view.glyphs.cut), nameWidth);
  const age = service.uptimeMs === null ? null : formatDuration(service.uptimeMs + sinceMs);
  const instead =
    service.moved != null
      ? neutralise(rest(service.moved.text, [service.name, String(service.port)]))
      : service.port !== null && service.primaryPort !== null && service.port !== service.primaryPort
        ? `instead of ${service.primaryPort}${service.portNote === null ? '' : `: ${neutralise(service.portNote)}`}`
        : null;
  const next =
    service.nextTryInMs === null ? null : `next try in ${formatDuration(Math.max(0, service.nextTryInMs - sinceMs))}`;
  const words = [
    age,
    instead,
    next,
    service.note === null ? null : neutralise(service.note),
    service.state === 'backing-off' && service.diagnosis !== null ? service.diagnosis.cause : null,
  ].filter((part) => part !== null);
  const cells = [
    `${name}  ${padEnd(service.state, 11)}  ${padStart(service.port === null ? view.glyphs.none : String(service.port), 5)}`,
    ...(service.pid === null ? [] : [`pid ${service.pid}`]),
    ...words,
  ].join('  ');
  const text = view.columns === null ? cells : cutEnd(cells, view.columns - 2, view.glyphs.cut);
  return `${mark ?? paintMark(view.paint, view.glyphs, service.mark)} ${text}`;
}
