import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {
  type ConnectivityEffect,
  type ConnectivityEvent,
  type ConnectivityState,
  connectivityStep,
  initialConnectivity,
  nextConnectivityDeadline,
} from '../../../src/lib/core/connection/connectivity.js';
import type {DialMiss, NetworkFacts} from '../../../src/lib/core/connection/offline-cause.js';

const now = 100_000;
const about = {context: 'prod', server: {host: '10.8.0.1', port: 6443}};
const ctx = {now, about};

const timeout: DialMiss = {tag: 'timeout', detail: '1000 ms'};
const refused: DialMiss = {tag: 'refused', detail: 'ECONNREFUSED'};
const unreachable: DialMiss = {tag: 'unreachable', detail: 'ENETUNREACH'};
const vpn: NetworkFacts = {hasAddress: true, internet: 'there', name: 'literal'};
const away: NetworkFacts = {hasAddress: true, internet: 'away', name: 'literal'};

const dials = {
  lastId: 8,
  lastAt: now - 900,
  countsFrom: 7,
  nextAt: now + 4100,
  eventAt: Number.NEGATIVE_INFINITY,
} as const;
const lastOutage = {endedAt: now - 50_000, tookMs: 7000};

/** One of each kind; dial 8 is under way, what is next is not due. */
const states = {
  unknown: {tag: 'unknown', dials: {...dials, nextAt: now + 100}, misses: 0},
  'unknown, missed once': {tag: 'unknown', dials: {...dials, nextAt: now + 100}, misses: 1},
  online: {tag: 'online', dials, since: now - 60_000, lastOutage},
  'online, an event': {tag: 'online', dials: {...dials, eventAt: now - 3000}, since: now - 60_000, lastOutage},
  'online, long after it': {tag: 'online', dials: {...dials, eventAt: now - 3001}, since: now - 60_000, lastOutage},
  unsure: {
    tag: 'unsure',
    dials: {...dials, nextAt: now + 300},
    since: now - 200,
    onlineSince: now - 60_000,
    lastOutage,
  },
  offline: {
    tag: 'offline',
    dials: {...dials, nextAt: now + 300},
    since: now - 41_000,
    miss: timeout,
    facts: vpn,
    nextLookAt: now + 4000,
    told: ['10.8.0.1:6443 cluster-unreachable'],
    lastOutage,
    wasOnline: true,
  },
} as const satisfies Record<string, ConnectivityState>;
type StateName = keyof typeof states;

const events = {
  go: {tag: 'go'},
  tick: {tag: 'tick'},
  doubt: {tag: 'doubt'},
  address: {tag: 'changed', what: 'address'},
  woke: {tag: 'changed', what: 'woke'},
  kubeconfig: {tag: 'changed', what: 'kubeconfig'},
  reached: {tag: 'dialled', id: 8, answer: {tag: 'reached', latencyMs: 12}},
  'reached, outdated': {tag: 'dialled', id: 6, answer: {tag: 'reached', latencyMs: 12}},
  timeout: {tag: 'dialled', id: 8, answer: timeout},
  'timeout, outdated': {tag: 'dialled', id: 6, answer: timeout},
  refused: {tag: 'dialled', id: 8, answer: refused},
  'no name': {tag: 'dialled', id: 8, answer: {tag: 'no-name', detail: 'ENOTFOUND'}},
  unreachable: {tag: 'dialled', id: 8, answer: unreachable},
  'looked: VPN': {tag: 'looked', facts: vpn},
  'looked: nothing': {tag: 'looked', facts: away},
  gap: {tag: 'gap', ms: 30_000},
} as const satisfies Record<string, ConnectivityEvent>;
type EventName = keyof typeof events;

const shown = (effect: ConnectivityEffect): string => {
  switch (effect.tag) {
    case 'dial':
      return `dial ${effect.id}`;
    case 'suspect':
      return `suspect ${effect.why}`;
    case 'up':
      return `up after ${effect.awayMs}`;
    case 'tell':
      return `${effect.level} ${effect.text}`;
    default:
      return effect.tag;
  }
};

const outcome = (state: StateName, event: EventName): string => {
  const [next, effects] = connectivityStep(states[state], events[event], ctx);
  return [next.tag, ...effects.map(shown)].join('; ');
};

const isBack = 'online; INFO context prod is back after 41s; up after 41000';
const goesOffline = 'offline; down; look-around';

/** What is not named here stays as it is, without an effect. */
const table: Readonly<Record<StateName, Partial<Record<EventName, string>>>> = {
  unknown: {
    go: 'unknown; dial 9',
    address: 'unknown; dial 9; suspect address',
    woke: 'unknown; dial 9; suspect woke',
    kubeconfig: 'unknown; dial 9; suspect kubeconfig',
    reached: 'online',
    unreachable: goesOffline,
  },
  'unknown, missed once': {
    go: 'unknown; dial 9',
    address: 'unknown; dial 9; suspect address',
    woke: 'unknown; dial 9; suspect woke',
    kubeconfig: 'unknown; dial 9; suspect kubeconfig',
    reached: 'online',
    timeout: goesOffline,
    refused: goesOffline,
    'no name': goesOffline,
    unreachable: goesOffline,
  },
  online: {
    go: 'online; dial 9',
    doubt: 'online; dial 9',
    address: 'online; dial 9; suspect address',
    woke: 'online; dial 9; suspect woke',
    kubeconfig: 'online; dial 9; suspect kubeconfig',
    timeout: 'unsure',
    refused: 'unsure',
    'no name': 'unsure',
    unreachable: goesOffline,
  },
  'online, an event': {
    go: 'online; dial 9',
    doubt: 'online; dial 9',
    address: 'online; dial 9; suspect address',
    woke: 'online; dial 9; suspect woke',
    kubeconfig: 'online; dial 9; suspect kubeconfig',
    timeout: goesOffline,
    refused: goesOffline,
    'no name': goesOffline,
    unreachable: goesOffline,
  },
  'online, long after it': {
    go: 'online; dial 9',
    doubt: 'online; dial 9',
    address: 'online; dial 9; suspect address',
    woke: 'online; dial 9; suspect woke',
    kubeconfig: 'online; dial 9; suspect kubeconfig',
    timeout: 'unsure',
    refused: 'unsure',
    'no name': 'unsure',
    unreachable: goesOffline,
  },
  unsure: {
    go: 'unsure; dial 9',
    address: 'unsure; dial 9; suspect address',
    woke: 'unsure; dial 9; suspect woke',
    kubeconfig: 'unsure; dial 9; suspect kubeconfig',
    reached: 'online',
    timeout: goesOffline,
    refused: goesOffline,
    'no name': goesOffline,
    unreachable: goesOffline,
  },
  offline: {
    go: 'offline; dial 9',
    address: 'offline; dial 9',
    woke: 'offline; dial 9',
    kubeconfig: 'offline; dial 9; look-around',
    reached: isBack,
    refused: 'offline; WARNING context prod is out of reach: 10.8.0.1:6443 refuses connections',
    'no name':
      'offline; WARNING context prod is out of reach: the name 10.8.0.1 has no address here, 10.8.0.1:6443: the name has no address (ENOTFOUND)',
    'looked: nothing':
      'offline; WARNING context prod is out of reach: public addresses are silent as well, 10.8.0.1:6443 is silent',
  },
};

describe('the gate of a context', () => {
  describe.each(Object.keys(states) as StateName[])('%s', (state) => {
    it.each(Object.keys(events) as EventName[])('%s', (event) => {
      expect(outcome(state, event)).toBe(table[state][event] ?? states[state].tag.replace(/,.*/, ''));
    });
  });

  const after = (state: ConnectivityState, ...happened: readonly (readonly [at: number, event: ConnectivityEvent])[]) =>
    happened.reduce((each, [at, event]) => connectivityStep(each, event, {now: at, about})[0], state);

  it('wants nothing as long as nobody does', () => {
    expect(nextConnectivityDeadline(initialConnectivity)).toBe(Number.POSITIVE_INFINITY);
  });

  it('asks every five seconds while all is well, and again half a second after a miss', () => {
    expect(nextConnectivityDeadline(after(states.unknown, [now, events.reached]))).toBe(now + 5000);
    const asked = after(states.online, [now + 4100, events.tick]);
    expect(nextConnectivityDeadline(asked)).toBe(now + 9100);
    expect(nextConnectivityDeadline(after(states.online, [now, events.timeout]))).toBe(now + 500);
  });

  it('asks once for many doubts, and forgets none of them', () => {
    const first = after(states.online, [now, events.doubt]);
    const [second, effects] = connectivityStep(first, events.doubt, {now: now + 10, about});
    expect(effects).toEqual([]);
    expect(nextConnectivityDeadline(second)).toBe(now + 200);
  });

  it('takes nothing from a dial of before the change: it went over another network', () => {
    const changed = after(states.online, [now, events.woke]);
    expect(after(changed, [now + 1, events.timeout]).tag).toBe('online');
    expect(after(changed, [now + 1, {tag: 'dialled', id: 9, answer: timeout}]).tag).toBe('offline');
  });

  it('is not thrown back by dials that were lost before the one that came through', () => {
    const offline = after(states.offline, [now, events.address], [now + 500, events.tick], [now + 1000, events.tick]);
    const back = after(offline, [now + 1005, {tag: 'dialled', id: 11, answer: {tag: 'reached', latencyMs: 5}}]);
    expect(back.tag).toBe('online');
    expect(
      after(
        back,
        [now + 1010, {tag: 'dialled', id: 9, answer: timeout}],
        [now + 1500, {tag: 'dialled', id: 10, answer: timeout}],
      ),
    ).toEqual(back);
  });

  it('counts an outage from its first miss', () => {
    const back = after(
      states.online,
      [now, events.timeout],
      [now + 1500, {tag: 'dialled', id: 9, answer: timeout}],
      [now + 4000, {tag: 'dialled', id: 10, answer: {tag: 'reached', latencyMs: 1}}],
    );
    expect(back).toMatchObject({tag: 'online', since: now + 4000, lastOutage: {endedAt: now + 4000, tookMs: 4000}});
  });

  it('keeps its time online through a doubt that came to nothing', () => {
    expect(after(states.unsure, [now, events.reached])).toMatchObject({since: now - 60_000, lastOutage});
  });

  it('says so in one line when it was away too shortly to find out why, and in other words at the first start', () => {
    const texts = (state: ConnectivityState) =>
      connectivityStep(state, events.reached, ctx)[1].flatMap((effect) => (effect.tag === 'tell' ? [effect.text] : []));
    expect(texts({...states.offline, since: now - 1200, facts: null, told: []})).toEqual([
      'context prod was out of reach for 1.2s',
    ]);
    expect(texts({...states.offline, wasOnline: false})).toEqual(['context prod is within reach']);
  });

  it('lives through a gap of any length as if it had not been', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(states)), fc.nat(1e9), (state, ms) => {
        const [shifted, effects] = connectivityStep(state, {tag: 'gap', ms}, {now: now + ms, about});
        expect(effects).toEqual([]);
        expect(nextConnectivityDeadline(shifted)).toBe(nextConnectivityDeadline(state) + ms);
        const later = connectivityStep(shifted, events.timeout, {now: now + ms, about})[0];
        expect(later.tag).toBe(connectivityStep(state, events.timeout, ctx)[0].tag);
      }),
    );
  });
});

type Weather = 'fine' | 'silent' | 'refusing' | 'unreachable';

/** Without the cost of `expect`: it is asked a million times. */
function must(holds: boolean, rule: string): void {
  if (!holds) throw new Error(rule);
}

/** A network, a gate that asks over it, and all that must hold at every moment. */
class Rig {
  state: ConnectivityState = initialConnectivity;
  weather: Weather = 'fine';
  now = 0;
  readonly dialled: number[] = [];
  readonly #agenda: {readonly at: number; readonly event: () => ConnectivityEvent}[] = [];
  readonly #latencyMs: number;
  #isDown = false;
  #missesInARow = 0;
  #lastMiss: DialMiss['tag'] | null = null;
  #eventAt = Number.NEGATIVE_INFINITY;
  #told: string[] = [];

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
    this.handle({tag: 'go'});
  }

  handle(event: ConnectivityEvent): void {
    if (event.tag === 'changed') this.#eventAt = this.now;
    if (event.tag === 'dialled' && event.answer.tag !== 'reached') {
      this.#missesInARow += 1;
      this.#lastMiss = event.answer.tag;
    }
    const [state, effects] = connectivityStep(this.state, event, {now: this.now, about});
    this.state = state;
    for (const effect of effects) this.#perform(effect);
    if (event.tag === 'dialled' && event.answer.tag === 'reached') this.#missesInARow = 0;
    must(this.#isDown === (state.tag === 'offline'), 'down is told exactly while it is offline');
  }

  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const due = nextConnectivityDeadline(this.state);
      const next = this.#agenda.reduce((least, {at}, n) => (at < (this.#agenda[least]?.at ?? Infinity) ? n : least), 0);
      const at = this.#agenda[next]?.at ?? Number.POSITIVE_INFINITY;
      if (Math.min(due, at) > end) break;
      // Never due in the past: that would be a loop without end.
      must(due >= this.now, 'nothing is due in the past');
      this.now = Math.min(due, at);
      if (at <= due) this.handle(this.#agenda.splice(next, 1)[0]?.event() ?? {tag: 'tick'});
      else this.handle({tag: 'tick'});
    }
    this.now = end;
  }

  /** @returns milliseconds, null: not within this time */
  until(tag: ConnectivityState['tag'], withinMs: number): number | null {
    for (let waited = 0; waited <= withinMs; waited += 10) {
      if (this.state.tag === tag) return waited;
      this.advance(10);
    }
    return null;
  }

  #perform(effect: ConnectivityEffect): void {
    switch (effect.tag) {
      case 'dial':
        this.#dial(effect.id, effect.timeoutMs);
        break;
      case 'look-around':
        this.#agenda.push({
          at: this.now + 1500,
          event: () => ({tag: 'looked', facts: this.weather === 'silent' ? vpn : away}),
        });
        break;
      case 'down': {
        const isCertain = this.#lastMiss === 'unreachable' || this.now - this.#eventAt <= 3000;
        must(!this.#isDown, 'down once');
        must(this.#missesInARow >= (isCertain ? 1 : 2), 'down after two misses, or one that is certain');
        this.#isDown = true;
        this.#told = [];
        break;
      }
      case 'up':
        must(this.#isDown, 'up after down');
        this.#isDown = false;
        break;
      case 'tell':
        must(!this.#told.includes(effect.text), 'nothing is told twice');
        this.#told.push(effect.text);
        break;
      case 'suspect':
        must(!this.#isDown, 'who is down is asked by nobody');
        break;
    }
  }

  #dial(id: number, timeoutMs: number): void {
    this.dialled.push(this.now);
    const answer = (at: number, event: () => ConnectivityEvent): unknown => this.#agenda.push({at, event});
    const miss = (what: DialMiss) => () => ({tag: 'dialled', id, answer: what}) as const;
    const hanging = (): void => void answer(this.now + timeoutMs, miss(timeout));
    if (this.weather === 'silent') hanging();
    else if (this.weather === 'refusing') answer(this.now + 1, miss(refused));
    else if (this.weather === 'unreachable') answer(this.now, miss(unreachable));
    // The answer is lost if the network goes away under it.
    else
      answer(this.now + this.#latencyMs, () => {
        if (this.weather === 'fine') return {tag: 'dialled', id, answer: {tag: 'reached', latencyMs: this.#latencyMs}};
        answer(this.now + timeoutMs - this.#latencyMs, miss(timeout));
        return {tag: 'tick'};
      });
  }
}

const happening = fc.oneof(
  fc.constantFrom<Weather>('fine', 'silent', 'refusing', 'unreachable').map((weather) => (rig: Rig) => {
    rig.weather = weather;
  }),
  fc
    .constantFrom<ConnectivityEvent>(events.address, events.woke, events.kubeconfig, events.doubt)
    .map((event) => (rig: Rig) => rig.handle(event)),
  fc.oneof(fc.nat(300), fc.nat(4000), fc.nat(60_000)).map((ms) => (rig: Rig) => rig.advance(ms)),
  fc.nat(100_000).map((ms) => (rig: Rig) => {
    rig.now += ms;
    rig.handle({tag: 'gap', ms});
    rig.handle(events.woke);
  }),
);

describe('any history of a gate', () => {
  const history = fc.array(happening, {maxLength: 60});

  it('is online within 1.5 s when the network is back, and asks little', () => {
    fc.assert(
      fc.property(history, fc.integer({min: 1, max: 300}), (happened, latencyMs) => {
        const rig = new Rig(latencyMs);
        for (const happens of happened) happens(rig);
        rig.weather = 'fine';
        expect(rig.until('online', 1500)).not.toBeNull();
        rig.advance(2000);
        const from = rig.dialled.length;
        rig.advance(60_000);
        expect(rig.state.tag).toBe('online');
        expect(rig.dialled.length - from).toBeLessThanOrEqual(13);
      }),
      {numRuns: 300},
    );
  });

  it('is offline within 7.5 s of the end of the network, within 3 s when somebody doubts, and asks twice a second', () => {
    fc.assert(
      fc.property(
        history,
        fc.constantFrom<Weather>('silent', 'refusing', 'unreachable'),
        fc.boolean(),
        (happened, weather, doubts) => {
          const rig = new Rig(20);
          for (const happens of happened) happens(rig);
          rig.weather = 'fine';
          rig.advance(5000);
          rig.weather = weather;
          if (doubts) rig.handle({tag: 'doubt'});
          expect(rig.until('offline', doubts ? 3000 : 7500)).not.toBeNull();
          rig.advance(2000);
          const from = rig.dialled.length;
          rig.advance(60_000);
          expect(rig.state.tag).toBe('offline');
          expect(rig.dialled.length - from).toBeLessThanOrEqual(121);
        },
      ),
      {numRuns: 300},
    );
  });

  it.each([
    'just started',
    'online',
  ])('is online in time at whichever moment the network comes back, when it was %s', (was) => {
    for (let awayMs = 0; awayMs < 9000; awayMs += 25) {
      const rig = new Rig(1);
      if (was === 'online') rig.advance(1000);
      rig.weather = 'silent';
      rig.advance(awayMs);
      // Half a second between dials, even if none of those under way is ever answered.
      const limitMs = rig.state.tag === 'offline' ? 510 : 1500;
      rig.weather = 'fine';
      expect({awayMs, isInTime: rig.until('online', limitMs) !== null}).toEqual({awayMs, isInTime: true});
    }
  });

  it('asks at most five times a second, however many doubt', () => {
    const rig = new Rig(20);
    rig.advance(1000);
    const from = rig.dialled.length;
    for (let n = 0; n < 6000; n += 1) {
      rig.handle({tag: 'doubt'});
      rig.advance(10);
    }
    expect(rig.dialled.length - from).toBeLessThanOrEqual(301);
  });
});
