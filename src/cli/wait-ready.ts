import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {StreamMessage} from '../lib/core/report/api.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {failedAmong, verdictOf} from '../lib/core/report/verdict.js';
import {actor} from './actor.js';
import {followStop} from './follow-stop.js';
import type {Following} from './following.js';
import type {Progress} from './progress/progress.js';
import type {SupervisorClient} from './supervisor-client.js';
import {untilLeft} from './until-left.js';
import {failure, gone, interrupted, tooLate} from './watch-status.js';

export interface WaitReadyOptions {
  readonly client: SupervisorClient;
  readonly progress: Progress;
  readonly following: Following;
  /** Whose readiness counts; null: all that are wanted up. */
  readonly names: readonly string[] | null;
  readonly timeoutMs: number;
  /** Stop everything when it does not come up. */
  readonly orStop: boolean;
}

const notReady = 'It did not get ready';

/**
 * `start --detach`: shows the start until all are ready or the first has failed, though erp may try it again. What is up stays up whatever happens, unless `orStop`.
 * @throws ErpError 4 or 5 for a service that failed, 9 when the time is over, 130 after Ctrl-C
 */
export async function waitUntilReady(options: WaitReadyOptions): Promise<StatusDocument> {
  const {client, progress} = options;
  try {
    return await wait(options);
  } catch (error) {
    if (!options.orStop || !(error instanceof ErpError)) throw error;
    progress.notice(`${error.message} Everything stops (--or-stop).`);
    const ask = () => client.stop({services: null, now: false, dependents: true, actor: actor()});
    for (let answer = await ask(), down = false; answer !== null && !down; answer = down ? null : await ask()) {
      down = await followStop({
        client,
        progress,
        after: answer.after,
        names: [],
        stopping: answer.stopping,
        supervisor: null,
        timeoutMs: 120_000,
      });
    }
    throw error;
  } finally {
    await progress.close();
  }
}

async function wait({client, progress, following, names, timeoutMs}: WaitReadyOptions): Promise<StatusDocument> {
  const left = untilLeft(following, timeoutMs);
  let last: StatusDocument | null = null;
  try {
    for await (const message of following.messages) {
      if (message.type === 'event') progress.event(message.event);
      else if (message.type === 'status') {
        last = message.status;
        progress.status(last);
        const failed = failedAmong(last, names);
        if (failed.length > 0) throw failure(notReady, failed, {});
        if (verdictOf(last, 'ready', names) === 'reached') {
          await progress.settled();
          return last;
        }
      } else throw ended(message, last, names);
    }
  } finally {
    left.release();
  }
  if (left.interrupted) throw interrupted();
  throw left.late ? tooLate(last, 'ready', timeoutMs, names) : gone(client.door.projectDir);
}

/** The supervisor itself ended while we waited: a critical service failed, or somebody stopped everything. */
function ended(
  {exitCode, text, reason}: Extract<StreamMessage, {type: 'end'}>,
  last: StatusDocument | null,
  names: readonly string[] | null,
): ErpError {
  const failed = last === null ? [] : failedAmong(last, names);
  if (failed.length > 0) return failure(notReady, failed, {});
  const known = Object.values(ExitCode).find((code) => code === exitCode && code !== 0);
  return new ErpError(`${notReady}: ${text}.`, {
    code: 'ERP_SERVICE_FAILED',
    exitCode: known ?? ExitCode.serviceFailed,
    remedy: ['erp logs', 'erp start --debug'],
    facts: {reason},
  });
}
