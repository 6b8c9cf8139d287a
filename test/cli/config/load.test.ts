import {mkdirSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {parseJson} from '../../../src/cli/config/json-document.js';
import {loadConfig} from '../../../src/cli/config/load.js';
import {runProgram} from '../../../src/cli/config/program.js';
import {parseYaml} from '../../../src/cli/config/yaml-document.js';
import {ConfigProject} from '../../support/config-project.js';

const yaml = 'services: {a: {command: run}}\n';
const json = '{"services": {"a": {"command": "run"}}}';

describe('where a configuration is found', () => {
  it.each([
    ['erp.config.yaml', yaml],
    ['erp.config.yml', yaml],
    ['erp.config.json', json],
    ['erp.config.mjs', `export default ${json}`],
    ['erp.config.cjs', `module.exports = ${json}`],
    ['.erprc', yaml],
    ['.erprc', json],
    ['.erprc.json', json],
    ['.config/erprc.yaml', yaml],
    ['package.json', `{"name": "x", "erp": ${json}}`],
  ])('%s, from a folder below', async (file, text) => {
    using project = new ConfigProject({[file]: text, 'deep/er/x': '', 'deep/package.json': '{"name": "inner"}'});
    const loaded = await loadConfig({cwd: join(project.dir, 'deep/er'), home: project.dir});
    expect(loaded.problems).toEqual([]);
    expect(loaded.projectDir).toBe(project.dir);
    expect(loaded.config?.services).toEqual({a: {command: 'run'}});
  });

  it('the first one wins and the others are named', async () => {
    using project = new ConfigProject({
      'erp.config.json': json,
      'erp.config.yaml': yaml,
      '.erprc': 'x',
      'package.json': '{}',
    });
    const {file, notices} = await loadConfig({cwd: project.dir, home: project.dir});
    expect(file).toBe(join(project.dir, 'erp.config.yaml'));
    expect(notices).toEqual([
      'erp.config.json is there too and is not read: erp.config.yaml comes first.',
      '.erprc is there too and is not read: erp.config.yaml comes first.',
    ]);
  });

  it('the search ends at the home folder', async () => {
    using project = new ConfigProject({'erp.config.yaml': yaml, 'home/work/x': ''});
    await expect(
      loadConfig({cwd: join(project.dir, 'home/work'), home: join(project.dir, 'home')}),
    ).rejects.toMatchObject({
      code: 'ERP_CONFIG_NOT_FOUND',
      exitCode: 3,
      remedy: expect.arrayContaining([expect.stringContaining('erp config init')]),
    });
  });

  it('-C begins elsewhere, --config names the file, both together: file of there, project of here', async () => {
    using project = new ConfigProject({'a/erp.config.yaml': yaml, 'b/other.yaml': yaml, 'c/x': ''});
    const cwd = join(project.dir, 'c');
    expect((await loadConfig({cwd, project: '../a'})).projectDir).toBe(join(project.dir, 'a'));
    expect((await loadConfig({cwd, configFile: '../b/other.yaml'})).projectDir).toBe(join(project.dir, 'b'));
    const both = await loadConfig({cwd, project: '../a', configFile: '../b/other.yaml'});
    expect([both.projectDir, both.file]).toEqual([join(project.dir, 'a'), join(project.dir, 'b/other.yaml')]);
    await expect(loadConfig({cwd, project: '../nowhere'})).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('nowhere is not there'),
    });
  });

  it('a broken package.json on the way is not ours', async () => {
    using project = new ConfigProject({'erp.config.yaml': yaml, 'in/package.json': '{,'});
    expect((await loadConfig({cwd: join(project.dir, 'in'), home: project.dir})).config).not.toBeNull();
  });

  it('two ways to one folder are one project', async () => {
    using project = new ConfigProject({'real/erp.config.yaml': yaml});
    symlinkSync(join(project.dir, 'real'), join(project.dir, 'link'));
    const [a, b] = await Promise.all(['real', 'link'].map((name) => project.prepare({cwd: join(project.dir, name)})));
    expect(a?.spec.projectDir).toBe(b?.spec.projectDir);
  });

  it('UTF-16 with byte order mark is read, with a notice', async () => {
    using project = new ConfigProject({});
    project.write('erp.config.yaml', '');
    const {writeFileSync} = await import('node:fs');
    for (const [mark, text] of [
      [[0xff, 0xfe], Buffer.from(yaml, 'utf16le')],
      [[0xfe, 0xff], Buffer.from(yaml, 'utf16le').swap16()],
    ] as const) {
      writeFileSync(join(project.dir, 'erp.config.yaml'), Buffer.concat([Buffer.from(mark), text]));
      const loaded = await loadConfig({cwd: project.dir, home: project.dir});
      expect(loaded.config).not.toBeNull();
      expect(loaded.notices).toEqual(['erp.config.yaml is UTF-16; read all the same, better saved as UTF-8.']);
    }
  });

  it('the old configuration is taken as it is; the folder above config/ is the project', async () => {
    const {readFileSync} = await import('node:fs');
    const old = readFileSync('test/fixtures/legacy/system_config.json', 'utf8');
    using project = new ConfigProject({
      'config/system_config.json': `\uFEFF${old}`,
      'redis/redis.conf': '',
      'main.py': 'app = FastAPI()\n',
    });
    for (const options of [{}, {configFile: 'config/system_config.json'}]) {
      const {spec, loaded} = await project.prepare(options);
      expect(spec.projectDir).toBe(project.dir);
      expect(spec.services.map(({name, kind}) => [name, kind])).toEqual([
        ['redis', 'service'],
        ['api', 'service'],
        ['flower', 'external'],
      ]);
      expect(spec.services[2]?.observed).toContain('no Celery application was found');
      expect(loaded.place(['services', 'api', 'port'])).toBe('config/system_config.json:19');
    }
  });
});

describe('programs', () => {
  it('TypeScript by the TypeScript of the project, or by Node itself', async () => {
    using project = new ConfigProject({
      'part.mjs': 'export const port = 8000;',
      'erp.config.ts':
        'import {port} from "./part.mjs";\ninterface C {services: object}\nconst c: C = {services: {a: {command: "run", port}}};\nexport default c;\n',
    });
    mkdirSync(join(project.dir, 'node_modules'));
    symlinkSync(join(process.cwd(), 'node_modules/typescript'), join(project.dir, 'node_modules/typescript'));
    expect((await project.prepare()).spec.services[0]?.port?.primary).toBe(8000);
    const {readdirSync} = await import('node:fs');
    expect(readdirSync(project.dir).sort()).toEqual(['erp.config.ts', 'node_modules', 'part.mjs']);
  });

  it('one that waits for ever is given up', async () => {
    using project = new ConfigProject({
      'erp.config.mjs': 'await new Promise(() => setInterval(() => {}, 60_000).unref());',
    });
    const result = await runProgram(join(project.dir, 'erp.config.mjs'), 100);
    expect(result).toMatchObject({ok: false, sentence: 'erp.config.mjs did not finish within 0.1s'});
  });
});

describe('places', () => {
  it('JSON: reads what JSON.parse reads, and refuses what it refuses', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toMatchObject({problems: []});
        expect(JSON.stringify(parseJson(text).data)).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
    const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '{', ']', ' ', '\\', '1', "'", '/'));
    fc.assert(
      fc.property(broken, ([text, seed, extra]) => {
        const at = seed % (text.length + 1);
        const changed = text.slice(0, at) + extra + text.slice(at + (seed % 2));
        let valid = true;
        try {
          JSON.parse(changed);
        } catch {
          valid = false;
        }
        const {problems} = parseJson(changed);
        // A key twice is the one thing that JSON.parse lets pass and we do not.
        if (problems[0]?.message.includes('twice') !== true) expect(problems.length === 0).toBe(valid);
      }),
    );
  });

  it('of values and keys, through anchors and merge keys', () => {
    const text = 'x-base: &base\n  cwd: one\n  env: {A: 1}\nservices:\n  a:\n    <<: *base\n    cwd: two\n  b: *base\n';
    const {position} = parseYaml(text);
    const line = (...path: string[]) => position(path, 'key')?.line;
    expect(line('services', 'a', 'cwd')).toBe(7);
    expect(line('services', 'a', 'env')).toBe(3);
    expect(line('services', 'a', 'env', 'A')).toBe(3);
    expect(line('services', 'b', 'cwd')).toBe(2);
    expect(line('services', 'b')).toBe(8);
    expect(line('services', 'c')).toBeUndefined();
  });

  it('any YAML: a document or one problem, never an exception', () => {
    const piece = fc.constantFrom(
      'a: ',
      '- ',
      '\n',
      '  ',
      '\t',
      '{',
      '}',
      '[',
      ']',
      '"',
      "'",
      '&x ',
      '*x ',
      '<<: ',
      '|',
      '#',
      ': ',
      '!!',
      '%',
      '@',
      '\0',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, {maxLength: 30}), (pieces) => {
        expect(parseYaml(pieces.join('')).problems.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
