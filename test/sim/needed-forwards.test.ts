import {describe, expect, it} from '@jest/globals';
import {forwardSpec} from '../support/sim/cluster-world.js';
import {ProjectRig} from '../support/sim/project-rig.js';
import {service, type ServiceDiffers} from '../support/sim/specs.js';

const db = forwardSpec('db', {primary: 5432, alternatives: [5433], dependsOn: [{name: 'tunnel'}]});
const tunnel = service('tunnel', null);
const backend = (differs: ServiceDiffers = {}) =>
  service('backend', null, {dependsOn: [{name: 'db'}], env: {DB: 'localhost:{portForwards.db.port}'}, ...differs});

function begin(differs: ServiceDiffers = {}): ProjectRig {
  return new ProjectRig([backend(differs), tunnel], [db]);
}

function ready(differs: ServiceDiffers = {}): ProjectRig {
  const rig = begin(differs);
  rig.start(['backend']);
  rig.advance(10_000);
  expect(rig.tag('backend')).toBe('ready');
  return rig;
}

const told = (rig: ProjectRig): string | undefined => rig.world.serviceOf('backend')?.env['DB'];
const lives = (rig: ProjectRig, name: string): number =>
  rig.world.services.filter(({service}) => service === name).length;

describe('a service that needs a port-forward', () => {
  it('starts behind it, and that one behind the service that it needs', () => {
    const rig = begin();
    expect(rig.start(['backend']).started).toEqual(['backend', 'tunnel', 'db']);
    rig.advance(500);
    // A service without probe is ready when it has lived for a second.
    expect(rig.order).toEqual(['+tunnel']);
    expect(rig.status('backend').note).toBe('waits for db');
    rig.advance(10_000);
    expect(rig.order).toEqual(['+tunnel', '+db', '+backend']);
    expect(rig.tag('backend')).toBe('ready');
    expect(told(rig)).toBe('localhost:5432');
  });

  it('starts in that order too when the API server is known to be there', () => {
    const rig = new ProjectRig([backend(), tunnel], [db, forwardSpec('other', {primary: 7000})]);
    rig.start(['other']);
    rig.advance(5000);
    rig.start(['backend']);
    rig.advance(500);
    expect(rig.order).toEqual(['+other', '+tunnel']);
    rig.advance(10_000);
    expect(rig.order).toEqual(['+other', '+tunnel', '+db', '+backend']);
  });

  it('waits as long as it does not answer, and starts when it does', () => {
    const rig = begin();
    rig.world.app = 'closed';
    rig.start(['backend']);
    rig.advance(60_000);
    expect(rig.tag('backend')).toBe('waiting');
    expect(lives(rig, 'backend')).toBe(0);
    rig.world.app = 'answers';
    rig.advance(60_000);
    expect(rig.tag('backend')).toBe('ready');
  });

  it('does not wait for one that nobody wants', () => {
    const rig = begin();
    rig.supervisor.start(['backend'], null, false, () => {}, true);
    rig.advance(5000);
    expect(rig.tag('backend')).toBe('ready');
    expect(rig.order).toEqual(['+backend']);
  });

  it('stays when that one is lost, says so, and waits only with its next start', () => {
    const rig = ready();
    rig.world.cut('black-hole');
    rig.advance(30_000);
    expect(rig.tag('backend')).toBe('ready');
    expect(rig.status('backend')).toMatchObject({mark: 'degraded', note: 'needs db: no answer there now'});
    expect(lives(rig, 'backend')).toBe(1);
    const leader = rig.world.serviceOf('backend');
    if (leader === null) throw new Error('backend does not run');
    rig.world.endService(leader);
    rig.advance(20_000);
    expect(rig.tag('backend')).toBe('waiting');
    rig.world.restore(true);
    rig.advance(10_000);
    expect(rig.tag('backend')).toBe('ready');
    expect(rig.status('backend')).toMatchObject({mark: 'good', note: null});
  });

  it('is restarted once when that one comes back on another port', () => {
    const rig = ready();
    rig.world.cut('link-down');
    rig.advance(20_000);
    // Somebody has taken the port in between.
    rig.world.strangers.add(5432);
    rig.world.killKubectl();
    rig.world.restore(true);
    rig.advance(20_000);
    expect(told(rig)).toBe('localhost:5433');
    expect(lives(rig, 'backend')).toBe(2);
    expect(lives(rig, 'tunnel')).toBe(1);
    expect(rig.news.filter(({type}) => type === 'port-followed').map(({service}) => service)).toEqual(['backend']);
  });

  it('is left alone with onPortChange: ignore, and says so', () => {
    const rig = ready({policy: {onPortChange: 'ignore'}});
    rig.world.strangers.add(5432);
    rig.world.killKubectl();
    rig.advance(20_000);
    expect(rig.isUp('db')).toBe(true);
    expect(told(rig)).toBe('localhost:5432');
    expect(rig.status('backend').note).toBe(
      'was started with another port: db is on 5433 now, not on 5432 (onPortChange: ignore)',
    );
  });

  it('follows over the death of the supervisor, by what its journal says it was told', () => {
    const rig = ready();
    rig.world.strangers.add(5432);
    rig.world.killKubectl();
    rig.takeOver();
    rig.advance(30_000);
    expect(told(rig)).toBe('localhost:5433');
    expect(lives(rig, 'backend')).toBe(2);
  });

  it('is not touched when the supervisor dies and nothing has changed', () => {
    const rig = ready();
    rig.takeOver();
    rig.advance(30_000);
    expect(rig.isUp('db')).toBe(true);
    expect(rig.order).toEqual(['+tunnel', '+db', '+backend']);
  });
});

describe('stopping', () => {
  it.each([
    ['the service that it needs', 'tunnel', ['backend', 'db']],
    ['the forward', 'db', ['backend']],
    ['the one at the end', 'backend', []],
  ])('names who needs %s', (_, name, dependents) => {
    expect(ready().supervisor.runningDependents([name])).toEqual(dependents);
  });

  it.each([
    ['everything', (rig: ProjectRig) => rig.end()],
    ['all by name', (rig: ProjectRig) => rig.stop(['tunnel', 'db', 'backend'])],
  ])('takes who needs it first: %s', (_, stop) => {
    const rig = ready();
    stop(rig);
    rig.advance(30_000);
    expect(rig.order.slice(3)).toEqual(['-backend', '-db', '-tunnel']);
  });

  it('takes a kubectl that does not listen yet before the service that it needs', () => {
    const rig = begin();
    rig.start(['backend']);
    while (rig.supervisor.forwards.forward('db').state.tag !== 'launching') rig.advance(10);
    rig.end();
    rig.advance(30_000);
    const told = rig.news.map(({service, type}) => `${service} ${type}`);
    expect(told.indexOf('tunnel stopping')).toBeGreaterThan(told.indexOf('db forward-stopped'));
    expect(told).toContain('db forward-stopped');
  });

  it('of everything ends once, also when the last to stop is a forward of which nothing runs', () => {
    const rig = ready();
    rig.world.cut('black-hole');
    rig.world.killKubectl();
    rig.advance(30_000);
    rig.stop(['tunnel']);
    rig.advance(5000);
    rig.end();
    rig.advance(30_000);
    expect(rig.ends).toBe(1);
  });

  it('of a forward that is told to go on after all is forgotten', () => {
    const rig = ready();
    rig.stop(['db', 'backend']);
    // It waits for the end of who needs it.
    expect(rig.supervisor.isWanted('db')).toBe(false);
    expect(rig.start(['db']).started).toEqual(['db']);
    expect(rig.supervisor.isWanted('db')).toBe(true);
    rig.advance(30_000);
    expect(rig.order.slice(3)).toEqual(['-backend']);
    expect(rig.isUp('db')).toBe(true);
  });

  it('of the forward alone leaves the service, which does not wait for it any more', () => {
    const rig = ready();
    rig.stop(['db']);
    rig.advance(5000);
    expect(rig.order.slice(3)).toEqual(['-db']);
    expect(rig.tag('backend')).toBe('ready');
    expect(rig.status('backend')).toMatchObject({mark: 'good', note: 'needs db: stopped'});
  });
});

describe('restarting', () => {
  it('both: the service comes back behind the forward', () => {
    const rig = ready();
    // Its pod is on its way for longer than the service takes to end.
    rig.world.killPod(4000);
    rig.supervisor.restart(['db', 'backend'], null, () => {});
    rig.advance(2000);
    expect(rig.tag('backend')).toBe('waiting');
    rig.advance(30_000);
    expect(rig.order.at(-1)).toBe('+backend');
    expect(rig.tag('backend')).toBe('ready');
    expect(lives(rig, 'backend')).toBe(2);
  });
});
