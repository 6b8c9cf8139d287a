#!/usr/bin/env node
import {existsSync} from 'node:fs';
import module from 'node:module';
import {fileURLToPath} from 'node:url';

// From Node 22.1 on the compiled code is kept beside other caches: 5 to 12 ms less.
module.enableCompileCache?.();

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(`${root}dist/fast.js`)) {
  console.error(`erp is not built. remedy: cd ${root} && npm ci && npm run build`);
  process.exit(8);
}
const {fast} = await import('../dist/fast.js');
if (!(await fast(process.argv.slice(2), root))) {
  const {main} = await import('../dist/main.js');
  await main(import.meta.url);
}
