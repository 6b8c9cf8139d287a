import {ExitCode} from '../lib/core/exit-codes.js';
import {countOf} from '../lib/core/report/format.js';
import type {StreamMessage} from '../lib/core/report/api.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import {forwardsOf, verdictOf} from '../lib/core/report/verdict.js';
import {actor} from './actor.js';
import type {EarlySignals} from './early-signals.js';
import {exitWithoutTerminal} from './lost-terminal.js';
import type {Following} from './following.js';
import type {Progress} from './progress/progress.js';
import type {SupervisorClient} from './supervisor-client.js';
import {gone} from './watch-status.js';

export interface ForegroundOptions {
  readonly client: SupervisorClient;
  readonly progress: Progress;
  readonly following: Following;
  /** Ctrl-C stops everything; false: it only leaves. */
  readonly holds: boolean;
  /** Signals that came before anybody could act on them. */
  readonly early?: EarlySignals;
  /** Told once, as soon as everything that is wanted is up. */
  readonly onReady?: (document: StatusDocument) => void;
}

export interface ForegroundOutcome {
  readonly reason: Extract<StreamMessage, {type: 'end'}>['reason'] | 'left';
  readonly text: string;
  readonly exitCode: number;
}

/** An end that an event has told already. */
export const isSaid = ({reason}: ForegroundOutcome): boolean =>
  reason === 'critical-failed' || reason === 'budget-spent';

/**
 * Shows what happens until the supervisor ends. With a lease, Ctrl-C and SIGTERM stop everything in order, a second
 * Ctrl-C at once. When the terminal goes away (SIGHUP, EIO, EPIPE) this just ends: the lease ends with the connection,
 * and what happens to the services is the supervisor's decision.
 */
export async function stayInForeground(options: ForegroundOptions): Promise<ForegroundOutcome> {
  const {client, progress, following, holds} = options;
  let last: StatusDocument | null = null;
  let ready = false;
  const operator: {asked: 'SIGINT' | 'SIGTERM' | null} = {asked: null};

  const stop = (signal: 'SIGINT' | 'SIGTERM'): void => {
    if (!holds) {
      following.leave();
      return;
    }
    const now = operator.asked !== null && signal === 'SIGINT';
    if (operator.asked !== null && !now) return;
    progress.notice(now ? 'Killing what is left.' : stoppingWords(last));
    operator.asked ??= signal;
    void progress.settled();
    client.stop({services: null, now, dependents: true, actor: actor()}).catch((error: unknown) => {
      progress.notice(`The supervisor could not be asked to stop: ${(error as Error).message}`);
    });
  };
  const onInt = () => stop('SIGINT');
  const onTerm = () => stop('SIGTERM');
  // Our terminal is gone. Anything we still wanted to say would only raise the next error.
  const onHup = () => exitWithoutTerminal(ExitCode.interrupted);
  process.on('SIGINT', onInt);
  process.on('SIGTERM', onTerm);
  process.on('SIGHUP', onHup);
  const onLost = (error: NodeJS.ErrnoException) => {
    if (error.code === 'EIO' || error.code === 'EPIPE')
      exitWithoutTerminal(error.code === 'EPIPE' ? 0 : ExitCode.interrupted);
  };
  process.stderr.on('error', onLost);
  options.early?.handOver();
  try {
    const {messages} = following;
    for (let next = await messages.next(); ; next = await messages.next()) {
      if (next.done === true) {
        if (following.left) return {reason: 'left', text: 'left; services go on', exitCode: ExitCode.interrupted};
        // The supervisor may end so fast after a stop that its last word is lost.
        if (operator.asked !== null)
          return {reason: 'stopped', text: 'stopped', exitCode: codeAfter(operator.asked, 0)};
        throw gone(client.door.projectDir);
      }
      const message = next.value;
      if (message.type === 'event') progress.event(message.event);
      else if (message.type === 'status') {
        last = message.status;
        progress.status(message.status);
        if (!ready && verdictOf(last, 'ready') === 'reached') {
          ready = true;
          await progress.settled();
          progress.beside(() => options.onReady?.(message.status));
        }
      } else return {reason: message.reason, text: message.text, exitCode: codeAfter(operator.asked, message.exitCode)};
    }
  } finally {
    await progress.close();
    process.off('SIGINT', onInt);
    process.off('SIGTERM', onTerm);
    process.off('SIGHUP', onHup);
    process.stderr.off('error', onLost);
  }
}

/** Said at once, also before the supervisor has told what runs. */
function stoppingWords(document: StatusDocument | null): string {
  if (document === null) return 'Stopping everything. Ctrl-C again kills what is left.';
  const running = document.services.filter(({pid, kind}) => pid !== null && kind !== 'external').length;
  const forwards = forwardsOf(document).filter(({pid}) => pid !== null).length;
  const what = [
    ...(running > 0 || forwards === 0 ? [countOf(running, 'service')] : []),
    ...(forwards > 0 ? [countOf(forwards, 'port-forward')] : []),
  ];
  return `Stopping ${what.join(', ')}. Ctrl-C again kills ${running + forwards === 1 ? 'it' : 'them'}.`;
}

/** Ctrl-C ends with 130, as everywhere; SIGTERM is how another program asks politely, and that went well. */
function codeAfter(asked: 'SIGINT' | 'SIGTERM' | null, exitCode: number): number {
  return asked === 'SIGINT' && exitCode === 0 ? ExitCode.interrupted : exitCode;
}
