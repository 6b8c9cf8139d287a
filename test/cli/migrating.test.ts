import {readFileSync} from 'node:fs';
import {describe, expect, it} from '@jest/globals';
import {z} from 'zod';
import {convertLegacy} from '../../src/lib/core/config/legacy.js';
import type {LegacyFacts} from '../../src/lib/core/config/legacy-facts.js';
import {configSchema} from '../../src/lib/core/config/schema.js';

interface Row {
  readonly section: string;
  readonly theirs: string;
  readonly ours: string;
  readonly remarks: string;
}

const page = readFileSync('docs/migrating.md', 'utf8');
const rows: readonly Row[] = page.split(/^## /m).flatMap((section) =>
  section
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .slice(1)
    .map((line) => {
      const [theirs = '', ours = '', remarks = ''] = line.split(' | ').map((cell) => cell.replace(/^\| | ?\|$/g, ''));
      return {section: section.split('\n')[0] ?? '', theirs, ours, remarks};
    }),
);
const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);

/** Is there such a place in a configuration? `NAME` and `*` stand for the name of a service or a port-forward. */
function exists(path: readonly string[], schema: z.core.$ZodType = configSchema): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return true;
  if (schema instanceof z.ZodOptional) return exists(path, schema.def.innerType);
  if (schema instanceof z.ZodUnion) return schema.def.options.some((option) => exists(path, option));
  if (schema instanceof z.ZodRecord) return exists(rest, schema.def.valueType);
  if (!(schema instanceof z.ZodObject)) return false;
  const {shape} = schema.def;
  return Object.hasOwn(shape, key) && exists(rest, (shape as Record<string, z.core.$ZodType>)[key]);
}

/** Values of the key before them: `restart: always`, `no`. */
const values = ['no', 'on-failure'];

describe('docs/migrating.md', () => {
  it('has a table for each tool', () => {
    const sections = ['pm2', 'supervisord', 'systemd', 'NSSM', 'process-compose', 'the PowerShell scripts'];
    for (const tool of sections)
      expect(rows.filter(({section}) => section.startsWith(`From ${tool}`)).length).toBeGreaterThan(10);
  });

  it.each(
    rows.flatMap(({theirs, ours}) => codes(ours).map((code) => [theirs, code] as const)),
  )('%s: %s is a key of ours', (_, code) => {
    if (values.includes(code)) return;
    const path = (code.split(':')[0] ?? '').split('.');
    expect({code, exists: exists(path) || exists(['services', 'NAME', ...path])}).toEqual({code, exists: true});
  });

  it('says of everything without a counterpart what to do instead, or why there is none', () => {
    expect(rows.filter(({ours, remarks}) => ours === '–' && remarks.trim() === '')).toEqual([]);
  });

  const everything: LegacyFacts = {
    workspaceFound: true,
    redisConfigFound: true,
    api: {cwd: '.', command: ['python3', '--host', 'x'], health: null},
    celery: {cwd: '.', python: 'python3', app: 'tasks'},
  };
  const nothing: LegacyFacts = {workspaceFound: false, redisConfigFound: false, api: null, celery: null};
  const old = JSON.parse(readFileSync('test/fixtures/legacy/system_config.json', 'utf8')) as Record<string, unknown>;
  const legacy = [everything, nothing].flatMap((facts) => convertLegacy(old, facts, () => null).keys);

  /** `Services.Redis.Port` stands as `Services.NAME.Port`, unless it has a row of its own. */
  function rowOf(key: string): Row | undefined {
    const general = key.replace(/^(Services|Kubernetes\.PortForwardConfig)\.[^.]+/, '$1.NAME');
    return [key, general].map((name) => rows.find(({theirs}) => theirs === `\`${name}\``)).find(Boolean);
  }

  it.each(legacy.map(({key, usedAs, why}) => [key, usedAs, why] as const))('%s: %s, %s', (key, usedAs, why) => {
    const row = rowOf(key);
    const named = usedAs?.replace(/^(services|portForwards)\.(?!NAME|\*)[^.]+/, '$1.NAME');
    if (usedAs !== null) expect([usedAs, named].some((name) => row?.ours.includes(name ?? ''))).toBe(true);
    else expect(row?.remarks).toContain(why);
  });
});
