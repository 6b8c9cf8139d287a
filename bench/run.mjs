// `npm run bench`: builds erp when it is stale, makes one file of the harness and runs it. See README.md beside it.
import {spawnSync} from 'node:child_process';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {build as bundle} from 'esbuild';
import {build} from '../scripts/build.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
if (process.platform !== 'linux') {
  console.error('The measurements read /proc: they run on Linux only.');
  process.exit(8);
}
await build({announce: true});
if (process.argv.includes('--forwards')) {
  // Beside a fake cluster that is a program of the tests' support: compiled as those are.
  const tsc = join(root, 'node_modules', 'typescript-7', 'bin', 'tsc');
  const {status} = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.json'], {cwd: root, stdio: 'inherit'});
  if (status !== 0) process.exit(status ?? 1);
  const {main} = await import(pathToFileURL(join(root, 'build', 'bench', 'forwards', 'main.js')).href);
  process.exit(await main(process.argv.slice(2)));
}
const folder = join(root, 'bench', 'results');
mkdirSync(folder, {recursive: true});
const outfile = join(folder, 'harness.mjs');
await bundle({
  absWorkingDir: root,
  entryPoints: {harness: 'bench/main.ts', survey: 'bench/survey.ts'},
  outdir: folder,
  outExtension: {'.js': '.mjs'},
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'inline',
  define: {BENCH_ROOT: JSON.stringify(root.replace(/\/$/, ''))},
  logLevel: 'warning',
});
const {main} = await import(pathToFileURL(outfile).href);
try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
