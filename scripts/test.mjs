// `npm test`: compiles everything and runs jest over the result, so that what is tested is what ships.
// Arguments go to jest: npm test -- test/core, npm test -- -t 'budget'.
import {spawnSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = (args, env = {}) =>
  spawnSync(process.execPath, args, {cwd: root, stdio: 'inherit', env: {...process.env, ...env}}).status ?? 1;

rmSync(join(root, 'build'), {recursive: true, force: true}); // a test whose source is gone must not run
const compiled = run([join('node_modules', 'typescript-7', 'bin', 'tsc'), '-p', 'tsconfig.json']);
if (compiled !== 0) process.exit(compiled);
process.exit(
  run([join('node_modules', 'jest', 'bin', 'jest.js'), ...process.argv.slice(2)], {
    NODE_OPTIONS:
      `${process.env.NODE_OPTIONS ?? ''} --experimental-vm-modules --disable-warning=ExperimentalWarning`.trim(),
  }),
);
