import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {ErpError} from './lib/core/errors.js';
import {ExitCode} from './lib/core/exit-codes.js';
import type {ProjectSpec} from './lib/core/spec.js';
import {runSupervisor, writeFatal} from './lib/runtime/supervisor-process.js';

/**
 * The supervisor's entry: `node supervisor.js SPEC`, headless, without streams. Everything it has to say stands in its
 * log, its events and, if it could not even start, in `<stateDir>/supervisor-error.json`.
 */
declare const ERP_VERSION: string;

// Terminals come and go; we stay.
process.on('SIGHUP', () => {});
process.on('SIGPIPE', () => {});
// Node would open its debugger, to whoever connects from this machine; `kill -USR1` is how many daemons rotate their logs.
process.on('SIGUSR1', () => {});
process.on('SIGUSR2', () => {});
process.title = 'erp-supervisor';

const specPath = process.argv[2];
if (specPath === undefined) {
  process.stderr.write('usage: supervisor.js SPEC (started by erp start)\n');
  process.exit(ExitCode.usage);
}
const spec = JSON.parse(readFileSync(specPath, 'utf8')) as ProjectSpec;
// With the state folder at its end: by that other users find out whose supervisor runs here (cli/find-supervisor.ts).
process.title = `erp-supervisor ${spec.name} ${spec.stateDir}`;
try {
  process.chdir('/');
} catch {
  // Only so that the folder we were started in can be unmounted or removed.
}
runSupervisor(spec, ERP_VERSION, {
  adoptOnly: process.env.ERP_ADOPT_ONLY === '1',
  program: fileURLToPath(import.meta.url),
  specFile: specPath,
}).catch((error: unknown) => {
  writeFatal(spec, error);
  process.exit(error instanceof ErpError ? error.exitCode : ExitCode.unexpected);
});
