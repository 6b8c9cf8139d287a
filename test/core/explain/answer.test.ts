import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {neutralise, oneLine} from '../../../src/lib/core/explain/neutralise.js';
import {modelIn, protocols} from '../../../src/lib/core/explain/protocols.js';

describe('an answer of a model is only text', () => {
  it.each([
    ['a \u001b[31mred\u001b[0m word', 'a red word'],
    ['title \u001b]0;owned\u0007 set', 'title  set'],
    ['link \u001b]8;;http://evil/\u001b\\here\u001b]8;;\u001b\\', 'link here'],
    ['8 bit \u009b2J\u009d0;x\u009c end', '8 bit  end'],
    ['device \u001bP1;2|abc\u001b\\ end', 'device  end'],
    ['never ending \u001b]52;c;abc', 'never ending'],
    ['over\rwritten\u0008\u0008', 'over\nwritten'],
    ['right \u202eto left\u2066 and \u200bhidden\u{e0041}', 'right to left and hidden'],
    ['<think>rm -rf /</think>The port is taken.', 'The port is taken.'],
    ['<think>never closed', ''],
    ['tab\there\u0000', 'tab  here'],
    ['a\u2028b\u0085c', 'a\nb\nc'],
    ['a\n\n\n\nb  \n', 'a\n\nb'],
    ['Zähler läuft über: 100 %, 日本語, 🙂', 'Zähler läuft über: 100 %, 日本語, 🙂'],
    [`z${'\u0301'.repeat(50)}`, `z${'\u0301'.repeat(3)}`],
  ])('%j', (answer, text) => expect(neutralise(answer)).toBe(text));

  it('is bounded', () => {
    expect(neutralise('x'.repeat(1e6))).toHaveLength(4000 + ' … (cut)'.length);
    expect(neutralise('y\n'.repeat(1e5)).split('\n')).toHaveLength(60);
  });

  it('whatever it holds, nothing but text and line ends comes out', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.string({unit: 'binary'}),
        fc.constantFrom('\u001b[', '\u001b]', '\u009b', '\u0007', '\u001b\\', '\u202e', '\r', '\n'),
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = neutralise(parts.join(''));
        expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}]/u);
        expect(oneLine(parts.join(''))).not.toContain('\n');
      }),
      {numRuns: 2000},
    );
  });
});

describe('bodies of answers', () => {
  it.each([
    ['openai', {choices: [{message: {content: 'a'}}]}, 'a'],
    [
      'openai',
      {
        choices: [
          {
            message: {
              content: [
                {type: 'text', text: 'a'},
                {type: 'text', text: 'b'},
              ],
            },
          },
        ],
      },
      'a\nb',
    ],
    ['openai', {choices: [{message: {content: null, refusal: 'no'}}]}, 'no'],
    ['openai', {choices: []}, null],
    [
      'anthropic',
      {
        content: [
          {type: 'thinking', thinking: 'x'},
          {type: 'text', text: 'a'},
        ],
      },
      'a',
    ],
    ['anthropic', {content: 7}, null],
    ['ollama', {message: {role: 'assistant', content: 'a'}}, 'a'],
    ['ollama', {message: {content: '  '}}, null],
    ['ollama', {__proto__: {message: {content: 'inherited'}}}, null],
  ] as const)('%s %j', (provider, body, text) => expect(protocols[provider].answer(body)).toBe(text));

  it('whatever they hold, reading them does not throw', () => {
    fc.assert(
      fc.property(fc.constantFrom('openai', 'anthropic', 'ollama'), fc.jsonValue(), (provider, body) => {
        protocols[provider].answer(body);
        protocols[provider].models(body);
      }),
    );
  });

  it('names of models that could not be typed are none', () => {
    const models = {models: [{name: 'llama3.2:latest'}, {name: 'x\u001b[2J'}, {name: 7}, {}, null]};
    expect(protocols.ollama.models(models)).toEqual(['llama3.2:latest']);
    expect(modelIn(['llama3.2:latest'], 'llama3.2')).toBe('llama3.2:latest');
    expect(modelIn(['llama3.2:latest'], 'llama3')).toBe(null);
  });
});
