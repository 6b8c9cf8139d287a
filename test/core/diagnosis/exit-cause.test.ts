import {describe, expect, it} from '@jest/globals';
import {exitCause, lastErrorLine} from '../../../src/lib/core/diagnosis/exit-cause.js';
import {plain} from '../../../src/lib/core/diagnosis/plain.js';
import type {ExitStatus} from '../../../src/lib/core/supervision/state.js';
import {service} from '../../support/sim/specs.js';

describe('the cause of an exit', () => {
  const web = service('web', 8000);
  const shell = service('web', 8000, {command: {shell: 'gunciorn app'}});
  const at = (code: number | null, signal: string | null = null): ExitStatus => ({code, signal});

  it.each([
    [at(1), 'port-in-use', 'port 8000'],
    [at(null, 'SIGSEGV'), 'port-in-use', 'port 8000'],
  ])('%j with the port taken is %s', (exit, cause, subject) => {
    expect(exitCause(exit, ['[Errno 98] Address already in use'], web, 8000, 'logs/web.log')).toMatchObject({
      cause,
      subject,
    });
  });

  it.each([
    [at(null, 'SIGKILL'), web, 'killed-by-signal', 'SIGKILL', /out of memory/],
    [at(null, 'SIGSEGV'), web, 'killed-by-signal', 'SIGSEGV', /memory that is not its own/],
    [at(null, 'SIGTERM'), web, 'killed-by-signal', 'SIGTERM', null],
    [at(127), shell, 'missing-module', 'gunciorn app', /PATH/],
    [at(127), web, 'unknown', 'exit code 127', /erp logs web/],
    [at(126), web, 'permission-denied', null, /chmod/],
    [at(0), web, 'ended-by-itself', 'exit code 0', /on-failure/],
    [at(3), web, 'unknown', 'exit code 3', /erp logs web/],
    [at(null), web, 'unknown', null, /erp logs web/],
  ])('%j is told as it is', (exit, spec, cause, subject, remedy) => {
    const diagnosis = exitCause(exit, ['bye'], spec, 8000, 'logs/web.log');
    expect(diagnosis).toMatchObject({cause, subject});
    if (remedy === null) expect(diagnosis.remedy).toBeNull();
    else expect(diagnosis.remedy).toMatch(remedy);
    // Whoever is killed has usually said nothing about it.
    expect(diagnosis.evidence).toEqual(exit.signal === null ? ['logs/web.log "bye"'] : [`ended by ${exit.signal}`]);
  });

  it('shows the words of an error of a program that was ended by a signal', () => {
    const {evidence} = exitCause(
      at(null, 'SIGSEGV'),
      ['Fatal Python error: Segmentation fault'],
      web,
      8000,
      'logs/web.log',
    );
    expect(evidence).toEqual(['ended by SIGSEGV', 'logs/web.log "Fatal Python error: Segmentation fault"']);
  });

  it.each([
    "KeyError: 'tax_rate'",
    "TypeError: Cannot read properties of undefined (reading 'percent')",
    'Exception in thread "main" java.lang.IllegalStateException: no config',
    'sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection refused',
    'AssertionError',
  ])('%s is an exception that nobody caught', (line) => {
    expect(exitCause(at(1), ['starting', line], web, 8000, 'logs/web.log')).toMatchObject({
      cause: 'unhandled-exception',
      confidence: 0.7,
      subject: line,
    });
  });

  it.each([
    '2026-05-22 ERROR backend could not load',
    'error: unknown option --prot',
    'npm ERR! code ELIFECYCLE',
  ])('%s is none', (line) => expect(exitCause(at(1), [line], web, 8000, 'logs/web.log').cause).toBe('unknown'));

  it('of a life without output says so', () => {
    expect(exitCause(at(1), ['', '  '], web, 8000, 'logs/web.log').evidence).toEqual([
      'logs/web.log has no output of this life',
    ]);
  });
});

describe('the line that tells most', () => {
  it.each([
    [
      ['Error: Cannot find module stripe', '    at Module._load (node:internal)', 'Node.js v20.20.2'],
      'Error: Cannot find module stripe',
    ],
    [['  File "main.py", line 3', "KeyError: 'DATABASE_URL'"], "KeyError: 'DATABASE_URL'"],
    [['one', 'two', ''], 'two'],
    [
      ['Traceback (most recent call last):', '  File "invoice.py", line 88, in total', "KeyError: 'tax_rate'"],
      "KeyError: 'tax_rate'",
    ],
    [
      [
        'Traceback (most recent call last):',
        '  File "a.py", line 1',
        'psycopg2.errors.UndefinedTable: relation "x" does not exist',
        'bye',
      ],
      'psycopg2.errors.UndefinedTable: relation "x" does not exist',
    ],
    [
      [
        'Error: listen EADDRINUSE: address already in use',
        '    at Server.setupListenHandle',
        "  code: 'EADDRINUSE',",
        '  port: 8000',
        '}',
      ],
      'Error: listen EADDRINUSE: address already in use',
    ],
  ])('of %j', (lines, expected) => {
    expect(lastErrorLine(lines)).toBe(expected);
  });

  it('is shown without colours and control characters, cut', () => {
    expect(plain('\u001b[31mred\u001b[0m\u0007 \u001b]0;title\u0007x')).toBe('red x');
    expect(plain('x'.repeat(999))).toHaveLength(300);
  });
});
