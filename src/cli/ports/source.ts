import type {PortPlan} from '../../lib/core/ports/plan.js';
import {planOf} from '../../lib/core/ports/plan-of-config.js';
import {placeOf, type ProjectFlags} from '../compose.js';
import {locate} from '../locate.js';
import {sharedStateDir} from '../shared-state.js';
import {installedProgram} from './installed.js';
import type {PlanSource} from './look.js';
import {keepPlan, keptPlan} from './plan-cache.js';
import {runtimeDirsSeen} from './project.js';

/**
 * The long way: reads the configuration where it is not kept, and keeps it.
 * @param root folder of the package
 */
export async function planSource(flags: ProjectFlags, root: string, cwd = process.cwd()): Promise<PlanSource> {
  const place = await placeOf(flags, cwd);
  // A shared state may lead to another folder than the one that the configuration is of.
  const {projectDir, configFile} = locate({project: flags.project, config: flags.config, cwd});
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
    keepPlan({...key, configFile: loaded.file}, loaded.text, loaded.looked, plan);
  return plan;
}
