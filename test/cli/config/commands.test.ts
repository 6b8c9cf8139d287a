import {spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {ConfigProject} from '../../support/config-project.js';

function erp(args: string[], cwd: string, env: Record<string, string> = {}) {
  return new Promise<{code: number | null; out: string; err: string}>((resolve) => {
    const child = spawn(process.execPath, [join(process.cwd(), 'bin/run.js'), ...args], {
      cwd,
      env: {PATH: process.env['PATH'] ?? '', HOME: cwd, LANG: 'C.UTF-8', ...env},
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => (out += String(data)));
    child.stderr.on('data', (data) => (err += String(data)));
    child.on('close', (code) => resolve({code, out, err}));
  });
}

const procfile = 'web: node server.js --port $PORT\n';

describe('erp config init', () => {
  it('writes a valid file, its schema and .gitignore; a second time it changes nothing', async () => {
    using project = new ConfigProject({Procfile: procfile, '.gitignore': 'x\n'});
    const dry = await erp(['config', 'init', '--dry-run'], project.dir);
    expect(dry.code).toBe(0);
    expect(existsSync(join(project.dir, 'erp.config.yaml'))).toBe(false);
    const first = await erp(['config', 'init'], project.dir);
    expect(first).toMatchObject({code: 0, err: ''});
    expect(first.out).toContain('web');
    expect(first.out).toContain('Procfile:1');
    const text = readFileSync(join(project.dir, 'erp.config.yaml'), 'utf8');
    expect(text).toBe(dry.out);
    expect(JSON.parse(readFileSync(join(project.dir, 'config/erp.schema.json'), 'utf8'))).toHaveProperty(
      'properties.services',
    );
    expect(readFileSync(join(project.dir, '.gitignore'), 'utf8')).toContain('.erp/');
    project.write('erp.config.yaml', '# mine\n');
    const [again, forced] = [
      await erp(['config', 'init'], project.dir),
      await erp(['config', 'init', '--force', '--json'], project.dir),
    ];
    expect(again.code).toBe(2);
    expect(again.err).toContain('is there already. Nothing was changed.');
    expect(forced.code).toBe(0);
    expect(JSON.parse(forced.out)).toMatchObject({
      example: false,
      services: expect.arrayContaining([expect.objectContaining({name: 'web', foundIn: 'Procfile:1'})]),
    });
    expect((await erp(['config', 'validate'], project.dir)).code).toBe(0);
  });
});

describe('erp config show', () => {
  it('says where each value comes from and hides secrets', async () => {
    using project = new ConfigProject({
      'erp.config.yaml':
        'services:\n  a:\n    command: [run, --token, hunter2]\n    maxRestarts: 3\n    env: {DB_PASSWORD: hunter2, URL: "redis://u:hunter2@h/0", PLAIN: x}\n  b: {command: other}\n',
      '.env': 'SECRET_KEY=hunter2\n',
    });
    const env = {ERP_CHECK_INTERVAL: '10s'};
    const [text, json, unknown] = await Promise.all([
      erp(['config', 'show', 'a', '--changed'], project.dir, env),
      erp(['config', 'show', '--json'], project.dir, env),
      erp(['config', 'show', 'aa'], project.dir),
    ]);
    expect(text.code).toBe(0);
    expect(text.out + json.out).not.toContain('hunter2');
    expect(text.out).toMatch(/services\.a\.maxRestarts +3 +erp\.config\.yaml:4/);
    expect(text.out).toMatch(/services\.a\.checkInterval +10s +ERP_CHECK_INTERVAL/);
    expect(text.out).toMatch(/services\.a\.env\.URL +"?redis:\/\/u:\*\*\*@h\/0"? +erp\.config\.yaml:5/);
    expect(text.out).not.toContain('services.b');
    const {values} = JSON.parse(json.out) as {values: {key: string; value: unknown; source: string}[]};
    expect(values).toContainEqual(
      expect.objectContaining({key: 'services.b.maxRestarts', value: 5, source: 'default'}),
    );
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain('No service aa.');
  });
});

describe('erp config migrate', () => {
  it('writes the new file beside the old one, says what was ignored, and the new one is valid', async () => {
    const old = readFileSync('test/fixtures/legacy/system_config.json', 'utf8');
    using project = new ConfigProject({'config/system_config.json': old});
    const migrated = await erp(['config', 'migrate'], project.dir);
    expect(migrated.code).toBe(0);
    expect(readFileSync(join(project.dir, 'config/system_config.json'), 'utf8')).toBe(old);
    const text = readFileSync(join(project.dir, 'erp.config.yaml'), 'utf8');
    expect(text).toContain('target: svc/grafana');
    expect(text).toContain('# Not taken over:');
    const valid = await erp(['config', 'validate'], project.dir);
    expect(valid.code).toBe(0);
    expect(valid.out).toContain('3 services, 7 port-forwards');
    const [again, nothing] = await Promise.all([
      erp(['config', 'migrate'], project.dir),
      erp(['config', 'migrate', '--config', 'erp.config.yaml'], project.dir),
    ]);
    expect(again).toMatchObject({code: 2});
    expect(again.err).toContain('is there already');
    expect(nothing).toMatchObject({code: 3});
    expect(nothing.err).toContain('there is nothing to migrate');
  });
});
