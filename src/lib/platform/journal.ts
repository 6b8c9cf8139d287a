import {
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import {basename, join} from 'node:path';
import {isFullError} from './disk-space.js';
import {assertFileName} from './file-name.js';
import {FolderStamp} from './folder-stamp.js';
import {Reserve} from './reserve.js';
import {openOwn} from './safe-open.js';
import type {OnProblem} from './service-log.js';
import type {Journal} from './types.js';

/** How often we look whether our files are still there. */
const checkEveryMs = 1000;
/** Without anything to write: `.erp` deleted under a running supervisor is back within this time. */
const idleCheckEveryMs = 5000;
/** What we keep of a file to write it again; a journal is compacted long before. */
const keptRecords = 5000;

interface Open {
  fd: number | null;
  checkedAt: number;
  /** Everything that belongs into the file, as lines: for a folder that is deleted under us. */
  lines: string[];
  /** How many of `lines` are in the file. */
  written: number;
}

/**
 * `<stateDir>/journal/<service>.jsonl`: one JSON record a line, one write each. It is there for our own death and that
 * of others, not for a power cut: no fsync while appending. Nothing here throws.
 */
export class FileJournal implements Journal {
  readonly #dir: string;
  readonly #folder: FolderStamp;
  readonly #reserve: Reserve;
  readonly #onProblem: OnProblem;
  readonly #files = new Map<string, Open>();
  readonly #timer: NodeJS.Timeout;
  /** Services whose file has to be written or looked at once this turn of the event loop is over. */
  readonly #later = new Set<string>();
  #soon: NodeJS.Immediate | null = null;
  #isFailing = false;

  constructor(stateDir: string, onProblem: OnProblem) {
    this.#dir = join(stateDir, 'journal');
    this.#folder = new FolderStamp(this.#dir);
    this.#reserve = new Reserve(stateDir);
    this.#onProblem = onProblem;
    this.#timer = setInterval(() => this.check(), idleCheckEveryMs).unref();
    try {
      mkdirSync(this.#dir, {recursive: true, mode: 0o700});
    } catch {
      // The first record says why.
    }
    this.#reserve.keep();
  }

  append(service: string, record: object): void {
    const file = this.#add(service, record);
    this.#write(service, file);
    // Between an exit and the spawn nothing is looked at: what was removed under us is found right behind.
    if (Math.abs(Date.now() - file.checkedAt) >= checkEveryMs) this.#soonAgain(service);
  }

  note(service: string, record: object): void {
    this.#add(service, record);
    this.#soonAgain(service);
  }

  #add(service: string, record: object): Open {
    const file = this.#file(service);
    file.lines.push(`${JSON.stringify(record)}\n`);
    if (file.lines.length > keptRecords && file.written > 0) {
      file.lines.shift();
      file.written--;
    }
    return file;
  }

  #soonAgain(service: string): void {
    this.#later.add(service);
    this.#soon ??= setImmediate(() => this.#catchUp());
  }

  /** Writes what was only noted, and looks whether the files are still there. */
  #catchUp(): void {
    if (this.#soon !== null) clearImmediate(this.#soon);
    this.#soon = null;
    for (const service of this.#later) {
      const file = this.#files.get(service);
      if (file !== undefined) this.#flush(service, file);
    }
    this.#later.clear();
  }

  read(service: string): {readonly records: readonly unknown[]; readonly problem: string | null} {
    this.#catchUp();
    const path = this.#path(service);
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const {code, message} = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return {records: [], problem: null};
      return {records: [], problem: `${path} can't be read (${message})${setAside(path, renameSync)}`};
    }
    this.#lookAfter(service);
    const records: unknown[] = [];
    const problems: string[] = [];
    const lines = text.split('\n');
    const tail = lines.pop() ?? '';
    lines.forEach((line, index) => {
      if (line.trim() === '') return;
      const record = parse(line);
      if (record === null) problems.push(`line ${index + 1} is no record and was skipped`);
      else records.push(record);
    });
    const isTornOnly = problems.length === 0;
    if (tail !== '') {
      // Written by one call, so a part of a record is a write that a full disk or a power cut has torn.
      const record = parse(tail);
      if (record === null) problems.push(`the unfinished last line (${tail.length} characters) was cut off`);
      else records.push(record);
    }
    if (problems.length === 0) return {records, problem: null};
    const kept = isTornOnly ? '' : setAside(path, copyFileSync);
    return {records, problem: `${path}: ${summary(problems)}${kept}`};
  }

  services(): readonly string[] {
    try {
      return readdirSync(this.#dir)
        .filter((name) => name.endsWith('.jsonl'))
        .map((name) => name.slice(0, -'.jsonl'.length))
        .sort();
    } catch {
      return [];
    }
  }

  compact(service: string, records: readonly object[]): void {
    // What stands there is replaced as a whole: it need not be read or mended first.
    const file = this.#files.get(service) ?? {fd: null, checkedAt: 0, lines: [], written: 0};
    this.#files.set(service, file);
    file.lines = records.map((record) => `${JSON.stringify(record)}\n`);
    file.written = this.#replace(service, file) ? file.lines.length : 0;
  }

  /** Puts back what was deleted under us, and writes what could not be written before. */
  check(): void {
    const mayBeGone = this.#folder.changed();
    for (const [service, file] of this.#files) {
      if (mayBeGone) file.checkedAt = 0;
      if (mayBeGone) this.#flush(service, file);
      else this.#write(service, file);
    }
    if (!this.#isFailing) this.#reserve.keep();
  }

  close(): void {
    this.#catchUp();
    clearInterval(this.#timer);
    for (const file of this.#files.values()) if (file.fd !== null) closeSync(file.fd);
    this.#files.clear();
  }

  /** A service that runs quietly may have nothing to write for days: what was read is put back all the same. */
  #lookAfter(service: string): void {
    const file = this.#file(service);
    if (file.lines.length === 0) return;
    try {
      file.fd ??= this.#open(service);
    } catch {
      // The next record says why.
    }
  }

  #file(service: string): Open {
    let file = this.#files.get(service);
    if (file === undefined) {
      const text = this.#repaired(service);
      const lines = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `${line}\n`);
      file = {fd: null, checkedAt: 0, lines, written: lines.length};
      this.#files.set(service, file);
    }
    return file;
  }

  #flush(service: string, file: Open): void {
    const now = Date.now();
    try {
      if (now - file.checkedAt >= checkEveryMs || now < file.checkedAt) {
        file.checkedAt = now;
        if (file.fd !== null && !this.#isSame(service, file.fd)) {
          closeSync(file.fd);
          file.fd = null;
          if (this.#replace(service, file)) file.written = file.lines.length;
          this.#onProblem('WARNING', `${this.#path(service)} had been removed or replaced; it is written again.`);
        }
      }
    } catch (error) {
      this.#fail(service, error as NodeJS.ErrnoException);
    }
    this.#write(service, file);
  }

  /** Everything that is not in the file yet, in one go. */
  #write(service: string, file: Open): void {
    if (file.written === file.lines.length) return;
    try {
      file.fd ??= this.#open(service);
      this.#writeWhole(file.fd, Buffer.from(file.lines.slice(file.written).join('')));
      file.written = file.lines.length;
      if (this.#isFailing) this.#onProblem('INFO', 'The journal is written again.');
      this.#isFailing = false;
    } catch (error) {
      this.#fail(service, error as NodeJS.ErrnoException);
    }
  }

  #writeWhole(fd: number, bytes: Buffer): void {
    if (this.#fits(fd, bytes)) return;
    this.#reserve.release();
    if (this.#fits(fd, bytes)) return;
    throw Object.assign(new Error('no space left on the disk'), {code: 'ENOSPC'});
  }

  /** All or nothing: a part of it must not stand before the next try. */
  #fits(fd: number, bytes: Buffer): boolean {
    try {
      const written = writeSync(fd, bytes);
      if (written === bytes.length) return true;
      ftruncateSync(fd, fstatSync(fd).size - written);
    } catch (error) {
      if (!isFullError(error)) throw error;
    }
    return false;
  }

  /** Writes the whole file anew beside it and renames it: whoever reads sees the old or the new one. */
  #replace(service: string, file: Open): boolean {
    const path = this.#path(service);
    const fresh = `${path}.${process.pid}.new`;
    try {
      mkdirSync(this.#dir, {recursive: true, mode: 0o700});
      rmSync(fresh, {force: true});
      const fd = openSync(fresh, 'wx', 0o600);
      try {
        writeFileSync(fd, file.lines.join(''));
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      renameSync(fresh, path);
      if (file.fd !== null) closeSync(file.fd);
      file.fd = null;
      file.fd = openOwn(path);
      return true;
    } catch (error) {
      rmSync(fresh, {force: true});
      this.#fail(service, error as NodeJS.ErrnoException);
      return false;
    }
  }

  #open(service: string): number {
    mkdirSync(this.#dir, {recursive: true, mode: 0o700});
    return openOwn(this.#path(service));
  }

  #isSame(service: string, fd: number): boolean {
    const named = statSync(this.#path(service), {throwIfNoEntry: false});
    const ours = fstatSync(fd);
    return named !== undefined && named.ino === ours.ino && named.dev === ours.dev;
  }

  /** A record that was torn must not be glued to the next one. */
  #repaired(service: string): string {
    const path = this.#path(service);
    let fd: number | null = null;
    try {
      fd = openSync(path, constants.O_RDWR | (process.platform === 'win32' ? 0 : constants.O_NOFOLLOW));
      const bytes = Buffer.alloc(fstatSync(fd).size);
      const text = bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
      if (text === '' || text.endsWith('\n')) return text;
      const end = text.lastIndexOf('\n') + 1;
      if (parse(text.slice(end)) !== null) {
        writeSync(fd, '\n', bytes.length);
        return `${text}\n`;
      }
      ftruncateSync(fd, Buffer.byteLength(text.slice(0, end)));
      this.#onProblem('WARNING', `${path}: the unfinished last line was cut off.`);
      return text.slice(0, end);
    } catch {
      return '';
    } finally {
      if (fd !== null) closeSync(fd);
    }
  }

  #fail(service: string, error: NodeJS.ErrnoException): void {
    if (!this.#isFailing) {
      const why = isFullError(error) ? 'the disk is full' : error.message;
      this.#onProblem(
        'ERROR',
        `The journal of ${service} can't be written: ${why}. It is kept in memory until it can.`,
      );
    }
    this.#isFailing = true;
  }

  #path(service: string): string {
    return join(this.#dir, `${assertFileName(service)}.jsonl`);
  }
}

/** What can't be read may be worth a look; and a folder in this place is in the way. */
function setAside(path: string, how: (from: string, to: string) => void): string {
  const aside = `${path}.damaged`;
  try {
    rmSync(aside, {recursive: true, force: true});
    how(path, aside);
    return `; kept as ${basename(aside)}`;
  } catch {
    return '';
  }
}

function parse(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function summary(problems: readonly string[]): string {
  const shown = problems.slice(0, 3).join('; ');
  return problems.length > 3 ? `${shown}; and ${problems.length - 3} more` : shown;
}
