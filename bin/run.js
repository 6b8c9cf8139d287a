#!/usr/bin/env node
'use strict';
const {existsSync} = require('node:fs');
const module_ = require('node:module');
const {dirname, join} = require('node:path');

// From Node 22.1 on the compiled code is kept beside other caches: 5 to 12 ms less.
module_.enableCompileCache?.();

const root = dirname(__dirname);
if (!existsSync(join(root, 'dist', 'fast.cjs'))) {
  console.error(`erp is not built. remedy: cd ${root} && npm ci && npm run build`);
  process.exit(8);
}

// The first process of a container: orphans are given to us, and Node reaps only its own children. The shell of erp-init
// does; from Node 22.15 on we can become it. Before that `erp start` says what to do (src/cli/first-process.ts).
if (process.pid === 1 && process.execve !== undefined && existsSync('/bin/sh')) {
  const init = ['/bin/sh', join(root, 'bin', 'init.sh')];
  process.execve('/bin/sh', [...init, process.execPath, ...process.execArgv, ...process.argv.slice(1)], process.env);
}

require(process.argv[2] === 'ports' ? '../dist/fast-ports.cjs' : '../dist/fast.cjs')
  .fast(process.argv.slice(2), root)
  .then(async (answered) => {
    if (answered) return;
    const {main} = await import('../dist/main.js');
    await main(root);
  });
