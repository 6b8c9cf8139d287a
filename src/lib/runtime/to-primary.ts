import {ErpError} from '../core/errors.js';
import {ExitCode} from '../core/exit-codes.js';
import {takenText} from '../core/ports/moved-port.js';
import type {ServiceSpec} from '../core/spec.js';
import {movedTo} from '../core/supervision/moved.js';
import type {PortHolder, Service} from '../core/supervision/state.js';
import type {ProcessIdentity} from '../platform/types.js';
import {holderOf, thoseInTheWay} from './port-holder.js';
import type {Surroundings} from './shared.js';

/** `erp restart --primary`: who goes back, and who has nothing to go back to. */
export interface Return {
  readonly go: readonly string[];
  readonly stay: readonly string[];
}

export interface Candidate {
  readonly spec: ServiceSpec;
  readonly service: Service;
  /** Who may hold the port without being in the way: what an earlier life left behind is ended first. */
  readonly identity: ProcessIdentity | null;
}

/**
 * Looks, without binding, whether these services can have their primary ports. A restart that would only lead to the next
 * alternative is refused before anything is stopped.
 * @param isNamed they were asked for one by one: whoever has no port at all is a mistake then
 */
export function askForPrimaries(
  around: Surroundings,
  candidates: readonly Candidate[],
  isNamed: boolean,
  done: (answer: Return | ErpError) => void,
): void {
  const without = candidates.find(({spec}) => spec.port === null || spec.kind === 'external');
  if (isNamed && without !== undefined) {
    const {name, kind} = without.spec;
    done(
      new ErpError(
        `${name} ${kind === 'external' ? 'is not started by erp' : 'has no port'}: --primary has no meaning.`,
        {
          code: 'ERP_USAGE',
          exitCode: ExitCode.usage,
          remedy: [`erp status ${name}`],
        },
      ),
    );
    return;
  }
  const go = candidates.filter((each) => wantsBack(each, isNamed));
  const stay = candidates
    .filter((each) => !go.includes(each) && each.spec.port !== null && each.spec.kind !== 'external')
    .map(({spec}) => spec.name);
  const next = (index: number): void => {
    const candidate = go[index];
    if (candidate === undefined) {
      done({go: go.map(({spec}) => spec.name), stay});
      return;
    }
    findHolder(around, candidate, (holder) => {
      if (holder === 'nobody') next(index + 1);
      else done(taken(candidate, holder));
    });
  };
  next(0);
}

/** Runs on another port; or does not run, had another one last and was named. */
function wantsBack({spec, service}: Candidate, isNamed: boolean): boolean {
  if (movedTo(spec, service) !== null) return true;
  const {state, memory} = service;
  const runs = (state.tag === 'starting' || state.tag === 'ready') && state.life.own;
  return isNamed && !runs && spec.port !== null && memory.port !== null && memory.port !== spec.port.primary;
}

function findHolder(
  around: Surroundings,
  {spec, identity}: Candidate,
  done: (holder: PortHolder | null | 'nobody') => void,
): void {
  const {port, name} = spec;
  if (port === null) {
    done('nobody');
    return;
  }
  const given = around.serviceOn(port.primary);
  around.world.ports.owners(port.primary, (listeners) => {
    const inTheWay = thoseInTheWay(listeners ?? [], port.addresses);
    const other = given === name ? null : given;
    if (inTheWay.length === 0 && other === null) done('nobody');
    else if (other !== null || identity === null) done(holderOf(inTheWay, other));
    else
      around.world.ports.holder(port.primary, identity, `${around.projectMark}/${name}/`, ({verdict}) =>
        done(verdict === 'own' ? 'nobody' : holderOf(inTheWay, null)),
      );
  });
}

function taken({spec, service}: Candidate, holder: PortHolder | null): ErpError {
  const {name, port} = spec;
  const now = movedTo(spec, service);
  return new ErpError(
    `${name} can't have ${port?.primary ?? 'its primary'} back: ${takenText(holder)}. Nothing was restarted${now === null ? '' : `, it goes on with ${now}`}.`,
    {
      code: 'ERP_PRIMARY_TAKEN',
      exitCode: ExitCode.noPortFree,
      remedy: [
        holder?.service == null
          ? `erp ports release ${port?.primary ?? ''} shows who it is and asks; then again`
          : `${holder.service} has it; give one of them another primary`,
      ],
      // Its command line may hold a secret: status shows it with secrets taken out.
      facts: {service: name, primary: port?.primary ?? null, port: now, pid: holder?.pid ?? null},
    },
  );
}
