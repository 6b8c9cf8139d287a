import {describe, expect, it} from '@jest/globals';
import type {PortHolder} from '../../../src/lib/core/ports/assess.js';
import {heads, refusalFor, type ReleaseContext} from '../../../src/lib/core/ports/release.js';
import type {Whose} from '../../../src/lib/core/ports/whose.js';
import {listener} from '../../support/ports.js';

const context: ReleaseContext = {
  platform: 'linux',
  lineage: [700, 650, 1],
  uid: 1000,
  livingProjects: {fair: '/srv/fair'},
  force: false,
  commandLine: 'erp ports release 8000',
};

function refusal(facts: Partial<PortHolder>, more: Partial<ReleaseContext> = {}, uid: number | null = 1000) {
  const {address, ...rest} = listener(8000);
  const holder: PortHolder = {...rest, addresses: [address], whose: {tag: 'stranger'}, ...facts};
  return refusalFor({port: 8000, holder, uid}, {...context, ...more});
}

describe('who is not ended for a port', () => {
  it('a stranger of ours is', () => expect(refusal({})).toBeNull());

  it.each<[string, Whose, string, RegExp]>([
    ['the supervisor', {tag: 'ours', service: null}, 'erp stop', /supervisor of this project/],
    ['a service that runs', {tag: 'ours', service: 'backend'}, 'erp stop backend', /backend of this project/],
    [
      "another project's service",
      {tag: 'other-project', project: 'fair', service: 'web'},
      'erp -C /srv/fair stop web',
      /another project/,
    ],
    [
      "another project's supervisor",
      {tag: 'other-project', project: 'fair', service: '@supervisor'},
      'erp -C /srv/fair stop',
      /supervisor of another project/,
    ],
  ])('%s: says what to do instead', (_, whose, remedy, why) => {
    const found = refusal({whose});
    expect(found?.remedy).toContain(remedy);
    expect(found?.why).toMatch(why);
    // It would be started again at once.
    expect(refusal({whose}, {force: true})).not.toBeNull();
  });

  it.each<[string, Partial<PortHolder>, Partial<ReleaseContext>]>([
    ['process 1', {pid: 1, name: 'init'}, {uid: 0}],
    ['this command', {pid: 700}, {}],
    ['its shell', {pid: 650, name: 'bash'}, {}],
    ["Windows' kernel", {pid: 4, name: 'System'}, {platform: 'win32', uid: null}],
  ])('%s, forced or not', (_, holder, more) => {
    expect(refusal(holder, more)).not.toBeNull();
    expect(refusal(holder, {...more, force: true})).not.toBeNull();
  });

  it("another user's process: with sudo", () => {
    expect(refusal({user: 'nobody'}, {}, 65_534)).toMatchObject({remedy: ['sudo erp ports release 8000']});
    expect(refusal({user: 'nobody'}, {uid: 0}, 65_534)).toBeNull();
  });

  it('a process that can not be read: with sudo, or it is in a container', () => {
    const facts = {pid: null, whose: {tag: 'unknown'}} as const;
    expect(refusal(facts)?.remedy).toEqual(['sudo erp ports release 8000']);
    expect(refusal(facts, {uid: 0})?.remedy[0]).toMatch(/docker ps --filter publish=8000/);
  });

  it('a part of the system, unless forced', () => {
    const sshd = {name: 'sshd', command: '/usr/sbin/sshd -D', user: 'root'};
    expect(refusal(sshd, {uid: 0}, 0)).toMatchObject({canBeForced: true});
    expect(refusal(sshd, {uid: 0, force: true}, 0)).toBeNull();
  });
});

describe('who is asked of those who share a socket', () => {
  const parents: Readonly<Record<number, number>> = {10: 1, 11: 10, 12: 10, 20: 11};
  const parentOf = (pid: number) => parents[pid] ?? null;

  it('the one who started the others', () => expect(heads([12, 10, 11], parentOf)).toEqual([10]));
  it('all, when none started another', () => expect(heads([11, 12], parentOf)).toEqual([11, 12]));
  it('who has no parent any more, too', () => expect(heads([99], parentOf)).toEqual([99]));
});
