import {parentPort} from 'node:worker_threads';
import {TaskScanner, type ScanTask} from './lib/runtime/log-analysis/scan-task.js';

// The worker of `erp logs analyze`: one stretch of a log after the other.
const scanner = new TaskScanner();
parentPort?.on('message', ({id, task}: {id: number; task: ScanTask}) => {
  const result = scanner.run(task);
  const {shapes} = result;
  const columns = [
    ...[
      shapes.keys,
      shapes.kinds,
      shapes.counts,
      shapes.firstLines,
      shapes.lastLines,
      shapes.firstTimes,
      shapes.lastTimes,
    ],
    ...[result.minutes, result.spots, result.spotTimes, result.measures, result.measureSums],
    ...(result.lineSlots === null ? [] : [result.lineSlots]),
  ];
  parentPort?.postMessage(
    {id, result},
    columns.map((column) => column.buffer as ArrayBuffer),
  );
});
