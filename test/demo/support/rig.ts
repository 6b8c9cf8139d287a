import {type ChildProcess, spawn} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {request as httpRequest} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';

/** The compiled, unbundled programs: build/demo. */
const programs = fileURLToPath(new URL('../../../demo/', import.meta.url));
/** The page as it is in the sources, which the compiler does not copy. */
export const publicFolder = fileURLToPath(new URL('../../../../demo/public', import.meta.url));

const limitMs = 20_000;

/** One child of the test. It is waited for by what it says; no test sleeps and hopes. */
export class Program {
  readonly name: string;
  readonly child: ChildProcess;
  readonly exited: Promise<{code: number | null; signal: string | null}>;
  output = '';
  #wake: (() => void)[] = [];

  constructor(name: string, command: readonly string[], options: {cwd: string; env: Record<string, string>}) {
    this.name = name;
    this.child = spawn(command[0] ?? '', command.slice(1), {...options, stdio: ['ignore', 'pipe', 'pipe']});
    const add = (chunk: Buffer) => {
      this.output += chunk.toString();
      for (const wake of this.#wake.splice(0)) wake();
    };
    this.child.stdout?.on('data', add);
    this.child.stderr?.on('data', add);
    this.exited = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      // `close` and not `exit`: all that it said has arrived then.
      this.child.once('close', (code, signal) => {
        resolve({code, signal});
        for (const wake of this.#wake.splice(0)) wake();
      });
    });
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Waits until the output matches. @returns the match */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      const leftMs = deadline - performance.now();
      if (!this.running || leftMs <= 0) {
        await Promise.race([this.exited, pause(1000, undefined, {ref: false})]);
        const last = pattern.exec(this.output);
        if (last !== null) return last;
        throw new Error(`${this.name} never said ${String(pattern)}. It said:\n${this.output}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** http://127.0.0.1:PORT, once it listens. */
  async url(): Promise<string> {
    return (await this.says(/listening on (http:\/\/127\.0\.0\.1:\d+)/))[1] ?? '';
  }

  async end(signal: NodeJS.Signals): Promise<{code: number | null; signal: string | null}> {
    if (this.running) this.child.kill(signal);
    return this.exited;
  }
}

/** A folder, a database in it, and every process that was started; close() leaves none of them. */
export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'erp-demo-'));
  readonly #programs: Program[] = [];

  get databasePath(): string {
    return join(this.folder, 'data', 'erp.db');
  }

  start(name: 'backend' | 'worker' | 'frontend' | 'migrate', env: Record<string, string> = {}): Program {
    const paths = {DEMO_DATA: this.databasePath, DEMO_PUBLIC: publicFolder, PORT: '0'};
    return this.run(name, [process.execPath, join(programs, `${name}.js`)], {...paths, ...env});
  }

  run(name: string, command: readonly string[], env: Record<string, string> = {}): Program {
    const program = new Program(name, command, {cwd: this.folder, env: {...cleanEnvironment(), ...env}});
    this.#programs.push(program);
    return program;
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.end('SIGKILL')));
    rmSync(this.folder, {recursive: true, force: true});
  }
}

// What the machine's owner has set must not decide what a test sees.
function cleanEnvironment(): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(DEMO_|REDIS_|NODE_OPTIONS$|PORT$|BACKEND_URL$)/.test(name)) kept[name] = value;
  }
  return kept;
}

/** Asks again until `question` gives something other than undefined. */
export async function until<T>(what: string, question: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + limitMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await question();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await pause(20);
  }
  throw new Error(`in vain: ${what}`, {cause: last});
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads documents whose shape it is about to check
export type Json = any;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

/** A request with JSON in and out. */
export async function ask(url: string, body?: unknown, init: RequestInit = {}): Promise<Answer> {
  const withBody =
    body === undefined ? {} : {method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body)};
  const headers = {...(body === undefined ? {} : {'content-type': 'application/json'}), ...(init.headers as object)};
  const response = await fetch(url, {signal: AbortSignal.timeout(limitMs), ...withBody, ...init, headers});
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** A request whose path and headers go out exactly as given, which fetch would tidy up. */
export function askRaw(
  url: string,
  path: string,
  options: {method?: string; headers?: Record<string, string>; body?: string} = {},
): Promise<{status: number; headers: Record<string, unknown>; text: string}> {
  return new Promise((resolve, reject) => {
    const {hostname, port} = new URL(url);
    const {body, ...rest} = options;
    const request = httpRequest({hostname, port, path, ...rest, agent: false, timeout: limitMs}, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        resolve({status: response.statusCode ?? 0, headers: response.headers, text});
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}
