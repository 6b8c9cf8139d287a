import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import type {ProjectSpec, ServiceSpec} from '../../../src/lib/core/spec.js';
import {ConfigProject} from '../../support/config-project.js';

const minimal = 'services:\n  a:\n    command: run\n';
const named = (spec: ProjectSpec, name: string): ServiceSpec => {
  const found = spec.services.find((service) => service.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

describe('a resolved specification', () => {
  it('comes with who is asked for an explanation, which is no part of what runs', async () => {
    using plain = new ConfigProject({'erp.config.yaml': minimal});
    const {spec} = await plain.prepare();
    plain.write('erp.config.yaml', `explain: {providers: [openai, built-in], timeout: 5s}\n${minimal}`);
    const explained = await plain.prepare({env: {OPENAI_MODEL: 'small'}});
    expect(explained.explain).toMatchObject({timeoutMs: 5000, providers: [{name: 'openai', model: 'small'}]});
    expect(explained.spec.hash).toBe(spec.hash);
    expect(explained.provenance).toContainEqual({
      path: 'explain.models.openai',
      value: 'small',
      source: 'environment',
      place: 'OPENAI_MODEL',
    });
  });

  it('tells apart when to restart and when to stop it', async () => {
    using project = new ConfigProject({
      'erp.config.yaml': `defaults: {restart: {policy: on-failure, onPermanent: retry}}
services:
  a: {command: run}
  b: {command: run, restart: always}
  c: {command: run, restart: {onPermanent: stop}}
  d: {command: run, kind: job}
`,
    });
    const {spec} = await project.prepare();
    const policies = spec.services.map(({policy}) => [policy.restart, policy.onPermanent]);
    expect(policies).toEqual([
      ['on-failure', 'retry'],
      ['always', 'retry'],
      ['on-failure', 'stop'],
      // Whatever is wanted for the services.
      ['no', 'stop'],
    ]);
  });

  it('has the defaults of the contract', async () => {
    using project = new ConfigProject({'erp.config.yaml': minimal});
    const {spec, notices} = await project.prepare();
    expect(notices).toEqual([]);
    expect(spec).toMatchObject({
      schema: 1,
      projectDir: project.dir,
      configFile: join(project.dir, 'erp.config.yaml'),
      instance: null,
      stateDir: join(project.dir, '.erp'),
      logDir: join(project.dir, 'logs'),
      ownLogDir: join(project.dir, 'watchdog_logs'),
      runtimeDir: '/run/erp/x',
      mode: 'start',
      tie: 'none',
      baseEnv: {PYTHONUNBUFFERED: '1'},
      logging: {
        maxFileBytes: 20 * 1024 ** 2,
        rotateEveryMs: 7 * 86_400_000,
        maxFiles: null,
        maxAgeDays: 30,
        maxTotalBytes: 2 * 1024 ** 3,
        gzip: true,
        ownLevel: 'DEBUG',
        ownMaxAgeDays: 90,
      },
      machine: {
        sampleIntervalMs: 5000,
        cpuWarnRatio: 0.9,
        memoryWarnRatio: 0.85,
        minFreeBytes: 1024 ** 3,
        minFreeRatio: 0.02,
      },
    });
    expect(spec.services).toEqual([
      {
        name: 'a',
        kind: 'service',
        role: null,
        autoStart: true,
        critical: false,
        command: {shell: 'run'},
        cwd: project.dir,
        env: {},
        requiredFiles: [],
        port: null,
        probes: [],
        readyLog: null,
        policy: {
          restart: 'always',
          onPermanent: 'stop',
          startTimeoutMs: 120_000,
          checkIntervalMs: 15_000,
          timeoutThresholdMs: 45_000,
          maxRestarts: 5,
          backOffMs: [0, 250, 2000, 8000, 30_000, 60_000],
          backOffJitter: 0.2,
          stableAfterMs: 60_000,
          stopGraceMs: 10_000,
          hangGraceMs: 3000,
          crashGraceMs: 250,
          afterBudget: {then: 'cooldown', pauseMs: 300_000},
          giveUpAfterMs: null,
          unhealthyForMs: null,
          maxMemoryBytes: null,
          memoryWarnRatio: 0.8,
          slowAfterMs: 2000,
          openFilesWarnRatio: 0.8,
          onPortChange: 'restart',
          returnToPrimary: 'never',
          returnAfterMs: 60_000,
        },
        schedule: null,
        dependsOn: [],
        restartWith: [],
        listener: 'own',
        hooks: {preStart: null, preCheck: null, postStop: null, onPortMoved: null},
        isPublic: false,
        url: null,
        hooksOnCrash: false,
        hookTimeoutMs: 300_000,
        stop: {signal: 'SIGTERM', command: null, http: null},
        stdin: 'open',
        output: 'pipe',
        observed: null,
      },
    ]);
    // It crosses a process boundary as JSON.
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
  });

  it('differs for watchdog, jobs and Windows where the contract says so', async () => {
    using project = new ConfigProject({
      'erp.config.yaml':
        'defaults: {restart: always}\nservices:\n  a: {command: run}\n  j: {command: run, kind: job}\n',
    });
    const {spec} = await project.prepare({mode: 'watchdog', platform: 'win32'});
    expect(named(spec, 'a').policy.afterBudget).toEqual({then: 'fail'});
    expect(named(spec, 'a').output).toBe('file');
    expect(named(spec, 'j').policy.restart).toBe('no');
    expect(spec.baseEnv).toEqual({PYTHONUNBUFFERED: '1', PYTHONUTF8: '1'});
    const forced = await project.prepare({flags: {restart: 'always'}});
    expect(named(forced.spec, 'j').policy.restart).toBe('no');
  });

  it('gives a memory limit for all to services only, and takes it back where a service says none', async () => {
    const yaml =
      'defaults: {maxMemory: 1g, slowAfter: never}\nservices:\n  a: {command: run}\n  b: {command: run, maxMemory: none}\n' +
      '  j: {command: run, kind: job}\n  e: {external: true, port: 5432}\n';
    using project = new ConfigProject({'erp.config.yaml': yaml});
    const limits = async (env: Record<string, string>) =>
      (await project.prepare({env})).spec.services.map(({policy}) => policy.maxMemoryBytes);
    expect(await limits({})).toEqual([1024 ** 3, null, null, null]);
    expect(await limits({ERP_MAX_MEMORY: '256MB'})).toEqual([256 * 1024 ** 2, 256 * 1024 ** 2, null, null]);
  });

  it('takes every key', async () => {
    using project = new ConfigProject({
      'erp.config.yaml': `
name: all
stateDir: state
logDir: /var/log/all
watchdogLogDir: own
tie: terminal
logging: {maxFileSize: 1MB, maxFiles: 3, maxAge: 1d, maxTotalSize: 1g, gzip: false, level: INFO, ownMaxAge: 7d}
machine: {sampleInterval: 1s, cpuWarn: 50%, memoryWarn: 0.5, minFree: 10MB, minFreeShare: 1%}
services:
  db: {external: true, probe: {tcp: "db.local:5432"}, autoStart: false, critical: true}
  once: {kind: job, command: [migrate, "{{port}}"], dependsOn: db, restart: on-failure}
  api:
    command: [python3, main.py, --port, "{port}"]
    cwd: backend
    role: frontend
    port: {primary: 8000, alternatives: [8001], any: true, addresses: [127.0.0.1]}
    ifRunning: use
    liveness: {tcp: true, failureThreshold: 3}
    readiness: {http: /ready, expect: {status: healthy, db.state: 1}, headers: {X-Key: 1}, initialDelay: 1s, period: 2s, timeout: 3s, successThreshold: 2}
    dependsOn: [once]
    restartWith: [db]
    restart: on-failure
    startTimeout: 1m
    checkInterval: 10
    timeoutThreshold: 20s
    maxRestarts: 7
    backOff: {pauses: [1s, 2s], jitter: 0}
    stableAfter: 2m
    stopGrace: 1s
    hangGrace: 0
    crashGrace: 10ms
    afterBudget: cooldown 1m
    giveUpAfter: 1h
    restartOn: unhealthy
    unhealthyFor: 1m
    maxMemory: 512MB
    memoryWarn: 70%
    slowAfter: 900ms
    openFilesWarn: 0.5
    onPortChange: ignore
    returnToPrimary: idle
    returnAfter: 5m
    public: false
    url: http://127.0.0.1:{port}/app
    schedule: " 0 3 * * sun "
    scheduleTimezone: Europe/Berlin
    listener: any
    stdin: null
    output: file
    stop: {signal: SIGINT, command: bye, http: "http://127.0.0.1:{port}/bye"}
    hooks: {preStart: a, preCheck: [b, c], postStop: d, onPortMoved: e, timeout: 1m, onCrash: true}
  log: {command: x, probe: {log: "ready\\\\.$"}, port: 9000}
  plain: {command: y, readiness: {command: [check]}}
`,
    });
    const {spec} = await project.prepare();
    expect(spec).toMatchObject({
      name: 'all',
      tie: 'terminal',
      stateDir: join(project.dir, 'state'),
      logDir: '/var/log/all',
      ownLogDir: join(project.dir, 'own'),
      logging: {
        maxFileBytes: 1024 ** 2,
        rotateEveryMs: 7 * 86_400_000,
        maxFiles: 3,
        maxAgeDays: 1,
        maxTotalBytes: 1024 ** 3,
        gzip: false,
        ownLevel: 'INFO',
        ownMaxAgeDays: 7,
      },
      machine: {
        sampleIntervalMs: 1000,
        cpuWarnRatio: 0.5,
        memoryWarnRatio: 0.5,
        minFreeBytes: 10 * 1024 ** 2,
        minFreeRatio: 0.01,
      },
    });
    expect(named(spec, 'db')).toMatchObject({
      kind: 'external',
      command: null,
      autoStart: false,
      critical: true,
      probes: [{purposes: ['liveness', 'readiness'], check: {type: 'tcp', host: 'db.local', port: '5432'}}],
    });
    expect(named(spec, 'once')).toMatchObject({
      kind: 'job',
      command: {argv: ['migrate', '{{port}}']},
      dependsOn: [{name: 'db'}],
      policy: {restart: 'on-failure'},
    });
    expect(named(spec, 'api')).toMatchObject({
      cwd: join(project.dir, 'backend'),
      role: 'frontend',
      command: {argv: ['python3', 'main.py', '--port', '{port}']},
      port: {primary: 8000, alternatives: [8001], any: true, addresses: ['127.0.0.1'], ifRunning: 'use'},
      probes: [
        {
          purposes: ['liveness'],
          check: {type: 'tcp', host: '127.0.0.1', port: '{port}'},
          failureThreshold: 3,
          periodMs: null,
          timeoutMs: 5000,
        },
        {
          purposes: ['readiness'],
          check: {
            type: 'http',
            url: 'http://127.0.0.1:{port}/ready',
            expect: [
              {field: 'status', value: 'healthy'},
              {field: 'db.state', value: '1'},
            ],
            headers: {'X-Key': '1'},
          },
          initialDelayMs: 1000,
          periodMs: 2000,
          // Cut at its period: two probes at once would be under way.
          timeoutMs: 2000,
          successThreshold: 2,
        },
      ],
      restartWith: ['db'],
      policy: {
        restart: 'on-failure',
        startTimeoutMs: 60_000,
        checkIntervalMs: 10_000,
        timeoutThresholdMs: 20_000,
        maxRestarts: 7,
        backOffMs: [1000, 2000],
        backOffJitter: 0,
        stableAfterMs: 120_000,
        stopGraceMs: 1000,
        hangGraceMs: 0,
        crashGraceMs: 10,
        afterBudget: {then: 'cooldown', pauseMs: 60_000},
        giveUpAfterMs: 3_600_000,
        unhealthyForMs: 60_000,
        maxMemoryBytes: 512 * 1024 ** 2,
        memoryWarnRatio: 0.7,
        slowAfterMs: 900,
        openFilesWarnRatio: 0.5,
        onPortChange: 'ignore',
        returnToPrimary: 'idle',
        returnAfterMs: 300_000,
      },
      schedule: {expression: '0 3 * * sun', timezone: 'Europe/Berlin'},
      listener: 'any',
      stdin: 'null',
      output: 'file',
      stop: {signal: 'SIGINT', command: {shell: 'bye'}, http: 'http://127.0.0.1:{port}/bye'},
      hooks: {preStart: {shell: 'a'}, preCheck: {argv: ['b', 'c']}, postStop: {shell: 'd'}, onPortMoved: {shell: 'e'}},
      isPublic: false,
      url: 'http://127.0.0.1:{port}/app',
      hookTimeoutMs: 60_000,
      hooksOnCrash: true,
    });
    // A log line says "ready" only; the port says that it lives.
    expect(named(spec, 'log')).toMatchObject({
      readyLog: 'ready\\.$',
      probes: [{purposes: ['liveness'], check: {type: 'tcp'}}],
    });
    expect(named(spec, 'plain').probes).toMatchObject([
      {purposes: ['readiness'], check: {type: 'command', command: {argv: ['check']}}},
    ]);
  });

  it('takes a port that may move and that nothing here names for one that clients outside use', async () => {
    using project = new ConfigProject({
      'erp.config.yaml': `
services:
  named: {command: x, port: {primary: 8000, alternatives: [8001]}}
  unnamed: {command: x, port: {primary: 8010, alternatives: [8011]}, env: {A: "{services.named.port}"}}
  told: {command: x, port: {primary: 8020, any: true}, public: false}
  both: {command: x, port: {primary: 8030, any: true}, public: true}
  fixed: {command: x, port: 8040, probe: {http: "http://127.0.0.1:{services.both.port}/"}}
`,
    });
    const {spec} = await project.prepare();
    expect(spec.services.map(({name, isPublic}) => [name, isPublic])).toEqual([
      ['named', false],
      ['unnamed', true],
      ['told', false],
      ['both', true],
      ['fixed', false],
    ]);
  });

  it.each([
    ['health: http://127.0.0.1:{port}/h', {type: 'http', url: 'http://127.0.0.1:{port}/h', expect: [], headers: {}}],
    ['health: /h', {type: 'http', url: 'http://127.0.0.1:{port}/h', expect: [], headers: {}}],
    ['probe: tcp', {type: 'tcp', host: '127.0.0.1', port: '{port}'}],
    ['probe: tcp://[::1]:9', {type: 'tcp', host: '::1', port: '9'}],
    ['probe: {tcp: 9}', {type: 'tcp', host: '127.0.0.1', port: '9'}],
    ['env: {}', {type: 'tcp', host: '127.0.0.1', port: '{port}'}],
  ])('%s is one probe for both purposes', async (line, check) => {
    using project = new ConfigProject({'erp.config.yaml': `${minimal}    port: 80\n    ${line}\n`});
    const {spec} = await project.prepare();
    expect(spec.services[0]?.probes.map(({purposes, check: found}) => ({purposes, found}))).toEqual([
      {purposes: ['liveness', 'readiness'], found: check},
    ]);
  });

  it('none means none', async () => {
    using project = new ConfigProject({'erp.config.yaml': `${minimal}    port: 80\n    probe: none\n`});
    expect((await project.prepare()).spec.services[0]?.probes).toEqual([]);
  });

  it('moves only with alternatives', async () => {
    using project = new ConfigProject({
      'erp.config.yaml':
        'services:\n  a: {command: x, port: 1}\n  b: {command: x, port: {primary: 2, alternatives: [3]}}\n  c: {command: x, port: {primary: 4, any: true}}\n',
    });
    const {spec} = await project.prepare();
    expect(spec.services.map(({port}) => port?.ifRunning)).toEqual(['fail', 'move', 'move']);
  });
});

describe('what wins', () => {
  const yaml =
    'defaults: {maxRestarts: 2, checkInterval: 10s}\nservices:\n  a: {command: x, maxRestarts: 3, port: 1}\n  b: {command: x, port: 2}\n';

  it('flag, environment, service, defaults, default; and it is known from where', async () => {
    using project = new ConfigProject({'erp.config.yaml': yaml});
    const of = async (options: Parameters<typeof project.prepare>[0], key = 'maxRestarts') => {
      const {spec, provenance} = await project.prepare(options);
      return spec.services.map(({name, policy}) => {
        const entry = provenance.find(({path}) => path === `services.${name}.${key}`);
        return [policy.maxRestarts, entry?.value, entry?.source, entry?.place];
      });
    };
    expect(await of({})).toEqual([
      [3, 3, 'file', 'erp.config.yaml:3'],
      [2, 2, 'file', 'erp.config.yaml:1'],
    ]);
    expect(await of({env: {ERP_MAX_RESTARTS: '7'}})).toEqual([
      [7, 7, 'environment', 'ERP_MAX_RESTARTS'],
      [7, 7, 'environment', 'ERP_MAX_RESTARTS'],
    ]);
    expect(await of({env: {ERP_MAX_RESTARTS: 'nonsense'}, flags: {maxRestarts: 9}})).toEqual([
      [9, 9, 'flag', '--max-restarts'],
      [9, 9, 'flag', '--max-restarts'],
    ]);
    const {provenance} = await project.prepare();
    expect(provenance.find(({path}) => path === 'services.a.startTimeout')).toMatchObject({
      value: '2m',
      source: 'default',
    });
  });

  it('all the variables and flags of the contract', async () => {
    using project = new ConfigProject({'erp.config.yaml': yaml});
    const {spec} = await project.prepare({
      env: {
        ERP_CHECK_INTERVAL: '5',
        ERP_START_TIMEOUT: '90s',
        ERP_AFTER_BUDGET: 'fail',
        ERP_LOG_DIR: 'l',
        ERP_NAME: 'n',
        ERP_TIE: 'terminal',
        ERP_STATE_DIR: '',
      },
      flags: {timeoutThreshold: '20s', giveUpAfter: 0, stopGrace: undefined},
    });
    expect(spec).toMatchObject({
      name: 'n',
      tie: 'terminal',
      logDir: join(project.dir, 'l'),
      stateDir: join(project.dir, '.erp'),
    });
    expect(spec.services[0]?.policy).toMatchObject({
      checkIntervalMs: 5000,
      startTimeoutMs: 90_000,
      timeoutThresholdMs: 20_000,
      afterBudget: {then: 'fail'},
      giveUpAfterMs: 0,
    });
  });

  it('an expectation by flag counts for every http probe', async () => {
    using project = new ConfigProject({
      'erp.config.yaml': 'services:\n  a: {command: x, port: 1, health: /h}\n  b: {command: x, port: 2}\n',
    });
    const {spec} = await project.prepare({flags: {expect: 'status=healthy'}});
    expect(spec.services[0]?.probes[0]?.check).toMatchObject({expect: [{field: 'status', value: 'healthy'}]});
    expect(spec.services[1]?.probes[0]?.check).toMatchObject({type: 'tcp'});
  });

  it.each([
    [{flags: {maxRestarts: 'x'}}, 2, '--max-restarts: "x" is not a whole number'],
    [{flags: {checkInterval: '6 parsecs'}}, 2, '--check-interval: "6 parsecs" is not a duration'],
    [{env: {ERP_TIMEOUT_THRESHOLD: '-1'}}, 3, 'ERP_TIMEOUT_THRESHOLD: "-1" is not a duration'],
    [{env: {ERP_AFTER_BUDGET: 'cooldown x'}}, 3, 'ERP_AFTER_BUDGET: "cooldown x" is not a decision'],
    [
      {flags: {checkInterval: '60'}},
      3,
      "--check-interval: a's timeoutThreshold 45s is shorter than checkInterval 1m plus probe timeout 5s",
    ],
    [{env: {ERP_CHECK_INTERVAL: '60'}, flags: {timeoutThreshold: 10}}, 3, '--timeout-threshold, ERP_CHECK_INTERVAL: '],
  ])('%j is an error that names it', async (options, exitCode, message) => {
    using project = new ConfigProject({'erp.config.yaml': yaml});
    await expect(project.prepare(options)).rejects.toMatchObject({exitCode, message: expect.stringContaining(message)});
  });

  it('a variable of ours with a slip in it is noticed, one of the ERP system is not', async () => {
    using project = new ConfigProject({'erp.config.yaml': minimal});
    const {notices} = await project.prepare({env: {ERP_MAX_RESTART: '3', ERP_DATABASE_URL: 'x', ERP_DB: 'y'}});
    expect(notices).toEqual(['ERP_MAX_RESTART is set and not known to erp. Did you mean ERP_MAX_RESTARTS?']);
  });
});

describe('the environment of a service', () => {
  it('layers .env, the real one, defaults, files and its own; erp and npm leave no trace', async () => {
    using project = new ConfigProject({
      '.env': 'A=dotenv\nB=dotenv\nC=dotenv\nD=dotenv\nREAL=dotenv\nonly a word\n',
      'one.env': 'C=file\nD=file\nP={port}\nN={node}\n',
      'erp.config.yaml': `defaults: {env: {B: defaults, C: defaults}}\nservices:\n  a:\n    command: x\n    port: 80\n    envFile: one.env\n    env: {D: own, E: "\${A}-\${REAL}-\${NOPE:-none}", NUMBER: 5, YES: true, LITERAL: "$\${A}"}\n`,
    });
    const {spec, notices} = await project.prepare({
      env: {
        REAL: 'real',
        PATH: '/bin',
        npm_config_x: '1',
        INIT_CWD: '/',
        ERP_PROJECT: project.dir,
        ERP_MARK: 'm',
        ERP_MAX_RESTARTS: '',
        ERP_DATABASE_URL: 'keep',
        GONE: undefined,
      },
    });
    expect(spec.baseEnv).toEqual({
      A: 'dotenv',
      B: 'dotenv',
      C: 'dotenv',
      D: 'dotenv',
      REAL: 'real',
      PATH: '/bin',
      ERP_DATABASE_URL: 'keep',
      PYTHONUNBUFFERED: '1',
    });
    const [a] = spec.services;
    expect(a?.env).toEqual({
      B: 'defaults',
      C: 'file',
      D: 'own',
      P: '{port}',
      N: process.execPath,
      E: 'dotenv-real-none',
      NUMBER: '5',
      YES: 'true',
      LITERAL: '${A}',
    });
    expect(a?.requiredFiles).toEqual([join(project.dir, 'one.env')]);
    expect(notices).toEqual(['.env:6 is no NAME=value and is left out.']);
  });

  it('PYTHONUNBUFFERED can be configured', async () => {
    using project = new ConfigProject({'erp.config.yaml': minimal, '.env': 'PYTHONUNBUFFERED='});
    expect((await project.prepare()).spec.baseEnv['PYTHONUNBUFFERED']).toBe('');
  });
});

describe('constants', () => {
  const yaml =
    "services:\n  a:\n    command: ['{node}', '{demo}/x.js', '{{node}}']\n    cwd: '{demo}'\n  b:\n    command: \"{node} x\"\n";

  it('{node} always, {demo} in the demo', async () => {
    using project = new ConfigProject({'erp.config.yaml': yaml});
    const {spec} = await project.prepare({demoDir: '/opt/demo'});
    expect(spec.services[0]?.command).toEqual({argv: [process.execPath, '/opt/demo/x.js', '{{node}}']});
    expect(spec.services[0]?.cwd).toBe('/opt/demo');
    await expect(project.prepare()).rejects.toMatchObject({
      message: expect.stringContaining('{demo} is known in the built-in demo only'),
    });
  });
});

describe('the hash', () => {
  it('changes with what runs, not with the terminal, the tie or the order of keys', async () => {
    using project = new ConfigProject({'erp.config.yaml': minimal});
    const of = async (options: Parameters<typeof project.prepare>[0] = {}) =>
      (await project.prepare(options)).spec.hash;
    const first = await of();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await of({env: {TERM: 'xterm', SSH_TTY: '/dev/pts/3'}})).toBe(first);
    expect(await of({runtimeDirOf: () => '/elsewhere'})).toBe(first);
    expect(await of({env: {ERP_TIE: 'terminal'}})).toBe(first);
    expect(await of({flags: {maxRestarts: 9}})).not.toBe(first);
    project.write('.env', 'A=1');
    expect(await of()).not.toBe(first);
    project.write('.env', '');
    project.write('erp.config.yaml', 'services:\n  a:\n    maxRestarts: 5\n    command: run\n');
    expect(await of()).toBe(first);
  });
});
