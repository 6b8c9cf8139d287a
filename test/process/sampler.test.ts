import {describe, expect, it} from '@jest/globals';
import {Rig, until} from './rig.js';
import type {Sample} from '../../src/lib/platform/sampler.js';
import type {ProcessIdentity} from '../../src/lib/platform/types.js';

const sample = (rig: Rig, leaders: {service: string; leader: ProcessIdentity}[]): Promise<Sample> =>
  new Promise((done) => rig.world.sampler.sample(leaders, done));

describe('sampler', () => {
  it('adds up a service with its children, those in other sessions included', async () => {
    await using rig = new Rig();
    const web = rig.start('web', {shell: 'setsid sleep 1000 & sleep 1001 & echo up; wait'});
    const idle = rig.start('idle', {argv: ['sleep', '1000']});
    await rig.line('web', /up/);
    const leaders = [
      {service: 'web', leader: web.identity},
      {service: 'idle', leader: idle.identity},
    ];
    let found: Sample = await sample(rig, leaders);
    await until('all three are there', async () => {
      found = await sample(rig, leaders);
      return found.services[0]?.processes === 3 && found.machine.cpuRatio !== null;
    });
    expect(found.services.map((one) => [one.service, one.processes, one.threads])).toEqual([
      ['web', 3, 3],
      ['idle', 1, 1],
    ]);
    expect(found.services[0]?.rssBytes).toBeGreaterThan(1e6);
    expect(found.machine.memoryAvailableBytes).toBeGreaterThan(1e6);
    expect(found.machine.memoryAvailableBytes).toBeLessThan(found.machine.memoryTotalBytes);
    expect(found.machine.diskFreeBytes).toBeGreaterThan(1e6);
    // State and logs of this test lie on one disk, which is counted once.
    expect(found.machine.disks).toEqual([
      {places: ['state', 'logs'], freeBytes: found.machine.diskFreeBytes, sizeBytes: found.machine.diskTotalBytes},
    ]);
    expect(found.services[0]?.pids).toHaveLength(3);
    expect(found.services[0]?.pids).toContain(web.pid);
    expect(found.machine.cpuRatio).toBeGreaterThanOrEqual(0);
    expect(found.machine.cpuRatio).toBeLessThanOrEqual(1);
  });

  it('keeps the account of what has ended, and finds again what was below a leader', async () => {
    await using rig = new Rig();
    const life = rig.start('web', {
      shell: 'setsid sleep 1000 & echo up; i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done; echo done; wait',
    });
    await rig.line('web', /done/);
    const leaders = [{service: 'web', leader: life.identity}];
    await until('both are there', async () => (await sample(rig, leaders)).services[0]?.processes === 2);
    const before = (await sample(rig, leaders)).services[0];
    expect(before?.cpuSeconds).toBeGreaterThan(0);
    rig.world.processes.signalGroup(life.pid, 'SIGKILL');
    await life.exit;
    const after = (await sample(rig, [])).services[0];
    expect(after).toMatchObject({service: 'web', processes: 0});
    expect(after?.cpuSeconds).toBeGreaterThanOrEqual(before?.cpuSeconds ?? 1);
    // No mark would be needed to find the one that has escaped.
    const strays = await new Promise<readonly {command: string; why: string}[]>((done) =>
      rig.world.processes.stragglers({service: 'web', markPrefix: 'none/web/', leaders: [], except: null}, done),
    );
    expect(strays).toEqual([]);
    const marked = await new Promise<readonly {command: string; why: string}[]>((done) =>
      rig.world.processes.stragglers(
        {service: 'web', markPrefix: `${rig.project}/web/`, leaders: [life.identity], except: null},
        done,
      ),
    );
    expect(marked).toMatchObject([{command: 'sleep 1000', why: 'descendant'}]);
  });
});
