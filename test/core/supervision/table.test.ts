import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import type {Event} from '../../../src/lib/core/supervision/events.js';
import {nextDeadline} from '../../../src/lib/core/supervision/deadlines.js';
import {initialService, isAtRest, type Service, type State} from '../../../src/lib/core/supervision/state.js';
import type {Context} from '../../../src/lib/core/supervision/step.js';
import {transition} from '../../../src/lib/core/supervision/transition.js';
import {service} from '../../support/sim/specs.js';

const now = 100_000;
const spec = service('web', 8000);
const ctx: Context = {now, chance: 0.5, spec, dependenciesUp: true, mayStart: true, tellPorts: () => ({})};
const diagnosis = {cause: 'exited', confidence: 0.9, subject: null, evidence: [], remedy: null};
const end = {kind: 'exit', exit: {code: 1, signal: null}, diagnosis, blockedOn: null} as const;
const incarnation = 3;

const life = {
  incarnation,
  own: true,
  pid: 77,
  spawnedAt: now - 5000,
  tracks: [
    {
      nextAt: now + 15_000,
      inFlight: {id: 9, startedAt: now - 10, dueAt: now + 4990},
      lastAnswerAt: now - 15_000,
      countsFrom: now - 60_000,
      misses: 0,
      good: 4,
      bad: 0,
      health: 'healthy',
    },
  ],
  logSeen: false,
  lastWord: null,
  told: {},
} as const;
const stopping = {
  tag: 'stopping',
  incarnation,
  pid: 77,
  since: now - 1000,
  killAt: now + 9000,
  phase: 'asked',
  exit: null,
} as const;

/** One of each kind of state; times lie in the future, so that a tick finds nothing due. */
const states = {
  stopped: {tag: 'stopped', why: 'operator'},
  waiting: {tag: 'waiting'},
  preparing: {tag: 'preparing', incarnation, since: now - 10},
  starting: {tag: 'starting', life: {...life, tracks: [{...life.tracks[0], good: 0}]}, deadline: now + 115_000},
  ready: {tag: 'ready', life, readyAt: now - 4000, health: 'healthy', stableAt: now + 56_000, unhealthySince: null},
  'stopping to stop': {...stopping, goal: {then: 'stop'}},
  'stopping to restart': {...stopping, goal: {then: 'restart', why: 'operator'}},
  'stopping to judge': {...stopping, goal: {then: 'judge', end: {...end, kind: 'hang'}}},
  sweeping: {...stopping, pid: null, goal: {then: 'stop'}, phase: 'sweeping', exit: {code: 0, signal: null}},
  clearing: {tag: 'clearing', incarnation, pid: 77, end, killAt: now + 200, phase: 'asked'},
  'backing-off': {tag: 'backing-off', until: now + 2000, since: now, blockedOn: null},
  'waiting for space': {
    tag: 'backing-off',
    until: now + 300_000,
    since: now,
    blockedOn: {kind: 'disk', path: '/data', freeBytes: 0, freeFiles: null},
  },
  blocked: {tag: 'failed', since: now, nextTryAt: null, blockedOn: {kind: 'port', port: 8000}},
  cooling: {tag: 'failed', since: now, nextTryAt: now + 300_000, blockedOn: null},
  failed: {tag: 'failed', since: now, nextTryAt: null, blockedOn: null},
  done: {tag: 'done', at: now},
} as const satisfies Record<string, State>;
type StateName = keyof typeof states;

const events = {
  start: {tag: 'start'},
  resume: {tag: 'resume'},
  go: {tag: 'go'},
  stop: {tag: 'stop', now: false, why: 'operator'},
  'stop now': {tag: 'stop', now: true, why: 'operator'},
  restart: {tag: 'restart', why: 'operator'},
  'dependency restarted': {tag: 'restart', why: 'dependency'},
  scheduled: {tag: 'restart', why: 'schedule', text: '0 3 * * *'},
  'above its memory': {tag: 'restart', why: 'memory', text: 'memory 2 GiB'},
  prepared: {tag: 'prepared', incarnation, port: 8000, borrowed: false},
  borrowed: {tag: 'prepared', incarnation, port: 8000, borrowed: true},
  'prepare-failed': {tag: 'prepare-failed', incarnation, diagnosis, blockedOn: null, hopeless: false},
  hopeless: {tag: 'prepare-failed', incarnation, diagnosis, blockedOn: null, hopeless: true},
  spawned: {tag: 'spawned', incarnation, pid: 77},
  'spawn-failed': {tag: 'spawn-failed', incarnation, diagnosis, blockedOn: null},
  exited: {tag: 'exited', incarnation, exit: {code: 1, signal: null}, groupAlive: false, diagnosis, blockedOn: null},
  'exited, group alive': {
    tag: 'exited',
    incarnation,
    exit: {code: 1, signal: null},
    groupAlive: true,
    diagnosis,
    blockedOn: null,
  },
  'exited, disk full': {
    tag: 'exited',
    incarnation,
    exit: {code: 1, signal: null},
    groupAlive: false,
    diagnosis,
    blockedOn: {kind: 'disk', path: '/data', freeBytes: 0, freeFiles: null},
  },
  'exited, port taken': {
    tag: 'exited',
    incarnation,
    exit: {code: 1, signal: null},
    groupAlive: false,
    diagnosis,
    blockedOn: {kind: 'port', port: 8000},
  },
  'exited, may not listen': {
    tag: 'exited',
    incarnation,
    exit: {code: 1, signal: null},
    groupAlive: false,
    diagnosis,
    blockedOn: null,
    hopeless: true,
  },
  'port-lost': {tag: 'port-lost', incarnation, port: 8000, diagnosis},
  'group-gone': {tag: 'group-gone', incarnation},
  swept: {tag: 'swept', incarnation},
  answer: {
    tag: 'answer',
    incarnation,
    track: 0,
    id: 9,
    answer: {tag: 'answered', health: 'healthy', detail: '200'},
  },
  silence: {
    tag: 'answer',
    incarnation,
    track: 0,
    id: 9,
    answer: {tag: 'silent', reason: 'refused', detail: 'refused'},
  },
  'log-ready': {tag: 'log-ready', incarnation},
  unblocked: {tag: 'unblocked'},
  tick: {tag: 'tick'},
  gap: {tag: 'gap', ms: 60_000},
} as const satisfies Record<string, Event>;
type EventName = keyof typeof events;

/** What becomes of it. What is not named changes nothing but what is remembered. */
const table: Record<StateName, Partial<Record<EventName, State['tag']>>> = {
  stopped: {start: 'waiting', resume: 'waiting', restart: 'waiting'},
  waiting: {go: 'preparing', stop: 'stopping', 'stop now': 'stopping'},
  preparing: {
    stop: 'stopping',
    'stop now': 'stopping',
    prepared: 'starting',
    borrowed: 'starting',
    'prepare-failed': 'backing-off',
    hopeless: 'failed',
  },
  starting: {
    stop: 'stopping',
    'stop now': 'stopping',
    restart: 'stopping',
    'dependency restarted': 'stopping',
    scheduled: 'stopping',
    'above its memory': 'stopping',
    'spawn-failed': 'backing-off',
    // The first restart comes at once.
    exited: 'starting',
    'exited, group alive': 'clearing',
    'exited, disk full': 'backing-off',
    // Looked at again at no cost.
    'exited, port taken': 'preparing',
    'exited, may not listen': 'failed',
    'port-lost': 'stopping',
    answer: 'ready',
  },
  ready: {
    stop: 'stopping',
    'stop now': 'stopping',
    restart: 'stopping',
    'dependency restarted': 'stopping',
    scheduled: 'stopping',
    'above its memory': 'stopping',
    exited: 'starting',
    'exited, group alive': 'clearing',
    'exited, disk full': 'backing-off',
    'exited, port taken': 'preparing',
    'exited, may not listen': 'failed',
  },
  'stopping to stop': {},
  'stopping to restart': {
    exited: 'preparing',
    'exited, disk full': 'preparing',
    'exited, port taken': 'preparing',
    'exited, may not listen': 'preparing',
    'spawn-failed': 'preparing',
  },
  'stopping to judge': {
    exited: 'starting',
    'exited, disk full': 'starting',
    'exited, port taken': 'starting',
    'exited, may not listen': 'starting',
    'spawn-failed': 'starting',
  },
  sweeping: {swept: 'stopped'},
  clearing: {stop: 'stopping', 'stop now': 'stopping', 'group-gone': 'starting'},
  'backing-off': {
    start: 'preparing',
    stop: 'stopping',
    'stop now': 'stopping',
    restart: 'preparing',
    'dependency restarted': 'preparing',
  },
  'waiting for space': {
    start: 'preparing',
    stop: 'stopping',
    'stop now': 'stopping',
    restart: 'preparing',
    'dependency restarted': 'preparing',
    unblocked: 'preparing',
  },
  blocked: {start: 'waiting', stop: 'stopping', 'stop now': 'stopping', restart: 'waiting', unblocked: 'preparing'},
  cooling: {start: 'waiting', stop: 'stopping', 'stop now': 'stopping', restart: 'waiting'},
  failed: {start: 'waiting', stop: 'stopping', 'stop now': 'stopping', restart: 'waiting'},
  done: {start: 'waiting', restart: 'waiting'},
};

const serviceIn = (state: State): Service => ({
  state,
  memory: {...initialService.memory, wanted: 'up', incarnation, port: 8000, freshStart: false, everReady: true},
});

const pairs = (Object.keys(states) as StateName[]).flatMap((state) =>
  (Object.keys(events) as EventName[]).map((event) => [state, event] as const),
);

describe('every state answers every event', () => {
  it.each(pairs)('%s + %s', (state, event) => {
    const [after, effects] = transition(serviceIn(states[state]), events[event], ctx);
    expect(after.state.tag).toBe(table[state][event] ?? states[state].tag);
    // Whatever may run has somebody who is told or killed: no state is left without a deadline or news to come.
    const waits = new Set<State['tag']>(['waiting', 'preparing', 'stopped', 'done']);
    const hasDeadline = Number.isFinite(nextDeadline(after, spec));
    const isBlocked = after.state.tag === 'failed' && after.state.blockedOn !== null;
    const awaitsPid = after.state.tag === 'starting' && after.state.life.pid === null;
    const asks = 'life' in after.state && after.state.life.tracks.some(({inFlight}) => inFlight !== null);
    expect(hasDeadline || isAtRest(after.state) || waits.has(after.state.tag) || isBlocked || awaitsPid || asks).toBe(
      true,
    );
    if (after.state.tag === 'preparing' && state !== 'preparing')
      expect(effects.map(({tag}) => tag)).toContain('prepare');
  });

  it.each(pairs.filter(([, event]) => 'incarnation' in events[event]))('%s ignores late news: %s', (state, event) => {
    for (const late of [incarnation - 1, incarnation + 1]) {
      const before = serviceIn(states[state]);
      const [after, effects] = transition(before, {...events[event], incarnation: late} as Event, ctx);
      expect(after).toBe(before);
      expect(effects).toEqual([]);
    }
  });

  it.each(Object.keys(states) as StateName[])('%s has gone nowhere after a gap', (state) => {
    const before = serviceIn(states[state]);
    for (const ms of [0, 3000, 60_000, 259_200_000]) {
      const later = {...ctx, now: now + ms};
      const [after] = transition(before, {tag: 'gap', ms}, later);
      const deadline = nextDeadline(before, spec);
      expect(after.state.tag).toBe(states[state].tag);
      // Deadlines keep what was left of them; probes come at once.
      if (!('life' in after.state)) expect(nextDeadline(after, spec)).toBe(deadline + ms);
      else expect(after.state.life.tracks[0]).toMatchObject({nextAt: later.now, inFlight: null, misses: 0});
      const [ticked, effects] = transition(after, {tag: 'tick'}, later);
      expect(ticked.state.tag).toBe(states[state].tag);
      if ('life' in after.state) expect(effects.map(({tag}) => tag)).toEqual(['probe']);
    }
  });

  it.each(Object.keys(states) as StateName[])('%s spawns nothing for somebody whom nobody wants', (state) => {
    const service = serviceIn(states[state]);
    const unwanted = {...service, memory: {...service.memory, wanted: 'down' as const}};
    for (const event of ['exited', 'group-gone', 'swept', 'tick', 'unblocked', 'gap'] as const) {
      if (state === 'stopping to restart' && event === 'exited') continue; // `settle` has made it a stop by then
      const [, effects] = transition(unwanted, events[event], ctx);
      expect(effects.map(({tag}) => tag)).not.toContain('spawn');
    }
  });
});

describe('random news in any order', () => {
  it('never throws, never spawns twice for one incarnation, never asks for a tick in vain', () => {
    const news = fc.constantFrom(...(Object.keys(events) as EventName[]));
    fc.assert(
      fc.property(fc.array(fc.tuple(news, fc.constantFrom(0, 1, 300, 5000, 60_000)), {maxLength: 40}), (history) => {
        let current = initialService;
        let at = now;
        let pid = 100;
        const spawned = new Set<number>();
        for (const [name, ms] of history) {
          at += ms;
          const told = events[name];
          pid += 1;
          const event = (
            'incarnation' in told
              ? {
                  ...told,
                  incarnation: current.memory.incarnation,
                  ...('id' in told ? {id: current.memory.probeId} : {}),
                  ...('pid' in told ? {pid} : {}),
                }
              : told
          ) as Event;
          const [next, effects] = transition(current, event, {...ctx, now: at});
          for (const effect of effects) {
            if (effect.tag !== 'spawn') continue;
            expect(spawned.has(effect.incarnation)).toBe(false);
            spawned.add(effect.incarnation);
          }
          current = next;
          // A deadline that is due is dealt with by a tick: else its timer would fire for ever.
          for (let i = 0; i < 4; i += 1) current = transition(current, {tag: 'tick'}, {...ctx, now: at})[0];
          expect(nextDeadline(current, spec)).toBeGreaterThan(at);
        }
      }),
      {seed: 20261122, numRuns: 2000},
    );
  });
});

it('what went into the background is the cause when the next life finds its port taken by it', () => {
  const background = {...diagnosis, cause: 'goes-into-background'};
  const causeAfter = (event: Event): string | undefined => {
    const [exited] = transition(serviceIn(states.starting), event, ctx);
    const [told] = transition(exited, {tag: 'diagnosed', diagnosis: background}, ctx);
    return told.memory.lastEnd?.end.diagnosis.cause;
  };
  expect(causeAfter(events['exited, port taken'])).toBe('goes-into-background');
  expect(causeAfter({...events.exited, exit: {code: 0, signal: null}})).toBe('goes-into-background');
  expect(causeAfter({...events.exited, exit: {code: 1, signal: null}})).toBe(diagnosis.cause);
});
