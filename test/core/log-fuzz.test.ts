import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from '@jest/globals';
import fc from '../support/property.js';
import {diagnose} from '../../src/lib/core/logs/diagnosis/diagnose.js';
import {reportOf} from '../../src/lib/core/logs/incidents/report-of.js';
import {analysed, readAt} from '../support/analysed.js';
import {expectLinear} from '../support/growth.js';

const now = readAt.getTime();

/** The whole way: counted, reported, diagnosed. */
async function throughAll(bytes: Buffer) {
  const analysis = await analysed([bytes]);
  const sum = (counts: readonly number[]) => counts.reduce((whole, count) => whole + count, 0);
  expect(sum(Object.values(analysis.levels))).toBe(analysis.events);
  expect(sum(analysis.templates.map(({count}) => count))).toBe(analysis.events);
  expect(analysis.untimed).toBeLessThanOrEqual(analysis.events);
  const report = reportOf(analysis);
  expect(() => JSON.stringify(report)).not.toThrow();
  const verdict = diagnose(bytes.toString('latin1').split('\n'), {code: 1, signal: null});
  expect(verdict.confidence).toBeGreaterThanOrEqual(0);
  expect(verdict.confidence).toBeLessThanOrEqual(1);
}

const fixtures = 'test/fixtures/logs';
const texts = readdirSync(fixtures)
  .filter((file) => file.endsWith('.log') && !file.startsWith('utf-16'))
  .map((file) => readFileSync(join(fixtures, file)));
const lines = texts.flatMap((text) => text.toString('latin1').split('\n')).filter((line) => line.length < 500);

/** Lines of all formats in any order, whole, cut at either end, or with something in their middle. */
const fragment = fc.oneof(
  {weight: 6, arbitrary: fc.constantFrom(...lines)},
  {weight: 2, arbitrary: fc.tuple(fc.constantFrom(...lines), fc.nat(200)).map(([line, at]) => line.slice(at))},
  {weight: 2, arbitrary: fc.tuple(fc.constantFrom(...lines), fc.nat(200)).map(([line, at]) => line.slice(0, at))},
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...lines),
        fc.nat(120),
        fc.constantFrom(
          '\u001b[31m',
          '\0',
          '\r',
          '"',
          '{',
          '}',
          '[',
          ']',
          '\\',
          '\t',
          '\u00ff',
          ' | ',
          'Error: ',
          '=',
          ':',
        ),
      )
      .map(([line, at, what]) => line.slice(0, at) + what + line.slice(at)),
  },
  {weight: 1, arbitrary: fc.string({unit: 'binary', maxLength: 60})},
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ' ', '\t', '}', '"""', 'Error: x', 'TypeError: x', '/a.js:1', 'Caused by: y'),
  },
);
const log = fc
  .tuple(fc.array(fragment, {maxLength: 80}), fc.constantFrom('\n', '\n', '\n', '\r\n'))
  .map(([parts, end]) => parts.join(end));
const bytesOf = (text: string) => Buffer.from(text, 'latin1');

describe('whatever stands in a log', () => {
  it('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({maxLength: 3000}), async (bytes) => throughAll(Buffer.from(bytes))),
      {numRuns: 150},
    );
  });

  it('lines of all formats, mixed, cut and spoilt', async () => {
    await fc.assert(
      fc.asyncProperty(log, async (text) => throughAll(bytesOf(text))),
      {numRuns: 150},
    );
  });

  it('a file that was cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...texts), fc.nat(4000), fc.nat(4000), async (text, from, length) =>
        throughAll(text.subarray(from, from + length)),
      ),
      {numRuns: 150},
    );
  });

  it('in whatever pieces it comes: the same', async () => {
    await fc.assert(
      fc.asyncProperty(
        log,
        fc.integer({min: 1, max: 300}),
        fc.integer({min: 1, max: 2000}),
        async (text, piece, segment) => {
          const bytes = bytesOf(text);
          const pieces = Array.from({length: Math.ceil(bytes.length / piece)}, (_, at) =>
            bytes.subarray(at * piece, (at + 1) * piece),
          );
          expect(await analysed(pieces, segment)).toEqual(await analysed([bytes]));
        },
      ),
      {numRuns: 150},
    );
  });
});

const at = (second: number) => new Date(now + second * 1000).toISOString();
const repeated = (text: string) => (size: number) => text.repeat(Math.ceil(size / text.length)).slice(0, size);
/** Until it is long enough; the words are the same in each run. */
function made(line: (index: number, word: () => string) => string) {
  return (size: number): string => {
    let state = 7;
    const letter = () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return String.fromCharCode(97 + (Math.floor(state / 65_536) % 26));
    };
    const word = () => Array.from({length: 6}, letter).join('');
    let text = '';
    for (let index = 0; text.length < size; index += 1) text += `${line(index, word)}\n`;
    return text;
  };
}

const adversaries: Readonly<Record<string, (size: number) => string>> = {
  'one line of one letter': repeated('a'),
  'one line of quotes': repeated('"'),
  'one line of blanks': repeated(' '),
  'one line of brackets': repeated('['),
  'one line of NULs': repeated('\0'),
  'one line of colours': repeated('\u001b[31m'),
  'titles that do not end': repeated('\u001b]0;'),
  'objects that do not end': repeated('{"a":'),
  'arrays that do not end': (size) => `{"a":${'['.repeat(size)}`,
  'backslashes in JSON': (size) => `{"msg":"${'\\'.repeat(size)}`,
  'columns of a table': repeated('x | '),
  pairs: repeated('a=b '),
  addresses: repeated('1.1.1.1 '),
  'names with dots': repeated('a.'),
  requests: repeated('"GET '),
  'words of errors': repeated('Error: requires needs expected at least could not user '),
  'empty lines': repeated('\n'),
  'lines of one letter': repeated('x\n'),
  tracebacks: repeated('Traceback (most recent call last):\n'),
  'one endless stack': (size) => `ERROR x\n${repeated(' at foo\n')(size)}`,
  causes: repeated('Caused by: x\n'),
  places: repeated('/a/b.js:4\n'),
  'heads of java.util.logging': repeated('Nov 23, 2026 6:13:26 AM erp.Main main\n'),
  'starts of blocks': repeated('Event[0]:\n'),
  'words that never repeat': made((index, word) => `${at(index)} INFO ${word()} ${word()} ${word()} ${word()}`),
  'long lines that never repeat': made(
    (index, word) => `${at(index)} INFO ${Array.from({length: 60}, word).join(' ')}`,
  ),
  'errors that never repeat': made((index, word) => `${at(index)} ERROR ${word()} failed: ${word()} refused`),
  'lengths that never repeat': made((index) => `${at(index)} INFO ${'x '.repeat(index % 300)}`),
  'addresses that never repeat': made(
    (index, word) => `127.0.0.1 - - [23/Nov/2026:06:12:07 +0000] "GET /${word()} HTTP/1.1" ${200 + (index % 400)} 3`,
  ),
  'starts and ends': made(
    (index) => `${at(index)} ${index % 2 === 0 ? 'INFO Started server process' : 'ERROR exited with code 1'}`,
  ),
  'one line a minute': made((index) => `${at(index * 60)} ERROR failed to connect`),
  'one line a day': made((index) => `${at((index % 20_000) * 86_400)} ERROR failed to connect`),
  'time that runs backwards': made((index) => `${at(-index)} INFO took ${index % 999} ms`),
};

describe('time grows with the size and not with its square', () => {
  it.each(Object.keys(adversaries))('%s', async (name) => {
    const make = adversaries[name] as (size: number) => string;
    await expectLinear(100_000, (size) => Buffer.from(make(size)), throughAll);
  });
});
