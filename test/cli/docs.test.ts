import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const text = (path: string) => readFileSync(join(root, path), 'utf8');

interface Manifest {
  readonly commands: Readonly<
    Record<string, {readonly flags: Readonly<Record<string, {readonly char?: string; readonly allowNo?: boolean}>>}>
  >;
}

/** All Markdown of the repository, generated and installed folders left out. */
function markdown(folder = ''): string[] {
  return readdirSync(join(root, folder), {withFileTypes: true}).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const foreign = ['node_modules', 'build', 'fixtures', 'logs', 'watchdog_logs'].includes(entry.name);
      return foreign || entry.name.startsWith('.') || entry.name.startsWith('dist') ? [] : markdown(path);
    }
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

describe('docs/reference/commands.md', () => {
  const page = text('docs/reference/commands.md');
  const {commands} = JSON.parse(text('oclif.manifest.json')) as Manifest;
  const common = new Set(['project', 'config', 'instance', 'color', 'json']);

  /** What stands under the heading of a command; the demo's commands share one. */
  function sectionOf(id: string): string {
    const title = id.startsWith('demo:') ? 'demo' : id.replaceAll(':', ' ');
    return page.split(/^## /m).find((section) => section.startsWith(`${title}\n`)) ?? '';
  }

  it.each(Object.keys(commands))('has erp %s', (id) => {
    expect(sectionOf(id)).toContain(`\`erp ${id.replaceAll(':', ' ')}`);
  });

  it.each(
    Object.entries(commands).flatMap(([id, {flags}]) => Object.keys(flags).map((flag) => [id, flag] as const)),
  )('erp %s: has --%s', (id, flag) => {
    const place = common.has(flag) ? sectionOf('Flags of every command') : sectionOf(id);
    const {char, allowNo} = commands[id]?.flags[flag] ?? {};
    expect(place).toMatch(new RegExp(`--${flag}[\`\\s]`));
    if (char !== undefined) expect(place).toContain(`\`-${char}\``);
    if (allowNo === true) expect(place).toContain(`--no-${flag}`);
  });

  it('names no flag that does not exist', () => {
    const known = new Set(
      Object.values(commands).flatMap(({flags}) =>
        Object.entries(flags).flatMap(([name, {allowNo}]) => (allowNo === true ? [name, `no-${name}`] : [name])),
      ),
    );
    const named = [...page.matchAll(/(?<![\w-])--([a-z][a-z-]*)/g)].map((match) => match[1] as string);
    expect(named.filter((flag) => !known.has(flag) && !['help', 'version'].includes(flag))).toEqual([]);
  });
});

describe('links in Markdown', () => {
  const links = markdown().flatMap((file) => {
    const prose = text(file).replaceAll(/^```[\s\S]*?^```/gm, '');
    return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] as string)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => [file, target] as const);
  });

  it.each(links)('%s: %s leads somewhere', (file, target) => {
    const [path = '', anchor] = target.split('#');
    const place = path === '' ? join(root, file) : join(root, dirname(file), path);
    expect({place: relative(root, place), exists: existsSync(place)}).toMatchObject({exists: true});
    if (anchor === undefined) return;
    const anchors = readFileSync(place, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('#'))
      .map((line) => line.replace(/^#+ /, '').toLowerCase());
    const slugs = anchors.map((title) => title.replaceAll(/[^\p{L}\p{N}\s_-]/gu, '').replaceAll(' ', '-'));
    expect(slugs).toContain(anchor);
  });
});

describe('configurations in README.md', () => {
  const examples = [...text('README.md').matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => match[1] as string);
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'erp-docs-'));
  });
  afterAll(() => {
    rmSync(folder, {recursive: true, force: true});
  });

  it('are there', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it.each(examples)('are valid: %#', (example) => {
    writeFileSync(join(folder, 'erp.config.yaml'), example);
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('ERP_')));
    const {status, stderr} = spawnSync(process.execPath, [join(root, 'bin/run.js'), 'config', 'validate'], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    expect({status, stderr}).toEqual({status: 0, stderr: ''});
  });
});
