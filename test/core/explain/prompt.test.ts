import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {utf8Length} from '../../../src/lib/core/explain/excerpt.js';
import {buildPrompt} from '../../../src/lib/core/explain/prompt.js';
import type {LogDiagnosis} from '../../../src/lib/core/logs/diagnosis/log-diagnosis.js';

const settings = {env: {}, hidesAddresses: true, maxBytes: 4096};
const diagnosis = (evidence: readonly number[] = [], more: Partial<LogDiagnosis> = {}): LogDiagnosis => ({
  cause: 'port-in-use',
  confidence: 0.95,
  subject: {port: 8001, password: 'geheim99'},
  evidence: evidence.map((line) => ({line, text: `text of ${line}`})),
  remedy: 'stop the other one',
  explanation: 'Port 8001 is taken.',
  isPermanent: true,
  mendedBy: null,
  ...more,
});
const numbered = (count: number, text = (line: number) => `line of ${'abcdefghij'[line % 10]}${'klmnop'[line % 6]}`) =>
  Array.from({length: count}, (_, at) => ({line: at + 1, text: text(at + 1)}));

describe('what is sent', () => {
  it('the verdict, and lines with their numbers', () => {
    const {user} = buildPrompt(diagnosis([2]), numbered(3), settings);
    expect(user).toBe(
      [
        'Verdict:',
        'cause: port-in-use (confidence 95 %)',
        'about: port=8001, password=[secret]',
        'explanation: Port 8001 is taken.',
        'remedy: stop the other one',
        '',
        'Log:',
        '1| line of bl',
        '2| line of cm',
        '3| line of dn',
        '',
      ].join('\n'),
    );
  });

  it('of a long log what stands around the evidence and at the end', () => {
    const {user} = buildPrompt(diagnosis([500]), numbered(100_000), {...settings, maxBytes: 1500});
    for (const line of ['499|', '500|', '501|', '99999|', '100000|', '…']) expect(user).toContain(line);
    expect(user).not.toContain('50000|');
  });

  it('what repeats once, with its count', () => {
    const {user} = buildPrompt(
      diagnosis(),
      [...numbered(40, (line) => `try ${line} failed`), {line: 41, text: 'end'}],
      settings,
    );
    expect(user).toContain('1| try 1 failed (40 times)\n41| end');
  });

  it('events of several lines stay together, one long line is cut', () => {
    const {user} = buildPrompt(diagnosis(), [{line: 7, text: `Traceback\n  File "x"\n${'y '.repeat(5000)}`}], settings);
    expect(user).toContain('7| Traceback\n7|   File "x"\n7| y y');
    expect(user).not.toContain('…\n7|');
    expect(user.length).toBeLessThan(800);
  });

  it('never more than it may, whatever stands there, and no half character', () => {
    const text = fc.string({unit: 'grapheme', maxLength: 600});
    fc.assert(
      fc.property(
        fc.array(text, {maxLength: 60}),
        text,
        fc.integer({min: 1024, max: 9000}),
        (lines, explanation, maxBytes) => {
          const excerpt = lines.map((line, at) => ({line: at + 1, text: line}));
          const {user} = buildPrompt(diagnosis([3], {explanation: explanation.repeat(20)}), excerpt, {
            ...settings,
            maxBytes,
          });
          expect(utf8Length(user)).toBeLessThanOrEqual(maxBytes);
          expect(Buffer.from(user).toString()).toBe(user);
        },
      ),
    );
  });

  it('says what was taken out', () => {
    expect(buildPrompt(diagnosis(), [{line: 1, text: 'a@b.de token=x 10.0.0.1'}], settings).removed).toEqual({
      secret: 2,
      'e-mail address': 1,
      'IP address': 1,
    });
  });
});
