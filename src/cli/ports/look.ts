import {homedir} from 'node:os';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import {findsNone, portsDocument, type PortsDocument} from '../../lib/core/ports/document.js';
import type {PortPlan} from '../../lib/core/ports/plan.js';
import {isoWithOffset} from '../../lib/core/report/format.js';
import {surveyPorts} from '../../lib/platform/port-survey.js';
import type {PortScreen} from '../render/port-holder.js';
import type {View} from '../render/table.js';
import {type ProjectPlace, projectNow} from './project.js';
import {namesOf, type PortsWish} from './wish.js';

/** Where what is wanted comes from. */
export interface PlanSource {
  readonly place: ProjectPlace;
  /** null: there is no configuration. @throws ErpError what is wrong with it */
  plan(): Promise<PortPlan | null>;
}

/**
 * One look: the configuration, the supervisor, the machine. Nothing is bound, nobody is connected to.
 * @throws {ErpError} 2 for unknown names; 3 for the configuration, where it was asked about
 */
export async function lookAtPorts(wish: PortsWish, source: PlanSource): Promise<PortsDocument> {
  const {place} = source;
  const isAboutPlan = wish.names === null || wish.names.length > 0;
  const [now, read] = await Promise.all([projectNow(place), planFor(source, isAboutPlan && wish.ports !== 'all')]);
  const plan = read.plan ?? now.plan;
  if (plan === null && wish.names === null && wish.ports !== 'all') throw nothingConfigured(place.projectDir);
  const names = wish.ports === 'all' && wish.names === null ? [] : namesOf(wish, plan);
  const wanted = plan?.entries.flatMap(({primary, alternatives}) => [primary, ...alternatives]) ?? [];
  const survey = await surveyPorts(wish.ports === 'all' ? 'all' : [...new Set([...wanted, ...wish.ports])]);
  return portsDocument(
    {
      at: isoWithOffset(new Date()),
      project: plan === null ? null : {dir: place.projectDir, configFile: plan.configFile},
      supervisor: now.supervisor,
      plan,
      names,
      ports: wish.ports,
      problems: [...now.problems, ...read.problems],
      redact: now.redact,
      isoOf: (ms) => isoWithOffset(new Date(ms)),
    },
    {survey, ours: now.ours, last: now.last},
  );
}

/** Whoever asks about a port by its number gets an answer with a broken configuration, too. */
async function planFor(
  source: PlanSource,
  isNeeded: boolean,
): Promise<{readonly plan: PortPlan | null; readonly problems: readonly string[]}> {
  try {
    return {plan: await source.plan(), problems: []};
  } catch (error) {
    if (isNeeded || !(error instanceof ErpError)) throw error;
    const why =
      error.code === 'ERP_FOREIGN_PROGRAM'
        ? error.message
        : 'the configuration is wrong, and left out: erp config validate';
    return {plan: null, problems: [why]};
  }
}

const nothingConfigured = (folder: string): ErpError =>
  new ErpError(`No configuration in ${folder} or the folders above it.`, {
    code: 'ERP_CONFIG_NOT_FOUND',
    exitCode: ExitCode.configuration,
    remedy: [
      'erp ports --all shows who listens on this machine, erp ports 8080 who holds one port',
      'erp -C FOLDER ports for another project',
    ],
    facts: {from: folder},
  });

export function portsExitCode({entries, ports, problems}: PortsDocument): ExitCode {
  if (entries.some(findsNone)) return ExitCode.noPortFree;
  const isBlind = [...entries.flatMap((entry) => entry.ports), ...ports].some(({state}) => state === 'unknown');
  return isBlind || (problems.length > 0 && entries.length + ports.length === 0) ? ExitCode.toolMissing : ExitCode.done;
}

export function screenFor(view: View, configFile: string | null): PortScreen {
  return {view, configFile, home: home(), mayAskRoot: process.geteuid !== undefined && process.geteuid() !== 0};
}

function home(): string | null {
  try {
    return homedir();
  } catch {
    return null; // no HOME and no entry in the passwd file
  }
}
