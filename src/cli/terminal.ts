import {glyphsFor} from './render/marks.js';
import {paintFor, wantsColour} from './render/colour.js';
import type {View} from './render/table.js';

type Env = Readonly<Record<string, string | undefined>>;
type Stream = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>;

/** How this stream is drawn on: width of the terminal, colours, characters. */
export function viewOf(stream: Stream, colourFlag: boolean | undefined, env: Env = process.env): View {
  return {
    columns: stream.isTTY ? terminalWidth(stream) : null,
    paint: paintFor(wantsColour(stream, env, colourFlag)),
    glyphs: glyphsFor(env),
    now: new Date(),
  };
}

/** Some terminals (a serial line, emacs) say 0 or nothing. */
const terminalWidth = (stream: Stream) => (stream.columns > 0 ? stream.columns : 80);

/** A view that redraws itself needs a terminal on stderr, nobody who records it, and room. */
export function wantsLive(stream: Stream, env: Env = process.env): boolean {
  if (!stream.isTTY || env['TERM'] === 'dumb') return false;
  return (env['CI'] ?? '') === '' && terminalWidth(stream) >= 60;
}
