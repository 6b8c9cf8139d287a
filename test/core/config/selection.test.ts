import {describe, expect, it} from '@jest/globals';
import {inferredRole} from '../../../src/lib/core/config/roles.js';
import {selectServices} from '../../../src/lib/core/config/selection.js';
import type {ProjectSpec, ServiceSpec} from '../../../src/lib/core/spec.js';

const service = (name: string, more: Partial<ServiceSpec> = {}, needs: string[] = []) =>
  ({
    name,
    autoStart: true,
    role: null,
    dependsOn: needs.map((other) => ({name: other})),
    ...more,
  }) as unknown as ServiceSpec;

const spec = {
  services: [
    service('redis'),
    service('backend', {role: 'backend'}, ['redis']),
    service('worker', {}, ['redis']),
    service('frontend', {role: 'frontend'}, ['backend']),
    service('debug', {autoStart: false}, ['worker']),
  ],
  portForwards: [],
} as unknown as ProjectSpec;

describe('which services start', () => {
  it.each([
    [{}, ['redis', 'backend', 'worker', 'frontend']],
    [{names: ['debug']}, ['redis', 'worker', 'debug']],
    [{names: ['frontend']}, ['redis', 'backend', 'frontend']],
    [{backendOnly: true}, ['redis', 'backend']],
    [{frontendOnly: true}, ['frontend']],
    [{names: ['frontend', 'backend'], backendOnly: true}, ['redis', 'backend']],
  ])('%j: %j', (wish, start) => expect(selectServices(spec, wish).start).toEqual(start));

  it('the others, and why not', () => {
    expect(selectServices(spec, {}).notStarted).toEqual([{name: 'debug', why: 'autoStart: false'}]);
    expect(selectServices(spec, {frontendOnly: true}).notStarted[1]).toEqual({
      name: 'backend',
      why: 'needed by frontend, not started by request (--frontend-only)',
    });
    expect(selectServices(spec, {names: ['redis']}).notStarted[0]).toEqual({name: 'backend', why: 'not named'});
  });

  it.each([
    [{names: ['backnd']}, 'No service backnd. Did you mean backend?'],
    [{names: ['quux']}, 'No service quux.'],
    [{backendOnly: true, frontendOnly: true}, 'exclude each other'],
    [{names: ['worker'], frontendOnly: true}, 'No service of those has the role frontend.'],
  ])('%j is wrong usage', (wish, message) => {
    expect(() => selectServices(spec, wish)).toThrow(
      expect.objectContaining({exitCode: 2, message: expect.stringContaining(message)}),
    );
  });
});

describe('the role that a name tells', () => {
  it.each([
    ['backend', 'backend'],
    ['my-api', 'backend'],
    ['apiGateway', 'backend'],
    ['server2', 'backend'],
    ['webserver', 'backend'],
    ['frontend-react', 'frontend'],
    ['web', 'frontend'],
    ['admin_ui', 'frontend'],
    ['client', 'frontend'],
    ['rapids', null],
    ['build', null],
    ['redis', null],
    ['worker', null],
  ])('%s: %s', (name, role) => expect(inferredRole(name, (found) => found)).toBe(role));
});
