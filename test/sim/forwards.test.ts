import {describe, expect, it} from '@jest/globals';
import {ClusterRig} from '../support/sim/cluster-rig.js';
import {forwardSpec} from '../support/sim/cluster-world.js';

const web = forwardSpec('web');

function verified(differs = {}): ClusterRig {
  const rig = new ClusterRig({...web, ...differs});
  rig.start();
  expect(rig.untilVerified(3000)).not.toBeNull();
  return rig;
}

describe('a port-forward', () => {
  it('is verified at once on a healthy network, and left alone for an hour', () => {
    const rig = verified();
    rig.advance(3_600_000);
    expect(rig.starts).toBe(1);
    expect(rig.shown).toBe('verified');
  });

  it.each([
    'black-hole',
    'link-down',
  ] as const)('is back within two seconds of a minute without network (%s)', (kind) => {
    const rig = verified();
    rig.world.cut(kind);
    rig.advance(60_000);
    expect(rig.shown).toBe('waiting-for-network');
    expect(rig.starts).toBe(1);
    rig.world.restore(true);
    expect(rig.untilVerified(2000)).not.toBeNull();
    expect(rig.starts).toBe(2);
  });

  it('is not replaced when it heals by itself', () => {
    const rig = verified();
    rig.world.cut('link-down');
    rig.advance(20_000);
    rig.world.restore(false);
    expect(rig.untilVerified(2000)).not.toBeNull();
    expect(rig.starts).toBe(1);
  });

  it('is not started while the network is down, and within two seconds afterwards', () => {
    const rig = new ClusterRig(web);
    rig.world.cut('black-hole');
    rig.start();
    rig.advance(30_000);
    expect(rig.starts).toBe(0);
    expect(rig.shown).toBe('waiting-for-network');
    rig.world.restore(true);
    expect(rig.untilVerified(2000)).not.toBeNull();
  });

  it('is replaced after two questions without answer when its connection is stranded and the network works', () => {
    const rig = verified();
    rig.world.strand();
    rig.advance(200);
    const from = rig.world.now;
    while (rig.starts < 2 && rig.world.now - from < 10_000) rig.advance(50);
    expect(rig.world.now - from).toBeLessThan(5500);
    expect(rig.untilVerified(1000)).not.toBeNull();
  });

  it('is replaced within two seconds when the address of the machine has changed', () => {
    const rig = verified();
    rig.world.newAddress();
    rig.advance(100);
    const from = rig.world.now;
    while (rig.starts < 2 && rig.world.now - from < 10_000) rig.advance(50);
    expect(rig.world.now - from).toBeLessThan(1500);
    expect(rig.untilVerified(500)).not.toBeNull();
  });

  it('is asked after a sleep of the machine before anything is decided', () => {
    const rig = verified();
    rig.sleep(30_000);
    expect(rig.shown).toBe('suspect');
    rig.advance(1000);
    expect(rig.shown).toBe('verified');
    expect(rig.starts).toBe(1);
    rig.world.strand();
    rig.sleep(28_000_000);
    expect(rig.untilVerified(2000)).not.toBeNull();
    expect(rig.starts).toBe(2);
  });

  it('finds the new pod although no client asks', () => {
    const rig = verified();
    rig.world.killPod(500);
    rig.advance(500);
    expect(rig.untilVerified(5000)).not.toBeNull();
  });

  it('is back within a second of the pod that was long awaited', () => {
    const rig = verified();
    rig.world.killPod(300_000);
    rig.advance(299_000);
    expect(rig.shown).toBe('broken');
    rig.advance(1000);
    expect(rig.untilVerified(1000)).not.toBeNull();
  });

  it.each([
    'unauthorized',
    'forbidden',
    'not-found',
    'kubelet-away',
  ] as const)('asks the API server less than 30 times a minute while it says %s, and goes on within the time of two tries', (api) => {
    const rig = verified();
    rig.world.api = api;
    rig.world.restartApi();
    rig.advance(300_000);
    expect(rig.shown).toBe(api === 'kubelet-away' ? 'broken' : 'needs-you');
    expect(rig.world.requestsWithin(60_000)).toBeLessThan(30);
    rig.world.api = 'ok';
    expect(rig.untilVerified(15_000)).not.toBeNull();
  });

  it('replaces kubectl once for an app that hangs, then leaves it alone and says so', () => {
    const rig = verified();
    rig.world.app = 'hangs';
    rig.advance(600_000);
    expect(rig.starts).toBe(2);
    expect(rig.shown).toBe('broken');
    expect(rig.forward.memory.failure?.diagnosis.cause).toBe('app-no-answer');
    rig.world.app = 'answers';
    expect(rig.untilVerified(13_000)).not.toBeNull();
    expect(rig.starts).toBe(2);
  });

  it('gets used to a slow app', () => {
    const rig = verified();
    rig.world.app = 'slow';
    rig.advance(600_000);
    expect(rig.starts).toBeLessThanOrEqual(2);
    expect(rig.shown).not.toBe('broken');
  });

  it('takes another port when its own is taken, and returns when that is free again', () => {
    const rig = new ClusterRig(web);
    rig.world.strangers.add(3000);
    rig.start();
    expect(rig.untilVerified(2000)).not.toBeNull();
    expect(rig.forward.memory.port).toBe(3001);
    rig.world.strangers.delete(3000);
    rig.advance(20_000);
    expect(rig.untilVerified(2000)).not.toBeNull();
    expect(rig.forward.memory.port).toBe(3000);
    expect(rig.starts).toBe(2);
  });

  it('waits for kubectl without starting anything, and starts it when it is there', () => {
    const rig = new ClusterRig(web);
    rig.world.hasKubectl = false;
    rig.start();
    rig.advance(60_000);
    expect(rig.shown).toBe('tool-missing');
    expect(rig.starts).toBe(0);
    rig.world.hasKubectl = true;
    expect(rig.untilVerified(5000)).not.toBeNull();
  });

  it('leaves nothing behind when it is stopped', () => {
    const rig = verified();
    rig.forwards.stop(['web'], false);
    rig.advance(1000);
    expect(rig.world.living).toEqual([]);
    expect(rig.shown).toBe('stopped');
    expect(rig.forwards.allStopped).toBe(true);
  });
});
