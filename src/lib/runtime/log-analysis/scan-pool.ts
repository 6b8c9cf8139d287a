import {Worker} from 'node:worker_threads';
import type {SegmentResult} from '../../core/logs/scan/segment.js';
import type {ScanTask} from './scan-task.js';
import {TaskScanner} from './scan-task.js';

/** Who scans: this thread, or several workers. */
export interface ScanPool {
  /** Tasks that may be under way at once. */
  readonly width: number;
  run(task: ScanTask): Promise<SegmentResult>;
  close(): Promise<void>;
}

export function scanHere(): ScanPool {
  const scanner = new TaskScanner();
  return {
    width: 1,
    // A turn of the event loop between segments: Ctrl-C, progress and a stream's next bytes need it.
    run: (task) => new Promise((resolve) => setImmediate(() => resolve(scanner.run(task)))),
    close: () => Promise.resolve(),
  };
}

interface Waiting {
  readonly resolve: (result: SegmentResult) => void;
  readonly reject: (error: Error) => void;
}

/** Each task goes to the worker that has the fewest, in their order. */
export function scanInWorkers(file: string, count: number): ScanPool {
  const crew = Array.from({length: count}, () => ({
    worker: new Worker(file, {resourceLimits: {maxYoungGenerationSizeMb: 8}}),
    waiting: new Map<number, Waiting>(),
  }));
  let next = 0;
  for (const {worker, waiting} of crew) {
    worker.on('message', ({id, result}: {id: number; result: SegmentResult}) => {
      waiting.get(id)?.resolve(result);
      waiting.delete(id);
    });
    const fail = (error: Error): void => {
      for (const one of waiting.values()) one.reject(error);
      waiting.clear();
    };
    worker.on('error', fail);
    worker.on('exit', (code) => fail(new Error(`a scanning worker ended with code ${code}`)));
  }
  return {
    width: count * 2,
    run: (task) =>
      new Promise((resolve, reject) => {
        const [free] = [...crew].sort((a, b) => a.waiting.size - b.waiting.size);
        if (free === undefined) {
          reject(new Error('no worker'));
          return;
        }
        next += 1;
        free.waiting.set(next, {resolve, reject});
        free.worker.postMessage({id: next, task}, task.kind === 'bytes' ? [task.bytes.buffer as ArrayBuffer] : []);
      }),
    close: async () => {
      await Promise.all(crew.map(({worker}) => worker.terminate()));
    },
  };
}
