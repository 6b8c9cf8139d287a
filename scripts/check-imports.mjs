// Keeps the arrows between the floors honest (docs/architecture.md): commands → cli → runtime → core, runtime → platform,
// and no cycles between files. Types count: a type from the wrong floor is a wrong dependency all the same.
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join, relative, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const floors = [
  {floor: 'core', under: 'src/lib/core/', may: ['core']},
  {floor: 'platform', under: 'src/lib/platform/', may: ['platform', 'core']},
  {floor: 'runtime', under: 'src/lib/runtime/', may: ['runtime', 'platform', 'core']},
  {floor: 'commands', under: 'src/commands/', may: ['cli', 'core', 'commands', 'platform', 'runtime']},
  {floor: 'cli', under: 'src/cli/', may: ['cli', 'runtime', 'platform', 'core']},
  {floor: 'entry', under: 'src/', may: ['cli', 'runtime', 'platform', 'core', 'entry']},
  {floor: 'demo', under: 'demo/', may: ['demo']},
  {floor: 'bench', under: 'bench/', may: ['bench', 'runtime', 'platform']}, // one test runs the supervisor's class itself
];
const floorOf = (path) => floors.find(({under}) => path.startsWith(under));

const files = ['src', 'demo', 'bench'].flatMap((folder) =>
  readdirSync(join(root, folder), {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name))),
);
const graph = new Map(
  files.map((file) => {
    const {importedFiles} = ts.preProcessFile(readFileSync(join(root, file), 'utf8'));
    const imports = importedFiles
      .filter(({fileName}) => fileName.startsWith('.'))
      .map(({fileName}) => relative(root, resolve(root, dirname(file), fileName.replace(/\.js$/, '.ts'))))
      .filter((path) => existsSync(join(root, path)));
    return [file, imports];
  }),
);
const problems = [];
for (const [file, imports] of graph) {
  const from = floorOf(file);
  for (const path of imports) {
    const to = floorOf(path);
    if (from === undefined || to === undefined || from.may.includes(to.floor)) continue;
    problems.push(`${file} (${from.floor}) imports ${path} (${to.floor})`);
  }
}

// Cycles: depth first, each file once; `stack` is the way that led here.
const done = new Set();
function visit(file, stack) {
  if (done.has(file)) return;
  const at = stack.indexOf(file);
  if (at !== -1) {
    problems.push(`cycle: ${[...stack.slice(at), file].join(' → ')}`);
    return;
  }
  for (const next of graph.get(file) ?? []) visit(next, [...stack, file]);
  done.add(file);
}
for (const file of graph.keys()) visit(file, []);

for (const problem of problems) console.error(problem);
console.error(
  problems.length === 0
    ? `imports: ${graph.size} files, arrows as they should be, no cycles`
    : `imports: ${problems.length} problems`,
);
process.exit(problems.length === 0 ? 0 : 1);
