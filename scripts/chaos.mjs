// `npm run chaos`: compiles the tests' support and lets a fleet live through storms. Flags: npm run chaos -- --help.
import {spawn, spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const compiled = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'typescript-7', 'bin', 'tsc'), '-p', 'tsconfig.json'],
  {cwd: root, stdio: 'inherit'},
);
if (compiled.status !== 0) process.exit(compiled.status ?? 1);
const main = join(root, 'build', 'test', 'support', 'chaos', 'main.js');
const child = spawn(process.execPath, [main, ...process.argv.slice(2)], {stdio: 'inherit'});
// A terminal signals all of us at once; whoever signals only us means the run.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
