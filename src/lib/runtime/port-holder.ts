import {maskText} from '../core/config/secrets.js';
import {isInTheWay} from '../core/ports/addresses.js';
import {programOf} from '../core/ports/port-holder.js';
import type {PortHolder} from '../core/supervision/state.js';
import type {Listener} from '../platform/types.js';

/** Those of these listeners that keep a service from listening on its own addresses. */
export function thoseInTheWay<L extends {readonly address: string}>(
  listeners: readonly L[],
  own: readonly string[],
): readonly L[] {
  return listeners.filter(({address}) => own.some((wanted) => isInTheWay({address, isDualStack: null}, wanted)));
}

/**
 * Who holds a port, of all that was found there: who can be read first.
 * @param service the one of this project that has it; null: none
 */
export function holderOf(listeners: readonly Listener[], service: string | null): PortHolder | null {
  const first = listeners.find(({pid}) => pid !== null) ?? listeners[0];
  if (first === undefined)
    return service === null ? null : {pid: null, name: null, user: null, command: null, startedAt: null, service};
  const {pid, command, user, startedAt} = first;
  // Strangers' command lines hold passwords, too.
  const shown = command === null ? null : maskText(command);
  return {pid, name: programOf(command), user, command: shown, startedAt, service};
}
