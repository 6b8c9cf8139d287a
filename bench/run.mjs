// `npm run bench`: builds erp when it is stale, makes one file of the harness and runs it. See README.md beside it.
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
