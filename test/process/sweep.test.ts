import {describe, expect, it} from '@jest/globals';
import {Sweep, type EndedLife} from '../../src/lib/runtime/sweep.js';
import type {News, Surroundings} from '../../src/lib/runtime/shared.js';
import type {ServiceSpec} from '../../src/lib/core/spec.js';
import type {Listener, World} from '../../src/lib/platform/types.js';

const began = 1_000_000;
const life: EndedLife = {port: 6379, from: began, to: began + 2000, endedWell: true};
const daemon: Listener = {
  pid: 42,
  command: 'redis-server *:6379',
  user: 'ops',
  startedAt: began + 500,
  cwd: '/',
  address: '127.0.0.1',
  inode: '7',
};

interface Case {
  readonly lives?: readonly EndedLife[];
  readonly listener?: Partial<Listener>;
  readonly orphan?: boolean;
  /** Runs what the service launched. */
  readonly launched?: boolean;
  readonly addresses?: readonly string[];
}

/** Whom the sweep of a service on port 6379 signals, when this one listens there and carries no other trace. */
async function swept({lives = [life], listener = {}, orphan = true, launched = true, addresses}: Case) {
  const signalled: number[] = [];
  const told: News[] = [];
  const isThere = () => signalled.length === 0;
  const identity = {pid: 42, startTime: '1', bootId: 'boot'};
  const world = {
    clock: {now: () => 0, wall: () => 0, at: (_: number, callback: () => void) => (setImmediate(callback), () => {})},
    processes: {
      stragglers: (_: unknown, callback: (found: never[]) => void) => setImmediate(callback, []),
      identifyOrphan: (_: number, launchedBy?: string) =>
        orphan && (launchedBy === undefined || launched) ? identity : null,
      signal: ({pid}: {pid: number}) => signalled.push(pid),
    },
    ports: {
      owners: (_: number, callback: (listeners: Listener[]) => void) =>
        setImmediate(callback, isThere() ? [{...daemon, ...listener}] : []),
    },
  } as unknown as World;
  const spec = {
    name: 'store',
    kind: 'service',
    port: {primary: 6379, addresses: addresses ?? ['127.0.0.1', '::']},
  } as unknown as ServiceSpec;
  const around = {
    world,
    projectMark: 'p',
    emit: () => {},
    tell: (news: News) => told.push(news),
    now: () => ({state: {tag: 'failed'}}),
  } as unknown as Surroundings;
  const sweep = new Sweep(spec, around, {identity: null, leaders: [], endedLives: lives});
  await new Promise((done) => sweep.run(done));
  return {signalled, told};
}

describe('a daemon that shook off every trace', () => {
  it('is known by the port that it took while its short launch lived, and diagnosed', async () => {
    const {signalled, told} = await swept({});
    expect(signalled).toEqual([42]);
    expect(told[0]?.diagnosis).toMatchObject({
      cause: 'goes-into-background',
      remedy: expect.stringMatching(/foreground/),
    });
  });

  it.each<[string, Case]>([
    ['on all addresses', {listener: {address: '0.0.0.0'}}],
    ['at an address that the configuration names', {listener: {address: '10.0.0.5'}, addresses: ['10.0.0.5']}],
    ['of the launch before', {lives: [life, {...life, from: began + 5000, to: began + 5100}]}],
    ['known from the journal', {lives: [{...life, recalled: true}]}],
  ])('%s', async (_, oneCase) => {
    expect((await swept(oneCase)).signalled).toEqual([42]);
  });

  it('of a life whose end nobody saw is ended without a claim about it', async () => {
    const {signalled, told} = await swept({lives: [{...life, endedWell: null, recalled: true}]});
    expect(signalled).toEqual([42]);
    expect(told[0]?.diagnosis).toBeUndefined();
  });
});

describe('a stranger on the port', () => {
  it.each<[string, Case]>([
    ['at another address', {listener: {address: '127.0.0.2'}}],
    ['at another address, during a long life', {listener: {address: '127.0.0.2'}, lives: [{...life, to: began + 3e6}]}],
    ['born during a long life', {lives: [{...life, to: began + 3_600_000}]}],
    ['born before the launch', {listener: {startedAt: began - 5000}}],
    ['born after it', {listener: {startedAt: began + 3000}}],
    ['whose parent lives, or who is another user’s', {orphan: false}],
    ['when the last life was stopped or crashed', {lives: [{...life, endedWell: false}]}],
    [
      'that runs something else, where only the journal knows of the launch',
      {lives: [{...life, recalled: true}], launched: false},
    ],
    ['without a life before', {lives: []}],
    ['of another port', {lives: [{...life, port: null}]}],
  ])('%s is never touched', async (_, oneCase) => {
    expect((await swept(oneCase)).signalled).toEqual([]);
  });
});
