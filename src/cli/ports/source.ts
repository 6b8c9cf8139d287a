import {statSync} from 'node:fs';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import type {PortPlan} from '../../lib/core/ports/plan.js';
import {planOf} from '../../lib/core/ports/plan-of-config.js';
import {placeOf, type ProjectFlags} from '../compose.js';
import {nameOfUser} from '../find-supervisor.js';
import {locate} from '../locate.js';
import {sharedStateDir} from '../shared-state.js';
import {installedProgram} from './installed.js';
import type {PlanSource} from './look.js';
import {canBeKept, keepPlan, keptPlan} from './plan-cache.js';
import {runtimeDirsSeen} from './project.js';

/**
 * The long way: reads the configuration where it is not kept, and keeps it.
 * @param root folder of the package
 */
export async function planSource(flags: ProjectFlags, root: string, cwd = process.cwd()): Promise<PlanSource> {
  const {projectDir, configFile} = locate({project: flags.project, config: flags.config, cwd});
  const instance = flags.instance ?? null;
  const refusal = configFile === null ? null : foreignProgram(projectDir, configFile, flags.config ?? configFile);
  if (refusal !== null) {
    // Not even to ask whether its state is shared.
    const runtimeDirs = runtimeDirsSeen(projectDir, instance);
    const place = {projectDir, configFile, instance, runtimeDirs, sharedState: null};
    return {place, plan: () => Promise.reject(refusal)};
  }
  // A shared state may lead to another folder than the one that the configuration is of.
  const place = await placeOf(flags, cwd);
  const isOwn = place.sharedState === null;
  return {
    place: isOwn ? {...place, runtimeDirs: runtimeDirsSeen(place.projectDir, place.instance)} : place,
    plan: async () => {
      if (configFile === null) return null;
      const key = {projectDir, configFile, program: installedProgram(root)};
      return (isOwn ? keptPlan(key) : null) ?? (await readPlan(flags, key, cwd));
    },
  };
}

/**
 * Root stays root here, to see who holds a port. A configuration that is a program would run as root then, and whoever
 * may write it is not meant to become that.
 * @param named as it was given: of a link, its own name decides whether it is run
 */
function foreignProgram(projectDir: string, configFile: string, named: string): ErpError | null {
  if ((canBeKept(configFile) && canBeKept(named)) || process.geteuid?.() !== 0) return null;
  const owner = [projectDir, configFile]
    .map((path) => statSync(path, {throwIfNoEntry: false})?.uid ?? 0)
    .find((uid) => uid !== 0);
  if (owner === undefined) return null;
  const user = nameOfUser(owner);
  return new ErpError(`${configFile} is a program of user ${user}, and is not run as root.`, {
    code: 'ERP_FOREIGN_PROGRAM',
    exitCode: ExitCode.configuration,
    remedy: [`sudo -u ${user} erp ports`, 'or by number, as root: erp ports 8080'],
    facts: {user, configFile},
  });
}

/** @throws ErpError exit 3 with all that is wrong */
async function readPlan(
  flags: ProjectFlags,
  key: {projectDir: string; configFile: string; program: string},
  cwd: string,
): Promise<PortPlan> {
  // Validation and YAML are heavy; only who has no kept plan needs them.
  const {loadConfig, requireConfig} = await import('../config/load.js');
  const loaded = await loadConfig({cwd, project: flags.project, configFile: flags.config});
  const plan = planOf(requireConfig(loaded), loaded.file, loaded.position);
  if (loaded.text !== null && sharedStateDir(loaded.raw, key.projectDir) === null)
    keepPlan(key, loaded.text, loaded.looked, plan);
  return plan;
}
