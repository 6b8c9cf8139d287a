import {isDiskFull, pathsIn, saysDiskFull} from '../core/diagnosis/disk-full.js';
import type {ServiceSpec} from '../core/spec.js';
import type {DiskBlocker} from '../core/supervision/state.js';
import type {Surroundings} from './shared.js';

/**
 * Did it end because a disk is full? Its words alone prove nothing: what it says may be old, or have been mended by its
 * own end. So one of the disks that it may have meant has to be full now.
 * @param lines its last ones, oldest first
 */
export function diskBlocker(
  lines: readonly string[],
  spec: ServiceSpec,
  {world, spec: project}: Surroundings,
): DiskBlocker | null {
  const said = saysDiskFull(lines);
  if (said === null) return null;
  const tmp = spec.env['TMPDIR'] ?? '/tmp';
  const places = [...pathsIn(said), spec.cwd, project.projectDir, tmp, project.logDir, project.stateDir];
  for (const path of new Set(places)) {
    const room = world.processes.diskRoom(path);
    if (room !== null && isDiskFull(room))
      return {kind: 'disk', path: room.path, freeBytes: room.freeBytes, freeFiles: room.freeFiles};
  }
  return null;
}
