import {existsSync, readFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';

const modules = join(process.env['PEERS_DIR'] ?? join(tmpdir(), 'peers'), 'ports', 'node_modules');

/** A library that finds who holds a port. */
export interface Finder {
  readonly name: string;
  readonly what: string;
  /** It ends whom it finds: one victim for each call. */
  readonly kills: boolean;
  readonly file: string;
  /** Program text between two looks at the clock; `module` is the library, `ports` whom to look for. */
  readonly call: string;
}

export const finders: readonly Finder[] = [
  {
    name: 'find-process',
    what: 'one call for each port, as it has no other',
    kills: false,
    file: 'find-process/dist/cjs/index.js',
    call: "const find = module.default.default ?? module.default; for (const port of ports) if ((await find('port', port)).length > 0) found += 1;",
  },
  {
    name: 'pid-port',
    what: 'one call for all ports; pids only',
    kills: false,
    file: 'pid-port/index.js',
    call: 'for (const pid of (await module.portToPid(ports)).values()) if (pid !== undefined) found += 1;',
  },
  {
    name: 'fkill',
    what: 'one port, its holder killed',
    kills: true,
    file: 'fkill/index.js',
    call: 'await module.default(`:${ports[0]}`, {force: true}); found = 1;',
  },
];

/** null: not installed. */
export function versionOf({name}: Finder): string | null {
  const file = join(modules, name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as {version: string}).version : null;
}

/** A command that prints the milliseconds of the call and how many ports it found a holder of. */
export function finderCommand({file, call}: Finder, ports: readonly number[]): readonly string[] {
  const text = `
    const module = await import(${JSON.stringify(pathToFileURL(join(modules, file)).href)});
    const ports = ${JSON.stringify(ports)};
    let found = 0;
    const since = performance.now();
    ${call}
    console.log(performance.now() - since, found);`;
  return [process.execPath, '--input-type=module', '-e', text];
}
