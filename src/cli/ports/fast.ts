import {locate} from '../locate.js';
import {parseFast} from '../parse-fast.js';
import {renderPorts} from '../render/ports.js';
import {viewOf} from '../terminal.js';
import {portsFlagTable} from './flags.js';
import {installedProgram} from './installed.js';
import {lookAtPorts, portsExitCode, screenFor} from './look.js';
import {keptPlan} from './plan-cache.js';
import {runtimeDirsSeen} from './project.js';
import {shownPath} from '../shown-path.js';
import {parseWish} from './wish.js';

/**
 * `erp ports` without oclif, YAML and zod: the plan is kept from the last time. Whatever is not simple is left to them.
 * @param root folder of the package
 * @returns false: not answered
 */
export async function fastPorts(argv: readonly string[], root: string): Promise<boolean> {
  const wish = parseFast(argv, process.env, portsFlagTable, true);
  if (wish === null || wish.words.includes('release') || wish.words.includes('free')) return false;
  const {values, switches} = wish;
  const cwd = process.cwd();
  const {projectDir, configFile} = locate({project: values['project'], config: values['config'], cwd});
  const instance = values['instance'] ?? null;
  try {
    const plan = configFile === null ? null : keptPlan({projectDir, configFile, program: installedProgram(root)});
    // None yet, changed, wrong, or shared with other folders: the long way reads it and has the words.
    if (configFile !== null && plan === null) return false;
    const runtimeDirs = runtimeDirsSeen(projectDir, instance);
    const document = await lookAtPorts(parseWish(wish.words, switches['all'] === true), {
      place: {projectDir, configFile, instance, runtimeDirs, sharedState: null},
      plan: async () => plan,
    });
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
    });
    const view = viewOf(process.stdout, switches['json'] === true ? false : switches['color']);
    process.stdout.write(
      switches['json'] === true
        ? `${JSON.stringify(document, null, 2)}\n`
        : renderPorts(document, screenFor(view, configFile === null ? null : shownPath(configFile, cwd))),
    );
    process.exitCode = portsExitCode(document);
    return true;
  } catch {
    return false; // the long way says it at length
  }
}
