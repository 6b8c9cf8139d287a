// First step of `npm start` and `npm test` on a fresh clone: install and build, each only when it is due.
import {spawnSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {contentHash, readStamp, writeStamp} from './stamp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stampFile = join(root, 'node_modules', '.erp-install');
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`erp needs Node 20.19 or newer; this is ${process.version}. Get one from your system or nodejs.org.`);
  process.exit(8);
}

function step(words, command, args) {
  console.error(words);
  const result = spawnSync(command, args, {cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32'});
  if (result.status !== 0) {
    console.error(
      `${command} ${args.join(' ')} failed (exit code ${result.status ?? result.signal}). Nothing was started.`,
    );
    process.exit(1);
  }
}

const wanted = contentHash(root, ['package-lock.json']);
// A plain `npm ci` leaves no stamp of ours: its own record tells that it came from this lock file.
const installed = () =>
  existsSync(join(root, 'node_modules', 'jest')) && existsSync(join(root, 'node_modules', 'esbuild'));
if (!installed() || (readStamp(stampFile) !== '' && readStamp(stampFile) !== wanted)) {
  // --ignore-scripts: our own `prepare` would build here, and the next step builds anyway.
  step('Installing (npm ci) …', 'npm', [
    'ci',
    '--include=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
}
if (readStamp(stampFile) !== wanted) writeStamp(stampFile, wanted);
const {build} = await import('./build.mjs');
await build({announce: true});
