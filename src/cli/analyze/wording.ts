import type {Spot} from '../../lib/core/logs/analysis.js';
import type {Incident, LogReport} from '../../lib/core/logs/report.js';
import {formatDateTime, formatShare, formatTime} from '../../lib/core/report/format.js';
import {neutralise} from '../render/foreign.js';
import type {View} from '../render/table.js';
import {cutEnd, cutMiddle} from '../render/width.js';

/** Cells before the text of a row. */
export const labelWidth = 11;
/** Of a path its beginning and its end tell most. */
const longestName = 40;

/** `1,234,567`: counts of events get long. */
export const grouped = (count: number): string => String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `:12` where there is one log, else `backend.log:12`. */
export function placeOf(spot: Spot, report: Pick<LogReport, 'analysis'>): string {
  const {sources} = report.analysis;
  const name = cutMiddle(neutralise(sources[spot.source]?.name ?? ''), longestName, '…');
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

/** When it was: its stretches, or as a whole. */
export function stretchesOf({from, to, spells}: Incident): readonly {readonly from: number; readonly to: number}[] {
  if (spells !== undefined && spells.length > 0) return spells;
  return from === null || to === null ? [] : [{from, to: Math.max(from, to)}];
}

export const certaintyOf = (confidence: number): string =>
  confidence >= 0.9 ? 'certain' : confidence >= 0.6 ? 'likely' : 'perhaps';

/** A few among very many are not none. */
export function shareOf(count: number, all: number): string {
  const ratio = all === 0 ? 0 : count / all;
  return ratio > 0 && ratio < 0.0005 ? '<0.1%' : formatShare(ratio);
}

/** What is neither the first sign nor the end, and says something else than they do. */
export function furtherEvidence({evidence, first, end}: Incident, most: number): Incident['evidence'] {
  const wordsOf = (text: string): string => text.replace(/\d+/g, '0');
  const told = new Set([first, ...(end === null ? [] : [end])].map(({text}) => wordsOf(text)));
  return evidence
    .filter(({text}) => {
      const words = wordsOf(text);
      return !told.has(words) && told.add(words);
    })
    .slice(0, most);
}
