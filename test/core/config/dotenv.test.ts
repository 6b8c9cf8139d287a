import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {parseDotenv} from '../../../src/lib/core/config/dotenv.js';
import {expandVariables} from '../../../src/lib/core/config/variables.js';
import {expectLinear} from '../../support/growth.js';

describe('.env', () => {
  it('is read as dotenv reads it', () => {
    const {values, skippedLines} = parseDotenv(
      [
        '# comment',
        'PLAIN=value',
        'export EXPORTED = spaced out   ',
        "SINGLE='as $IT is\\n # here'",
        'DOUBLE="line 1\\nline \\"2\\" # no comment"',
        'MULTI="first',
        'second"',
        'TRAILING=value # comment',
        'HASH=a#b',
        'EMPTY=',
        'URL=postgres://u:p@h/db?x=1&y=2',
        'not an assignment',
        'BACKTICK=`a "b" \'c\'`',
        'CRLF=yes\r',
        'LAST="open',
      ].join('\n'),
    );
    expect(values).toEqual({
      PLAIN: 'value',
      EXPORTED: 'spaced out',
      SINGLE: 'as $IT is\\n # here',
      DOUBLE: 'line 1\nline \\"2\\" # no comment',
      MULTI: 'first\nsecond',
      TRAILING: 'value',
      HASH: 'a',
      EMPTY: '',
      URL: 'postgres://u:p@h/db?x=1&y=2',
      BACKTICK: 'a "b" \'c\'',
      CRLF: 'yes',
      LAST: '"open',
    });
    expect(skippedLines).toEqual([12]);
  });

  it('every value without quotes and backslashes survives in double quotes', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(!/["\\\r]/.test(value));
        expect(parseDotenv(`A="${value}"\nB=2`).values).toEqual({A: value, B: '2'});
      }),
    );
  });

  it('any text is read without an exception and in linear time', async () => {
    fc.assert(fc.property(fc.string({maxLength: 400}), (text) => void parseDotenv(text)));
    const hard = (size: number) => `A="${'\\'.repeat(size)}\n${'x '.repeat(size / 2)}`;
    await expectLinear(50_000, hard, parseDotenv);
  });
});

describe('${VARIABLES}', () => {
  const env = {HOME: '/home/x', EMPTY: ''};
  it.each([
    ['${HOME}/a', '/home/x/a', []],
    ['${NONE}', '', ['NONE']],
    ['${NONE:-b c}', 'b c', []],
    ['${EMPTY:-b}', 'b', []],
    ['${EMPTY}', '', []],
    ['$${HOME} $HOME ${1} ${a.b}', '${HOME} $HOME ${1} ${a.b}', []],
  ])('%s', (text, filled, missing) => expect(expandVariables(text, env)).toEqual({text: filled, missing}));
});
