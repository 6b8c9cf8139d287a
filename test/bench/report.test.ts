import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import {render} from '../../bench/report/render.js';
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
    expect(render(read('bench/published.json'))).toBe(readFileSync(join(packageRoot, 'docs/benchmarks.md'), 'utf8'));
  });
});
