// Builds dist/ with esbuild: the supervisor as one file, the fast path as two, the CLI split by command.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  symlinkSync,
} from 'node:fs';
import {join, relative} from 'node:path';
import {fileURLToPath, pathToFileURL} from 'node:url';
import {contentHash, readStamp, writeStamp} from './stamp.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const sources = ['package.json', 'package-lock.json', 'scripts/build.mjs', 'src', 'demo', 'bin'];

const files = (folder) =>
  readdirSync(join(root, folder), {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));

// Bundled CommonJS packages call require(); an ES module has none of its own.
const banner = {
  js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
};
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  minify: true,
  keepNames: true,
  legalComments: 'none',
  external: ['typescript', 'libsql'],
  banner,
  define: {ERP_VERSION: JSON.stringify(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version)},
  logLevel: 'warning',
};

/** What the rules of the diagnosis look for in a line: taken from their expressions here, and not at each start. */
async function requiredTexts(bundle) {
  const {outputFiles} = await bundle({
    ...common,
    banner: {},
    write: false,
    entryPoints: ['src/lib/core/logs/diagnosis/patterns.ts'],
  });
  const code = Buffer.from(outputFiles[0].contents).toString('base64');
  const module = await import(`data:text/javascript;base64,${code}`);
  return JSON.stringify(module.requiredTexts());
}

/** `npx erp` looks for node_modules/.bin/erp, which npm links for dependencies but not for the package itself. */
function linkBinary() {
  const bin = join(root, 'node_modules', '.bin');
  if (!existsSync(bin)) return;
  const run = join('..', '..', 'bin', 'run.js');
  if (process.platform === 'win32') {
    writeFileSync(join(bin, 'erp.cmd'), `@"${process.execPath}" "%~dp0\\${run}" %*\r\n`);
    return;
  }
  try {
    symlinkSync(run, join(bin, 'erp'));
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/** Builds unless dist/ was made from exactly these sources. The new folder takes the old one's place at once. */
export async function build({announce = false, force = false} = {}) {
  linkBinary();
  const stamp = contentHash(root, sources);
  if (!force && readStamp(join(dist, '.stamp')) === stamp && existsSync(join(root, 'oclif.manifest.json')))
    return false;
  const {build: bundle} = await import('esbuild');
  if (announce) console.error('Building …');
  const fresh = join(root, `dist.${process.pid}`);
  rmSync(fresh, {recursive: true, force: true});
  mkdirSync(fresh);
  const single = ['src/supervisor.ts', 'src/diagnose.ts', 'src/log-scan.ts'].filter((file) =>
    existsSync(join(root, file)),
  );
  const cli = [
    'src/cli/main.ts',
    'src/cli/help.ts',
    'src/index.ts',
    ...(existsSync(join(root, 'src/commands')) ? files('src/commands') : []),
  ];
  const demo = existsSync(join(root, 'demo'))
    ? readdirSync(join(root, 'demo'), {withFileTypes: true})
        .filter((e) => e.isFile() && /^[a-z-]+\.ts$/.test(e.name))
        .map((e) => `demo/${e.name}`)
    : [];
  const define = {...common.define, ERP_REQUIRED_TEXTS: await requiredTexts(bundle)};
  await Promise.all([
    // CommonJS, and bin/ too: Node's loader of ES modules costs 10 ms, a sixth of what a bare Node takes to start.
    // One file for each: what `erp ports` needs is as much again, and `erp status` should not read it.
    ...['fast', 'fast-ports'].map((name) =>
      bundle({
        ...common,
        banner: {},
        format: 'cjs',
        keepNames: false,
        entryPoints: [`src/${name}.ts`],
        outfile: join(fresh, `${name}.cjs`),
      }),
    ),
    ...single.map((entry) =>
      // Names cost a megabyte and a call for each closure that is made; they only serve stack traces here.
      bundle({
        ...common,
        define,
        keepNames: false,
        entryPoints: [entry],
        outfile: join(fresh, entry.replace('src/', '').replace('.ts', '.js')),
      }),
    ),
    bundle({
      ...common,
      define,
      entryPoints: cli
        .filter((file) => file.endsWith('.ts') && existsSync(join(root, file)))
        .map((file) => ({
          in: file,
          out: file.replace(/^src\/(cli\/)?/, '').replace(/\.ts$/, ''),
        })),
      outdir: fresh,
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
    }),
    ...demo.map((entry) =>
      // Not minified: a stack trace of a provoked crash shall look like one.
      bundle({...common, minify: false, entryPoints: [entry], outfile: join(fresh, entry.replace('.ts', '.js'))}),
    ),
  ]);
  // What the demo shows in a browser and its configuration are files as they are.
  const {cpSync} = await import('node:fs');
  for (const place of ['demo/public', 'demo/erp.config.yaml']) {
    if (existsSync(join(root, place))) cpSync(join(root, place), join(fresh, place), {recursive: true});
  }
  const old = join(root, `dist.${process.pid}.old`);
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, {recursive: true, force: true});
  await writeManifest();
  writeStamp(join(dist, '.stamp'), stamp);
  return true;
}

// The list of commands and flags that oclif reads instead of importing every command at start-up.
async function writeManifest() {
  const {Plugin} = await import('@oclif/core');
  const plugin = new Plugin({root, ignoreManifest: true, errorOnManifestCreate: true, respectNoCacheDefault: true});
  await plugin.load();
  const path = join(root, 'oclif.manifest.json');
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(plugin.manifest)}\n`);
  renameSync(`${path}.${process.pid}`, path);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await build({announce: true, force: process.argv.includes('--force')});
}
