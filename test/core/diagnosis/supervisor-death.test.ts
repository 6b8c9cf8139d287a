import {describe, expect, it} from '@jest/globals';
import {deathText, parseLastExit, supervisorDeath} from '../../../src/lib/core/diagnosis/supervisor-death.js';

const nothing = {memoryKills: 0, memoryKillsOf: 'memory.events', lastWords: ''};
const at = 100;
const heap =
  '\n<--- Last few GCs --->\n\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n----- Native stack trace -----\n 1: 0xb8';

describe('how the guardian says that a supervisor has ended', () => {
  it.each([
    ['137 500', {status: 137, at: 500}],
    ['unknown 7', {status: null, at: 7}],
    ['', null],
    ['137', null],
    ['137 x', null],
    ['9999 1', null],
  ])('%j', (text, expected) => expect(parseLastExit(text)).toEqual(expected));

  it('is nothing for a first life', () => expect(parseLastExit(undefined)).toBeNull());
});

describe('why a supervisor ended', () => {
  it.each([
    [137, nothing, 'killed-by-signal', 'certain', 'the supervisor was killed (SIGKILL)'],
    [137, {...nothing, memoryKills: null}, 'killed-by-signal', 'certain', 'the supervisor was killed (SIGKILL)'],
    [
      137,
      {...nothing, memoryKills: 2},
      'out-of-memory',
      'likely',
      'the supervisor ran out of memory (ended by SIGKILL)',
    ],
    [
      134,
      {...nothing, lastWords: heap},
      'out-of-memory',
      'certain',
      'the supervisor ran out of memory (ended by SIGABRT)',
    ],
    [134, nothing, 'killed-by-signal', 'certain', 'the supervisor crashed (SIGABRT)'],
    [139, nothing, 'killed-by-signal', 'certain', 'the supervisor crashed (SIGSEGV)'],
    [162, nothing, 'killed-by-signal', 'certain', 'the supervisor crashed (signal 34)'],
    [70, nothing, 'defect', 'certain', 'the supervisor met a defect of its own (exit code 70)'],
    [1, nothing, 'defect', 'certain', 'the supervisor met a defect of its own (exit code 1)'],
    [127, nothing, 'missing-module', 'certain', 'the supervisor could not be run'],
    [null, nothing, 'unknown', 'perhaps', 'the supervisor ended unexpectedly (nobody saw how)'],
  ] as const)('status %s', (status, traces, cause, certainty, text) => {
    const diagnosis = supervisorDeath({status, at}, traces);
    expect(diagnosis.cause).toBe(cause);
    expect(diagnosis.confidence >= 0.9 ? 'certain' : diagnosis.confidence >= 0.6 ? 'likely' : 'perhaps').toBe(
      certainty,
    );
    expect(deathText({status, at}, diagnosis)).toBe(text);
  });

  it('quotes what Node said', () => {
    const {evidence} = supervisorDeath({status: 134, at}, {...nothing, lastWords: heap});
    expect(evidence[0]).toMatch(/^it said "FATAL ERROR: Reached heap limit/);
  });

  it('names the file where the kernel counts', () => {
    expect(supervisorDeath({status: 137, at}, {...nothing, memoryKills: 1}).evidence).toContain(
      'memory.events: 1 killed for lack of memory meanwhile',
    );
  });
});
