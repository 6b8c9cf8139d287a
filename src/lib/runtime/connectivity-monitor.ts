import {
  connectivityStep,
  type ConnectivityEffect,
  type ConnectivityEvent,
  type ConnectivityState,
  initialConnectivity,
  nextConnectivityDeadline,
} from '../core/connection/connectivity.js';
import type {ForwardFailure} from '../core/connection/forward-failure.js';
import type {NetworkEvent} from '../core/connection/forward-state.js';
import {unreachable} from '../core/unreachable.js';
import type {Cancel, Clock, ContextAnswer, Kubectl, Network} from '../platform/types.js';
import type {News} from './shared.js';

/** Changes of the addresses of this machine are seen within this time; one look takes 0.03 ms. */
const addressEveryMs = 500;
/** kubectl's and the kubeconfig's files. */
const stampEveryMs = 2000;
/** A context that could not be read is read again, changed files or not: a hanging credential helper, a busy machine. */
const rereadEveryMs = 30_000;
const never: Cancel = () => {};

export interface MonitorHost {
  readonly clock: Clock;
  readonly network: Network;
  readonly kubectl: Kubectl;
  readonly publicTargets: readonly string[];
  readonly portalUrl: string | null;
  tell(news: News): void;
  /** Of this context: who uses it looks again. */
  changed(context: string | null): void;
  suspect(context: string | null, why: NetworkEvent): void;
}

/** A context that somebody wants, and what is known of it. */
export interface Gate {
  readonly context: string | null;
  readonly state: ConnectivityState;
  /** null: not read yet. */
  readonly answer: ContextAnswer | null;
}

/**
 * Watches the network for those who need an API server: one gate for each context, one look at the addresses of this
 * machine for all. Does nothing as long as nobody wants anything.
 */
export class ConnectivityMonitor {
  readonly #host: MonitorHost;
  readonly #gates = new Map<string | null, ContextGate>();
  #addresses: string | null = null;
  #stamp: string | null = null;
  #stampAt = 0;
  #cancelLook: Cancel = never;

  constructor(host: MonitorHost) {
    this.#host = host;
  }

  /** Who is wanted now; others rest. */
  want(contexts: ReadonlySet<string | null>): void {
    for (const [context, gate] of this.#gates) {
      if (contexts.has(context)) continue;
      gate.close();
      this.#gates.delete(context);
    }
    for (const context of contexts)
      if (!this.#gates.has(context)) {
        const gate = new ContextGate(context, this.#host);
        this.#gates.set(context, gate);
        gate.open();
      }
    if (this.#gates.size === 0) {
      this.#cancelLook();
      this.#cancelLook = never;
      this.#addresses = null;
      this.#stamp = null;
    } else if (this.#cancelLook === never) this.#look();
  }

  isOnline(context: string | null): boolean | null {
    const gate = this.#gates.get(context);
    if (gate === undefined || gate.answer === null || gate.state.tag === 'unknown') return null;
    return gate.state.tag !== 'offline';
  }

  isUnsure(context: string | null): boolean {
    return this.#gates.get(context)?.state.tag === 'unsure';
  }

  hindrance(context: string | null): ForwardFailure | null {
    const answer = this.#gates.get(context)?.answer ?? null;
    return answer === null || answer.ok ? null : answer.failure;
  }

  doubt(context: string | null): void {
    this.#gates.get(context)?.handle({tag: 'doubt'});
  }

  /** The machine slept, or nobody came to look for some time. */
  gap(ms: number): void {
    for (const gate of this.#gates.values()) {
      gate.handle({tag: 'gap', ms});
      gate.handle({tag: 'changed', what: 'woke'});
    }
  }

  gates(): readonly Gate[] {
    return [...this.#gates.values()];
  }

  close(): void {
    this.want(new Set());
  }

  #look(): void {
    const {clock, network, kubectl} = this.#host;
    const now = clock.now();
    this.#cancelLook = clock.at(now + addressEveryMs, () => this.#look());
    const addresses = network.addresses();
    const isNew = this.#addresses !== null && this.#addresses !== addresses;
    this.#addresses = addresses;
    if (isNew) for (const gate of this.#gates.values()) gate.handle({tag: 'changed', what: 'address'});
    if (now - this.#stampAt < stampEveryMs) return;
    this.#stampAt = now;
    const stamp = kubectl.stamp();
    const hasChanged = this.#stamp !== null && this.#stamp !== stamp;
    this.#stamp = stamp;
    for (const gate of this.#gates.values()) gate.reread(hasChanged);
  }
}

class ContextGate implements Gate {
  readonly context: string | null;
  readonly #host: MonitorHost;
  readonly #inbox: ConnectivityEvent[] = [];
  readonly #dials = new Set<Cancel>();
  #state: ConnectivityState = initialConnectivity;
  #answer: ContextAnswer | null = null;
  #isReading = false;
  #readAt = 0;
  #cancelRead: Cancel = never;
  #cancelTimer: Cancel = never;
  #cancelLookAround: Cancel = never;
  #isClosed = false;

  constructor(context: string | null, host: MonitorHost) {
    this.context = context;
    this.#host = host;
  }

  get state(): ConnectivityState {
    return this.#state;
  }

  get answer(): ContextAnswer | null {
    return this.#answer;
  }

  open(): void {
    this.#read();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRead();
    this.#cancelTimer();
    this.#cancelLookAround();
    this.#cancelDials();
  }

  #cancelDials(): void {
    for (const cancel of this.#dials) cancel();
    this.#dials.clear();
  }

  /** @param isChanged kubectl or a kubeconfig file is another one */
  reread(isChanged: boolean): void {
    const isStale = this.#answer?.ok === false && this.#host.clock.now() - this.#readAt >= rereadEveryMs;
    if (isChanged || isStale) this.#read();
  }

  handle(event: ConnectivityEvent): void {
    // Without an address there is nobody to ask.
    if (this.#isClosed || this.#answer?.ok !== true) return;
    this.#inbox.push(event);
    if (this.#inbox.length > 1) return;
    const before = this.#state;
    for (let next = this.#inbox[0]; next !== undefined; this.#inbox.shift(), next = this.#inbox[0]) {
      const [state, effects] = connectivityStep(this.#state, next, {now: this.#host.clock.now(), about: this.#about});
      this.#state = state;
      for (const effect of effects) this.#perform(effect);
    }
    this.#cancelTimer();
    const at = nextConnectivityDeadline(this.#state);
    this.#cancelTimer =
      at === Number.POSITIVE_INFINITY ? never : this.#host.clock.at(at, () => this.handle({tag: 'tick'}));
    if (before.tag !== this.#state.tag) this.#host.changed(this.context);
  }

  get #about() {
    const answer = this.#answer;
    if (answer?.ok !== true) throw new Error('a gate without an address was asked');
    return {context: answer.name, server: answer.server};
  }

  #read(): void {
    if (this.#isReading) return;
    const {kubectl, clock} = this.#host;
    this.#isReading = true;
    this.#readAt = clock.now();
    const missing = kubectl.missing();
    if (missing !== null) this.#take({ok: false, failure: missing});
    else this.#cancelRead = kubectl.context(this.context, (answer) => this.#take(answer));
  }

  #take(answer: ContextAnswer): void {
    this.#isReading = false;
    if (this.#isClosed) return;
    const before = this.#answer;
    this.#answer = answer;
    if (JSON.stringify(before) === JSON.stringify(answer)) return;
    if (!answer.ok) {
      this.#cancelTimer();
      this.#cancelDials();
      this.#state = initialConnectivity;
    } else if (before?.ok === true) this.handle({tag: 'changed', what: 'kubeconfig'});
    else this.handle({tag: 'go'});
    this.#host.changed(this.context);
  }

  #perform(effect: ConnectivityEffect): void {
    switch (effect.tag) {
      case 'dial':
        this.#dial(effect.id, effect.timeoutMs);
        break;
      case 'look-around':
        this.#lookAround();
        break;
      case 'up':
        this.#host.suspect(this.context, 'network-back');
        break;
      case 'down':
        this.#host.changed(this.context);
        break;
      case 'suspect':
        this.#host.suspect(this.context, effect.why);
        break;
      case 'tell': {
        const {tag: _, ...news} = effect;
        this.#host.tell({...news, service: null, type: 'connectivity', facts: {context: this.#about.context}});
        break;
      }
      default:
        unreachable(effect);
    }
  }

  #dial(id: number, timeoutMs: number): void {
    let cancel: Cancel = never;
    cancel = this.#host.network.dial(this.#about.server, timeoutMs, (answer) => {
      this.#dials.delete(cancel);
      this.handle({tag: 'dialled', id, answer});
    });
    this.#dials.add(cancel);
  }

  #lookAround(): void {
    const {network, publicTargets, portalUrl} = this.#host;
    this.#cancelLookAround();
    this.#cancelLookAround = network.lookAround({host: this.#about.server.host, publicTargets, portalUrl}, (facts) =>
      this.handle({tag: 'looked', facts}),
    );
  }
}
