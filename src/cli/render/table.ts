import type {Mark} from '../../lib/core/report/status.js';
import type {Paint} from './colour.js';
import {dim, paintMark} from './colour.js';
import type {Glyphs} from './marks.js';
import {cellWidth, cutEnd, cutMiddle, padEnd, padStart, wrap} from './width.js';

/** How a screen is drawn; decided once per stream. */
export interface View {
  /** Cells in a row; null: no terminal, nothing is cut. */
  readonly columns: number | null;
  readonly paint: Paint;
  readonly glyphs: Glyphs;
  readonly now: Date;
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Left out when the row gets too wide; the highest goes first. Absent: never. */
  readonly drop?: number;
  /** Names that are cut in the middle when nothing is left to drop. */
  readonly cut?: boolean;
}

export interface Row {
  readonly mark: Mark | null;
  /** Plain text, one per column; null: does not apply. */
  readonly cells: readonly (string | null)[];
  /** What explains the row; stands below it. */
  readonly below?: readonly string[];
}

const gap = 2;
/** Mark and space. */
const margin = 2;

/** No boxes, two spaces between columns, dim capitals above; a row is never wider than the terminal. */
export function renderTable(columns: readonly Column[], rows: readonly Row[], view: View): string[] {
  const text = (row: Row, index: number) => row.cells[index] ?? view.glyphs.none;
  const widths = columns.map((column, index) =>
    Math.max(cellWidth(column.title), ...rows.map((row) => cellWidth(text(row, index)))),
  );
  const shown = fit(columns, widths, view.columns);
  const line = (mark: string, cell: (index: number) => string, code: string | null) => {
    const cells = shown.map((index, place) => {
      const column = columns[index] as Column;
      const width = widths[index] as number;
      const value = column.cut === true ? cutMiddle(cell(index), width, view.glyphs.cut) : cell(index);
      if (column.align === 'right') return padStart(value, width);
      return place === shown.length - 1 ? value : padEnd(value, width);
    });
    const joined = cells.join(' '.repeat(gap));
    const kept = view.columns === null ? joined : cutEnd(joined, view.columns - margin, view.glyphs.cut);
    return `${mark} ${view.paint(code, kept)}`;
  };
  const indent = margin + (widths[shown[0] ?? 0] ?? 0) + gap;
  const lines = [line(' ', (index) => (columns[index] as Column).title, dim)];
  for (const row of rows) {
    const mark = row.mark === null ? ' ' : paintMark(view.paint, view.glyphs, row.mark);
    lines.push(line(mark, (index) => text(row, index), null));
    for (const explanation of row.below ?? []) lines.push(...indented(explanation, indent, view.columns));
  }
  return lines;
}

/** Wrapped to the terminal's width; a narrow terminal gets a smaller indentation before words are broken. */
export function indented(text: string, indent: number, columns: number | null): string[] {
  const margin = columns === null ? indent : Math.max(0, Math.min(indent, columns - 30));
  return wrap(text, columns === null ? Number.POSITIVE_INFINITY : columns - margin).map(
    (line) => ' '.repeat(margin) + line,
  );
}

/**
 * A text that begins behind a label and goes on below itself.
 * @param head may have colours; `headWidth` is what one sees of it
 */
export function hanging(head: string, headWidth: number, text: string, columns: number | null): string[] {
  const room = columns === null ? Number.POSITIVE_INFINITY : columns - headWidth;
  if (room < 8) return [head.trimEnd(), ...indented(text, 2, columns)];
  const [first = '', ...rest] = wrap(text, room);
  return [`${head}${first}`, ...rest.map((line) => ' '.repeat(headWidth) + line)];
}

/** Which columns stay; narrows `widths` of those that may be cut. */
function fit(columns: readonly Column[], widths: number[], available: number | null): number[] {
  let shown = columns.map((_, index) => index);
  if (available === null) return shown;
  const total = () =>
    margin + shown.reduce((sum, index) => sum + (widths[index] as number), 0) + gap * (shown.length - 1);
  while (total() > available) {
    const candidates = shown.filter((index) => columns[index]?.drop !== undefined);
    if (candidates.length === 0) break;
    const victim = candidates.reduce((a, b) => ((columns[a]?.drop ?? 0) >= (columns[b]?.drop ?? 0) ? a : b));
    shown = shown.filter((index) => index !== victim);
  }
  for (let excess = total() - available; excess > 0; excess -= 1) {
    // One cell at a time from the widest, so that all names keep about the same length.
    const cuttable = shown.filter((index) => columns[index]?.cut === true && (widths[index] as number) > 5);
    if (cuttable.length === 0) break;
    const widest = cuttable.reduce((a, b) => ((widths[a] as number) >= (widths[b] as number) ? a : b));
    widths[widest] = (widths[widest] as number) - 1;
  }
  return shown;
}
