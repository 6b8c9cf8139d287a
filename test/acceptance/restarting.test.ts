import {expect} from '@jest/globals';
import {program} from '../support/rig.js';
import {itErp} from '../support/tools.js';

itErp('the search for leftovers of the old life spares the new one, which begins meanwhile', async (rig) => {
  rig.config({shop: {command: ['sh', program('leaves-children.sh')], readiness: {log: 'daemon'}}});
  await rig.expectErp(0, ['start', '--detach']);
  for (let n = 2; n <= 6; n += 1) {
    await rig.expectErp(0, ['restart', 'shop']);
    const {pid, incarnation, totalRestarts, state} = await rig.service('shop');
    expect({incarnation, totalRestarts, state}).toEqual({incarnation: n, totalRestarts: 0, state: 'ready'});
    // One life: its leader, its child, the child in another session, the daemon.
    expect(rig.having('sleep 100')).toHaveLength(3);
    expect(rig.having('leaves-children').map((each) => each.pid)).toEqual([pid]);
  }
  await rig.stop();
});
