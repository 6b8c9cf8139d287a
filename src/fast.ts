import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {ask} from './cli/http10.js';
import {locate} from './cli/locate.js';
import {socketsOf} from './cli/place.js';
import {renderStatus} from './cli/render/status.js';
import {statusFlagTable} from './cli/status-flags.js';
import {viewOf} from './cli/terminal.js';
import {versionsAgree} from './cli/versions.js';
import {apiPaths} from './lib/core/report/api.js';
import type {StatusDocument} from './lib/core/report/status.js';
import {statusExitCode} from './lib/core/report/verdict.js';

/**
 * Answers what people and scripts ask many times a day before oclif loads: `--version` and a plain `status`. Whatever is
 * not simple (another flag, no supervisor, a wrong one, an error) is left to oclif, which says the same at length; a test
 * holds the two against each other.
 * @param root folder of the package
 * @returns true: answered, `process.exitCode` is set
 */
export async function fast(argv: readonly string[], root: string): Promise<boolean> {
  if (argv.length === 1 && argv[0] === '--version') {
    const {name, version} = packageOf(root);
    process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`);
    return true;
  }
  const wish = parseStatus(argv, process.env);
  return wish !== null && (await status(wish, root));
}

function packageOf(root: string): {name: string; version: string} {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {name: string; version: string};
}

interface Wish {
  readonly values: Readonly<Record<string, string>>;
  readonly json: boolean;
  readonly colour: boolean | undefined;
}

/** null: not `status`, or not in a form that is understood here for sure. */
export function parseStatus(argv: readonly string[], env: NodeJS.ProcessEnv): Wish | null {
  // oclif has variables of its own that change what is printed.
  if (argv[0] !== 'status' || env['ERP_CONTENT_TYPE'] !== undefined) return null;
  const values: Record<string, string> = {};
  const switches: Record<string, boolean> = {};
  for (let index = 1; index < argv.length; index += 1) {
    const word = argv[index] as string;
    const [, name = '', attached] = /^--([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const row = statusFlagTable.find((each) =>
      name === '' ? each.char !== undefined && word === `-${each.char}` : each.name === name,
    );
    if (row?.fast === true && row.value) {
      const value = attached ?? argv[(index += 1)];
      // A second time, or a value that looks like a flag: oclif knows what it makes of it.
      if (value === undefined || value === '' || value.startsWith('-') || row.name in values) return null;
      values[row.name] = value;
    } else if (row?.fast === true && attached === undefined) switches[row.name] = true;
    else {
      const negated = statusFlagTable.find((each) => each.allowNo === true && word === `--no-${each.name}`);
      if (negated?.fast !== true) return null;
      switches[negated.name] = false;
    }
  }
  for (const {name, env: variable} of statusFlagTable) {
    const value = variable === undefined ? undefined : env[variable];
    if (value !== undefined && value !== '') values[name] ??= value;
  }
  return {values, json: switches['json'] === true, colour: switches['color']};
}

async function status({values, json, colour}: Wish, root: string): Promise<boolean> {
  const found = locate({project: values['project'], config: values['config'], cwd: process.cwd()});
  let document: StatusDocument;
  try {
    const [socketPath = '', another] = socketsOf(found.projectDir, values['instance'] ?? null);
    if (another !== undefined) return false; // which one lives is found out there
    const answer = await ask(socketPath, {method: 'GET', path: apiPaths.status, timeoutMs: 3000});
    const {'x-erp-project': project = '', 'x-erp-version': version = ''} = answer.headers;
    if (answer.status !== 200 || decodeURI(project) !== found.projectDir) return false;
    if (!versionsAgree(version, packageOf(root).version)) return false;
    document = JSON.parse(answer.body) as StatusDocument;
  } catch {
    return false; // nobody there, silent, or cut short: the long way has the words for it
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  process.stdout.write(
    json ? `${JSON.stringify(document, null, 2)}\n` : renderStatus(document, viewOf(process.stdout, colour)),
  );
  process.exitCode = statusExitCode(document);
  return true;
}
