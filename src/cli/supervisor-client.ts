import {setTimeout as sleep} from 'node:timers/promises';
import {ErpError} from '../lib/core/errors.js';
import {ExitCode} from '../lib/core/exit-codes.js';
import type {
  Hello,
  RestartAnswer,
  RestartRequest,
  StartAnswer,
  StartRequest,
  StopAnswer,
  StopRequest,
  StreamMessage,
} from '../lib/core/report/api.js';
import {apiPaths} from '../lib/core/report/api.js';
import type {StatusDocument} from '../lib/core/report/status.js';
import type {Answer, Request} from './http10.js';
import {ask, follow, TransportError} from './http10.js';
import {versionsAgree} from './versions.js';

/** Where the supervisor of one project (or one instance in it) is reached. */
export interface Door {
  readonly projectDir: string;
  /** Tried in this order until somebody answers. */
  readonly sockets: readonly string[];
}

export interface FollowOptions {
  /** Replay from here; null: only what happens from now on. */
  readonly after: number | null;
  /** Terminal that holds the services; null: only watch. */
  readonly lease: string | null;
  /** Also send the status document at each change. */
  readonly status: boolean;
  readonly signal?: AbortSignal;
  /** How long to try again when the connection breaks; 0 when the supervisor was asked to end. Default: 5 s. */
  readonly patienceMs?: number;
}

/** Silence of a supervisor that is there: it is stuck, or the machine is. */
const answerWithinMs = 10_000;
/** A supervisor that was killed is back within a second; five allow for a busy machine. */
const replacedWithinMs = 5000;

export class SupervisorClient {
  readonly door: Door;
  /** The socket that has answered last. */
  #socket: string;

  constructor(door: Door) {
    this.door = door;
    this.#socket = door.sockets[0] ?? '';
  }

  /** null: nobody listens there. */
  async hello(timeoutMs = answerWithinMs): Promise<Hello | null> {
    return (await this.#ask('GET', apiPaths.hello, undefined, timeoutMs)) as Hello | null;
  }

  async status(): Promise<StatusDocument | null> {
    return (await this.#ask('GET', apiPaths.status)) as StatusDocument | null;
  }

  /** As `status`; @throws ErpError 6 when nobody answers any more. */
  async presentStatus(): Promise<StatusDocument> {
    return (await this.#must('GET', apiPaths.status)) as StatusDocument;
  }

  async start(request: StartRequest): Promise<StartAnswer> {
    return (await this.#must('POST', apiPaths.start, request)) as StartAnswer;
  }

  async stop(request: StopRequest): Promise<StopAnswer | null> {
    return (await this.#ask('POST', apiPaths.stop, request)) as StopAnswer | null;
  }

  async restart(request: RestartRequest): Promise<RestartAnswer> {
    return (await this.#must('POST', apiPaths.restart, request)) as RestartAnswer;
  }

  /**
   * What happens, until the supervisor says `end`, the caller aborts, or nobody answers for 5 s. When the supervisor is
   * replaced, goes on after the last event seen, so that none is missed or told twice.
   * @returns false when the supervisor went away without a word
   */
  async *events(options: FollowOptions): AsyncGenerator<StreamMessage, boolean> {
    let after = options.after;
    let silentSince: number | null = null;
    const aborted = () => options.signal?.aborted === true;
    while (!aborted()) {
      let heard = false;
      // Lower than what we have seen: somebody has deleted the events, and they are counted anew.
      const onSeq = (seq: number) => {
        if (after === null || seq < after) after = seq;
      };
      for await (const line of this.#lines(streamPath({...options, after}), options.signal, onSeq)) {
        heard = true;
        silentSince = null;
        const message = JSON.parse(line) as StreamMessage;
        if (message.type === 'event') {
          if (after !== null && message.event.seq <= after) continue;
          after = message.event.seq;
        }
        yield message;
        if (message.type === 'end') return true;
      }
      if (aborted()) break;
      if (!heard || silentSince === null) silentSince ??= Date.now();
      if (Date.now() - silentSince >= (options.patienceMs ?? replacedWithinMs)) return false;
      await sleep(50, undefined, {signal: options.signal}).catch(() => {});
    }
    return true;
  }

  /** The lines of one connection; ends silently when the connection does. */
  async *#lines(
    path: string,
    signal: AbortSignal | undefined,
    onSeq: (seq: number) => void,
  ): AsyncGenerator<string, void> {
    const queue: string[] = [];
    const now: {problem: Error | null; refused: Omit<Answer, 'body'> | null; over: boolean} = {
      problem: null,
      refused: null,
      over: false,
    };
    let wake = () => {};
    const stream = follow(this.#socket, path, {
      head: (answer) => {
        now.problem = this.#otherProject(answer, this.#socket);
        const seq = answer.headers['x-erp-seq'];
        if (answer.status !== 200) now.refused = answer;
        else if (seq !== undefined) onSeq(Number(seq));
        wake();
      },
      line: (line) => {
        if (now.refused !== null) now.problem ??= errorFrom({...now.refused, body: line});
        else queue.push(line);
        wake();
      },
      end: (error) => {
        if (error !== null && error.code === 'EACCES') now.problem ??= this.#denied(error);
        now.over = true;
        wake();
      },
    });
    const abort = () => {
      now.over = true;
      wake();
    };
    signal?.addEventListener('abort', abort, {once: true});
    try {
      for (;;) {
        if (now.problem !== null) throw now.problem;
        const line = queue.shift();
        if (line !== undefined) yield line;
        else if (now.over) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      stream.close();
    }
  }

  async #must(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const answer = await this.#ask(method, path, body);
    if (answer !== null) return answer;
    throw new ErpError(`The supervisor of ${this.door.projectDir} went away while it was asked.`, {
      code: 'ERP_SUPERVISOR_GONE',
      exitCode: ExitCode.noSupervisor,
      remedy: ['erp status'],
    });
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: unknown, timeoutMs = answerWithinMs): Promise<unknown> {
    const request = {method, path, timeoutMs, ...(body === undefined ? {} : {body: JSON.stringify(body)})};
    for (const socket of new Set([this.#socket, ...this.door.sockets])) {
      const answer = await this.#try(socket, request);
      if (answer === null) continue;
      this.#socket = socket;
      return answer;
    }
    return null;
  }

  async #try(socket: string, request: Request): Promise<unknown> {
    let answer: Answer;
    try {
      answer = await ask(socket, request);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      if (nobodyThere.has(error.code)) return null;
      if (error.code === 'EACCES' || error.code === 'EPERM') throw this.#denied(error);
      throw new ErpError(`The supervisor of ${this.door.projectDir} does not answer: ${error.message}.`, {
        code: 'ERP_SUPERVISOR_SILENT',
        exitCode: ExitCode.timedOut,
        remedy: ['erp start --ensure replaces a supervisor that is stuck; services go on'],
        cause: error,
      });
    }
    const problem = this.#otherProject(answer, socket);
    if (problem !== null) throw problem;
    if (answer.status >= 400) throw errorFrom(answer);
    try {
      return JSON.parse(answer.body);
    } catch {
      // It died in the middle of its answer.
      return null;
    }
  }

  /** Two projects can only meet on one socket by a mistake of ours; acting on the wrong one would be worse than none. */
  #otherProject(answer: Pick<Answer, 'headers'>, socket: string): ErpError | null {
    const project = projectOf(answer);
    if (project === this.door.projectDir) return null;
    return new ErpError(
      `${socket} answers for ${project ?? 'something that is not erp'}, not for ${this.door.projectDir}.`,
      {
        code: 'ERP_OTHER_PROJECT',
        exitCode: ExitCode.otherSupervisor,
        remedy: ['erp ls shows all projects of this user that run here'],
      },
    );
  }

  #denied(cause: Error): ErpError {
    return new ErpError(`The supervisor of ${this.door.projectDir} belongs to another user.`, {
      code: 'ERP_OTHER_USER',
      exitCode: ExitCode.otherSupervisor,
      remedy: ['ask its owner, or use sudo -u OWNER erp …'],
      cause,
    });
  }
}

/** The socket's file is missing, left over from a dead supervisor, or its supervisor ended right now. */
const nobodyThere = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTSOCK', 'EPROTO']);

/** The header carries the folder URI-encoded: headers are Latin-1, folders are not. */
function projectOf(answer: Pick<Answer, 'headers'>): string | null {
  const value = answer.headers['x-erp-project'];
  if (value === undefined) return null;
  try {
    return decodeURI(value);
  } catch {
    return value;
  }
}

function streamPath(options: FollowOptions): string {
  const query = new URLSearchParams();
  if (options.after !== null) query.set('after', String(options.after));
  if (options.lease !== null) query.set('lease', options.lease);
  if (options.status) query.set('status', '1');
  const text = query.toString();
  return text === '' ? apiPaths.events : `${apiPaths.events}?${text}`;
}

/** The supervisor's own words, with its code, remedy and exit code. */
export function errorFrom(answer: Pick<Answer, 'status' | 'body'>): ErpError {
  let error: {code?: unknown; message?: unknown; remedy?: unknown; exitCode?: unknown; facts?: unknown} = {};
  try {
    error = (JSON.parse(answer.body) as {error?: typeof error}).error ?? {};
  } catch {
    // Not JSON: the status is all we know.
  }
  const known = Object.values(ExitCode).find((code) => code === error.exitCode);
  return new ErpError(
    typeof error.message === 'string' ? error.message : `The supervisor answered with HTTP status ${answer.status}.`,
    {
      code: typeof error.code === 'string' ? error.code : 'ERP_UNEXPECTED_ANSWER',
      exitCode: known ?? ExitCode.unexpected,
      remedy: Array.isArray(error.remedy)
        ? error.remedy.filter((line): line is string => typeof line === 'string')
        : typeof error.remedy === 'string'
          ? [error.remedy]
          : [],
      facts: typeof error.facts === 'object' && error.facts !== null ? (error.facts as Record<string, unknown>) : {},
    },
  );
}

/** @throws ErpError when command line and supervisor are more than a minor version apart. */
export function checkVersion(hello: Pick<Hello, 'version'>, own: string): void {
  if (versionsAgree(hello.version, own)) return;
  throw new ErpError(`The supervisor that runs is erp ${hello.version}; this is erp ${own}.`, {
    code: 'ERP_VERSION_DIFFERENCE',
    exitCode: ExitCode.otherSupervisor,
    remedy: ['erp supervisor restart'],
    facts: {supervisor: hello.version, cli: own},
  });
}
