import {describe, expect, it} from '@jest/globals';
import {cronLine} from '../../src/lib/core/autostart/cron.js';
import {assertPlain, type AutostartFacts, unitName} from '../../src/lib/core/autostart/facts.js';
import {launchdAgent} from '../../src/lib/core/autostart/launchd.js';
import {systemdUnits} from '../../src/lib/core/autostart/systemd.js';
import {scheduledTask} from '../../src/lib/core/autostart/task-scheduler.js';

const facts: AutostartFacts = {
  name: 'shop',
  projectDir: '/srv/shop',
  configFile: null,
  hash: '0a1b2c',
  node: '/usr/bin/node',
  erp: '/usr/lib/node_modules/erp/bin/run.js',
  path: '/usr/local/bin:/usr/bin:/bin',
  user: 'ops',
  home: '/home/ops',
  isRoot: false,
};
const odd = {...facts, projectDir: `/srv/50% "off" it's \\ $(touch x) $HOME ü`, name: 'Müller & Söhne'};

describe('the line for cron', () => {
  it('is one line with nothing left to a PATH', () => {
    expect(cronLine(facts).text).toBe(
      '* * * * * PATH=/usr/local/bin:/usr/bin:/bin /usr/bin/node /usr/lib/node_modules/erp/bin/run.js start --ensure -C /srv/shop\n',
    );
  });

  it('names the file that was named', () => {
    expect(cronLine({...facts, configFile: '/srv/other.yaml'}).text).toMatch(
      /-C \/srv\/shop --config \/srv\/other\.yaml\n$/,
    );
  });

  it('escapes what cron takes for the end of the command', () => {
    expect(cronLine(odd).text).toContain(String.raw`'/srv/50\% "off" it'\''s \ $(touch x) $HOME ü'`);
  });

  it('says when some crons will refuse it', () => {
    expect(cronLine(facts).advice.join()).not.toMatch(/998/);
    expect(cronLine({...facts, path: '/a'.repeat(500)}).advice.join()).toMatch(/998: run this with a shorter PATH/);
  });

  it('goes into the crontab of the owner when root asks', () => {
    expect(cronLine({...facts, isRoot: true}).advice[0]).toMatch(/crontab -u ops -l.*crontab -u ops -$/);
  });
});

describe('the units for systemd', () => {
  const [service = '', look = '', timer = ''] = systemdUnits(facts).files.map(({content}) => content);

  it('bring up, look and take down by erp, and kill nobody themselves', () => {
    expect(service).toContain('\nType=oneshot\nRemainAfterExit=yes\n');
    expect(service).toContain(
      '\nExecStart=/usr/bin/node /usr/lib/node_modules/erp/bin/run.js start --ensure -C /srv/shop\n',
    );
    expect(service).toContain(
      '\nExecStop=/usr/bin/node /usr/lib/node_modules/erp/bin/run.js stop --for-now -C /srv/shop\n',
    );
    expect(service).toContain('\nKillMode=process\n');
    expect(service).toContain('\nSuccessExitStatus=4 5 9\n');
    expect(look).toContain('\nExecStart=systemctl --user try-reload-or-restart erp-shop-0a1b2c.service\n');
    expect(timer).toContain('\nOnUnitActiveSec=1min\n');
  });

  it('are those of the user, and stay when nobody is logged in', () => {
    const {files, text} = systemdUnits(facts);
    expect(files[0]?.path).toBe('/home/ops/.config/systemd/user/erp-shop-0a1b2c.service');
    expect(text).toContain('\nloginctl enable-linger\n');
    expect(service).not.toContain('User=');
  });

  it('are those of the machine, run by the owner, when root asks', () => {
    const {files, text} = systemdUnits({...facts, isRoot: true});
    expect(files[0]?.path).toBe('/etc/systemd/system/erp-shop-0a1b2c.service');
    expect(files[0]?.content).toContain('\nUser=ops\n');
    expect(text).not.toContain('--user');
    expect(text).not.toContain('linger');
  });

  it('write specifiers, variables, quotes and backslashes as systemd reads them', () => {
    expect(systemdUnits(odd).files[0]?.content).toContain(
      String.raw`-C "/srv/50%% \"off\" it's \\ $$(touch x) $$HOME ü"`,
    );
  });
});

describe('the agent for launchd', () => {
  it('escapes for XML and leaves what it has started alone', () => {
    const {files, text} = launchdAgent({...odd, projectDir: '/srv/<a> & b'});
    expect(files[0]?.path).toBe('/home/ops/Library/LaunchAgents/erp-M-ller-S-hne-0a1b2c.plist');
    expect(files[0]?.content).toContain('<string>/srv/&lt;a&gt; &amp; b</string>');
    expect(files[0]?.content).toContain('<key>AbandonProcessGroup</key><true/>');
    expect(text).toContain('launchctl bootstrap gui/$(id -u) /home/ops/Library/LaunchAgents/');
  });
});

describe('the task for Windows', () => {
  const windows = {...facts, node: String.raw`C:\Program Files\nodejs\node.exe`, erp: String.raw`C:\erp\bin\run.js`};
  it('quotes inside of quotes', () => {
    expect(scheduledTask({...windows, projectDir: String.raw`D:\my shop` + '\\'}).text).toBe(
      String.raw`schtasks /Create /F /TN erp-shop-0a1b2c /SC MINUTE /MO 1 /TR "\"C:\Program Files\nodejs\node.exe\" C:\erp\bin\run.js start --ensure -C \"D:\my shop\\\""` +
        '\r\n',
    );
  });
  it('says when schtasks will refuse it', () => {
    expect(scheduledTask({...windows, projectDir: `D:\\${'x'.repeat(250)}`}).advice.join()).toMatch(/261 characters/);
  });
});

describe('names and paths', () => {
  it.each([
    ['shop', 'erp-shop-0a1b2c'],
    ['Müller & Söhne', 'erp-M-ller-S-hne-0a1b2c'],
    ['../../etc', 'erp-etc-0a1b2c'],
    ['äöü', 'erp-0a1b2c'],
    ['x'.repeat(100), `erp-${'x'.repeat(40)}-0a1b2c`],
  ])('%j is %s', (name, expected) => expect(unitName({...facts, name})).toBe(expected));

  it('refuses a path that would end a line of the script', () => {
    for (const projectDir of ['/srv/a\nEOF\ntouch x', '/srv/\u001b[2J', '/srv/a\rb'])
      expect(() => assertPlain({...facts, projectDir})).toThrow(/can't be given to a scheduler/);
  });
});
