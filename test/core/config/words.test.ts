import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {durationPattern, formatDuration, parseDuration} from '../../../src/lib/core/config/durations.js';
import {editDistance, nearest} from '../../../src/lib/core/config/nearest.js';
import {maskSecrets} from '../../../src/lib/core/config/secrets.js';
import {formatSize, parseSize, sizePattern} from '../../../src/lib/core/config/sizes.js';
import {formatDuration as formatAge} from '../../../src/lib/core/report/format.js';

describe('durations', () => {
  it.each([
    ['15', 15_000],
    [15, 15_000],
    [0.5, 500],
    ['0', 0],
    ['15s', 15_000],
    ['1m30s', 90_000],
    ['250ms', 250],
    ['2h', 7_200_000],
    ['3d', 259_200_000],
    ['3d4h', 273_600_000],
    ['0.4s', 400],
    [' 12s ', 12_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    '',
    ' ',
    '15 parsecs',
    '30s1m',
    '1s2s',
    '-5',
    '1.5.2s',
    '5S',
    's',
    '1e3',
    'Infinity',
    '99999999d',
    -1,
    Number.NaN,
  ])('%p is none', (text) => expect(parseDuration(text)).toBeNull());

  it('are read as they were written, to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 300 * 86_400_000}), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
        expect(formatDuration(ms)).toMatch(new RegExp(durationPattern));
      }),
    );
  });

  it('what the screens print can be typed', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 300 * 86_400_000}), (ms) => {
        const read = parseDuration(formatAge(ms));
        expect(read).not.toBeNull();
        // Two parts are shown; what is left out is smaller than the second.
        expect(Math.abs((read ?? 0) - ms)).toBeLessThan(Math.max(1000, ms / 12));
      }),
    );
  });

  it('the pattern for editors accepts nothing that we refuse for its form', () => {
    const pattern = new RegExp(durationPattern);
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9msdh .]{0,8}$/), (text) => {
        if (parseDuration(text) !== null) expect(text).toMatch(pattern);
      }),
    );
  });
});

describe('sizes', () => {
  it.each([
    ['20MB', 20 * 1024 ** 2],
    ['1.2 GiB', Math.round(1.2 * 1024 ** 3)],
    ['812 KiB', 812 * 1024],
    ['4096', 4096],
    [4096, 4096],
    ['2g', 2 * 1024 ** 3],
    ['7 B', 7],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each(['', 'MB', '20 potatoes', '-1', '1e5MB', '99999999TB', '1 PiB'])('%p is none', (text) =>
    expect(parseSize(text)).toBeNull());

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [812 * 1024, '812 KiB'],
    [1_288_490_188, '1.2 GiB'],
    [1024 ** 3, '1 GiB'],
    [1000 * 1024, '1 MiB'],
  ])('%d bytes are shown as %s', (bytes, text) => expect(formatSize(bytes)).toBe(text));

  it('what is shown can be typed, and is right to three digits', () => {
    fc.assert(
      fc.property(fc.integer({min: 0, max: 900 * 1024 ** 4}), (bytes) => {
        const text = formatSize(bytes);
        expect(text).toMatch(new RegExp(sizePattern));
        expect(Math.abs((parseSize(text) ?? -1) - bytes)).toBeLessThanOrEqual(Math.max(1, bytes * 0.05));
        expect(text.replace(/\D/g, '').length).toBeLessThanOrEqual(3);
      }),
    );
  });
});

describe('the nearest name', () => {
  it.each([
    ['healt', ['health', 'hooks', 'cwd'], 'health'],
    ['depends_on', ['dependsOn', 'env'], 'dependsOn'],
    ['dependson', ['dependsOn'], 'dependsOn'],
    ['rediss', ['redis', 'api'], 'redis'],
    ['prot', ['port', 'env'], 'port'],
    ['quux', ['port', 'env'], null],
    ['x', ['y'], null],
    ['', ['a'], null],
  ])('of %p among %p is %p', (typed, names, found) => expect(nearest(typed, names)).toBe(found));

  it('distance: zero only for the same, symmetric, one for one slip', () => {
    const word = fc.string({minLength: 1, maxLength: 12});
    fc.assert(
      fc.property(word, word, fc.nat(), (a, b, seed) => {
        expect(editDistance(a, a)).toBe(0);
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        const at = seed % a.length;
        expect(editDistance(a, a.slice(0, at) + a.slice(at + 1))).toBe(1);
        const swapped = a.slice(0, at) + a.slice(at + 1, at + 2) + a.slice(at, at + 1) + a.slice(at + 2);
        expect(editDistance(a, swapped)).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe('secrets in what is shown', () => {
  it.each([
    ['password: hunter2', 'password: ***'],
    ['    DB_PASSWORD: "hun ter2"  # note', '    DB_PASSWORD: ***  # note'],
    ['env: {API_TOKEN: abc, PORT: 1}', 'env: {API_TOKEN: ***, PORT: 1}'],
    ['url: redis://user:pass@host/0', 'url: redis://user:***@host/0'],
    ['url: https://ghp_abc@github.com/x', 'url: https://***@github.com/x'],
    ['run --token abc --verbose', 'run --token *** --verbose'],
    ['Authorization: Bearer abc.def', 'Authorization: ***'],
    ['port: 8000', 'port: 8000'],
    ['health: http://127.0.0.1:{port}/health', 'health: http://127.0.0.1:{port}/health'],
  ])('%s', (line, shown) => expect(maskSecrets(line)).toBe(shown));
});
