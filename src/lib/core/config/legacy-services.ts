import type {LegacyFacts} from './legacy-facts.js';
import {isFields, type LegacyKeys, word} from './legacy-keys.js';

interface Derived {
  readonly services: Record<string, Record<string, unknown>>;
  readonly observed: Record<string, string>;
  readonly notices: string[];
}

/**
 * The old file names ports, never commands: its scripts knew them. What can be derived is; the rest is watched at its port
 * and never started; what has not even a port can't be watched, and is said.
 */
export function legacyServices(keys: LegacyKeys, facts: LegacyFacts): Derived {
  const derived: Derived = {services: {}, observed: {}, notices: []};
  const old = keys.peek(['Services']);
  if (!isFields(old)) return derived;
  for (const [title, settings] of Object.entries(old)) {
    const name = title.replaceAll(/[^A-Za-z0-9_-]+/g, '-').toLowerCase();
    const at = ['Services', title];
    if (!isFields(settings)) {
      keys.ignore(at, 'not a group of keys');
      continue;
    }
    if (settings['Enabled'] === false) {
      keys.ignore(at, 'Enabled is false');
      continue;
    }
    keys.note([...at, 'Enabled'], `services.${name}`, null);
    const port = keys.use([...at, 'Port'], ['services', name, 'port']);
    const autoStart = keys.use([...at, 'AutoStart'], ['services', name, 'autoStart']);
    const found = commandOf(keys, at, name, settings, facts);
    if (found !== null) {
      derived.services[name] = {
        ...found,
        ...(port === undefined ? {} : {port}),
        ...(autoStart === false ? {autoStart} : {}),
      };
      continue;
    }
    const why = `${at.join('.')} names no command${wanted[name] === undefined ? '' : `, and ${wanted[name]}`}`;
    const lines = [
      'services:',
      `  ${name}:`,
      `    command: …${port === undefined ? '' : `      # and port: ${word(port)}`}`,
    ].map((line) => `    ${line}`);
    const add = `To start it, add to erp.config.yaml:\n${lines.join('\n')}`;
    if (port === undefined) {
      derived.notices.push(`${name} is left out: ${why}; it has no port that could be watched. ${add}`);
      keys.ignore(at, 'no command and no port: nothing to start, nothing to watch');
      continue;
    }
    derived.services[name] = {external: true, port, ...(autoStart === false ? {autoStart} : {})};
    derived.observed[name] = `${why}; set services.${name}.command to start it`;
    derived.notices.push(`${name} is observed, watched and never started: ${why}. ${add}`);
  }
  // Celery's queue and the sessions of the API lie in Redis.
  for (const name of ['api', 'celery', 'flower']) {
    const service = derived.services[name];
    if (service?.['command'] !== undefined && derived.services['redis'] !== undefined) service['dependsOn'] = ['redis'];
  }
  return derived;
}

const wanted: Readonly<Record<string, string>> = {
  api: 'no Python backend was found (main.py, app.py, manage.py)',
  celery: 'no Celery application was found',
  flower: 'no Celery application was found',
};

function commandOf(
  keys: LegacyKeys,
  at: readonly string[],
  name: string,
  settings: Readonly<Record<string, unknown>>,
  facts: LegacyFacts,
): Record<string, unknown> | null {
  const to = (key: string) => ['services', name, key];
  const folder = (cwd: string) => (cwd === '.' ? {} : {cwd});
  switch (name) {
    case 'redis': {
      const file = word(settings['ConfigPath']);
      if (facts.redisConfigFound) keys.use([...at, 'ConfigPath'], to('command'));
      else keys.ignore([...at, 'ConfigPath'], 'no such file: redis-server runs with its defaults');
      const config = facts.redisConfigFound ? [file.replaceAll('\\', '/')] : [];
      const port = settings['Port'] === undefined ? [] : ['--port', '{port}'];
      return {command: ['redis-server', ...config, ...port, '--daemonize', 'no'], ifRunning: 'use'};
    }
    case 'api': {
      if (facts.api === null) {
        keys.ignore([...at, 'Host'], 'watched on this machine');
        return null;
      }
      const host = keys.use([...at, 'Host'], to('command'));
      const command = facts.api.command.map((word, index, all) =>
        typeof host === 'string' && all[index - 1] === '--host' ? host : word,
      );
      const health = facts.api.health === null ? {} : {health: `http://127.0.0.1:{port}${facts.api.health}`};
      return {...folder(facts.api.cwd), command, ...(settings['Port'] === undefined ? {} : health), role: 'backend'};
    }
    case 'celery': {
      if (facts.celery === null) return null;
      const {cwd, python, app} = facts.celery;
      const workers = keys.use([...at, 'Workers'], to('command'));
      const level = keys.use([...at, 'LogLevel'], to('command'));
      const options = [
        ...(level === undefined ? [] : [`--loglevel=${word(level)}`]),
        ...(workers === undefined ? [] : [`--concurrency=${word(workers)}`]),
      ];
      return {
        ...folder(cwd),
        command: [python, '-m', 'celery', '-A', app, 'worker', ...options],
        readiness: {log: String.raw`celery@\S+ ready`},
      };
    }
    case 'flower': {
      if (facts.celery === null) return null;
      const {cwd, python, app} = facts.celery;
      const port = settings['Port'] === undefined ? [] : ['--port={port}'];
      return {...folder(cwd), command: [python, '-m', 'celery', '-A', app, 'flower', ...port]};
    }
    default:
      return null;
  }
}
