import {isoWithOffset} from '../report/format.js';
import type {MovedPort} from '../report/status.js';
import type {ServiceSpec} from '../spec.js';
import type {PortHolder, PrimarySeen} from '../supervision/state.js';

/**
 * What is said of a service that runs on another port than its primary: the same object in status, JSON and events, so
 * that it is spelt the same everywhere.
 * @param primary null: nobody has looked yet
 */
export function movedPort(spec: ServiceSpec, port: number, primary: PrimarySeen | null): MovedPort {
  const wanted = spec.port?.primary ?? port;
  const holder = primary?.state === 'taken' ? primary.holder : null;
  const state = primary?.state ?? 'unknown';
  const main = spec.isPublic
    ? `${spec.name} answers on ${port}; clients outside still use ${wanted}`
    : `${port} instead of ${wanted}`;
  const text = state === 'free' ? `${main}; ${freeAgain(spec)}` : `${main}, ${takenText(holder)}`;
  const back = `erp restart ${spec.name} --primary`;
  return {
    port,
    primary: wanted,
    primaryState: state,
    holder:
      holder === null
        ? null
        : {...holder, startedAt: holder.startedAt === null ? null : isoWithOffset(new Date(holder.startedAt))},
    public: spec.isPublic,
    text: primary === null ? main : text,
    remedy: state === 'free' ? back : `${freeIt(wanted, holder)}, then: ${back}`,
  };
}

/** What has to come before the way back. */
function freeIt(port: number, holder: PortHolder | null): string {
  return holder?.service == null ? `erp ports release ${port}` : `another primary for ${holder.service}`;
}

/** "8000 is free again: erp restart backend --primary" */
export function freeAgain({name, port, policy}: ServiceSpec): string {
  const command = `erp restart ${name} --primary`;
  const byItself = policy.returnToPrimary === 'idle' ? ' (goes back by itself when nobody is connected)' : '';
  return `${port?.primary ?? ''} is free again: ${command}${byItself}`;
}

/** "held by Teams.exe (pid 5512, user ops1)" */
export function takenText(holder: Omit<PortHolder, 'startedAt'> | null): string {
  if (holder === null) return 'taken, owner unknown';
  const {pid, name, user, service} = holder;
  const facts = [pid === null ? null : `pid ${pid}`, user === null ? null : `user ${user}`].filter(
    (fact) => fact !== null,
  );
  const who = service === null ? (name ?? 'a process that can not be read') : `${service}, of this project`;
  return `held by ${who}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}
