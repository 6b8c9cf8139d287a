import {describe, expect, test} from '@jest/globals';
import {diagnose} from '../../src/lib/core/logs/diagnosis/diagnose.js';
import {requiredLiterals} from '../../src/lib/core/logs/diagnosis/literals.js';
import {rules} from '../../src/lib/core/logs/diagnosis/rules/index.js';

const failed = {code: 1, signal: null};

describe.each(rules.map((rule) => [rule.id, rule] as const))('rule %s', (_, rule) => {
  test.each(
    rule.examples.map((example) => (typeof example === 'string' ? ([example, {}] as const) : example)),
  )('recognises %s', (text, subject, cause = rule.cause) => {
    const seen = diagnose(text.split('\n'), failed);
    expect({cause: seen.cause, subject: seen.subject}).toEqual({cause, subject: expect.objectContaining(subject)});
    expect(seen.evidence.length).toBeGreaterThan(0);
    expect(seen.explanation).toMatch(/\S+ .*[.!?]$/);
  });

  test('has examples, and says what to do on every system', () => {
    expect(rule.examples.length).toBeGreaterThan(0);
    for (const platform of ['linux', 'darwin', 'win32'] as const)
      for (const example of rule.examples) {
        const lines = (typeof example === 'string' ? example : example[0]).split('\n');
        expect(diagnose(lines, failed, {platform}).remedy).toMatch(/\w{3}/);
      }
  });
});

test('no two rules share a name', () => {
  const ids = rules.map(({id}) => id);
  expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
});

/** Each expression without a sure text is tried on each line. */
test('nearly every expression has a text that a line must hold', () => {
  const without = rules.flatMap(({when}) => [when].flat().filter((one) => requiredLiterals(one) === null));
  expect(without.map(String).sort()).toEqual([]);
});

test.each([
  [/address (?:is )?already in use/i, ['already in use']],
  [/\bE(?:ADDRINUSE|ACCES)\b/, ['addrinuse', 'acces']],
  [/foo(?:bar)?baz\d+/, ['foo']],
  [/colou?rs? wanted/, ['rs wanted'].length === 0 ? [] : [' wanted']],
  [/(?!never)abc|xyz+/, ['abc', 'xy']],
  [/a.b/, null],
  [/[abc]{3}/, null],
])('what %s needs', (expression, texts) => {
  const found = requiredLiterals(expression);
  expect(found === null ? null : [...found]).toEqual(texts?.some((text) => text.length < 3) ? null : texts);
});
