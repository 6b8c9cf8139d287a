import {readFile, unlink, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import * as nodeModule from 'node:module';
import {basename, dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Position} from '../../lib/core/config/problems.js';

export type ProgramResult =
  | {readonly ok: true; readonly data: unknown}
  | {
      readonly ok: false;
      readonly sentence: string;
      readonly position: Position | null;
      readonly allowed: string | null;
    };

const limitMs = 10_000;

/** A configuration that is a program: JavaScript, or TypeScript whose types are taken away. It exports the configuration. */
export async function runProgram(file: string, limit = limitMs): Promise<ProgramResult> {
  let copy: string | null = null;
  try {
    if (/\.m?ts$/.test(file)) {
      const stripped = await withoutTypes(file);
      if (!stripped.ok) return stripped;
      // Beside the original, so that its relative imports and packages are found.
      copy = join(dirname(file), `.${basename(file)}.${process.pid}.mjs`);
      await writeFile(copy, stripped.data as string);
    }
    return await imported(copy ?? file, file, limit);
  } catch (error) {
    const result = thrown(error, file, copy);
    return error instanceof SyntaxError && !result.ok && result.position === null
      ? {...result, position: await syntaxPosition(copy ?? file)}
      : result;
  } finally {
    if (copy !== null) await unlink(copy).catch(() => undefined);
  }
}

async function imported(path: string, file: string, limit: number): Promise<ProgramResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, limit, 'late');
  });
  try {
    // The query makes Node read the file again in a process that has loaded it before.
    const loading = import(`${pathToFileURL(path).href}?t=${Date.now()}`) as Promise<Record<string, unknown>>;
    const module = await Promise.race([loading, late]);
    if (module === 'late') return failed(`${basename(file)} did not finish within ${limit / 1000}s`, null);
    const data = module['default'] ?? ('module.exports' in module ? module['module.exports'] : undefined);
    if (data === undefined)
      return failed(`${basename(file)} exports nothing as default`, 'export default {services: {…}}');
    if (typeof data === 'function') {
      return failed(`${basename(file)} exports a function`, 'the configuration itself: export default {services: {…}}');
    }
    if (typeof data === 'object' && data !== null && 'then' in data && typeof data.then === 'function') {
      (data as Promise<unknown>).then(undefined, () => undefined); // nobody waits for it
      return failed(`${basename(file)} exports a promise`, 'export default await …');
    }
    return {ok: true, data};
  } finally {
    clearTimeout(timer);
  }
}

const failed = (sentence: string, allowed: string | null, position: Position | null = null): ProgramResult => ({
  ok: false,
  sentence,
  position,
  allowed,
});

function thrown(error: unknown, file: string, copy: string | null): ProgramResult {
  const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : '';
  // Only the place within the file is of use to its author; the rest of the stack is ours.
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const place = new RegExp(`${escape(basename(copy ?? file))}(?:\\?t=\\d+)?:(\\d+)(?::(\\d+))?`).exec(stack);
  const position = place === null ? null : {line: Number(place[1]), column: Number(place[2] ?? 1), length: 1};
  return failed(
    `${basename(file)} threw ${name}${message.replaceAll(/\?t=\d+/g, '') || 'nothing of use'}`,
    null,
    position,
  );
}

/** Node keeps the place of a syntax error to itself, except when it is asked to check a file. */
async function syntaxPosition(file: string): Promise<Position | null> {
  const {execa} = await import('execa');
  const {stderr} = await execa(process.execPath, ['--check', file], {reject: false, timeout: limitMs, stdin: 'ignore'});
  const line = new RegExp(`${escape(basename(file))}:(\\d+)\\n`).exec(stderr)?.[1];
  const column = /\n( *)\^/.exec(stderr)?.[1]?.length ?? 0;
  return line === undefined ? null : {line: Number(line), column: column + 1, length: 1};
}

const escape = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

interface TypeScript {
  transpileModule(source: string, options: {compilerOptions: Record<string, unknown>}): {outputText: string};
}

/** Node's own stripping keeps lines and columns; before Node 22.13 the project's TypeScript does it. */
async function withoutTypes(file: string): Promise<ProgramResult> {
  const source = await readFile(file, 'utf8');
  const strip = (nodeModule as {stripTypeScriptTypes?: (code: string) => string}).stripTypeScriptTypes;
  if (strip !== undefined) return {ok: true, data: quietly(() => strip(source))};
  try {
    const typescript = createRequire(file)('typescript') as TypeScript;
    const {outputText} = typescript.transpileModule(source, {compilerOptions: {target: 'ES2022', module: 'ESNext'}});
    return {ok: true, data: outputText};
  } catch {
    return failed(
      `${basename(file)} is TypeScript, and neither Node ${process.versions.node} nor this project can read it`,
      'npm install --save-dev typescript, Node 22.13 or newer, or the same as erp.config.mjs or erp.config.yaml',
    );
  }
}

/** The stripping says on stderr that it is experimental; whoever wrote erp.config.ts can't do anything about it. */
function quietly<T>(action: () => T): T {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return action();
  } finally {
    process.emitWarning = emitWarning;
  }
}
