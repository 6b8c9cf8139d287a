// Writes what is made from the configuration's schema: config/erp.schema.json for editors, and the tables within
// docs/reference/configuration.md. Tests compare both with what they are made from.
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';

const root = new URL('..', import.meta.url);
const path = (place) => fileURLToPath(new URL(place, root));

async function load(entry) {
  const options = {entryPoints: [path(entry)], bundle: true, write: false, platform: 'node', format: 'esm'};
  const {outputFiles} = await build(options);
  return await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}

const {jsonSchema} = await load('src/lib/core/config/schema.ts');
writeFileSync(path('config/erp.schema.json'), `${JSON.stringify(jsonSchema(), null, 2)}\n`);

const {referenceTables} = await load('src/lib/core/config/reference.ts');
const docs = path('docs/reference/configuration.md');
const [before, after] = ['<!-- generated: node scripts/write-schema.mjs -->\n', '<!-- end of the generated part -->'];
const text = readFileSync(docs, 'utf8');
const start = text.indexOf(before) + before.length;
const end = text.indexOf(after);
if (start < before.length || end === -1) throw new Error(`${docs} has lost the marks of its generated part`);
writeFileSync(docs, `${text.slice(0, start)}\n${referenceTables()}\n${text.slice(end)}`);
console.error('written config/erp.schema.json and docs/reference/configuration.md');
