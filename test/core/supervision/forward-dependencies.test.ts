import {describe, expect, it} from '@jest/globals';
import {missingDependencies, type Services} from '../../../src/lib/core/supervision/dependencies.js';
import type {ForwardView} from '../../../src/lib/core/supervision/forward-view.js';
import {oldPorts} from '../../../src/lib/core/supervision/port-following.js';
import {runningDependents, withDependencies} from '../../../src/lib/core/supervision/settle.js';
import {initialService, type Service} from '../../../src/lib/core/supervision/state.js';
import {forwardSpec} from '../../support/sim/cluster-world.js';
import {project, service} from '../../support/sim/specs.js';

const backend = service('backend', 8000, {
  dependsOn: [{name: 'db'}],
  env: {DB: 'localhost:{portForwards.db.port}'},
});
const tunnel = service('tunnel', 9000);
const spec = {...project([backend, tunnel]), portForwards: [forwardSpec('db', {dependsOn: [{name: 'tunnel'}]})]};
const view: ForwardView = {wanted: 'up', isUp: true, mayRun: true, port: 5432, primary: 5432};
const around = (forward: ForwardView | null, services: Record<string, Service> = {}): Services =>
  Object.assign(new Map(Object.entries(services)), {
    forwards: new Map(forward === null ? [] : [['db', forward]]),
  });

describe('a service that needs a port-forward', () => {
  it.each([
    ['waits until it is up', {...view, isUp: false}, ['db']],
    ['goes on when it is up', view, []],
    ['is not held back by one that nobody wants', {...view, wanted: 'down', isUp: false}, []],
  ] as const)('%s', (_, forward, missing) => {
    expect(missingDependencies(backend, around(forward))).toEqual(missing);
  });

  it('starts it along, and what that one needs', () => {
    expect(withDependencies(spec, ['backend'])).toEqual(['backend', 'tunnel', 'db']);
  });

  it('is named when the forward shall stop', () => {
    const running = {...initialService, state: {tag: 'waiting'} as const};
    const up = {...running, memory: {...running.memory, wanted: 'up' as const}};
    const ready = around(view, {
      backend: {...up, state: {tag: 'preparing', hooks: false} as unknown as Service['state']},
    });
    expect(runningDependents(spec, new Set(['db']), ready)).toEqual(['backend']);
  });

  it('was started with an old port when the forward has another one now', () => {
    const life = {own: true, told: {db: 5432}} as unknown as Extract<Service['state'], {tag: 'ready'}>['life'];
    const ready = {...initialService, state: {tag: 'ready', life} as unknown as Service['state']};
    expect(oldPorts(backend, ready, around({...view, port: 5433}))).toEqual([{name: 'db', told: 5432, port: 5433}]);
    expect(oldPorts(backend, ready, around(view))).toEqual([]);
    expect(oldPorts(backend, ready, around({...view, port: 5433, isUp: false}))).toEqual([]);
  });

  it('stays when its journal does not say what it was told of the forward', () => {
    for (const told of [null, {}, {other: 1}]) {
      const life = {own: true, told} as unknown as Extract<Service['state'], {tag: 'ready'}>['life'];
      const ready = {...initialService, state: {tag: 'ready', life} as unknown as Service['state']};
      expect(oldPorts(backend, ready, around({...view, port: 5433}))).toEqual([]);
    }
  });
});
