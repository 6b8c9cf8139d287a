import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {render} from '../../bench/report/render.js';
import {renderForwards} from '../../bench/forwards/render.js';
import type {LogsRun} from '../../bench/logs/types.js';
import type {ForwardsRun} from '../../bench/forwards/types.js';
import type {Run} from '../../bench/types.js';
import {packageRoot} from '../support/run-erp.js';

const read = (path: string) => JSON.parse(readFileSync(join(packageRoot, path), 'utf8')) as Run;

describe('the report of a run', () => {
  const page = render(read('test/fixtures/bench/run.json'));
  const line = (beginning: string) => page.split('\n').find((text) => text.startsWith(beginning));

  it('puts each figure beside its target, as a ratio to the floor over all rounds', () => {
    expect(line('| `kill -9`')).toBe(
      '| `kill -9` of a service until a new pid answers, median | 1.18 x: 4.70 ms against 4.00 ms (n = 4) | ≤ 1.3 x floor | reached |',
    );
  });

  it('says by how much a target is missed, in the table and in plain words', () => {
    expect(line('| the same, killed again at once')).toContain('**missed by 54 %**');
    expect(line('| … lines lost')).toContain('**missed by 2**');
    expect(line('- supervisor killed while a service writes every 5 ms: lines lost')).toContain('2 of 6000');
  });

  it('shows a peer that failed, and names what was not there', () => {
    expect(line('| pm2 | Error')).toContain('did not come up');
    expect(line('Not here')).toContain('monit');
  });

  it('makes the document of the last whole run', () => {
    const forwards = join(packageRoot, 'bench/published-forwards.json');
    const published = existsSync(forwards) ? (JSON.parse(readFileSync(forwards, 'utf8')) as ForwardsRun) : null;
    const ofLogs = join(packageRoot, 'bench/published-logs.json');
    const logs = existsSync(ofLogs) ? (JSON.parse(readFileSync(ofLogs, 'utf8')) as LogsRun) : null;
    expect(render(read('bench/published.json'), published, logs)).toBe(
      readFileSync(join(packageRoot, 'docs/benchmarks.md'), 'utf8'),
    );
  });
});

describe('the report about port-forwards', () => {
  const entry = {fault: 'pod deleted', kubectl: '1.33', limitMs: 5000, patienceMs: 60_000, error: null};
  const page = renderForwards({
    startedAt: '2026-11-23T10:00:00Z',
    finishedAt: '2026-11-23T10:42:00Z',
    commit: 'abc1234',
    machine: {cpu: 'x', cores: 2, memoryGiB: 4, kernel: '6', node: 'v20'},
    loadAtStart: '1 1 1',
    loadAtEnd: '2 2 2',
    repeats: 3,
    entries: [
      {...entry, subject: 'erp', hasTraffic: false, times: [900, 700, 4000]},
      {...entry, subject: 'erp', hasTraffic: true, times: [6000, 7000, 100]},
      {...entry, subject: 'naive', hasTraffic: false, times: [null]},
    ],
    footprints: [{kubectl: '1.33', forwards: 20, seconds: 60, cpuRatio: 0.0123, rss: 71_680, kubectlRss: 819_200}],
    loads: [
      {what: 'no such service', kubectl: '1.33', subject: 'erp', requestsPerMinute: 20},
      {what: 'no such service', kubectl: '1.33', subject: 'naive', requestsPerMinute: 110},
    ],
  });

  it('shows the median of the worst forward beside what is wanted, and what was missed or never came', () => {
    expect(page).toContain('| pod deleted | 0.90 s | **6.00 s, missed** | not within 60.0 s | – | ≤ 5.00 s |');
  });

  it('shows what it costs', () => {
    expect(page).toContain('| 1.23 % of a core; 70.0 MiB, the kubectls 800 MiB | – | < 2 % |');
    expect(page).toContain('no such service, kubectl 1.33 | 20.0 | 110 | < 30 |');
  });
});
