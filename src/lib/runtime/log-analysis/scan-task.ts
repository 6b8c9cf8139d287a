import type {ScanOptions} from '../../core/logs/scan/scanner.js';
import {Scanner} from '../../core/logs/scan/scanner.js';
import type {SegmentResult} from '../../core/logs/scan/segment.js';
import {ScanMemory} from '../../core/logs/scan/tally.js';
import {readFully} from '../../platform/log-input.js';

/** A stretch of a source: whole events. */
export type ScanTask = {
  readonly source: number;
  readonly options: ScanOptions;
} & (
  | {readonly kind: 'range'; readonly fd: number; readonly from: number; readonly to: number}
  | {readonly kind: 'bytes'; readonly bytes: Uint8Array}
);

/** Works tasks off; the same in the main thread and in a worker. */
export class TaskScanner {
  readonly #memory = new ScanMemory();
  #scanner: Scanner | null = null;
  #source = -1;
  #buffer = Buffer.alloc(0);

  run(task: ScanTask): SegmentResult {
    if (this.#scanner === null || this.#source !== task.source) {
      this.#scanner = new Scanner(task.options, this.#memory);
      this.#source = task.source;
    }
    if (task.kind === 'bytes') {
      const {buffer, byteOffset, byteLength} = task.bytes;
      return this.#scanner.scan(Buffer.from(buffer, byteOffset, byteLength));
    }
    const length = task.to - task.from;
    if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafeSlow(length);
    const read = readFully(task.fd, this.#buffer, length, task.from);
    return this.#scanner.scan(this.#buffer, 0, read);
  }
}
