import {connect, isIP} from 'node:net';
import type {Socket} from 'node:net';
import {networkInterfaces} from 'node:os';
import type {NetworkInterfaceInfo} from 'node:os';
import type {NetworkFacts} from '../core/connection/offline-cause.js';
import {parseHostPort} from '../core/connection/server-address.js';
import {classifyConnectError} from './connect-error.js';
import {NameLookup} from './name-lookup.js';
import type {ResolveName} from './name-lookup.js';
import {SocketProber} from './prober.js';
import type {Cancel, DialAnswer, Network, Prober, ServerAddress} from './types.js';

/** How long public targets, the portal and the resolver are waited for. */
const lookAroundMs = 1500;
/** One address of a name may not use up the time of the others. */
const attemptMs = 500;

type Interfaces = () => NodeJS.Dict<NetworkInterfaceInfo[]>;

export interface SystemNetworkOptions {
  readonly prober?: Prober;
  readonly interfaces?: Interfaces;
  readonly resolve?: ResolveName;
}

/** The network as this machine sees it now. Asks nobody but whom it is told to. */
export class SystemNetwork implements Network {
  readonly #prober: Prober;
  readonly #interfaces: Interfaces;
  readonly #names: NameLookup;

  constructor(options: SystemNetworkOptions = {}) {
    this.#prober = options.prober ?? new SocketProber();
    this.#interfaces = options.interfaces ?? networkInterfaces;
    this.#names = new NameLookup(options.resolve);
  }

  addresses(): string {
    let interfaces: ReturnType<Interfaces>;
    try {
      interfaces = this.#interfaces();
    } catch {
      return 'unknown'; // some sandboxes forbid the question: no reason to believe that there is no network
    }
    const found = Object.values(interfaces).flatMap((infos) => infos ?? []);
    const usable = found.filter(({internal, address}) => !internal && !isLinkLocal(address));
    return [...new Set(usable.map(({address}) => address))].sort().join(',');
  }

  dial(server: ServerAddress, timeoutMs: number, callback: (answer: DialAnswer) => void): Cancel {
    const startedAt = performance.now();
    let socket: Socket | null = null;
    let isOver = false;
    let isNamed = isIP(server.host) !== 0;
    const end = (): void => {
      isOver = true;
      clearTimeout(timer);
      socket?.destroy();
    };
    const answer = (result: DialAnswer): void => {
      if (isOver) return;
      end();
      callback(result);
    };
    const timer = setTimeout(() => {
      const what = isNamed ? 'no answer' : `no answer from the name service for ${server.host}`;
      answer({tag: 'timeout', detail: `${what} within ${Math.round(timeoutMs)} ms`});
    }, timeoutMs);
    try {
      socket = connect({
        ...server,
        lookup: this.#names.forSocket,
        autoSelectFamilyAttemptTimeout: Math.max(10, Math.min(attemptMs, Math.round(timeoutMs / 2))),
      });
      socket.on('lookup', () => (isNamed = true));
      socket.on('error', (error) => answer(dialFailure(error)));
      socket.once('connect', () => answer({tag: 'reached', latencyMs: performance.now() - startedAt}));
    } catch (error) {
      setImmediate(() => answer(dialFailure(error as NodeJS.ErrnoException)));
    }
    return () => {
      if (!isOver) end();
    };
  }

  lookAround(
    question: {readonly host: string; readonly publicTargets: readonly string[]; readonly portalUrl: string | null},
    callback: (facts: NetworkFacts) => void,
  ): Cancel {
    const cancels: Cancel[] = [];
    const facts: {-readonly [key in keyof NetworkFacts]?: NetworkFacts[key]} = {hasAddress: this.addresses() !== ''};
    const tell = (): void => {
      const {hasAddress = false, internet, name} = facts;
      if (internet !== undefined && name !== undefined) callback({hasAddress, internet, name});
    };
    cancels.push(
      this.#askInternet(question.publicTargets, question.portalUrl, (internet) => {
        facts.internet = internet;
        tell();
      }),
      this.#askName(question.host, (name) => {
        facts.name = name;
        tell();
      }),
    );
    return () => {
      for (const cancel of cancels) cancel();
    };
  }

  /** A portal lies about every TCP connection, so what the portal's page says counts for more than what could be dialled. */
  #askInternet(
    targets: readonly string[],
    portalUrl: string | null,
    callback: (internet: NetworkFacts['internet']) => void,
  ): Cancel {
    const servers = targets.map(parseHostPort).filter((server) => server !== null);
    if (servers.length === 0 && portalUrl === null) return later(() => callback('not-asked'));
    const cancels: Cancel[] = [];
    let open = servers.length;
    let isReached = false;
    let portal: 'open' | 'captive' | 'silent' | 'waiting' = portalUrl === null ? 'silent' : 'waiting';
    let isOver = false;
    const judge = (): void => {
      if (isOver || portal === 'waiting' || (portal === 'silent' && !isReached && open > 0)) return;
      isOver = true;
      for (const cancel of cancels) cancel();
      callback(portal === 'captive' ? 'captive-portal' : portal === 'open' || isReached ? 'there' : 'away');
    };
    for (const server of servers)
      cancels.push(
        this.dial(server, lookAroundMs, ({tag}) => {
          open -= 1;
          isReached ||= tag === 'reached';
          judge();
        }),
      );
    if (portalUrl !== null)
      cancels.push(
        this.#prober.probe({type: 'http', url: portalUrl, expect: [], headers: {}}, lookAroundMs, (answer) => {
          if (answer.tag === 'answered') portal = answer.status === 204 ? 'open' : 'captive';
          else portal = answer.reason === 'garbage' ? 'captive' : 'silent';
          judge();
        }),
      );
    return () => {
      isOver = true;
      for (const cancel of cancels) cancel();
    };
  }

  #askName(host: string, callback: (name: NetworkFacts['name']) => void): Cancel {
    if (host === '') return later(() => callback('not-asked'));
    if (isIP(host) !== 0) return later(() => callback('literal'));
    let isOver = false;
    const answer = (name: NetworkFacts['name']): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      callback(name);
    };
    const timer = setTimeout(() => answer('unknown'), lookAroundMs);
    this.#names.resolve(host, (error, addresses) => {
      answer(error === null && addresses.length > 0 ? 'resolved' : 'unknown');
    });
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }
}

/** Given to an interface that has found nobody: it leads nowhere. */
const isLinkLocal = (address: string): boolean => /^(fe[89ab][\da-f]:|169\.254\.)/i.test(address);

function dialFailure(error: NodeJS.ErrnoException): DialAnswer {
  const {tag, code, message} = classifyConnectError(error);
  return {tag: tag === 'reset' ? 'error' : tag, detail: code === '' ? message : code};
}

/** An answer never comes before the question has returned. */
function later(callback: () => void): Cancel {
  const immediate = setImmediate(callback);
  return () => clearImmediate(immediate);
}
