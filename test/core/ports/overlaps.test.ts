import {describe, expect, it} from '@jest/globals';
import {overlapsOf, wishesFor} from '../../../src/lib/core/ports/overlaps.js';
import {isSameCommand} from '../../../src/lib/core/ports/whose.js';
import {isInTheWay} from '../../../src/lib/core/ports/addresses.js';
import {planned} from '../../support/ports.js';

describe('overlaps inside a configuration', () => {
  it('are named with their lines, primaries first', () => {
    const entries = [
      planned('frontend', 8080, {alternatives: [8081, 8082], line: 4, alternativeLines: [5, 5]}),
      planned('frontend-custom', 8082, {line: 8}),
    ];
    expect(overlapsOf(entries)).toEqual([
      {
        port: 8082,
        wanted: [
          {name: 'frontend-custom', role: 'primary', line: 8},
          {name: 'frontend', role: 'alternative', line: 5},
        ],
      },
    ]);
    expect(wishesFor(9000, entries)).toEqual([]);
  });
});

describe('who is in the way', () => {
  it.each<[string, boolean | null, string, boolean]>([
    ['127.0.0.1', null, '127.0.0.1', true],
    ['127.0.0.1', null, '127.0.0.2', false],
    ['0.0.0.0', null, '127.0.0.1', true],
    ['127.0.0.1', null, '0.0.0.0', true],
    ['::', true, '127.0.0.1', true],
    ['::', null, '127.0.0.1', true],
    ['::', false, '127.0.0.1', false],
    ['::', false, '::1', true],
    ['::1', null, '127.0.0.1', false],
    ['10.0.0.7', null, '::', true],
  ])('%s (dual stack %s) for %s: %s', (address, isDualStack, wanted, expected) => {
    expect(isInTheWay({address, isDualStack}, wanted)).toBe(expected);
  });
});

describe('the same command', () => {
  it.each<[string, string, boolean]>([
    ['/usr/bin/python3 -m http.server 8000', 'python3 -m http.server {port}', true],
    ['node server.js', '/opt/node/bin/node server.js', true],
    ['python3 -m http.server 8000', 'python3 -m http.server', false],
    ['python3 main.py --db=postgres://x', 'python3 main.py --db=${DATABASE_URL}', true],
    ['python3 mainXpy', 'python3 main.py', false],
    ['anything at all', '{node}', false],
  ])('%s is %s: %s', (running, configured, expected) => {
    expect(isSameCommand(running, configured)).toBe(expected);
  });
});
