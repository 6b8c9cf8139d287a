import {parentPort} from 'node:worker_threads';
import {TaskScanner, type ScanTask} from './lib/runtime/log-analysis/scan-task.js';

// The worker of `erp logs analyze`: one stretch of a log after the other.
const scanner = new TaskScanner();
parentPort?.on('message', ({id, task}: {id: number; task: ScanTask}) => {
  const result = scanner.run(task);
  const columns = [result.shapes, result].flatMap((part) =>
    Object.values(part).filter((value) => ArrayBuffer.isView(value)),
  );
  parentPort?.postMessage(
    {id, result},
    columns.map(({buffer}) => buffer as ArrayBuffer),
  );
});
