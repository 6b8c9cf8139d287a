import type {Spot} from '../../lib/core/logs/analysis.js';
import type {LogReport} from '../../lib/core/logs/report.js';
import {formatDateTime, formatTime} from '../../lib/core/report/format.js';
import {neutralise} from '../render/foreign.js';
import type {View} from '../render/table.js';
import {cutEnd} from '../render/width.js';

/** `1,234,567`: counts of events get long. */
export const grouped = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `:12` where there is one log, else `backend.log:12`. */
export function placeOf(spot: Spot, report: Pick<LogReport, 'analysis'>): string {
  const {sources} = report.analysis;
  const name = sources[spot.source]?.name ?? '';
  const line = spot.line === 0 ? '' : `:${spot.line}`;
  return sources.length === 1 ? line : `${name}${line}`;
}

/** Within one day its clock, else with the date. */
export function timeIn(time: number | null, report: Pick<LogReport, 'analysis'>, view: View): string {
  if (time === null) return view.glyphs.none;
  const {from, to} = report.analysis;
  const day = (at: number): string => new Date(at).toDateString();
  const isOneDay = from !== null && to !== null && day(from) === day(to);
  return isOneDay ? formatTime(new Date(time), new Date(time)) : formatDateTime(new Date(time));
}

/** Text of a log in one row of the screen. */
export const said = (text: string, view: View, room = 200): string =>
  cutEnd(
    neutralise(text.split('\n', 1)[0] ?? '')
      .replace(/\s+/g, ' ')
      .trim(),
    room,
    view.glyphs.cut,
  );

export const isUtf8 = (view: View): boolean => view.glyphs.cut === '…';
