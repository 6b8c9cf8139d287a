import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {ErpError} from '../core/errors.js';
import {ExitCode} from '../core/exit-codes.js';
import {
  apiPaths,
  type Hello,
  type RestartAnswer,
  type RestartRequest,
  type StartAnswer,
  type StartRequest,
  type StopAnswer,
  type StopRequest,
  type StreamMessage,
} from '../core/report/api.js';
import type {Actor, StatusDocument} from '../core/report/status.js';
import type {ProjectSpec} from '../core/spec.js';
import {actorText, type EventLog} from './event-log.js';
import type {News} from './shared.js';
import type {Supervisor} from './supervisor.js';
import type {Return} from './to-primary.js';

const bodyLimitBytes = 4 * 1024 * 1024;
/** Status messages to a stream: at most this often. */
const statusPauseMs = 100;
/** A reader that is this far behind is let go; it comes back with ?after=. */
const backlogLimitBytes = 1024 * 1024;

export interface ControlOptions {
  readonly spec: ProjectSpec;
  readonly supervisor: Supervisor;
  readonly events: EventLog;
  readonly hello: Omit<Hello, 'lease'>;
  status(): StatusDocument;
  /** Takes secrets out of what others wrote. */
  redact<T>(value: T): T;
  tell(news: News): void;
  /** The terminal that held the services has gone. */
  onLeaseEnd(lease: string, tie: 'none' | 'terminal'): void;
}

interface Stream {
  readonly response: ServerResponse;
  readonly lease: string | null;
  wantsStatus: boolean;
}

/** The supervisor's API on its owner-only socket; see core/report/api.ts for what it speaks. */
export class ControlServer {
  readonly server: Server;
  readonly #options: ControlOptions;
  readonly #streams = new Set<Stream>();
  #statusTimer: NodeJS.Timeout | null = null;
  #lastStatusAt = 0;
  /** What every stream ends with; null: it is not over yet. */
  #last: Extract<StreamMessage, {type: 'end'}> | null = null;

  constructor(options: ControlOptions) {
    this.#options = options;
    this.server = createServer((request, response) => {
      // Whoever asks may be gone before the answer: that is not our trouble.
      response.on('error', () => {});
      this.#serve(request, response).catch((error: unknown) => sendError(response, error));
    });
    this.server.on('clientError', (_error, socket) => socket.destroy());
    this.server.keepAliveTimeout = 0;
  }

  /** States have changed: streams that want the status get it, at most ten times a second. */
  changed(): void {
    if (this.#statusTimer !== null || ![...this.#streams].some((stream) => stream.wantsStatus)) return;
    const wait = Math.max(0, this.#lastStatusAt + statusPauseMs - performance.now());
    this.#statusTimer = setTimeout(() => {
      this.#statusTimer = null;
      this.#lastStatusAt = performance.now();
      // What led to this state comes first.
      this.#options.events.flush();
      const message: StreamMessage = {type: 'status', status: this.#options.status()};
      for (const stream of this.#streams) if (stream.wantsStatus) this.#send(stream, message);
    }, wait);
  }

  /** Last message of every stream; calls when all of it is on its way or nobody reads any more. */
  end(message: Extract<StreamMessage, {type: 'end'}>, done: () => void): void {
    this.#last = message;
    this.#options.events.flush();
    if (this.#statusTimer !== null) clearTimeout(this.#statusTimer);
    // Sockets come from outside (see ControlSocket), so the server cannot tell when they are drained: streams can.
    let left = this.#streams.size;
    const limit = setTimeout(done, 1000);
    const written = (): void => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(limit);
      // An answer to the very request that ends us is written after this.
      setTimeout(done, 20);
    };
    if (left === 0) written();
    for (const stream of [...this.#streams]) {
      if (stream.wantsStatus) this.#send(stream, {type: 'status', status: this.#options.status()});
      this.#send(stream, message);
      stream.response.once('close', written);
      stream.response.end();
    }
  }

  get lease(): string | null {
    return [...this.#streams].find((stream) => stream.lease !== null)?.lease ?? null;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const {spec, hello} = this.#options;
    response.setHeader('x-erp-project', encodeURI(spec.projectDir));
    response.setHeader('x-erp-version', hello.version);
    const url = new URL(request.url ?? '/', 'http://socket');
    const route = `${request.method ?? 'GET'} ${url.pathname}`;
    switch (route) {
      case `GET ${apiPaths.hello}`: {
        const answer: Hello = {...hello, lease: this.lease};
        sendJson(response, 200, answer);
        return;
      }
      case `GET ${apiPaths.status}`:
        sendJson(response, 200, this.#options.status());
        return;
      case `GET ${apiPaths.events}`:
        this.#stream(url.searchParams, response);
        return;
      case `POST ${apiPaths.start}`:
        sendJson(response, 200, this.#start((await readBody(request)) as StartRequest));
        return;
      case `POST ${apiPaths.stop}`:
        sendJson(response, 200, this.#stop((await readBody(request)) as StopRequest));
        return;
      case `POST ${apiPaths.restart}`:
        sendJson(response, 200, await this.#restart((await readBody(request)) as RestartRequest));
        return;
      default:
        if (Object.values(apiPaths).some((path) => path === url.pathname))
          throw new ErpError(`${route} is not offered.`, {code: 'ERP_METHOD', exitCode: ExitCode.unexpected});
        throw new ErpError(`This supervisor (${hello.version}) does not know ${url.pathname}.`, {
          code: 'ERP_UNKNOWN_REQUEST',
          exitCode: ExitCode.unexpected,
          remedy: ['the command line is newer than the supervisor: erp stop, then erp start'],
        });
    }
  }

  #start(request: StartRequest): StartAnswer {
    const {spec, supervisor, events} = this.#options;
    this.#refuseWhileEnding();
    if (request.spec !== null && request.spec.hash !== spec.hash) {
      throw new ErpError(
        `A supervisor runs here with another configuration (${spec.configFile ?? 'from the command line'}).`,
        {
          code: 'ERP_OTHER_CONFIGURATION',
          exitCode: ExitCode.otherSupervisor,
          remedy: ['erp stop, then erp start: takes the new configuration'],
          facts: {running: spec.hash, asked: request.spec.hash, differences: differences(spec, request.spec)},
        },
      );
    }
    const after = events.last;
    const names = request.services ?? autoStarted(spec);
    this.#known(names);
    const announce = (started: readonly string[]): void =>
      this.#operator(request.actor, `start of ${started.join(', ')}`);
    const answer = supervisor.start(names, request.actor, request.services !== null, announce, request.alone === true);
    return {...answer, after};
  }

  #stop(request: StopRequest): StopAnswer {
    const {supervisor, events} = this.#options;
    const after = events.last;
    const forNow = request.forNow === true && request.services === null;
    const text =
      request.services === null
        ? `stop of everything${forNow ? ' for now' : ''}`
        : `stop of ${request.services.join(', ')}`;
    if (request.services === null) {
      const running = supervisor.allNames().filter((name) => !supervisor.isDown(name));
      this.#operator(request.actor, request.now ? `${text}, at once` : text);
      const reason = forNow ? 'shutdown' : 'stopped';
      supervisor.end(reason, ExitCode.done, `stopped by ${actorText(request.actor)}`, request.now, request.actor);
      return {stopping: running, notRunning: supervisor.allNames().filter((name) => !running.includes(name)), after};
    }
    this.#known(request.services);
    const dependents = supervisor.runningDependents(request.services);
    if (dependents.length > 0 && !request.dependents) {
      throw new ErpError(
        `${dependents.join(', ')} ${dependents.length === 1 ? 'needs' : 'need'} ${request.services.join(', ')}.`,
        {
          code: 'ERP_NEEDED_BY',
          exitCode: ExitCode.usage,
          remedy: [`erp stop ${request.services.join(' ')} --yes stops ${dependents.join(', ')} as well`],
          facts: {dependents},
        },
      );
    }
    this.#operator(request.actor, text);
    return {...supervisor.stop([...request.services, ...dependents], request.now, request.actor), after};
  }

  async #restart(request: RestartRequest): Promise<RestartAnswer> {
    const {supervisor, events} = this.#options;
    this.#refuseWhileEnding();
    const after = events.last;
    const named = request.services ?? supervisor.allNames().filter((name) => supervisor.isWanted(name));
    this.#known(named);
    const {go, stay} =
      request.primary === true
        ? await this.#askForPrimaries(
            named.filter((name) => request.services !== null || supervisor.names().includes(name)),
            request.services !== null,
          )
        : {go: named, stay: []};
    this.#refuseWhileEnding();
    const followers = request.primary === true ? supervisor.followersOf(go) : [];
    if (go.length === 0 && request.primary === true) return {started: [], alreadyRunning: stay, after, followers};
    this.#operator(
      request.actor,
      `restart of ${go.join(', ')}${request.primary === true ? ', back to the primary port' : ''}`,
    );
    return new Promise((resolve, reject) => {
      const checked = (problem: string | null): void => {
        if (problem === null) resolve({started: go, alreadyRunning: stay, after, followers});
        else
          reject(
            new ErpError(`Nothing was restarted: ${this.#options.redact(problem)}.`, {
              code: 'ERP_PRECHECK',
              exitCode: ExitCode.serviceFailed,
              remedy: ['correct what it names, then again'],
            }),
          );
      };
      supervisor.restart([...go], request.actor, checked, request.primary === true);
    });
  }

  #askForPrimaries(names: readonly string[], isNamed: boolean): Promise<Return> {
    return new Promise((resolve, reject) => {
      this.#options.supervisor.askForPrimaries(names, isNamed, (answer) => {
        if (answer instanceof ErpError) reject(answer);
        else resolve(answer);
      });
    });
  }

  #refuseWhileEnding(): void {
    if (this.#options.supervisor.ending)
      throw new ErpError('Everything is being stopped right now.', {
        code: 'ERP_STOPPING',
        exitCode: ExitCode.otherSupervisor,
        remedy: ['wait until erp status says stopped, then again'],
      });
  }

  #known(names: readonly string[]): void {
    const known = this.#options.supervisor.allNames();
    const unknown = names.find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw new ErpError(`There is no service or port-forward ${unknown}.`, {
        code: 'ERP_UNKNOWN_SERVICE',
        exitCode: ExitCode.usage,
        remedy: [`known: ${known.join(', ')}`],
        facts: {unknown, known},
      });
  }

  #operator(actor: Actor, what: string): void {
    this.#options.tell({
      level: 'INFO',
      service: null,
      type: 'operator',
      text: `${what} by ${actorText(actor)}${actor.commandLine === '' ? '' : `: ${actor.commandLine}`}`,
      actor,
    });
  }

  // ——— streams ———

  #stream(query: URLSearchParams, response: ServerResponse): void {
    const {events} = this.#options;
    // From where to go on in the next supervisor, for whoever has not seen any event when this one dies.
    response.setHeader('x-erp-seq', events.last);
    response.writeHead(200, {'content-type': 'application/jsonl', 'cache-control': 'no-store'});
    response.flushHeaders();
    const lease = query.get('lease');
    const tie =
      query.get('tie') === 'terminal' || (query.get('tie') === null && this.#options.spec.tie === 'terminal')
        ? 'terminal'
        : 'none';
    const stream: Stream = {response, lease, wantsStatus: query.get('status') === '1'};
    const after = query.get('after');
    if (after !== null) for (const event of events.since(Number(after))) this.#send(stream, {type: 'event', event});
    if (stream.wantsStatus) this.#send(stream, {type: 'status', status: this.#options.status()});
    if (this.#last !== null) this.#send(stream, this.#last);
    if (query.get('follow') === '0' || this.#last !== null) {
      response.end();
      return;
    }
    this.#streams.add(stream);
    const unsubscribe = events.subscribe((event) => this.#send(stream, {type: 'event', event}));
    response.on('close', () => {
      unsubscribe();
      this.#streams.delete(stream);
      if (lease !== null && this.#last === null && !this.#options.supervisor.ending && this.lease === null)
        this.#options.onLeaseEnd(lease, tie);
    });
  }

  #send(stream: Stream, message: StreamMessage): void {
    const {response} = stream;
    if (response.destroyed || response.writableEnded) return;
    response.write(`${JSON.stringify(message)}\n`);
    if (response.writableLength > backlogLimitBytes) response.destroy();
  }
}

const autoStarted = ({services, portForwards}: ProjectSpec): string[] =>
  [...services, ...portForwards].filter(({autoStart}) => autoStart).map(({name}) => name);

/** What differs between two configurations, in words a person can follow. */
function differences(ours: ProjectSpec, theirs: ProjectSpec): readonly string[] {
  const found: string[] = [];
  if (ours.configFile !== theirs.configFile)
    found.push(`configuration file: ${ours.configFile ?? 'none'} / ${theirs.configFile ?? 'none'}`);
  const before = new Map(ours.services.map((service) => [service.name, service]));
  const after = new Map(theirs.services.map((service) => [service.name, service]));
  for (const name of before.keys()) if (!after.has(name)) found.push(`${name}: no longer there`);
  for (const [name, service] of after) {
    const old = before.get(name);
    if (old === undefined) {
      found.push(`${name}: new`);
      continue;
    }
    const keys = Object.keys(service) as (keyof typeof service)[];
    const changed = keys.filter((key) => JSON.stringify(service[key]) !== JSON.stringify(old[key]));
    if (changed.length > 0) found.push(`${name}: ${changed.join(', ')}`);
  }
  if (found.length === 0) found.push('settings outside the services');
  return found;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimitBytes)
      throw new ErpError('The request is too large.', {code: 'ERP_TOO_LARGE', exitCode: ExitCode.usage});
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (cause) {
    throw new ErpError('The request is no JSON.', {code: 'ERP_BAD_REQUEST', exitCode: ExitCode.usage, cause});
  }
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  });
  response.end(text);
}

const httpStatus: Readonly<Record<string, number>> = {
  ERP_OTHER_CONFIGURATION: 409,
  ERP_NEEDED_BY: 409,
  ERP_STOPPING: 409,
  ERP_PRECHECK: 409,
  ERP_PRIMARY_TAKEN: 409,
  ERP_USAGE: 400,
  ERP_UNKNOWN_SERVICE: 404,
  ERP_UNKNOWN_REQUEST: 404,
  ERP_METHOD: 405,
  ERP_TOO_LARGE: 413,
  ERP_BAD_REQUEST: 400,
};

function sendError(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const known = error instanceof ErpError;
  sendJson(response, known ? (httpStatus[error.code] ?? 500) : 500, {
    error: {
      code: known ? error.code : 'ERP_UNEXPECTED',
      message: error instanceof Error ? error.message : String(error),
      remedy: known ? error.remedy : [],
      exitCode: known ? error.exitCode : ExitCode.unexpected,
      causes: [],
      facts: known ? error.facts : {},
    },
  });
}
