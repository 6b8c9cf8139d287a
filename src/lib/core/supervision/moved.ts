import {freeAgain, movedPort} from '../ports/moved-port.js';
import type {ServiceSpec} from '../spec.js';
import type {Effect, Event} from './events.js';
import type {Memory, Moved, PrimarySeen, Service} from './state.js';
import {type Context, report, step, type Step} from './step.js';

/** A predecessor of whoever comes next may just have closed it: free is what stays free. */
const surelyFreeMs = 1500;

/** Its memory with the port of the next life; what was seen of the primary belongs to the port it had. */
export function onPort(memory: Memory, port: number | null): Memory {
  return {...memory, port, moved: port === memory.port ? memory.moved : null};
}

/** The port it has instead of its primary; null: it has that, or does not run as a process of ours. */
export function movedTo(spec: ServiceSpec, {state, memory}: Service): number | null {
  const runs = (state.tag === 'starting' || state.tag === 'ready') && state.life.own;
  return runs && spec.port !== null && memory.port !== spec.port.primary ? memory.port : null;
}

/** " instead of 8000", where it is not the primary. */
export function insteadOf(spec: ServiceSpec, port: number): string {
  return spec.port === null || spec.port.primary === port ? '' : ` instead of ${spec.port.primary}`;
}

/** Whoever is outside has to hear of another port, and of the way back. */
export function announcement(spec: ServiceSpec, memory: Memory): Extract<Effect, {tag: 'announce-port'}> | null {
  const {port} = memory;
  if (port === null || spec.port === null) return null;
  const oldPort = memory.announcedPort ?? spec.port.primary;
  return oldPort === port ? null : {tag: 'announce-port', port, oldPort};
}

/** Somebody has looked at its primary port: what is new about that is told once. */
export function primarySeen(service: Service, event: Extract<Event, {tag: 'primary-seen'}>, ctx: Context): Step {
  const {spec, now} = ctx;
  const {memory, state} = service;
  const port = movedTo(spec, service);
  if (port === null) return [service, []];
  const before = memory.moved;
  const isFree = event.primary.state === 'free';
  const freeSince = isFree ? (before?.freeSince ?? now) : null;
  const seen: Moved = {
    primary: before?.primary != null && isSamePrimary(before.primary, event.primary) ? before.primary : event.primary,
    freeSince,
    quietSince: isFree ? quietSince(before, event.connections, now) : null,
    warned: before?.warned ?? false,
    toldFree: isFree && (before?.toldFree ?? false),
  };
  const warns = spec.isPublic && !seen.warned && state.tag === 'ready';
  const tellsFree = freeSince !== null && !seen.toldFree && now - freeSince >= surelyFreeMs;
  const moved: Moved = {...seen, warned: seen.warned || warns, toldFree: seen.toldFree || tellsFree};
  if (before !== null && isSame(before, moved)) return [service, []];
  const facts = {moved: movedPort(spec, port, moved.primary)};
  return step(
    state,
    {...memory, moved},
    // Whoever tells an event puts the name in front.
    warns ? report('WARNING', 'port-outside', facts.moved.text.slice(spec.name.length + 1), undefined, facts) : null,
    tellsFree ? report('INFO', 'primary-free', freeAgain(spec), undefined, facts) : null,
  );
}

/** Without a look nothing is known that was not known before. */
function quietSince(before: Moved | null, connections: number | null, now: number): number | null {
  if (connections === null) return before?.quietSince ?? null;
  return connections === 0 ? (before?.quietSince ?? now) : null;
}

/** `returnToPrimary: idle`: is it time? */
export function shallReturn(spec: ServiceSpec, service: Service, now: number): boolean {
  const {moved} = service.memory;
  const {returnToPrimary, returnAfterMs} = spec.policy;
  if (returnToPrimary !== 'idle' || moved === null || service.state.tag !== 'ready') return false;
  if (movedTo(spec, service) === null || moved.freeSince === null || moved.quietSince === null) return false;
  return now - moved.freeSince >= returnAfterMs && now - moved.quietSince >= returnAfterMs;
}

/** Is it worth looking who is connected? That reads all connections of the machine. */
export function needsConnections(spec: ServiceSpec, {state, memory}: Service): boolean {
  if (spec.policy.returnToPrimary !== 'idle' || memory.moved?.freeSince == null || state.tag !== 'ready') return false;
  // Our own probe is a connection, too.
  return state.life.tracks.every(({inFlight}) => inFlight === null);
}

function isSame(a: Moved, b: Moved): boolean {
  return (
    a.primary === b.primary &&
    a.freeSince === b.freeSince &&
    a.quietSince === b.quietSince &&
    a.warned === b.warned &&
    a.toldFree === b.toldFree
  );
}

function isSamePrimary(a: PrimarySeen, b: PrimarySeen): boolean {
  if (a.state === 'free' || b.state === 'free') return a.state === b.state;
  const [x, y] = [a.holder, b.holder];
  if (x === null || y === null) return x === y;
  return x.pid === y.pid && x.startedAt === y.startedAt && x.service === y.service && x.user === y.user;
}
