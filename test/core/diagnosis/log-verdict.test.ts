import {expect, it} from '@jest/globals';
import type {Diagnosis} from '../../../src/lib/core/diagnosis/diagnosis.js';
import {lifeVerdict, type LogContext, subjectText} from '../../../src/lib/core/diagnosis/log-verdict.js';
import type {LogDiagnosis} from '../../../src/lib/core/logs/diagnosis/log-diagnosis.js';

const elsewhere = {kind: 'files', paths: ['/srv/.env'], what: 'its configuration'} as const;
const context: LogContext = {
  shownLog: 'logs/web.log',
  lineNumber: (line) => line + 100,
  elsewhere,
  hang: null,
  absolute: (path) => `/srv/${path}`,
};
const found: LogDiagnosis = {
  cause: 'missing-module',
  confidence: 0.95,
  subject: {module: 'fastapi'},
  evidence: [{line: 4, text: "\u001b[31mModuleNotFoundError: No module named 'fastapi'\u001b[0m "}],
  remedy: 'python3 -m pip install fastapi',
  explanation: 'fastapi is not installed.',
  isPermanent: true,
  mendedBy: {kind: 'file', path: 'fastapi.py'},
};
const hang: Diagnosis = {cause: 'hang', confidence: 0.9, subject: null, evidence: ['hung: 0 % CPU'], remedy: null};

it('says the same as the analyser, in the form that the supervisor shows', () => {
  expect(lifeVerdict(found, context)).toEqual({
    diagnosis: {
      cause: 'missing-module',
      confidence: 0.95,
      subject: 'fastapi',
      evidence: [`logs/web.log:104 "ModuleNotFoundError: No module named 'fastapi'"`],
      remedy: 'python3 -m pip install fastapi',
      explanation: 'fastapi is not installed.',
    },
    isPermanent: true,
    mendedBy: {kind: 'file', path: '/srv/fastapi.py'},
  });
});

it('stops nothing for a guess, and says nothing without a cause', () => {
  expect(lifeVerdict({...found, confidence: 0.5}, context)?.isPermanent).toBe(false);
  expect(lifeVerdict({...found, confidence: 0.2}, context)).toBeNull();
  expect(lifeVerdict({...found, cause: null}, context)).toBeNull();
});

it('of a hang tells why, or else what was seen', () => {
  const quiet = {...found, cause: null, confidence: 0};
  expect(lifeVerdict(quiet, {...context, hang})?.diagnosis).toBe(hang);
  expect(lifeVerdict({...found, cause: 'hang'}, {...context, hang})?.diagnosis).toBe(hang);
  const told = lifeVerdict({...found, cause: 'redis-unreachable', isPermanent: false}, {...context, hang});
  expect(told?.diagnosis).toMatchObject({cause: 'redis-unreachable'});
  expect(told?.diagnosis.evidence).toEqual(['hung: 0 % CPU', expect.stringMatching(/ModuleNotFound/)]);
});

it.each([
  [{port: 8001}, 'port 8001'],
  [{host: 'db.erp.local', port: 5432}, 'db.erp.local:5432'],
  [{host: 'db.erp.local'}, 'db.erp.local'],
  [{file: 'app.py', line: 3}, 'app.py, 3'],
  [{}, null],
] as const)('%j is shown as %s', (subject, text) => {
  expect(subjectText(subject as LogDiagnosis['subject'])).toBe(text);
});
