import {placeIn} from './code.js';
import type {Rule} from '../rule.js';

/** Standing still, as the program itself or who watches it tells. */
export const hang: readonly Rule[] = [
  {
    id: 'unsettled-await',
    cause: 'hang',
    when: /unsettled top-level await at (?:file:\/\/)?(?<file>[^\s:]+):(?<line>\d+)/i,
    strength: 0.95,
    explain: ({file}) => `Nothing is left to do, but an await in ${file} never ends: the promise is never settled.`,
    remedy: ({file, line}) =>
      `see what ${file}:${line} waits for: a callback that never comes, a promise without resolve`,
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
    when: /WORKER TIMEOUT|deadlock (?:detected|found)|Found one Java-level deadlock|all goroutines are asleep|soft lockup|blocked for more than \d+ seconds|event loop (?:is )?blocked|(?:did not|not) respond(?:ing|ed)? (?:within|for|in)|heartbeat timeout|no progress for|stuck (?:for|in|waiting)|hung (?:for|process|task)|watchdog timeout|(?:still )?waiting for .{0,60}lock.{0,30}(?:\d+ ?s|seconds)|thread .{0,60}has been stuck|giving up waiting for the lock/i,
    unless: /deadlock (?:detected|found) when trying to get lock; try|DETAIL|could not serialize/i,
    strength: 0.85,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    explain: () => 'It makes no progress: something waits for what never comes.',
    remedy: () =>
      'look where it stands: py-spy dump --pid PID, kill -QUIT PID (Java, Go), node --inspect; two who wait for each other need one order of locks, or a timeout',
    examples: ['[CRITICAL] WORKER TIMEOUT (pid:812)', 'fatal error: all goroutines are asleep - deadlock!'],
  },
];
