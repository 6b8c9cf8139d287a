import {resolve} from 'node:path';
import {isDiskFull, pathsIn, saysDiskFull} from '../core/diagnosis/disk-full.js';
import type {CommandSpec, ServiceSpec} from '../core/spec.js';
import type {DiskBlocker} from '../core/supervision/state.js';
import type {Surroundings} from './shared.js';

/**
 * Did it end because a disk is full? Its words alone prove nothing: what it says may be old, or have been mended by its
 * own end. So one of the disks that it may have meant has to be full now: where it says, where its command and its
 * environment point to, where it works.
 * @param lines its last ones, oldest first
 */
export function diskBlocker(
  lines: readonly string[],
  spec: ServiceSpec,
  {world, spec: project}: Surroundings,
): DiskBlocker | null {
  const said = saysDiskFull(lines);
  if (said === null) return null;
  const told = [...wordsOf(spec.command), ...Object.values(spec.env)].flatMap(pathsIn);
  const own = [project.projectDir, spec.env['TMPDIR'] ?? '/tmp', project.logDir, project.stateDir];
  for (const path of new Set([...pathsIn(said), ...relative(spec), ...told, spec.cwd, ...own])) {
    const room = world.processes.diskRoom(path);
    if (room !== null && isDiskFull(room))
      return {kind: 'disk', path: room.path, freeBytes: room.freeBytes, freeFiles: room.freeFiles};
  }
  return null;
}

function wordsOf(command: CommandSpec | null): readonly string[] {
  if (command === null) return [];
  return 'shell' in command ? command.shell.split(/\s+/) : command.argv;
}

const relative = ({command, cwd}: ServiceSpec): readonly string[] =>
  wordsOf(command)
    .filter((word) => /^[^-/=:]+\/[^=:]*$/.test(word))
    .map((word) => resolve(cwd, word));
