import {basename} from 'node:path';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {formatDuration, listOf} from '../lib/core/report/format.js';
import {isoWithOffset} from '../lib/core/report/format.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {
  type Supervised,
  failureExitCode,
  forwardsOf,
  type Goal,
  givenUp,
  verdictOf,
} from '../lib/core/report/verdict.js';
import type {Place} from './compose.js';
import type {SupervisorClient} from './supervisor-client.js';

export interface WatchOutcome {
  readonly reason: 'ended' | 'interrupted' | 'gone';
  readonly exitCode: ExitCode;
}

/** Shows each status document until the supervisor ends or the operator leaves (Ctrl-C only leaves). */
export async function watchStatus(
  client: SupervisorClient,
  show: (document: StatusDocument) => void,
): Promise<WatchOutcome> {
  const leave = new AbortController();
  const onSignal = () => leave.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    let ended = false;
    const stream = client.events({after: null, lease: null, status: true, signal: leave.signal});
    for (let next = await stream.next(); ; next = await stream.next()) {
      if (next.done === true) {
        if (leave.signal.aborted) return {reason: 'interrupted', exitCode: ExitCode.interrupted};
        return ended || next.value
          ? {reason: 'ended', exitCode: ExitCode.done}
          : {reason: 'gone', exitCode: ExitCode.noSupervisor};
      }
      if (next.value.type === 'status') show(next.value.status);
      ended = next.value.type === 'end';
    }
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/**
 * Waits until the goal is reached.
 * @param names only these count; null: all that are wanted up
 * @throws ErpError 9 when the time is over; 4 or 5 at once when it can't come true any more
 */
export async function waitFor(
  client: SupervisorClient,
  goal: Goal,
  timeoutMs: number,
  names: readonly string[] | null = null,
): Promise<StatusDocument> {
  const late = AbortSignal.timeout(timeoutMs);
  let last: StatusDocument | null = null;
  for await (const message of client.events({after: null, lease: null, status: true, signal: late})) {
    if (message.type === 'status') {
      last = message.status;
      const verdict = verdictOf(last, goal, names);
      if (verdict === 'hopeless') throw hopeless(last, goal, names);
      if (verdict === 'reached') return last;
    }
    if (message.type === 'end') break;
  }
  // The supervisor ends when all is stopped, perhaps without a word.
  if (!late.aborted && goal === 'stopped' && last !== null) return {...last, supervisor: null};
  throw late.aborted ? tooLate(last, goal, timeoutMs, names) : gone(client.door.projectDir);
}

/** What there is to say without a supervisor: that all is stopped. */
export function stoppedDocument({projectDir, configFile, instance}: Place): StatusDocument {
  return {
    schema: 1,
    project: {name: basename(projectDir), dir: projectDir, configFile, instance},
    supervisor: null,
    overall: 'stopped',
    mark: 'stopped',
    sampledAt: null,
    services: [],
    machine: null,
    at: isoWithOffset(new Date()),
  };
}

export function tooLate(
  document: StatusDocument | null,
  goal: Goal,
  timeoutMs: number,
  names: readonly string[] | null,
): ErpError {
  const all: readonly Supervised[] = document === null ? [] : [...document.services, ...forwardsOf(document)];
  const left = all.filter(({name, wanted}) => (names === null ? wanted === 'up' : names.includes(name)));
  const open = left.filter(({name}) => document !== null && verdictOf(document, goal, [name]) !== 'reached');
  const words = open.map(({name, state, note}) => `${name} is ${state}${note === null ? '' : ` (${note})`}`);
  return new ErpError(
    `Not ${goal} within ${formatDuration(timeoutMs)}${words.length === 0 ? '' : `: ${listOf(words)}`}.`,
    {
      code: 'ERP_WAIT_TIMED_OUT',
      exitCode: ExitCode.timedOut,
      remedy: open.length === 0 ? ['erp status'] : [`erp status ${open[0]?.name}`, `erp logs ${open[0]?.name} -n 60`],
      facts: {goal, timeoutMs, open: open.map(({name, state}) => ({name, state}))},
    },
  );
}

function hopeless(document: StatusDocument, goal: Goal, names: readonly string[] | null): ErpError {
  return failure(`It can't get ${goal} any more`, givenUp(document, names), {goal});
}

/** Names what has failed, and of the first, which decides the exit code, all that is known. */
export function failure(outcome: string, failed: readonly Supervised[], facts: Record<string, unknown>): ErpError {
  const [first] = failed;
  const diagnosis = first?.diagnosis ?? null;
  const names = listOf(failed.map(({name}) => name));
  const lines = [
    `${outcome}: ${names} ${failedWord(first, failed.length)} (${diagnosis?.cause ?? 'cause unknown'}).`,
    ...(diagnosis?.evidence ?? []).map((line) => `  ${line}`),
    ...(first?.nextTryInMs == null ? [] : [`  erp tries it again in ${formatDuration(first.nextTryInMs)}`]),
  ];
  return new ErpError(lines.join('\n'), {
    code: 'ERP_SERVICE_FAILED',
    exitCode: first === undefined ? ExitCode.serviceFailed : failureExitCode(first),
    remedy: [
      ...(diagnosis?.remedy == null ? [] : [diagnosis.remedy]),
      ...(first === undefined ? [] : [`erp status ${first.name}`]),
    ],
    facts: {...facts, failed: failed.map(({name, diagnosis}) => ({name, diagnosis}))},
  });
}

/** A port-forward does not end: it waits for somebody, or for its tool. */
function failedWord(first: Supervised | undefined, count: number): string {
  if (first?.state === 'tool-missing') return `can't run`;
  return first?.state === 'needs-you' ? `${count === 1 ? 'needs' : 'need'} you` : 'failed';
}

export function gone(projectDir: string): ErpError {
  return new ErpError(`The supervisor of ${projectDir} went away and did not come back within 5s; services go on.`, {
    code: 'ERP_SUPERVISOR_GONE',
    exitCode: ExitCode.noSupervisor,
    remedy: ['erp start --ensure'],
  });
}

/** Ctrl-C while waiting: only the waiting ends. */
export function interrupted(): ErpError {
  return new ErpError('Interrupted; what was started goes on.', {
    code: 'ERP_INTERRUPTED',
    exitCode: ExitCode.interrupted,
    remedy: ['erp status', 'erp stop'],
  });
}
