import {readFileSync} from 'node:fs';
import {describe, expect, it} from '@jest/globals';
import {parseYaml} from '../../../src/cli/config/yaml-document.js';
import {policyDefaults} from '../../../src/lib/core/config/defaults.js';
import {keyHelp} from '../../../src/lib/core/config/key-help.js';
import {referenceTables} from '../../../src/lib/core/config/reference.js';
import {configSchema, jsonSchema, policyKeys} from '../../../src/lib/core/config/schema.js';
import {validate} from '../../../src/lib/core/config/validate.js';

const refresh = 'out of date: node scripts/write-schema.mjs';

describe('what is made from the schema', () => {
  it('config/erp.schema.json', () => {
    const written = JSON.parse(readFileSync('config/erp.schema.json', 'utf8')) as unknown;
    expect({[refresh]: written}).toEqual({[refresh]: JSON.parse(JSON.stringify(jsonSchema())) as unknown});
  });

  it('the tables of docs/reference/configuration.md', () => {
    expect(readFileSync('docs/reference/configuration.md', 'utf8').includes(referenceTables()) ? '' : refresh).toBe('');
  });

  it('config/erp.config.example.yaml is valid', () => {
    const {data, problems, position} = parseYaml(readFileSync('config/erp.config.example.yaml', 'utf8'));
    expect(problems).toEqual([]);
    expect(validate(data, position)).toMatchObject({ok: true});
  });

  it('every key has its sentence, and every sentence its key', () => {
    const {shape} = configSchema;
    const service = Object.keys(shape.services.unwrap().valueType.shape);
    expect(Object.keys(keyHelp.project).sort()).toEqual(Object.keys(shape).sort());
    expect(Object.keys({...keyHelp.service, ...keyHelp.policy}).sort()).toEqual(service.sort());
    expect(Object.keys(keyHelp.policy).sort()).toEqual([...policyKeys].sort());
    expect(Object.keys(keyHelp.logging).sort()).toEqual(Object.keys(shape.logging.unwrap().shape).sort());
    expect(Object.keys(keyHelp.machine).sort()).toEqual(Object.keys(shape.machine.unwrap().shape).sort());
    expect(Object.keys(keyHelp.explain).sort()).toEqual(Object.keys(shape.explain.unwrap().shape).sort());
    const forward = shape.portForwards.unwrap().valueType.shape;
    expect(Object.keys(keyHelp.forward).sort()).toEqual(Object.keys(forward).sort());
    expect(Object.keys(keyHelp.connection).sort()).toEqual(Object.keys(shape.connection.unwrap().shape).sort());
  });

  it('every default of a service is what `defaults:` accepts', () => {
    const defaults = Object.fromEntries(Object.entries(policyDefaults).map(([key, {value}]) => [key, value]));
    const services = {a: {command: 'x'}};
    expect(configSchema.safeParse({defaults, services}).error?.issues ?? []).toEqual([]);
  });
});
