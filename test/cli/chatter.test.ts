import {describe, expect, it} from '@jest/globals';
import {Chatter} from '../../src/cli/progress/chatter.js';
import type {ErpEvent} from '../../src/lib/core/report/status.js';

const event = (type: string, level: ErpEvent['level'] = 'WARNING'): ErpEvent => ({
  seq: 1,
  at: '',
  level,
  service: 'web',
  type,
  text: `web ${type}`,
});

describe('what is said of a service that changes all the time', () => {
  it('is cut after five changes a minute, summed up every 30 s', () => {
    const chatter = new Chatter();
    const said = Array.from({length: 20}, (_, i) => chatter.admits(event('restarting'), i * 100));
    expect(said.filter(Boolean)).toHaveLength(5);
    expect(chatter.summaries(20_000)).toEqual([]);
    expect(chatter.summaries(31_000)).toEqual(['web ×15 in 30s, last: web restarting']);
    expect(chatter.summaries(62_000)).toEqual([]);
  });

  it('never hides what is final', () => {
    const chatter = new Chatter();
    for (let i = 0; i < 10; i += 1) chatter.admits(event('restarting'), i);
    expect(chatter.admits(event('failed', 'CRITICAL'), 11)).toBe(true);
  });

  it('tells that it is well again as soon as that seems to last', () => {
    const chatter = new Chatter();
    for (let i = 0; i < 10; i += 1) chatter.admits(event('restarting'), i);
    chatter.admits(event('ready', 'INFO'), 1000);
    expect(chatter.summaries(2000)).toEqual([]);
    expect(chatter.summaries(4100)).toEqual(['web ×6 in 4s, last: web ready']);
    // Back at it: no word before the next 30 s.
    chatter.admits(event('ready', 'INFO'), 5000);
    chatter.admits(event('restarting'), 5100);
    expect(chatter.summaries(9000)).toEqual([]);
  });
});
