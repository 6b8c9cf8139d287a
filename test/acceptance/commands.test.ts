import {expect} from '@jest/globals';
import {program, type Rig, type Run, until} from '../support/rig.js';
import {itErp} from '../support/tools.js';

/**
 * Commands against situations, as behaviour.md 6 has them: what each ends with, and that none of them shows a stack.
 * Each situation gets the commands one after the other, those that change it last.
 */
type Table = readonly (readonly [words: string, code: number, says: RegExp])[];

const fine = {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}};
const broken = {
  command: 'echo "no such table" >&2; exit 1',
  maxRestarts: 1,
  backOff: [0],
  afterBudget: 'fail',
};

async function all(rig: Rig, table: Table): Promise<void> {
  const problems: string[] = [];
  for (const [words, code, says] of table) {
    const ended = await rig.erp(words.split(' '));
    const text = ended.stdout + ended.stderr;
    const json = words.includes('--json') ? isJson(ended.stdout) : true;
    if (ended.code === code && says.test(text) && !/^\s+at .*:\d+/m.test(text) && json) continue;
    problems.push(`erp ${words}: exit code ${ended.code}, expected ${code} and ${String(says)}\n${text}`);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const noConfiguration = /No configuration in /;
const noSupervisor = /No supervisor runs for /;

itErp('without a configuration', async (rig) => {
  await all(rig, [
    ['start', 3, noConfiguration],
    ['start --detach', 3, noConfiguration],
    ['start shop', 3, noConfiguration],
    ['start --dry-run', 3, noConfiguration],
    ['start --ensure', 3, noConfiguration],
    ['start --detach --json', 3, noConfiguration],
    ['watchdog', 3, noConfiguration],
    ['stop', 0, /nothing runs/],
    ['stop shop', 0, /not running: shop|nothing runs/],
    ['restart', 6, noSupervisor],
    ['restart shop', 6, noSupervisor],
    ['status', 6, noSupervisor],
    ['status --json', 6, /"exitCode": 6/],
    ['status --wait healthy --timeout 1s', 6, noSupervisor],
    ['attach', 6, noSupervisor],
    ['logs', 3, noConfiguration],
    ['logs shop', 3, noConfiguration],
    ['ls', 0, /No project of this user runs here/],
    ['config validate', 3, noConfiguration],
  ]);
  await rig.nothingLeft();
});

itErp('with a configuration, and nobody runs', async (rig) => {
  rig.config({shop: fine, store: {...fine, autoStart: false}});
  await all(rig, [
    ['stop', 0, /nothing runs/],
    ['stop shop', 0, /not running: shop/],
    ['stop --json', 0, /"stopped": \[\]/],
    ['restart', 6, noSupervisor],
    ['restart shop', 6, noSupervisor],
    ['status', 6, noSupervisor],
    ['status --json', 6, /"ERP_NO_SUPERVISOR"/],
    ['attach', 6, noSupervisor],
    ['logs', 0, /(?:)/],
    ['logs nosuch', 2, /nosuch/],
    ['start nosuch', 2, /nosuch/],
    ['start shpo', 2, /Did you mean shop/],
    ['watchdog nosuch', 2, /nosuch/],
    ['start --dry-run', 0, /Nothing was started/],
    ['start --max-restarts many', 2, /many/],
    ['start --nosuch', 2, /nosuch/],
    ['strat', 2, /start/],
    ['start --detach', 0, /healthy after/],
    ['stop', 0, /stopped: shop/],
  ]);
  await rig.nothingLeft();
});

itErp('while it runs', async (rig) => {
  rig.config({shop: {...fine, dependsOn: ['store']}, store: fine, spare: {...fine, autoStart: false}});
  await rig.expectErp(0, ['start', '--detach']);
  await all(rig, [
    ['start', 0, /already running/],
    ['start --detach', 0, /already running/],
    ['start shop', 0, /already running/],
    ['start --ensure', 0, /^$/],
    ['start --detach --json', 0, /"alreadyRunning"/],
    ['start --detach --max-restarts 7', 7, /another configuration[^]*maxRestarts/],
    ['start nosuch', 2, /nosuch/],
    ['watchdog shop', 7, /configuration/],
    ['status', 0, /healthy/],
    ['status shop', 0, /shop/],
    ['status nosuch', 2, /nosuch/],
    ['status --json', 0, /"overall": "healthy"/],
    ['status --wait healthy --timeout 20s', 0, /healthy/],
    ['status --wait stopped --timeout 300ms', 9, /0\.3s|300/],
    ['logs shop -n 5', 0, /ready \d+/],
    ['logs', 0, /ready \d+/],
    ['logs nosuch', 2, /nosuch/],
    ['ls', 0, /shop/],
    ['restart shop', 0, /ready again: shop/],
    ['restart nosuch', 2, /nosuch/],
    ['stop store', 2, /shop needs store/],
    ['stop nosuch', 2, /nosuch/],
    ['start spare --detach', 0, /healthy|ready/],
    ['stop spare', 0, /stopped: spare/],
    ['stop spare', 0, /not running: spare/],
    ['stop store --yes', 0, /stopped: /],
    ['status', 6, /stopped/],
    ['start --detach', 0, /healthy/],
    ['restart', 0, /ready again/],
    ['stop', 0, /stopped: /],
    ['status', 6, noSupervisor],
  ]);
  await rig.nothingLeft();
});

itErp('while one service has failed', async (rig) => {
  rig.config({shop: fine, core: broken, page: {...fine, dependsOn: ['core']}});
  await all(rig, [
    ['start --detach', 4, /core[^]*no such table/],
    ['status', 4, /core +failed/],
    ['status shop', 0, /shop/],
    ['status core', 4, /no such table/],
    ['status --wait healthy --timeout 20s', 4, /core/],
    ['status --json', 4, /"state": "failed"/],
    ['start shop', 0, /already running: shop/],
    ['start core --detach', 4, /core/],
    ['restart core', 4, /core/],
    ['restart shop', 0, /ready again: shop/],
    ['logs core', 0, /no such table/],
    ['stop core', 2, /page needs core/],
    ['stop core --yes', 0, /stopped: /],
    ['status', 0, /shop/],
    ['stop', 0, /stopped: .*shop/],
  ]);
  await rig.nothingLeft();
});

/** Whoever attaches sees what happens from then on; when that is, only its output tells. */
const shown = (rig: Rig, run: Run) =>
  until('it shows a restart', async () => {
    await rig.expectErp(0, ['restart', 'shop']);
    return run.all.includes('restart of shop');
  });

itErp('a stop that somebody takes back ends and says so; who came last has his way', async (rig) => {
  rig.config({slow: {command: ['sh', program('ignores-sigterm.sh')], readiness: {log: '.'}, stopGrace: '3s'}});
  await rig.expectErp(0, ['start', '--detach']);
  const stop = rig.start(['stop', 'slow']);
  await stop.says(/slow stopping/);
  await rig.expectErp(0, ['start', 'slow', '--detach']);
  const {code, stderr} = await stop.end();
  expect(stderr).toMatch(/started slow again/);
  expect(code).toBe(9);
  expect((await rig.service('slow')).state).toBe('ready');
  await rig.stop();
});

itErp('attach: Ctrl-C only leaves; without anything to do it ends with the supervisor', async (rig) => {
  rig.config({shop: fine});
  await rig.expectErp(0, ['start', '--detach']);
  const first = rig.start(['attach']);
  await shown(rig, first);
  first.signal('SIGINT');
  expect((await first.end()).code).toBe(0);
  await rig.expectErp(0, ['status']);
  const second = rig.start(['attach', '--output', 'jsonl']);
  await shown(rig, second);
  await rig.expectErp(0, ['stop']);
  const {code, stdout} = await second.end();
  expect(code).toBe(0);
  const documents = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as {type: string});
  expect(documents.at(-1)?.type).toBe('result');
  await rig.nothingLeft();
});

itErp(
  'start --detach: 9 when it takes too long, 5 without a port, 4 without the program, and --or-stop',
  async (rig) => {
    rig.config({slow: {command: ['sh', program('waits.sh')], readiness: {log: 'never said'}}});
    await all(rig, [
      ['start --detach --timeout 500ms', 9, /slow/],
      ['status', 0, /starting/],
      ['stop', 0, /stopped: slow/],
      ['start --detach --timeout 500ms --or-stop', 9, /slow/],
      ['status', 6, noSupervisor],
    ]);
    rig.config({tool: {command: ['no-such-program-here']}, slow: fine});
    await all(rig, [
      ['start --detach --after-budget fail', 4, /no-such-program-here/],
      ['stop', 0, /stopped/],
    ]);
    await rig.nothingLeft();
  },
);

itErp(
  'a start that was interrupted leaves what it had begun, and a stop right behind a start finds it',
  async (rig) => {
    rig.config({shop: fine});
    for (let round = 0; round < 3; round += 1) {
      await rig.expectErp(0, ['start', '--detach']);
      await rig.expectErp(0, ['stop']);
    }
    await rig.nothingLeft();
    const run = rig.start(['start', '--detach']);
    await rig.expectErp(0, ['start', '--detach']);
    await run.end();
    await rig.stop();
  },
);
