import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {
  expandPlaceholders,
  placeholdersIn,
  replaceConstants,
  serviceOfPlaceholder,
} from '../../../src/lib/core/config/placeholders.js';

const ports = {port: 8001, services: {redis: 6379, 'api-2': 9000}};

describe('placeholders', () => {
  it.each([
    ['--port {port}', '--port 8001'],
    ['redis://127.0.0.1:{services.redis.port}/0', 'redis://127.0.0.1:6379/0'],
    ['postgres://127.0.0.1:{portForwards.api-2.port}/x', 'postgres://127.0.0.1:9000/x'],
    ['{{portForwards.redis.port}} {portForwards.nobody.port}', '{portForwards.redis.port} {portForwards.nobody.port}'],
    ['{services.api-2.port}{port}', '90008001'],
    ['{{port}} is {port}', '{port} is 8001'],
    ['{{{port}}}', '{{port}}'],
    ['{{services.redis.port}}', '{services.redis.port}'],
    ['{"a":{"b":1}}', '{"a":{"b":1}}'],
    ['{"port":{port}}', '{"port":8001}'],
    ['${port} $PORT ${PORT:-1}', '${port} $PORT ${PORT:-1}'],
    ["curl -w '%{port}'", "curl -w '%{port}'"],
    ["docker ps --format '{{.Names}}'", "docker ps --format '{{.Names}}'"],
    ['{{ name }} {a,b} {} { port } {1..3}', '{{ name }} {a,b} {} { port } {1..3}'],
    ['awk {print}', 'awk {print}'],
    ['{services.nobody.port}', '{services.nobody.port}'],
    ['{services.constructor.port}', '{services.constructor.port}'],
  ])('%s', (text, expanded) => expect(expandPlaceholders(text, ports)).toBe(expanded));

  it('stay as they are without a port', () => {
    expect(expandPlaceholders('{port} {services.redis.port}', {port: null})).toBe('{port} {services.redis.port}');
  });

  it('constants are replaced first and leave escapes for later', () => {
    const once = replaceConstants('{node} x.js {{node}} {port} {{port}}', {node: '/n'});
    expect(once).toBe('/n x.js {{node}} {port} {{port}}');
    expect(expandPlaceholders(once, ports)).toBe('/n x.js {node} 8001 {port}');
  });

  it('are listed, known or not', () => {
    expect(placeholdersIn('{port} {prot} {{port}} ${x} {services.a.port} {"a":1}')).toEqual([
      'port',
      'prot',
      'services.a.port',
    ]);
    expect(serviceOfPlaceholder('services.a.port')).toBe('a');
    expect(serviceOfPlaceholder('services.a.prot')).toBeNull();
  });

  it('text without single braces around a word never changes', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const harmless = text.replaceAll(/[{}]/g, '');
        expect(expandPlaceholders(harmless, ports)).toBe(harmless);
      }),
    );
  });

  it('an escaped text comes out as it was', () => {
    const word = fc.stringMatching(/^[A-Za-z][\w.-]{0,12}$/);
    fc.assert(
      fc.property(word, (name) => {
        expect(expandPlaceholders(`{{${name}}}`, ports)).toBe(`{${name}}`);
      }),
    );
  });
});
