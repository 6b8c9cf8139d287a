import {existsSync, readdirSync, statSync} from 'node:fs';
import {basename, join} from 'node:path';
import {unknownService} from '../../lib/core/config/selection.js';
import {ErpError} from '../../lib/core/errors.js';
import {ExitCode} from '../../lib/core/exit-codes.js';
import type {LogInput} from '../../lib/runtime/log-analysis/collect-logs.js';
import {placeOf} from '../compose.js';
import {lastSpec} from '../left-over.js';
import {loadSpec} from '../load-spec.js';
import {logFilesOf} from '../logs/log-files.js';
import {shownPath} from '../shown-path.js';

interface ProjectFlags {
  readonly project?: string | undefined;
  readonly config?: string | undefined;
}

/** Everything that a word on the command line may mean, and without words the logs of the project. */
export async function inputsOf(words: readonly string[], flags: ProjectFlags, cwd: string): Promise<LogInput[]> {
  const inputs: LogInput[] = [];
  const services: string[] = [];
  for (const word of words) {
    if (word === '-') inputs.push({name: '-', service: null, from: {stream: process.stdin}});
    else if (existsSync(word)) inputs.push(...filesAt(word, cwd));
    else services.push(word);
  }
  if (services.length === 0 && words.length > 0) return inputs;
  if (services.some(looksLikeFile)) throw noSuchFile(services.find(looksLikeFile) as string);
  return [...inputs, ...(await ofProject(services, flags, cwd))];
}

const looksLikeFile = (word: string): boolean => /[/\\]|\.[a-z]{2,4}$/i.test(word);

function noSuchFile(word: string): ErpError {
  const folder = word.includes('/') ? word.slice(0, word.lastIndexOf('/')) || '/' : '.';
  const near = existsSync(folder) ? `ls ${folder}` : `there is no folder ${folder} either`;
  return new ErpError(`There is no file ${word}.`, {
    code: 'ERP_NO_LOG',
    exitCode: ExitCode.usage,
    remedy: [near, 'erp logs analyze - reads what is piped into it'],
  });
}

/** A file, or the logs in a folder. */
function filesAt(path: string, cwd: string): LogInput[] {
  const named = (file: string): LogInput => ({name: shownPath(file, cwd), service: null, from: {path: file}});
  if (!statSync(path).isDirectory()) return [named(path)];
  const logs = readdirSync(path, {withFileTypes: true})
    .filter(
      (entry) =>
        entry.isFile() && /\.(?:log|jsonl|out|err)(?:[.-][\w.-]*)?$|^(?:syslog|messages)(?:\.|$)/i.test(entry.name),
    )
    .map((entry) => entry.name)
    .sort();
  if (logs.length > 0) return logs.map((name) => named(join(path, name)));
  throw new ErpError(`No logs in the folder ${path}.`, {
    code: 'ERP_NO_LOG',
    exitCode: ExitCode.usage,
    remedy: ['name the files: a folder stands for its *.log files, rotated and compressed ones included'],
  });
}

/** Services' logs, the oldest first; without names also what erp itself wrote. */
async function ofProject(services: readonly string[], flags: ProjectFlags, cwd: string): Promise<LogInput[]> {
  const place = await placeOf(flags);
  const spec = lastSpec(place) ?? (await loadSpec({...flags, cwd})).spec;
  const names = [...spec.services.map(({name}) => name), ...spec.portForwards.map(({name}) => name)];
  for (const name of services) if (!names.includes(name)) throw unknownService(name, names);
  const wanted = services.length > 0 ? [...new Set(services)] : names;
  const inputs: LogInput[] = wanted.flatMap((service) =>
    logFilesOf(spec.logDir, service).map(({path}) => ({name: shownPath(path, cwd), service, from: {path}})),
  );
  if (services.length === 0) inputs.push(...ownLogs(spec.ownLogDir, cwd));
  if (inputs.length > 0) return inputs;
  throw new ErpError(`No log in ${shownPath(spec.logDir, cwd)} yet.`, {
    code: 'ERP_NO_LOG',
    exitCode: ExitCode.usage,
    remedy: ['erp start writes them; erp logs analyze FILE reads any other'],
  });
}

function ownLogs(folder: string, cwd: string): LogInput[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^watchdog_\d{8}.*\.log(?:\.gz)?$/.test(basename(name)))
    .sort()
    .map((name) => ({name: shownPath(join(folder, name), cwd), service: null, from: {path: join(folder, name)}}));
}
