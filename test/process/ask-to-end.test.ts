import {describe, expect, it} from '@jest/globals';
import {askToEnd, unitOf} from '../../src/lib/platform/ask-to-end.js';
import {systemProcessTable} from '../../src/lib/platform/system-table.js';
import {inRig, isAlive, program} from '../support/rig.js';

const table = systemProcessTable();

describe('one process is asked to end', () => {
  it(
    'and nobody who has got its number since',
    inRig(async (rig) => {
      const run = rig.spawn([process.execPath, program('listens.mjs')]);
      await run.says(/listening/);
      const {startTime} = table.read(run.pid) ?? {startTime: ''};
      const identity = {pid: run.pid, startTime, bootId: table.bootId};
      const another = {...identity, startTime: String(Number(startTime) - 1)};
      expect(await askToEnd(another, 'forced', table)).toBe('gone');
      expect(await askToEnd({...identity, bootId: 'of another boot'}, 'forced', table)).toBe('gone');
      expect(isAlive(run.pid)).toBe(true);
      expect(await askToEnd(identity, 'graceful', table)).toBe('asked');
      await run.end();
      expect(run.killedBy).toBe('SIGTERM');
      expect(await askToEnd(identity, 'graceful', table)).toBe('gone');
    }),
  );
});

describe('the unit of systemd', () => {
  it.each([
    ['0::/system.slice/nginx.service', 'nginx.service'],
    ['0::/system.slice/nginx.service/worker', 'nginx.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/web.service', 'web.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope', null],
    ['0::/user.slice/user-0.slice/session-1.scope', null],
    [null, null],
  ])('%s: %s', (group, unit) => expect(unitOf(group)).toBe(unit));
});
