import {closeSync, constants, fstatSync, openSync, readSync, writeSync} from 'node:fs';

const no = Buffer.from('0');
const yes = Buffer.from('1');

/**
 * Who was killed between taking bytes out of a pipe and writing them to the log has lost them, and nobody would know.
 * So a byte in a file says for each service that such a move is under way: lines `0 web`, or `1 web` while it is.
 * Nothing here throws: without the file, only the next supervisor's word about it is missing.
 */
export class MovingNotes {
  readonly #path: string;
  readonly #offsets = new Map<string, number>();
  #fd: number | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns the services whose output was being moved when the last supervisor ended */
  open(services: readonly string[]): readonly string[] {
    const interrupted: string[] = [];
    try {
      this.#fd = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
      const bytes = Buffer.alloc(fstatSync(this.#fd).size);
      const text = bytes.toString('latin1', 0, readSync(this.#fd, bytes, 0, bytes.length, 0));
      let offset = 0;
      for (const line of text.split('\n')) {
        const [, flag, name] = /^([01]) (.+)$/.exec(line) ?? [];
        if (name !== undefined) this.#offsets.set(name, offset);
        if (name !== undefined && flag === '1') interrupted.push(name);
        offset += line.length + 1;
      }
      // Behind a torn line there is no end of line yet.
      let more = text === '' || text.endsWith('\n') ? '' : '\n';
      for (const service of services) {
        if (this.#offsets.has(service)) continue;
        this.#offsets.set(service, text.length + more.length);
        more += `0 ${service}\n`;
      }
      if (more !== '') writeSync(this.#fd, more, text.length, 'latin1');
      for (const service of interrupted) this.set(service, false);
    } catch {
      this.close();
    }
    return interrupted.filter((service) => services.includes(service));
  }

  set(service: string, isMoving: boolean): void {
    const offset = this.#offsets.get(service);
    if (this.#fd === null || offset === undefined) return;
    try {
      writeSync(this.#fd, isMoving ? yes : no, 0, 1, offset);
    } catch {
      // Only the next supervisor's word about it is missing.
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
