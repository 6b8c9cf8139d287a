import {accessSync, constants} from 'node:fs';
import {delimiter, join} from 'node:path';
import {run} from '../commands.js';

/** Path of a program on PATH or where Debian keeps daemons; null: it is not installed. */
export function programPath(name: string): string | null {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  return null;
}

/** For `missing()` of a peer that comes with the system's packages. */
export const missingProgram = (name: string, debianPackage: string) => (): string | null =>
  programPath(name) === null ? `no ${name} on PATH (apt-get install ${debianPackage})` : null;

/** Version of a Debian package, for programs that do not tell theirs. */
export async function packageVersion(debianPackage: string): Promise<string> {
  const {code, output} = await run(['dpkg-query', '-W', '-f', '${Version}', debianPackage]);
  return code === 0 ? output.trim() : 'of unknown version';
}
