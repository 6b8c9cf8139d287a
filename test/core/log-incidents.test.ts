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
