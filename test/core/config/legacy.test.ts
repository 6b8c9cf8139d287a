import {readFileSync} from 'node:fs';
import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {convertLegacy, isLegacy} from '../../../src/lib/core/config/legacy.js';
import type {LegacyFacts} from '../../../src/lib/core/config/legacy-facts.js';
import {validate} from '../../../src/lib/core/config/validate.js';

const valeo = JSON.parse(readFileSync('test/fixtures/legacy/system_config.json', 'utf8')) as Record<string, unknown>;
const nothing: LegacyFacts = {workspaceFound: false, redisConfigFound: false, api: null, celery: null};
const everything: LegacyFacts = {
  workspaceFound: true,
  redisConfigFound: true,
  api: {
    cwd: 'backend',
    command: ['python3', '-m', 'uvicorn', 'main:app', '--host', '127.0.0.1', '--port', '{port}'],
    health: '/health',
  },
  celery: {cwd: 'backend', python: 'python3', app: 'tasks:queue'},
};
const convert = (old: Record<string, unknown>, facts = nothing) => convertLegacy(old, facts, () => null);

describe("the operators' system_config.json", () => {
  it('is recognised, and the present format is not', () => {
    expect(isLegacy(valeo)).toBe(true);
    expect(isLegacy({services: {}})).toBe(false);
    expect(isLegacy(null)).toBe(false);
  });

  it('becomes a valid configuration, whatever the folder holds', () => {
    for (const facts of [nothing, everything]) {
      const {document, problems} = convert(valeo, facts);
      expect(problems).toEqual([]);
      expect(validate(document, () => null)).toMatchObject({ok: true});
    }
  });

  it('commands are derived where the folder allows it', () => {
    const {document, observed} = convert(valeo, everything);
    expect(observed).toEqual({});
    expect(document['services']).toEqual({
      redis: {
        command: ['redis-server', 'redis/redis.conf', '--port', '{port}', '--daemonize', 'no'],
        ifRunning: 'use',
        port: 6379,
      },
      api: {
        cwd: 'backend',
        command: ['python3', '-m', 'uvicorn', 'main:app', '--host', 'localhost', '--port', '{port}'],
        health: 'http://127.0.0.1:{port}/health',
        role: 'backend',
        port: 8003,
        dependsOn: ['redis'],
      },
      celery: {
        cwd: 'backend',
        command: ['python3', '-m', 'celery', '-A', 'tasks:queue', 'worker', '--loglevel=INFO', '--concurrency=2'],
        readiness: {log: String.raw`celery@\S+ ready`},
        dependsOn: ['redis'],
      },
      flower: {
        cwd: 'backend',
        command: ['python3', '-m', 'celery', '-A', 'tasks:queue', 'flower', '--port={port}'],
        port: 5555,
        dependsOn: ['redis'],
      },
    });
  });

  it('what has no command is observed at its port, with the lines to add; without a port it is left out and said', () => {
    const {document, observed, notices} = convert(valeo);
    expect(document['services']).toMatchObject({
      api: {external: true, port: 8003},
      flower: {external: true, port: 5555},
    });
    expect(Object.keys(document['services'] as object)).toEqual(['redis', 'api', 'flower']);
    expect(observed['api']).toContain('no Python backend was found');
    expect(notices.join('\n')).toContain('    services:\n      api:\n        command: …');
    expect(notices.join('\n')).toContain('celery is left out');
  });

  it('every key has a fate: none is dropped without a word', () => {
    const leaves: string[] = [];
    const walk = (value: unknown, path: string[]) => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      } else leaves.push(path.join('.'));
    };
    walk(valeo, []);
    for (const facts of [nothing, everything]) {
      const {keys} = convert(valeo, facts);
      expect(keys.filter(({why}) => why === 'erp does not know this key')).toEqual([]);
      for (const leaf of leaves) {
        expect(keys.filter(({key}) => key === leaf || leaf.startsWith(`${key}.`)).map(({key}) => key)).toHaveLength(1);
      }
      for (const {usedAs, why} of keys) expect(usedAs !== null || why !== null).toBe(true);
    }
  });

  it('port-forwards are kept: all that are monitored, in their namespace', () => {
    const {document} = convert(valeo);
    expect(Object.keys(document['portForwards'] as object)).toHaveLength(7);
    expect(document['portForwards']).toMatchObject({
      grafana: {
        namespace: 'erp-system',
        target: 'svc/grafana',
        port: {primary: 3000, alternatives: [3001, 3002, 3003, 3004]},
      },
    });
  });

  it('the times and limits of the old monitor', () => {
    const {document, notices} = convert(valeo);
    expect(document['connection']).toEqual({logInterval: 60, maxRestarts: 3, autoRestart: true});
    expect(notices.join('\n')).not.toMatch(/forward/);
  });

  it('a monitor that is switched off forwards nothing and says so; AutoStart: false waits to be asked', () => {
    const monitor = valeo['ConnectionMonitor'] as object;
    const off = convert({...valeo, ConnectionMonitor: {...monitor, Enabled: false}});
    expect(off.document['portForwards']).toBeUndefined();
    expect(off.document['connection']).toBeUndefined();
    expect(off.notices.join('\n')).toMatch(/ConnectionMonitor.Enabled is false: frontend, .* are not forwarded/);
    expect(off.keys.filter(({why}) => why === 'erp does not know this key')).toEqual([]);
    expect(validate(off.document, () => null)).toMatchObject({ok: true});
    const waiting = convert({...valeo, ConnectionMonitor: {...monitor, AutoStart: false}}).document['portForwards'];
    expect(Object.values(waiting as Record<string, object>)).toHaveLength(7);
    for (const forward of Object.values(waiting as object)) expect(forward).toMatchObject({autoStart: false});
  });

  it('what is to be monitored and has no ports is said', () => {
    const {notices, document} = convert({ConnectionMonitor: {ServicesToMonitor: ['kibana']}, Services: {}});
    expect(document['portForwards']).toBeUndefined();
    expect(notices.join('\n')).toContain('ServicesToMonitor lists kibana');
  });

  it('logging and name win', () => {
    expect(convert(valeo).document).toMatchObject({
      name: 'AI-driven ERP System',
      logDir: 'logs',
      logging: {level: 'INFO', maxFileSize: '10MB', maxFiles: 5},
    });
  });

  it('Enabled: false drops, AutoStart: false defines, an unknown service with a port is observed', () => {
    const {document, keys} = convert({
      Services: {
        Redis: {Enabled: false, Port: 6379},
        API: {Enabled: true, AutoStart: false, Port: 8003},
        MongoDB: {Port: 27017, Flavour: 'x'},
      },
    });
    expect(document['services']).toEqual({
      api: {external: true, port: 8003, autoStart: false},
      mongodb: {external: true, port: 27017},
    });
    expect(keys.find(({key}) => key === 'Services.Redis')?.why).toBe('Enabled is false');
    expect(keys.find(({key}) => key === 'Services.MongoDB.Flavour')?.why).toBe('erp does not know this key');
  });

  it('survives any damage: a problem or a configuration, never an exception', () => {
    const damage = fc.oneof(fc.jsonValue(), fc.constantFrom(valeo['Services'], valeo['Kubernetes'], valeo['Logging']));
    const file = fc.dictionary(
      fc.constantFrom('System', 'Services', 'ConnectionMonitor', 'Kubernetes', 'Logging', 'Other'),
      damage,
      {maxKeys: 4},
    );
    fc.assert(
      fc.property(file, (old) => {
        const {document} = convert(old);
        validate(document, () => null);
      }),
    );
  });
});
