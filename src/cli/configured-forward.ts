import {primaryOf} from '../lib/core/config/check-ports.js';
import type {Place} from './compose.js';

/** The primary port of a port-forward of the configuration; null: there is none of that name, or no readable file. */
export async function configuredForward({projectDir, configFile}: Place, name: string): Promise<number | null> {
  if (configFile === null) return null;
  try {
    // The supervisor knows services only, and the file is heavy to read.
    const {loadConfig} = await import('./config/load.js');
    const {config} = await loadConfig({cwd: projectDir, project: projectDir, configFile});
    const forward = config?.portForwards?.[name];
    return forward === undefined ? null : primaryOf(forward.port);
  } catch {
    return null;
  }
}
