import {expect} from '@jest/globals';
import {kill, program, type Terminal, until} from '../support/rig.js';
import {itNeeds, python} from '../support/tools.js';
import {demoConfig} from '../support/demo-config.js';

const services = ['migrate', 'backend', 'worker', 'frontend'];

/** Until what a person sees answers to this; rows of a start, spinners and all. */
async function shows(terminal: Terminal, what: string, condition: (screen: readonly string[]) => boolean) {
  await until(
    what,
    () => condition(terminal.screen),
    60_000,
    () => terminal.screen.join('\n'),
  );
}

const rows = (screen: readonly string[], pattern: RegExp) => screen.filter((line) => pattern.test(line));

for (const size of ['90x24', '60x24', '60x8'])
  itNeeds(
    [python],
    `the demo in a terminal of ${size}: rows stay, a crash tells why, Ctrl-C ends with 130`,
    async (rig) => {
      await demoConfig(rig);
      const terminal = rig.terminal(['start'], {env: {TERMINAL_SIZE: size}});
      await shows(terminal, 'the ready line', (screen) => /^● healthy after .*Ctrl-C stops/.test(screen.at(-2) ?? ''));
      const ready = terminal.screen;
      for (const name of services)
        expect(rows(ready, new RegExp(`^. ${name} `))).toEqual([expect.stringMatching(/^● \S+ +(ready|done)/)]);
      expect(rows(ready, /^[⠀-⣿]|starting|waiting/u)).toEqual([]);

      kill((await rig.service('backend')).pid ?? 0);
      await shows(terminal, 'the recovery', (screen) =>
        screen.some((line) => /● backend +ready on \d+ after/.test(line)),
      );
      const risen = terminal.screen;
      expect(risen.slice(0, ready.length - 1)).toEqual(ready.slice(0, -1));
      for (const words of [/▼ backend +killed by SIGKILL/, /^ +cause +killed-by-signal/, /^ +evidence /, /^ +remedy /])
        expect(rows(risen, words)).toHaveLength(1);

      terminal.type('\x03');
      await terminal.says(/supervisor ends/, 30_000);
      expect(await terminal.end()).toEqual({code: 130, signal: null});
      const end = terminal.screen;
      expect(end).toContain('Stopping 3 services. Ctrl-C again kills them.');
      for (const name of ['backend', 'worker', 'frontend'])
        expect(rows(end, new RegExp(`○ ${name} +stopped`))).toHaveLength(1);
      expect(rows(end, /^[⠀-⣿]/u)).toEqual([]);
      await rig.nothingLeft();
    },
  );

itNeeds([python], 'more services than lines: each has its row once, the ready line is the last', async (rig) => {
  const names = Array.from({length: 14}, (_, index) => `s${index}`);
  rig.config(
    Object.fromEntries(names.map((name) => [name, {command: ['sh', program('waits.sh')], readiness: {log: 'ready'}}])),
  );
  const terminal = rig.terminal(['start'], {env: {TERMINAL_SIZE: '70x9'}});
  await shows(terminal, 'the ready line', (screen) => /^● healthy after/.test(screen.at(-2) ?? ''));
  for (const name of names)
    expect(rows(terminal.screen, new RegExp(`^. ${name} `))).toEqual([expect.stringMatching(/^● /)]);
  expect(rows(terminal.screen, /more$|starting/)).toEqual([]);
  terminal.type('\x03');
  expect(await terminal.end()).toEqual({code: 130, signal: null});
  await rig.nothingLeft();
});
