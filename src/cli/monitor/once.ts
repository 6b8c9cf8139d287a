import type {StatusDocument} from '../../lib/core/report/status.js';
import type {ForwardSpec} from '../../lib/core/spec.js';
import {actor} from '../actor.js';
import {followStop} from '../follow-stop.js';
import type {Following} from '../following.js';
import type {Progress} from '../progress/progress.js';
import type {SupervisorClient} from '../supervisor-client.js';
import {untilLeft} from '../until-left.js';
import {interrupted} from '../watch-status.js';
import {type ForwardsOutcome, outcomeOf} from './outcome.js';

export interface OnceOptions {
  readonly client: SupervisorClient;
  readonly following: Following;
  readonly specs: readonly ForwardSpec[];
  readonly progress: Progress;
  readonly timeoutMs: number;
  /** They were asked to start just now. */
  readonly isStarting: boolean;
  /** Stop everything afterwards: it was started for this question alone. */
  readonly thenStop: boolean;
}

export interface OnceReport extends ForwardsOutcome {
  readonly contexts: NonNullable<StatusDocument['contexts']>;
}

/**
 * Waits until each of them has answered, or is known not to.
 * @throws ErpError 130 after Ctrl-C
 */
export async function askOnce(options: OnceOptions): Promise<OnceReport> {
  const {client, following, specs, progress, isStarting, thenStop} = options;
  const left = untilLeft(following, options.timeoutMs);
  let last: StatusDocument | null = null;
  try {
    for await (const message of following.messages) {
      if (message.type === 'event') progress.event(message.event);
      else if (message.type === 'status') {
        last = message.status;
        progress.status(last);
        if (outcomeOf(last, specs, isStarting).isSettled) break;
      } else break;
    }
    await progress.settled();
  } finally {
    left.release();
    if (thenStop) await stopAll(client, progress);
    else await progress.close();
  }
  if (left.interrupted) throw interrupted();
  const outcome = outcomeOf(last, specs, isStarting);
  return {...outcome, contexts: last?.contexts ?? []};
}

const stopWithinMs = 30_000;

async function stopAll(client: SupervisorClient, progress: Progress): Promise<void> {
  const answer = await client.stop({services: null, now: false, dependents: true, actor: actor()});
  if (answer === null) return progress.close();
  await followStop({
    client,
    progress,
    after: answer.after,
    names: [],
    stopping: answer.stopping,
    supervisor: null,
    timeoutMs: stopWithinMs,
  });
}
