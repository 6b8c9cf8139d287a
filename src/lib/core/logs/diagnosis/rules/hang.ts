import {placeIn} from '../places.js';
import type {Rule} from '../rule.js';

/** Standing still, as the program itself or who watches it tells. */
export const hang: readonly Rule[] = [
  {
    id: 'unsettled-await',
    cause: 'hang',
    when: /unsettled top-level await at (?:file:\/\/)?(?<file>[^\s:]+):(?<line>\d+)/i,
    strength: 0.95,
    examples: [
      [
        'Warning: Detected unsettled top-level await at file:///opt/erp/jobs/src/poll.mjs:2',
        {file: '/opt/erp/jobs/src/poll.mjs', line: 2},
      ],
    ],
  },
  {
    id: 'hang',
    cause: 'hang',
    when: [
      /WORKER TIMEOUT/i,
      /deadlock (?:detected|found)/i,
      /Found one Java-level deadlock/i,
      /all goroutines are asleep/i,
      /soft lockup/i,
      /blocked for more than \d+ seconds/i,
      /event loop (?:is )?blocked/i,
      /(?:did not|not) respond(?:ing|ed)? (?:within|for|in)/i,
      /heartbeat timeout/i,
      /no progress for/i,
      /stuck (?:for|in|waiting)/i,
      // Somebody keeps all of them and gives none back.
      /QueuePool limit of size \d+ overflow \d+ reached/,
      /hung (?:for|process|task)/i,
      /watchdog timeout/i,
      /(?:still )?waiting for .{0,60}lock.{0,30}(?:\d+ ?s|seconds)/i,
      /thread .{0,60}has been stuck/i,
      /giving up waiting for the lock/i,
      // Python's faulthandler.dump_traceback_later.
      /^Timeout \(\d+:\d\d:\d\d(?:\.\d+)?\)!$/,
    ],
    unless: /deadlock (?:detected|found) when trying to get lock; try|DETAIL|could not serialize/i,
    strength: 0.85,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: [
      'Timeout (0:00:30)!',
      '[CRITICAL] WORKER TIMEOUT (pid:812)',
      'fatal error: all goroutines are asleep - deadlock!',
    ],
  },
];
