import {expect} from '@jest/globals';
import {freePort} from '../support/free-port.js';
import {occupy, program, type Rig} from '../support/rig.js';
import {itErp} from '../support/tools.js';

const fine = {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}};
const broken = {command: 'echo "no such table" >&2; exit 1', maxRestarts: 1, backOff: [0], afterBudget: 'cooldown 1h'};

/** What is up stays up; then everything is stopped. */
async function shopGoesOn(rig: Rig): Promise<void> {
  expect((await rig.service('shop')).state).toBe('ready');
  await rig.stop();
}

itErp('start --detach ends when a service has failed, not when its cool-down is over', async (rig) => {
  rig.config({shop: fine, core: {...broken, dependsOn: ['shop']}});
  const {stderr} = await rig.expectErp(4, ['start', '--detach']);
  expect(stderr).toMatch(
    /It did not get ready: core failed \(\S+\)\.\n.*no such table[^]*tries it again in[^]*remedy: /,
  );
  await shopGoesOn(rig);
});

itErp('start --detach on a port that is taken ends with 5 and says who holds it', async (rig) => {
  const port = await freePort();
  const holder = await occupy(port);
  rig.onEnd(holder.close);
  rig.config({shop: fine, web: {...fine, port, dependsOn: ['shop']}});
  const {stderr} = await rig.expectErp(5, ['start', '--detach']);
  expect(stderr).toMatch(/web failed \(port-in-use\)\.\n[^]*held by node \(pid \d+[^]*remedy: .*alternatives/);
  await shopGoesOn(rig);
});

itErp('--or-stop leaves nothing of such a start', async (rig) => {
  rig.config({shop: fine, core: {...broken, dependsOn: ['shop']}});
  await rig.expectErp(4, ['start', '--detach', '--or-stop']);
  await rig.nothingLeft();
});

itErp('a missing program is a failed service, whoever starts it', async (rig) => {
  rig.config({shop: fine, core: {command: ['nosuchprogram']}});
  const {stderr} = await rig.expectErp(4, ['start', '--detach']);
  expect(stderr).toMatch(/core failed \(missing-module\)[^]*nosuchprogram[^]*remedy: install nosuchprogram/);
  await rig.stop();
  await rig.expectErp(4, ['start', '--detach', '--after-budget', 'fail']);
  await rig.expectErp(4, ['status', '--wait', 'healthy']);
  await rig.stop();
  await rig.expectErp(4, ['watchdog', '--', 'nosuchprogram']);
  await rig.nothingLeft();
});

itErp('a preCheck that says nothing: no colon with nothing behind it', async (rig) => {
  rig.config({shop: {...fine, hooks: {preCheck: 'exit 3'}}});
  await rig.expectErp(0, ['start', '--detach']);
  const {stderr} = await rig.expectErp(4, ['restart', 'shop']);
  expect(stderr).toMatch(/preCheck ended with code 3\.?\n/);
  await rig.stop();
});

itErp('another environment is no other configuration, but is said; the terminal is no part of it', async (rig) => {
  rig.config({shop: fine});
  await rig.expectErp(0, ['start', '--detach'], {env: {DATABASE_URL: 'a', TERM: 'xterm', SSH_TTY: '/dev/pts/1'}});
  const {stderr} = await rig.expectErp(0, ['start', '--detach'], {env: {DATABASE_URL: 'b', SHLVL: '3', OLDPWD: '/'}});
  expect(stderr).toMatch(/^The environment here is another one \(DATABASE_URL\); .*\n/);
  const same = await rig.expectErp(0, ['start', '--detach'], {env: {DATABASE_URL: 'a', TERM: 'vt100'}});
  expect(same.stderr).not.toMatch(/environment/);
  const other = await rig.expectErp(7, ['start', '--detach', '--max-restarts', '7'], {env: {OLDPWD: '/tmp'}});
  expect(other.stderr).toMatch(/maxRestarts/);
  expect(other.stderr).not.toMatch(/OLDPWD|env\.PWD/);
  await rig.stop();
});

itErp('a critical failure is said once, and status still knows of it when nothing runs', async (rig) => {
  rig.config({shop: fine, core: {...broken, maxRestarts: 0, afterBudget: 'fail', critical: true}});
  const {stderr} = await rig.expectErp(4, ['start']);
  expect(stderr.match(/is critical and has failed/g)).toHaveLength(1);
  expect(stderr).toMatch(/Exit code 4\.\n$/);
  const status = await rig.expectErp(6, ['status']);
  expect(status.stderr).toMatch(/The last run, [\d:]+: core is critical and has failed[^]*cause: [^]*no such table/);
  rig.config({shop: fine});
  await rig.expectErp(0, ['start', '--detach']);
  await rig.stop();
  expect((await rig.expectErp(6, ['status'])).stderr).not.toMatch(/last run/);
});
