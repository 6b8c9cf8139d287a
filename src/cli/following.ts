import type {StreamMessage} from '../lib/core/report/api.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {FollowOptions, SupervisorClient} from './supervisor-client.js';

type End = Extract<StreamMessage, {type: 'end'}>;

/** A stream of the supervisor's messages that somebody will read, and leave. */
export interface Following {
  /** false: the supervisor went away without a word. */
  readonly messages: AsyncGenerator<StreamMessage, boolean>;
  leave(): void;
  readonly left: boolean;
}

export function following(
  client: SupervisorClient,
  options: Pick<FollowOptions, 'after' | 'lease' | 'patienceMs'>,
): Following {
  const controller = new AbortController();
  const over = new AbortController();
  const signal = AbortSignal.any([controller.signal, over.signal]);
  return {
    messages: withEnd(client.events({...options, status: true, signal}), over),
    leave: () => controller.abort(),
    get left() {
      return controller.signal.aborted;
    },
  };
}

/**
 * Waits until the connection stands: nothing that happens from then on is missed.
 * @param onStatus gets the present status, which the supervisor sends first
 */
export async function listening(
  following: Following,
  onStatus: (status: StatusDocument) => void = () => {},
): Promise<Following> {
  const first = await following.messages.next();
  if (first.done !== true && first.value.type === 'status') onStatus(first.value.status);
  async function* resumed(): AsyncGenerator<StreamMessage, boolean> {
    try {
      if (first.done === true) return first.value;
      yield first.value;
      return yield* following.messages;
    } finally {
      await following.messages.return(true);
    }
  }
  const messages = resumed();
  return {
    messages,
    leave: () => following.leave(),
    get left() {
      return following.left;
    },
  };
}

/**
 * Whoever comes while the supervisor is ending gets its events and no last word: they tell enough. Without this a
 * supervisor that ended on purpose would be waited for like one that was killed.
 */
async function* withEnd(
  messages: AsyncGenerator<StreamMessage, boolean>,
  over: AbortController,
): AsyncGenerator<StreamMessage, boolean> {
  let end: End | null = null;
  try {
    for (;;) {
      const next = await messages.next();
      if (next.done === true) return next.value;
      yield next.value;
      if (next.value.type !== 'event') continue;
      const {type, text, facts} = next.value.event;
      if (type === 'budget-spent' || type === 'critical-failed') {
        const exitCode = typeof facts?.['exitCode'] === 'number' ? facts['exitCode'] : ExitCode.serviceFailed;
        end = {type: 'end', reason: type, exitCode, text};
      } else if (type === 'supervisor-stopping') {
        const last = await lastWord(messages);
        yield last ?? end ?? {type: 'end', reason: 'stopped', exitCode: ExitCode.done, text};
        return true;
      }
    }
  } finally {
    over.abort();
    await messages.return(true);
  }
}

/** The real last message usually is right behind. */
async function lastWord(messages: AsyncGenerator<StreamMessage, boolean>): Promise<End | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, 500, null).unref());
  const word = (async () => {
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      if (next.value.type === 'end') return next.value;
    }
    return null;
  })();
  return await Promise.race([word, late]);
}
