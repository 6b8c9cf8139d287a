import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {type JournalRecord, remember, summary} from '../../../src/lib/core/supervision/journal.js';

const inc = fc.integer({min: 1, max: 5});
const at = fc.integer({min: 0, max: 1e6});
const v = fc.constant(1 as const);
const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({v, t: fc.constant('wanted' as const), up: fc.boolean(), at, by: fc.constant(null)}),
  fc.record({
    v,
    t: fc.constant('intent' as const),
    inc,
    at,
    mark: fc.constant('p/web/1'),
    port: fc.constantFrom(null, 8000),
  }),
  fc.record({
    v,
    t: fc.constant('intent' as const),
    inc,
    at,
    mark: fc.constant('p/web/1'),
    port: fc.constantFrom(8000, 8001),
    told: fc.constantFrom({}, {db: 5432}, {db: 5433, api: 8000}),
  }),
  fc.record({
    v,
    t: fc.constant('spawned' as const),
    inc,
    at,
    pid: fc.integer({min: 2, max: 9}),
    start: fc.constantFrom(null, '123'),
    boot: fc.constantFrom('a', 'b'),
  }),
  fc.record({v, t: fc.constant('log-ready' as const), inc, at}),
  fc.record({v, t: fc.constant('ready' as const), inc, at}),
  fc.record({v, t: fc.constant('ready' as const), inc, at, ms: fc.nat(90_000)}),
  fc.record({
    v,
    t: fc.constant('exited' as const),
    inc,
    at,
    code: fc.constantFrom(null, 0, 1),
    signal: fc.constantFrom(null, 'SIGKILL'),
    planned: fc.boolean(),
  }),
  fc.record({
    v,
    t: fc.constant('memory' as const),
    inc,
    used: fc.nat(5),
    total: fc.nat(9),
    at,
    up: at,
    boot: fc.constantFrom('a', 'b'),
    unstable: fc.constantFrom('no' as const, 'warned' as const, 'critical' as const),
    restartsAgo: fc.array(fc.nat(3_600_000), {maxLength: 5}),
    end: fc.option(
      fc.record({
        inc,
        ago: fc.nat(),
        lifeMs: fc.option(fc.nat()),
        kind: fc.constantFrom('exit' as const, 'hang' as const, 'prepare' as const),
        exit: fc.option(fc.record({code: fc.constantFrom(null, 1), signal: fc.constantFrom(null, 'SIGKILL')})),
        diagnosis: fc.constant({cause: 'c', confidence: 0.5, subject: null, evidence: ['e'], remedy: 'r'}),
        blockedOn: fc.constantFrom(null, {kind: 'port' as const, port: 8000}, {kind: 'file' as const, path: '/x'}),
      }),
    ),
    incidentAgo: fc.option(fc.nat()),
    failedAgo: fc.option(fc.nat()),
    awayMs: fc.option(fc.nat()),
    restartedForHealth: fc.boolean(),
    announced: fc.constantFrom(8000, 8001),
    moved: fc.record({warned: fc.boolean(), toldFree: fc.boolean()}),
    rest: fc.option(
      fc.oneof(
        fc.record({
          tag: fc.constant('backing-off' as const),
          ago: fc.nat(),
          inMs: fc.nat(),
          blockedOn: fc.constantFrom(null, {kind: 'port' as const, port: 8000}),
        }),
        fc.record({
          tag: fc.constant('failed' as const),
          ago: fc.nat(),
          inMs: fc.option(fc.nat()),
          blockedOn: fc.constant(null),
        }),
        fc.constant({tag: 'ended' as const}),
      ),
    ),
  }),
);

describe('a journal', () => {
  it('says the same after it was compacted', () => {
    fc.assert(
      fc.property(fc.array(record, {maxLength: 30}), (records) => {
        const known = remember(records);
        expect(remember(summary(known, 5))).toEqual(known);
      }),
      {seed: 20261122, numRuns: 3000},
    );
  });

  it('is read as far as it goes, whatever else stands in it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(record, fc.object(), fc.constant(null), fc.string())), (records) => {
        expect(() => remember(records)).not.toThrow();
      }),
      {seed: 20261122, numRuns: 1000},
    );
  });

  it('of a newer version still gives pid, start time, port and what was wanted', () => {
    const known = remember([
      {v: 9, t: 'wanted', up: true, whim: 'x'},
      {v: 9, t: 'intent', inc: 4, port: 8001, mark: 'm', colour: 'red'},
      {v: 9, t: 'spawned', inc: 4, pid: 812, start: '55', boot: 'b'},
      {v: 9, t: 'dreamt', inc: 7},
    ]);
    expect(known).toMatchObject({
      wanted: true,
      incarnation: 4,
      process: {pid: 812, startTime: '55', bootId: 'b', port: 8001},
    });
  });

  it('of an older supervisor tells causes by the names that they have now', () => {
    const diagnosis = {cause: 'port-taken', confidence: 1, subject: 'port 80', evidence: [], remedy: null};
    const end = {inc: 3, ago: 5, lifeMs: 9, kind: 'exit', exit: {code: 1, signal: null}, diagnosis, blockedOn: null};
    const known = remember([{v: 1, t: 'memory', inc: 3, used: 1, total: 1, at: 1, up: 1, boot: 'b', end}]);
    expect(known.memory?.end?.diagnosis.cause).toBe('port-in-use');
  });

  it('remembers what a service waits for', () => {
    const blockers = [
      {kind: 'listener', host: '127.0.0.1', port: 5432, service: 'postgres'},
      {kind: 'files', paths: ['/srv/.env', '/srv/erp.config.yaml'], what: 'its configuration'},
    ];
    for (const blockedOn of blockers) {
      const rest = {tag: 'failed', ago: 5, inMs: null, blockedOn};
      const known = remember([{v: 1, t: 'memory', inc: 3, used: 1, total: 1, at: 1, up: 1, boot: 'b', rest}]);
      expect(known.memory?.rest).toEqual(rest);
    }
  });
});
