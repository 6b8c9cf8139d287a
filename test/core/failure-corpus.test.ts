// The diagnosis over programs that really failed, and healthy ones: test/fixtures/failures/README.md says what they are.
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

import {expect, test} from '@jest/globals';

import {diagnose} from '../../src/lib/core/logs/diagnosis/diagnose.js';
import type {LogDiagnosis, ProgramEnd} from '../../src/lib/core/logs/diagnosis/log-diagnosis.js';
import {causes} from '../../src/lib/core/logs/diagnosis/log-diagnosis.js';
import {fixtures} from '../support/rig.js';

type Value = string | number;

interface Case {
  readonly id: string;
  readonly cause: string | null;
  readonly exit: Partial<ProgramEnd> | null;
  readonly evidence: readonly number[];
  readonly subject: Readonly<Record<string, Value | readonly Value[]>>;
  readonly subject_optional: readonly string[];
  readonly lines: readonly string[];
}

const folder = join(fixtures, 'failures');
const cases = readdirSync(folder, {withFileTypes: true})
  .filter((entry) => entry.isDirectory() && entry.name !== 'make')
  .map(({name}): Case => {
    const lines = readFileSync(join(folder, name, 'output.log'), 'utf8').split('\n');
    if (lines.at(-1) === '') lines.pop();
    return {...(JSON.parse(readFileSync(join(folder, name, 'case.json'), 'utf8')) as Case), lines};
  });
const verdicts = new Map<Case, LogDiagnosis>(
  cases.map((one) => [one, diagnose(one.lines, {code: one.exit?.code ?? null, signal: one.exit?.signal ?? null})]),
);
const failing = cases.filter(({cause}) => cause !== null);
const verdictOf = (one: Case): LogDiagnosis => verdicts.get(one) as LogDiagnosis;
const share = (all: readonly Case[], isRight: (one: Case) => boolean): number =>
  all.filter(isRight).length / all.length;

/** As the scorer compares: case, quotes and leading folders of paths don't count; of names and reasons a part is enough. */
function names(verdict: LogDiagnosis, key: string, wanted: Value | readonly Value[]): boolean {
  const plain = (value: Value): string =>
    String(value)
      .toLowerCase()
      .replace(/^['"`]|['"`.]$/g, '');
  const isPart = ['name', 'reason', 'required', 'actual', 'signal'].includes(key);
  return [wanted].flat().some((expected) =>
    Object.values(verdict.subject).some((value) => {
      const [want, got] = [plain(expected), plain(value)];
      return (
        want === got ||
        (isPart && got.includes(want)) ||
        (/[/.]/.test(want) &&
          (got.endsWith(`/${want.replace(/^\.?\//, '')}`) || want.endsWith(`/${got.replace(/^\.?\//, '')}`)))
      );
    }),
  );
}

const asked = (one: Case): [string, Value | readonly Value[]][] =>
  Object.entries(one.subject).filter(([key]) => !one.subject_optional.includes(key));

test('every cause is among the failures, and there are healthy programs', () => {
  expect(causes.filter((cause) => !failing.some((one) => one.cause === cause))).toEqual([]);
  expect(cases.length - failing.length).toBeGreaterThanOrEqual(25);
});

test('nine causes of ten are right', () => {
  expect(share(failing, (one) => verdictOf(one).cause === one.cause)).toBeGreaterThanOrEqual(0.9);
});

test('the thing is named', () => {
  const subjects = failing.filter((one) => asked(one).length > 0);
  const isNamed = (one: Case): boolean => asked(one).every(([key, wanted]) => names(verdictOf(one), key, wanted));
  expect(share(subjects, isNamed)).toBeGreaterThanOrEqual(0.85);
});

test('the evidence holds a line that proves it', () => {
  const proved = failing.filter(({evidence}) => evidence.length > 0);
  const isShown = (one: Case): boolean => verdictOf(one).evidence.some(({line}) => one.evidence.includes(line));
  expect(share(proved, isShown)).toBeGreaterThanOrEqual(0.9);
});

test('nothing is wrong with the healthy ones', () => {
  const alarms = cases.filter((one) => one.cause === null && verdictOf(one).cause !== null);
  expect(alarms.map((one) => [one.id, verdictOf(one).cause])).toEqual([]);
});

test('each failure comes with a sentence, and lines that are there', () => {
  for (const one of failing) {
    const {cause, explanation, evidence} = verdictOf(one);
    if (cause !== null) expect(explanation.trim()).not.toBe('');
    for (const {line} of evidence) expect(one.lines[line - 1]).toBeDefined();
  }
});

const clock = (n: number): string => `09:12:${String(n % 60).padStart(2, '0')}`;

test.each<[string, (line: string, n: number) => string]>([
  ['containerd', (line, n) => `2026-11-23T${clock(n)}.123456789Z stderr F ${line}`],
  ['kubectl logs --timestamps', (line, n) => `2026-11-23T${clock(n)}.123456789Z ${line}`],
  ['kubectl logs --prefix', (line) => `[pod/api-6f7c9d-xk2lp/api] ${line}`],
  ['journalctl', (line, n) => `Nov 23 ${clock(n)} erp-server erp-api[412]: ${line}`],
  ['the own log of erp', (line, n) => `[2026-11-23 ${clock(n)}] [INFO] api | ${line}`],
  ['docker compose', (line) => `api-1  | ${line}`],
  ['foreman', (line) => `09:12:44 api.1   | ${line}`],
])('what %s writes before each line changes nothing', (_, wrap) => {
  const some = cases.filter(({lines}, i) => lines.length >= 3 && i % 3 === 0);
  const changed = some.filter((one) => {
    const end = {code: one.exit?.code ?? null, signal: one.exit?.signal ?? null};
    const {cause, subject} = diagnose(one.lines.map(wrap), end);
    const plain = verdictOf(one);
    return cause !== plain.cause || JSON.stringify(subject) !== JSON.stringify(plain.subject);
  });
  // Some logs have such prefixes of their own already.
  expect(changed.map(({id}) => id).slice(Math.ceil(some.length / 30))).toEqual([]);
});
