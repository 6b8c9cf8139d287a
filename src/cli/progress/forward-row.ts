import {formatDuration} from '../../lib/core/report/format.js';
import type {ForwardStatus} from '../../lib/core/report/status.js';
import {paintMark} from '../render/colour.js';
import {neutralise} from '../render/foreign.js';
import {answered} from '../render/forwards.js';
import type {View} from '../render/table.js';
import {cutEnd, cutMiddle, padEnd, padStart} from '../render/width.js';

export const isForwardUnderWay = ({state, wanted, mark}: ForwardStatus): boolean =>
  wanted === 'up' ? state !== 'verified' && mark !== 'unknown' && mark !== 'failed' : state !== 'stopped';

/** `● grafana   verified   3001  pid 4120  0.9s  instead of 3000: frontend wants it` */
export function forwardRow(
  forward: ForwardStatus,
  {
    view,
    nameWidth,
    sinceMs,
    mark,
    tookMs,
  }: {
    readonly view: View;
    readonly nameWidth: number;
    readonly sinceMs: number;
    readonly mark: string | null;
    /** How long its start took; null: it is under way. */
    readonly tookMs: number | null;
  },
): string {
  const {state, port, primaryPort, portNote, pid, note, diagnosis, nextTryInMs} = forward;
  const name = padEnd(cutMiddle(neutralise(forward.name), nameWidth, view.glyphs.cut), nameWidth);
  const age = answered(forward, sinceMs);
  const words = [
    pid === null ? null : `pid ${pid}`,
    tookMs !== null ? formatDuration(tookMs) : state === 'verified' || age === null ? null : `answered ${age}`,
    port !== null && port !== primaryPort
      ? `instead of ${primaryPort}${portNote === null ? '' : `: ${neutralise(portNote)}`}`
      : null,
    nextTryInMs === null ? null : `next try in ${formatDuration(Math.max(0, nextTryInMs - sinceMs))}`,
    diagnosis === null || state === 'verified' ? null : diagnosis.cause,
    note === null ? null : neutralise(note),
  ].filter((part) => part !== null);
  const local = padStart(port === null ? view.glyphs.none : String(port), 5);
  const cells = [`${name}  ${padEnd(state, 11)}  ${local}`, ...words].join('  ');
  const text = view.columns === null ? cells : cutEnd(cells, view.columns - 2, view.glyphs.cut);
  return `${mark ?? paintMark(view.paint, view.glyphs, forward.mark)} ${text}`;
}
