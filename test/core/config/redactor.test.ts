import {describe, expect, it} from '@jest/globals';
import {Redactor} from '../../../src/lib/core/config/redactor.js';
import type {ProjectSpec} from '../../../src/lib/core/spec.js';

const spec = {
  name: 'shopshop',
  baseEnv: {
    API_TOKEN: 'tok-12345',
    PATH: '/usr/bin',
    KEY_PASSWORD: '/etc/keys/x',
    PASS: 'ab',
    ADMIN_PASSWORD: 'frontend',
  },
  services: [
    {
      name: 'frontend',
      env: {DATABASE_URL: 'postgres://u:p4ssw0rd@db/x', LONG_TOKEN: 'tok-12345-and-more'},
      command: {argv: ['run', '--secret', 'argument1', '--api-key=argument2', '--port', 'argument3']},
    },
  ],
} as unknown as ProjectSpec;

describe('what is told about services has no secrets in it', () => {
  const redactor = new Redactor(spec);
  it.each([
    ['cannot log in with tok-12345', 'cannot log in with ***'],
    ['with tok-12345-and-more', 'with ***'],
    ['p4ssw0rd is wrong', '*** is wrong'],
    ['argument1 argument2 argument3', '*** *** argument3'],
    ['/etc/keys/x is missing', '/etc/keys/x is missing'],
    ['frontend of shopshop: ab', 'frontend of shopshop: ab'],
    ['redis://:geheim@host refused password=x', 'redis://:***@host refused password=***'],
  ])('%j', (text, clean) => expect(redactor.text(text)).toBe(clean));

  it('goes through plain data and leaves it as it was', () => {
    const data = {a: ['tok-12345', 1, null], b: {c: 'fine', d: true}};
    expect(redactor.deep(data)).toEqual({a: ['***', 1, null], b: {c: 'fine', d: true}});
    expect(data.a[0]).toBe('tok-12345');
  });
});
