import {readFileSync, writeFileSync} from 'node:fs';
import {expect, test} from '@jest/globals';
import {advice} from '../../src/lib/core/logs/diagnosis/advice.js';
import {causes} from '../../src/lib/core/logs/diagnosis/log-diagnosis.js';
import {meanings} from '../../src/lib/core/logs/diagnosis/meanings.js';
import {rules} from '../../src/lib/core/logs/diagnosis/rules/index.js';
import {rootFile} from '../support/rig.js';

const file = rootFile('docs', 'reference', 'causes.md');
const head = `# Causes of failures

What \`erp logs analyze --diagnose\` and the supervisor call the cause of a failure. The labels are stable; scripts may
rely on them. "A restart mends it" says no where the same verdict twice stops the restarts.

This page is written by \`UPDATE_SNAPSHOT=1 npm test -- test/core/diagnosis-docs\` from the rules in
src/lib/core/logs/diagnosis; the same test fails when it does not fit them.

`;
const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('\n', ' ⏎ ').trim()}\``;

function evidenceOf(cause: string): readonly string[] {
  const found = rules
    .flatMap((rule) =>
      rule.examples.map((example) =>
        typeof example === 'string'
          ? {text: example, decided: rule.cause}
          : {text: example[0], decided: example[2] ?? rule.cause},
      ),
    )
    .filter(({text, decided}) => decided === cause && text.length < 130 && !text.includes('\n'))
    .map(({text}) => text);
  return [...new Set(found)].slice(0, 3);
}

const sections = causes.map((cause) => {
  const evidence = evidenceOf(cause).map((text) => `- ${code(text)}`);
  const remedy = advice[cause].remedy({}, 'linux') ?? 'nothing has to be done';
  return [
    `## ${cause}`,
    '',
    meanings[cause],
    '',
    `A restart mends it: ${advice[cause].isPermanent ? 'no' : 'perhaps'}.`,
    '',
    ...(evidence.length === 0 ? [] : ['Typical lines:', '', ...evidence, '']),
    `What to do (Linux): ${code(remedy)}`,
    '',
  ].join('\n');
});

test('the reference of causes tells what the rules know', () => {
  const text = head + sections.join('\n');
  if (process.env['UPDATE_SNAPSHOT'] === '1') writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('each cause has typical lines', () => {
  expect(causes.filter((cause) => evidenceOf(cause).length === 0)).toEqual([]);
});
