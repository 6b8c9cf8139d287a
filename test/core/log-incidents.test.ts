import {describe, expect, it} from '@jest/globals';
import {reportOf} from '../../src/lib/core/logs/incidents/report-of.js';
import {simpleAnalysis} from '../support/logs/simple-analysis.js';
import {watchdogRuns} from '../support/logs/watchdog-runs.js';

const of = (text: string) => reportOf(simpleAnalysis({name: 'app.log', text}));

/** Three runs of a supervisor that restarts a program five times, in German: data/valeo of the original ERP, shortened. */
describe('a program that nothing ever made healthy', () => {
  const report = of(watchdogRuns(['09:05:30', '09:28:22', '09:36:48']));

  it('is one finding over all runs, with where each ended', () => {
    const [incident] = report.incidents;
    expect(report.incidents).toHaveLength(1);
    expect(incident).toMatchObject({
      kind: 'never-healthy',
      title: 'never healthy: 18 starts, 15 restarts wasted, nothing ever listened',
      isOver: false,
    });
    expect(report.runs).toBe(3);
    expect(incident?.first.text).toMatch(/^Health-Check fehlgeschlagen: Die Verbindung/);
    expect(incident?.first.spot.line).toBe(5);
    expect(incident?.spells).toHaveLength(3);
    expect(incident?.end?.text).toMatch(/^Maximale Anzahl von Neustarts \(5\)/);
  });

  it('perhaps hangs or listens elsewhere: its process lived', () => {
    const diagnosis = report.incidents[0]?.diagnosis;
    expect(diagnosis).toMatchObject({cause: 'hang', subject: {name: 'backend'}});
    expect(diagnosis?.confidence).toBeLessThan(0.6);
    expect(diagnosis?.explanation).toMatch(/listens elsewhere: the process lived \(85 MB, 14 to 24 threads\)/);
    expect(report.next).toEqual(['start it by hand and see where it listens: erp ports --all']);
  });

  it('was started 18 times and up at no time', () => {
    expect(report.reliability).toEqual([
      {name: 'backend', starts: 18, exits: 18, restarts: 15, availability: 0, mtbfMs: expect.any(Number), mttrMs: null},
    ]);
  });
});

describe('a log without incidents', () => {
  it.each([
    ['nothing', ''],
    ['one line', '2025-05-22 10:00:00 INFO Application startup complete.\n'],
    ['lines without times', 'hello\nworld\n'],
    [
      'a planned restart',
      [
        '2025-05-22 10:00:00 INFO Starting api',
        '2025-05-22 10:00:02 INFO api is ready',
        '2025-05-22 12:00:00 INFO Shutting down',
        '2025-05-22 12:00:01 INFO api exited with code 0',
        '2025-05-22 12:00:02 INFO Starting api',
        '2025-05-22 12:00:04 INFO api is ready',
      ].join('\n'),
    ],
  ])('%s', (_, text) => expect(of(text).incidents).toEqual([]));
});

describe('a program that crashes', () => {
  const at = (minute: number, text: string) => `2025-05-22 10:${String(minute).padStart(2, '0')}:00 ${text}\n`;

  it('once', () => {
    const report = of(
      at(0, 'INFO Starting api') +
        at(1, 'INFO api is ready') +
        at(20, 'ERROR api exited with code 1') +
        at(20, 'INFO Starting api') +
        at(21, 'INFO api is ready') +
        at(59, 'INFO Order 7 created'),
    );
    expect(report.incidents).toMatchObject([
      {kind: 'crash', title: 'api crashed', isOver: true, first: {spot: {line: 3}}},
    ]);
    expect(report.reliability).toMatchObject([{name: 'api', starts: 2, exits: 1, restarts: 1, mttrMs: 60_000}]);
    expect(report.reliability[0]?.availability).toBeCloseTo(57 / 59, 2);
  });

  it('again and again, until its supervisor gives up', () => {
    const loop = [1, 2, 3, 4, 5].map(
      (n) => at(n, 'INFO Starting api') + at(n, `ERROR api exited with code 1, restart ${n} of 5`),
    );
    const report = of(`${loop.join('')}${at(6, 'ERROR api: maximum number of restarts reached, giving up')}`);
    expect(report.incidents).toMatchObject([
      {kind: 'restart-loop', title: 'api exited 5 times, then its supervisor gave up', isOver: false},
    ]);
  });

  it('as its port is taken', () => {
    const report = of(
      at(1, 'INFO Starting api') + at(1, 'ERROR Error: listen EADDRINUSE: address already in use :::8000'),
    );
    expect(report.incidents).toMatchObject([{kind: 'port-conflict', title: 'port 8000 was already in use'}]);
    expect(report.next[0]).toMatch(/erp ports/);
  });
});

describe('what other supervisors write', () => {
  const lines = (...all: string[]) => `${all.join('\n')}\n`;

  it('systemd', () => {
    const start = ['Starting erp-api.service - ERP API...', 'Started erp-api.service - ERP API.'];
    const end = 'WARNING erp-api.service: Main process exited, code=exited, status=1/FAILURE';
    const {incidents, reliability} = of(
      lines(
        ...[
          ...start,
          end,
          'erp-api.service: Scheduled restart job, restart counter is at 1.',
          ...start,
          end,
          'ERROR erp-api.service: Start request repeated too quickly.',
        ].map((text, i) => `2025-05-22 10:00:0${i} ${text}`),
      ),
    );
    expect(incidents).toMatchObject([
      {kind: 'restart-loop', title: 'erp-api exited 2 times, then its supervisor gave up', isOver: false},
    ]);
    expect(reliability).toMatchObject([{name: 'erp-api', starts: 2, exits: 2, restarts: 1}]);
  });

  it('supervisord: each program has lives of its own', () => {
    const {incidents, reliability, runs} = of(
      lines(
        '2025-05-22 10:00:00 INFO supervisord started with pid 1',
        "2025-05-22 10:00:01 INFO spawned: 'api' with pid 9",
        "2025-05-22 10:00:01 INFO spawned: 'worker' with pid 10",
        '2025-05-22 10:00:02 INFO success: api entered RUNNING state',
        '2025-05-22 10:00:02 INFO success: worker entered RUNNING state',
        '2025-05-22 11:00:00 WARNING exited: worker (terminated by SIGKILL; not expected)',
        "2025-05-22 11:00:01 INFO spawned: 'worker' with pid 33",
        '2025-05-22 11:00:02 INFO success: worker entered RUNNING state',
        '2025-05-22 12:00:00 WARNING exited: api (exit status 1; not expected)',
        '2025-05-22 12:00:01 ERROR gave up: api entered FATAL state, too many start retries too quickly',
        '2025-05-22 14:00:00 INFO stopped: worker (exit status 0)',
      ),
    );
    expect(runs).toBe(1);
    expect(incidents).toMatchObject([
      {kind: 'crash', title: 'worker crashed', isOver: true},
      {kind: 'restart-loop', title: 'api exited once, then its supervisor gave up', isOver: false, recovery: null},
    ]);
    expect(reliability).toMatchObject([
      {name: 'api', starts: 1, exits: 1, restarts: 0, mttrMs: null},
      {name: 'worker', starts: 2, exits: 1, restarts: 1, mttrMs: 2000},
    ]);
  });

  it('an exit with code 0 or by SIGTERM is a planned end', () => {
    const {incidents, reliability} = of(
      lines(
        '2025-05-22 10:00:00 INFO App [api:0] online',
        '2025-05-22 12:00:00 INFO App [api:0] exited with code [0] via signal [SIGINT]',
        '2025-05-22 12:00:01 INFO App [api:0] online',
        '2025-05-22 14:00:00 INFO App [api:0] exited with signal SIGTERM',
      ),
    );
    expect(incidents).toEqual([]);
    expect(reliability).toMatchObject([{name: 'api', exits: 0, restarts: 0, mtbfMs: null}]);
  });
});

describe('memory', () => {
  const samples = (megabytes: (minute: number) => number) =>
    of(
      Array.from({length: 600}, (_, n) => {
        const time = new Date(Date.UTC(2025, 4, 22) + n * 60_000).toISOString().slice(0, 19);
        return `${time} INFO worker rss ${Math.round(megabytes(n))}.5 MB, 12 tasks`;
      }).join('\n'),
    ).incidents;

  it('that grows to the end is an incident', () => {
    expect(samples((n) => 200 + n + (n % 7))).toMatchObject([
      {
        kind: 'memory-growth',
        title: expect.stringMatching(/^worker: memory grew from .* in 10h, without end$/),
        isOver: false,
      },
    ]);
  });

  it.each([
    ['that settles after warming up', (n: number) => 800 - 600 * Math.exp(-n / 40)],
    ['that varies', (n: number) => 300 + ((n * 7919) % 401)],
    ['that falls with each collection', (n: number) => 200 + (n % 90) * 5],
    ['that grows a little', (n: number) => 400 + n / 10],
  ])('%s is none', (_, megabytes) => expect(samples(megabytes)).toEqual([]));
});

describe('a program that ends', () => {
  it('with an exception that nobody caught has crashed', () => {
    const traceback =
      'Traceback (most recent call last):\n  File "main.py", line 5, in <module>\n    url = environ["DB"]\nKeyError: \'DB\'\n';
    const {incidents} = of(traceback);
    expect(incidents).toMatchObject([{kind: 'crash', title: "KeyError: 'DB'", first: {spot: {line: 1}}}]);
  });

  it('has not, if it went on after one that was logged', () => {
    const logged =
      '2025-05-22 10:00:01 ERROR Exception in ASGI application\nTraceback (most recent call last):\n  File "a.py", line 1, in x\nKeyError: 1\n';
    expect(of(`2025-05-22 10:00:00 INFO Hello\n${logged}`).incidents).toEqual([]);
  });
});

describe('a short log that ends with a failure', () => {
  const log = (...lines: string[]) => of(`${lines.map((line, i) => `2025-05-22 10:00:0${i} ${line}`).join('\n')}\n`);

  it('has an incident with its cause, and the line that proves it', () => {
    const {incidents, next} = log(
      'INFO erp-api 2.1 starting',
      'INFO routes for sales mounted',
      'ERROR startup failed',
      'ERROR connect ECONNREFUSED 127.0.0.1:5432',
    );
    expect(incidents).toMatchObject([{diagnosis: {cause: 'database-unreachable', subject: {port: 5432}}}]);
    expect(incidents[0]?.diagnosis?.evidence[0]?.line).toBe(4);
    expect(next).toEqual([incidents[0]?.diagnosis?.remedy]);
  });

  it('has none if it goes on', () => {
    const after = Array.from({length: 12}, (_, n) => `INFO order ${n} created`);
    expect(log('INFO starting', 'ERROR connect ECONNREFUSED 127.0.0.1:5432', ...after).incidents).toEqual([]);
  });
});
