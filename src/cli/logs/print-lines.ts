import {formatTime} from '../../lib/core/report/format.js';
import {nameCode} from '../render/events.js';
import {neutralise} from '../render/foreign.js';
import type {View} from '../render/table.js';
import {cellWidth, padEnd} from '../render/width.js';
import {levelOf, ownTime} from './line-times.js';
import type {LogLine} from './read-lines.js';

export interface LinePrinting {
  readonly services: readonly string[];
  readonly times: boolean;
  readonly view: View;
}

/** `backend  09:41:07 text`: the name when there are several, the arrival time when the line has none of its own. */
export function linePrinter({services, times, view}: LinePrinting): (line: LogLine) => string {
  const width = Math.max(...services.map(cellWidth), 0);
  const names = new Map(
    services.map((name, index) => [name, `${view.paint(nameCode(index), padEnd(neutralise(name), width))}  `]),
  );
  return (line) => {
    const text = neutralise(line.text);
    const name = services.length > 1 ? (names.get(line.service) ?? '') : '';
    const time =
      times && line.at !== null && ownTime(text) === null ? `${formatTime(new Date(line.at), view.now)} ` : '';
    return `${name}${time}${text}`;
  };
}

export interface LineDocument {
  readonly type: 'line';
  readonly service: string;
  readonly at: string | null;
  readonly level: string | null;
  readonly text: string;
}

export function lineDocument(line: LogLine): LineDocument {
  const text = neutralise(line.text);
  return {
    type: 'line',
    service: line.service,
    at: line.at === null ? null : new Date(line.at).toISOString(),
    level: levelOf(text),
    text,
  };
}
