import {inferredRole} from '../../../lib/core/config/roles.js';
import {databaseProposals} from './databases.js';
import type {Folder, Listens} from './folder.js';
import {nodeProposals} from './node-package.js';
import {pm2Proposals} from './pm2.js';
import {processComposeProposals} from './process-compose.js';
import {procfileProposals} from './procfile.js';
import {type Proposal, renamed} from './proposal.js';
import {pythonProposals} from './python.js';
import {supervisordProposals} from './supervisord.js';

export interface ProposeOptions {
  readonly listens: Listens;
  readonly platform: string;
  /** For configurations that are programs. */
  readonly programLimitMs?: number;
}

/**
 * What this folder seems to need, in the order in which it should start: databases, then services. A file of another
 * process manager says exactly what is wanted; only without one does `init` look at the programs themselves.
 */
export async function propose(
  folder: Folder,
  {listens, platform, programLimitMs = 10_000}: ProposeOptions,
): Promise<{proposals: Proposal[]; notices: string[]}> {
  const {found: managed, notices} = await managedProposals(folder, programLimitMs);
  const services = managed.length > 0 ? managed : [...pythonProposals(folder, platform), ...nodeProposals(folder)];
  const ports = new Set(services.map(({service}) => primary(service.port)).filter((port) => port !== null));
  const databases = (await databaseProposals(folder, listens)).filter(
    // What the other manager starts itself is running right now, perhaps.
    ({name, service}) =>
      !ports.has(primary(service.port) ?? 0) && !services.some((other) => other.name.toLowerCase() === name),
  );
  return {proposals: linked(renamed([...databases, ...services]), databases.length, managed.length > 0), notices};
}

async function managedProposals(
  folder: Folder,
  limitMs: number,
): Promise<{found: readonly Proposal[]; notices: string[]}> {
  for (const importer of [processComposeProposals, procfileProposals]) {
    const found = importer(folder);
    if (found.length > 0) return {found, notices: []};
  }
  const {proposals, notice} = await pm2Proposals(folder, limitMs);
  if (proposals.length > 0) return {found: proposals, notices: []};
  return {found: supervisordProposals(folder), notices: notice === null ? [] : [notice]};
}

const primary = (port: Proposal['service']['port']) =>
  port === undefined ? null : typeof port === 'number' ? port : port.primary;

/** Backends wait for databases, front ends for backends, unless the other manager has said who needs whom. */
function linked(proposals: readonly Proposal[], databases: number, managed: boolean): Proposal[] {
  const stores = proposals.slice(0, databases).map(({name}) => name);
  const roleOf = ({name, service}: Proposal) => service.role ?? inferredRole(name, (role) => role);
  const backends = proposals
    .slice(databases)
    .filter((proposal) => roleOf(proposal) === 'backend')
    .map(({name}) => name);
  const known = new Set(proposals.map(({name}) => name));
  return proposals.map((proposal, index) => {
    const {dependsOn, ...service} = proposal.service;
    const said =
      dependsOn === undefined ? null : [dependsOn].flat().filter((name) => known.has(name) && name !== proposal.name);
    const guessed =
      index < databases || managed
        ? []
        : roleOf(proposal) === 'frontend'
          ? backends.filter((name) => name !== proposal.name)
          : stores;
    const needs = said ?? guessed;
    return {...proposal, service: needs.length === 0 ? service : {...service, dependsOn: needs}};
  });
}
