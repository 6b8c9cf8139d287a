import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import {formatDuration, listOf} from '../lib/core/report/format.js';
import {type Supervised, forwardsOf} from '../lib/core/report/verdict.js';
import type {Progress} from './progress/progress.js';
import type {SupervisorClient} from './supervisor-client.js';

export interface FollowStopOptions {
  readonly client: SupervisorClient;
  readonly progress: Progress;
  readonly after: number;
  /** Empty: all, and then the supervisor ends. */
  readonly names: readonly string[];
  readonly stopping: readonly string[];
  /** Process of the supervisor that was asked; null: not known. */
  readonly supervisor: number | null;
  readonly timeoutMs: number;
}

/**
 * Shows how services and port-forwards go down until they are.
 * @returns false: the supervisor that was asked went away without a word. The next one knows that the services are
 * wanted down, not that it was asked to end: ask again.
 * @throws ErpError 9 when that takes too long
 */
export async function followStop(options: FollowStopOptions): Promise<boolean> {
  const {client, progress, names, stopping} = options;
  if (names.length > 0 && stopping.length === 0) {
    await progress.close();
    return true;
  }
  const late = AbortSignal.timeout(options.timeoutMs);
  let all: readonly Supervised[] = [];
  let asked: number | null = options.supervisor;
  try {
    const follow = {after: options.after, lease: null, status: true, signal: late};
    // Asked to stop everything, the supervisor ends too, perhaps before we listen.
    for await (const message of client.events(names.length === 0 ? {...follow, patienceMs: 1000} : follow)) {
      if (message.type === 'event') progress.event(message.event);
      else if (message.type === 'end') {
        if (message.reason === 'stopped' && message.exitCode === ExitCode.serviceFailed) throw notEnded(message.text);
        return true;
      } else {
        const pid = message.status.supervisor?.pid ?? null;
        if (asked !== null && pid !== asked) return false;
        asked = pid;
        progress.status(message.status);
        all = [...message.status.services, ...forwardsOf(message.status)];
        const again = all.filter(({name, wanted}) => stopping.includes(name) && wanted === 'up');
        if (again.length > 0) throw takenBack(again.map(({name}) => name));
        if (names.length > 0 && stopping.every((name) => isDown(all.find((each) => each.name === name)))) return true;
      }
    }
  } finally {
    await progress.close();
  }
  if (!late.aborted) return false;
  const open = stopping.filter((name) => !isDown(all.find((each) => each.name === name)));
  throw new ErpError(`Not stopped within ${formatDuration(options.timeoutMs)}: ${listOf(open)}.`, {
    code: 'ERP_STOP_TIMED_OUT',
    exitCode: ExitCode.timedOut,
    remedy: ['erp stop --now kills what is left', 'erp status'],
    facts: {open},
  });
}

/** Two operators: the later one has his way, and the other one is told. */
const takenBack = (names: readonly string[]) =>
  new ErpError(`Not stopped: somebody has started ${listOf(names)} again meanwhile.`, {
    code: 'ERP_STOP_TAKEN_BACK',
    exitCode: ExitCode.timedOut,
    remedy: ['erp logs and erp status show who and what', 'erp stop, again'],
    facts: {again: names},
  });

/** Asked, killed, and still there. */
const notEnded = (text: string) =>
  new ErpError(`Not all is stopped: ${text}.`, {
    code: 'ERP_UNKILLABLE',
    exitCode: ExitCode.serviceFailed,
    remedy: ['see what they wait for: ps -o pid,stat,wchan:30,cmd -p PID (mostly a disk or a network file system)'],
  });

const isDown = (each: Supervised | undefined) =>
  each === undefined ||
  ['stopped', 'failed', 'done'].includes(each.state) ||
  ('kind' in each && each.kind === 'external');
