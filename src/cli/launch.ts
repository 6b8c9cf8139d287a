import {spawn, type ChildProcess} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {Hello} from '../lib/core/report/api.js';
import type {ProjectSpec} from '../lib/core/spec.js';
import {projectMark, supervisorMark} from '../lib/core/supervision/mark.js';
import {makeProjectGroup} from '../lib/platform/control-group.js';
import {helperFile} from '../lib/platform/helper-file.js';
import {guardianArguments, type GuardianFiles, guardianFiles, supervisorOptions} from '../lib/platform/guardian.js';
import {ensureRuntimeDir} from '../lib/platform/project-paths.js';
import {refuseForeign} from './own-folder.js';
import {specFile, stateDirFile} from './place.js';
import {errorFrom, type SupervisorClient} from './supervisor-client.js';

/** Where the supervisor writes why it could not start: an error document, `{"error": …}`. */
export const fatalFile = (stateDir: string) => join(stateDir, 'supervisor-error.json');

export interface LaunchOptions {
  readonly spec: ProjectSpec;
  /** `dist/supervisor.js` of this installation. */
  readonly supervisorFile: string;
  readonly version: string;
  readonly client: SupervisorClient;
  readonly limitMs?: number;
  /** It takes over what runs and starts nothing: for a stop when nobody supervises. */
  readonly adoptOnly?: boolean;
  /** false: it must come up without a place for logs, too. */
  readonly needsLogs?: boolean;
}

/**
 * Starts a supervisor of its own session, without any of our streams (so that `$(erp start --detach)` ends), under a
 * guardian, and waits until it answers.
 */
export async function launch(options: LaunchOptions): Promise<Hello> {
  const {spec, client} = options;
  const stateDir = spec.stateDir;
  refuseForeign(stateDir);
  if (options.adoptOnly !== true) for (const folder of [spec.logDir, spec.ownLogDir]) refuseForeign(folder);
  writable(stateDir, () => {
    mkdirSync(stateDir, {recursive: true, mode: 0o700});
    rmSync(fatalFile(stateDir), {force: true});
    writeSpec(spec);
    // Made here for its mode: the guardian's shell would make it readable for others.
    writeWhole(guardianFiles(spec, '', '').crash, '', 0o600);
  });
  // Who only stops must be able to without logs.
  if (options.needsLogs !== false) for (const folder of [spec.logDir, spec.ownLogDir]) makeWritable(folder);
  writable(spec.runtimeDir, () => {
    ensureRuntimeDir(spec.runtimeDir);
    writeWhole(stateDirFile(spec.runtimeDir), stateDir, 0o600);
  });
  const folder = programFolder(spec);
  const program = writable(dirname(folder), () => ownCopy(options.supervisorFile, folder, options.version));
  const mark = projectMark(spec.runtimeDir);
  const env = {
    ...supervisorEnvironment(process.env),
    NODE_OPTIONS: supervisorOptions,
    ERP_MARK: supervisorMark(mark),
    ...(options.adoptOnly === true ? {ERP_ADOPT_ONLY: '1'} : {}),
  };
  const files = guardianFiles(spec, program, specFile(stateDir));
  endResting(files.note);
  const startGuardian = () => {
    const group = process.env.ERP_NO_CGROUP === '1' ? null : makeProjectGroup(mark);
    return start(files, spec.projectDir, group === null ? env : {...env, ERP_GROUP: group});
  };
  return await answered(client, startGuardian, stateDir, options.limitMs ?? 10_000);
}

/** The folder may be read-only, another user's, or no folder at all. */
function writable<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ErpError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new ErpError(`${folder} cannot be written: ${(error as Error).message}.`, {
      code: 'ERP_FOLDER_UNWRITABLE',
      exitCode: ExitCode.unexpected,
      remedy: ['make the folder writable for this user, or set stateDir and logDir in the configuration'],
      cause: error,
    });
  }
}

/**
 * Asked before the start, by us and not by the supervisor: one that comes back after a crash must take up its services
 * even where it can't write its log any more.
 */
function makeWritable(folder: string): void {
  writable(folder, () => {
    mkdirSync(folder, {recursive: true, mode: 0o755});
    accessSync(folder, constants.W_OK | constants.X_OK);
  });
}

/** Readable by its owner only: the environment of every service is in it. */
export function writeSpec(spec: ProjectSpec): void {
  writeWhole(specFile(spec.stateDir), `${JSON.stringify(spec)}\n`, 0o600);
}

function writeWhole(path: string, content: string | Buffer, mode: number): void {
  const fresh = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(fresh, content, {mode, flag: 'wx'});
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, {force: true});
    throw error;
  }
}

/**
 * The supervisor runs from a copy that nobody else touches: an upgrade or a rebuild of erp must not pull the file from
 * under the guardian, which starts it again from there. `.mjs`, because the folder's package.json is not ours.
 */
export function ownCopy(supervisorFile: string, folder: string, version: string): string {
  const content = readFileSync(supervisorFile);
  const helper = readHelper(helperFile(supervisorFile));
  const hash = createHash('sha256').update(content).update(helper).digest('hex').slice(0, 12);
  mkdirSync(folder, {recursive: true, mode: 0o700});
  const name = `supervisor-${version}-${hash}.mjs`;
  const path = join(folder, name);
  // First: whoever finds the supervisor there relies on its helper.
  if (helper.length > 0) keepCopy(folder, basename(helperFile(path)), helper);
  keepCopy(folder, name, content);
  return path;
}

/** Empty: an installation without it; nothing is diagnosed then. */
function readHelper(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}

function keepCopy(folder: string, name: string, content: Buffer): void {
  const path = join(folder, name);
  if (existsSync(path) && statSync(path).size === content.length) return;
  forgetOld(folder, name);
  writeWhole(path, content, 0o600);
}

/** Node loads no module whose path holds a backslash, on a system where that is a character like any other. */
function programFolder({stateDir, runtimeDir}: ProjectSpec): string {
  const isLoadable = process.platform === 'win32' || !stateDir.includes('\\');
  return join(isLoadable ? stateDir : runtimeDir, 'bin');
}

/** Two former copies stay: a guardian of theirs may still run. */
function forgetOld(folder: string, keep: string): void {
  const kind = keep.slice(0, keep.indexOf('-') + 1);
  const old = readdirSync(folder)
    .filter((name) => name.startsWith(kind) && name.endsWith('.mjs') && name !== keep)
    .map((name) => ({path: join(folder, name), at: statSync(join(folder, name)).mtimeMs}))
    .sort((a, b) => b.at - a.at);
  for (const {path} of old.slice(2)) unlinkSync(path);
}

interface Guardian {
  readonly child: ChildProcess;
  ended: {readonly code: number | null; readonly error: Error | null} | null;
}

function start(files: GuardianFiles, cwd: string, env: NodeJS.ProcessEnv): Guardian {
  const [command, args] =
    process.platform === 'win32'
      ? [process.execPath, [files.program, files.spec]]
      : ['/bin/sh', guardianArguments(files)];
  const child = spawn(command, args, {
    cwd,
    detached: true,
    stdio: 'ignore',
    windowsHide: true,
    env,
  });
  const guardian: Guardian = {child, ended: null};
  child.unref();
  child.once('exit', (code) => (guardian.ended = {code, error: null}));
  child.once('error', (error) => (guardian.ended = {code: null, error}));
  return guardian;
}

/**
 * A guardian that rests between two tries would start its supervisor beside ours some seconds later: harmless, the lock
 * decides, but after an `erp stop` something would be there again for a minute.
 */
function endResting(note: string): void {
  try {
    const pid = Number(readFileSync(`${note}.resting`, 'utf8'));
    if (pid > 0 && readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('erp-guardian'))
      process.kill(pid, 'SIGTERM');
  } catch {
    // None rests, or it has just ended.
  }
}

const notForSupervisor = new Set([
  'INIT_CWD',
  'NODE_OPTIONS',
  'ERP_MARK',
  'ERP_GUARDIAN',
  'ERP_LAST_EXIT',
  'ERP_GROUP',
]);

/** What npm put into our environment is about npm's run; options of this Node process are not meant for the supervisor. */
export function supervisorEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_/i.test(name) && !notForSupervisor.has(name)),
  );
}

async function answered(
  client: SupervisorClient,
  startGuardian: () => Guardian,
  stateDir: string,
  limitMs: number,
): Promise<Hello> {
  const until = Date.now() + limitMs;
  let guardian = startGuardian();
  for (let pause = 4; ; pause = Math.min(pause + 2, 25)) {
    const hello = await client.hello(Math.max(1, until - Date.now()));
    if (hello !== null) return hello;
    if (guardian.ended !== null) {
      const {code, error} = guardian.ended;
      const wasKilled = code === null && error === null;
      if (code !== 0 && !wasKilled) throw lastWords(stateDir, guardian.ended);
      // Ours has stepped back: another supervisor comes up and answers soon, or is on its way out and makes room. Or
      // somebody killed it, and what it has started may come up all the same.
      guardian = startGuardian();
    }
    if (Date.now() > until) {
      throw (
        writtenError(stateDir) ??
        new ErpError(`The supervisor did not answer within ${limitMs / 1000} s.`, {
          code: 'ERP_SUPERVISOR_SILENT',
          exitCode: ExitCode.timedOut,
          remedy: ['see its own log in watchdog_logs/', 'erp start --debug'],
        })
      );
    }
    await sleep(pause);
  }
}

function lastWords(stateDir: string, ended: NonNullable<Guardian['ended']>): ErpError {
  const written = writtenError(stateDir);
  if (written !== null) return written;
  const said = firstError(stateDir);
  const how = ended.error === null ? ` with exit code ${ended.code ?? 'unknown'}` : `: ${ended.error.message}`;
  return new ErpError(`The supervisor ended at once${how}${said === null ? ', without a word' : `: ${said}`}.`, {
    code: 'ERP_SUPERVISOR_DIED',
    exitCode: ExitCode.unexpected,
    remedy: ['see its own log in watchdog_logs/'],
    cause: ended.error ?? undefined,
  });
}

/** What Node said when it could not even run it. */
function firstError(stateDir: string): string | null {
  try {
    const text = readFileSync(guardianFiles({stateDir, runtimeDir: ''}, '', '').crash, 'utf8');
    return /^.*(?:Error|FATAL|not found).*$/m.exec(text)?.[0].trim().slice(0, 300) ?? null;
  } catch {
    return null;
  }
}

function writtenError(stateDir: string): ErpError | null {
  try {
    return errorFrom({status: 500, body: readFileSync(fatalFile(stateDir), 'utf8')});
  } catch {
    return null;
  }
}
