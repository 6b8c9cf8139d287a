import {cellWidth} from '../render/width.js';

export interface LiveStream {
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
}

const redrawEveryMs = 100;

/** Some terminals (a serial line, emacs) say 0 or nothing. */
export const rowsOf = ({rows}: LiveStream): number => rows || 24;

/**
 * A few lines at the end of the terminal that are drawn again in place; what is told scrolls up above them and stays.
 * Never more than ten redraws a second, never a cleared screen or scrollback.
 */
export class LiveRegion {
  readonly #stream: LiveStream;
  readonly #render: () => readonly string[];
  /** Widths of the lines that stand there now. */
  #drawn: number[] = [];
  #lastDraw = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  /** @param render the lines as they should be now; called at each redraw */
  constructor(stream: LiveStream, render: () => readonly string[]) {
    this.#stream = stream;
    this.#render = render;
  }

  /** Lines that stay. */
  tell(lines: readonly string[]): void {
    if (this.#closed) {
      this.#stream.write(lines.map((line) => `${line}\n`).join(''));
      return;
    }
    // One write: a terminal shows nothing in between.
    this.#stream.write(`${this.#erase()}${lines.map((line) => `${line}\n`).join('')}${this.#lines()}`);
  }

  /** Somebody else writes whole lines to this terminal: ours are gone meanwhile and stand below them afterwards. */
  beside(print: () => void): void {
    if (!this.#closed) this.#stream.write(this.#erase());
    print();
    if (!this.#closed) this.flush();
  }

  /** Something has changed: draws now, or as soon as a tenth of a second has passed since the last time. */
  redraw(): void {
    if (this.#closed || this.#timer !== null) return;
    const wait = this.#lastDraw + redrawEveryMs - Date.now();
    if (wait <= 0) this.#draw();
    else {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#draw();
      }, wait);
    }
  }

  /** Draws at once what waits to be drawn. */
  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#draw();
  }

  /** Takes the lines away; what was told stays. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#stream.write(this.#erase());
  }

  #draw(): void {
    if (this.#closed) return;
    const before = this.#drawn.length;
    const erase = this.#erase();
    const lines = this.#lines();
    if (before > 0 || lines !== '') this.#stream.write(erase + lines);
  }

  #lines(): string {
    this.#lastDraw = Date.now();
    const room = Math.max(1, rowsOf(this.#stream) - 1);
    const lines = this.#render().slice(0, room);
    this.#drawn = lines.map((line) => cellWidth(withoutCodes(line)));
    return lines.map((line) => `${line}\n`).join('');
  }

  /** Up to the first of our lines and away with everything below. */
  #erase(): string {
    // The terminal has written ^C where the cursor stands.
    if (this.#drawn.length === 0) return '\r\u001b[K';
    // A terminal that became narrower has broken our lines into several.
    // Some say 0 or nothing.
    const columns = this.#stream.columns || 80;
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    this.#drawn = [];
    return `\u001b[${rows}A\r\u001b[J`;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours
const withoutCodes = (line: string) => line.replaceAll(/\u001b\[[\d;]*m/g, '');
