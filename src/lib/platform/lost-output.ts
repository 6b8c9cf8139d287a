const newline = 10;

/** Output that could not be written: how much, and whether its last line is complete. */
export class LostOutput {
  #bytes = 0;
  #lines = 0;
  #isInLine = false;

  get bytes(): number {
    return this.#bytes;
  }

  get lines(): number {
    return this.#lines;
  }

  /** Has it a line whose rest has not come? That belongs to what is lost. */
  get isInLine(): boolean {
    return this.#isInLine;
  }

  add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#bytes += bytes.length;
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) this.#lines++;
    this.#isInLine = bytes[bytes.length - 1] !== newline;
  }

  get words(): string {
    return `${this.#lines} lines (${this.#bytes} bytes)`;
  }
}
