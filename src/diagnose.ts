import {connect} from 'node:net';
import {resolve} from 'node:path';
import {lifeVerdict} from './lib/core/diagnosis/log-verdict.js';
import {diagnose} from './lib/core/logs/diagnosis/diagnose.js';
import type {LifeVerdict} from './lib/core/supervision/events.js';
import type {HelperQuestion} from './lib/platform/diagnoser.js';
import {lookAtHang} from './lib/platform/hang.js';
import {mendingFiles} from './lib/platform/mending-files.js';
import {readLife} from './lib/platform/life-output.js';
import type {DiagnosisQuestion} from './lib/platform/types.js';

/**
 * The supervisor's helper: one question in ERP_QUESTION, one answer on its standard output, both JSON. It reads and thinks as
 * long as that takes; the supervisor ends it when it takes too long.
 */

/** Somebody who takes longer than this to accept a connection is not there for a program that starts. */
const connectMs = 400;

async function why(question: DiagnosisQuestion): Promise<LifeVerdict | null> {
  const output = readLife(question.log);
  const {shownLog, hang, cwd} = question;
  const found = diagnose(output.lines, question.end, {platform: process.platform});
  const absolute = (path: string): string => resolve(cwd, path);
  const told = lifeVerdict(found, {
    shownLog,
    elsewhere: mendingFiles(found, question),
    hang,
    absolute,
    lineNumber: (line) => output.lineNumber(line),
  });
  if (told === null) return null;
  const wanted = told.mendedBy;
  const isDown = wanted?.kind === 'listener' && !(await accepts(wanted.host, wanted.port));
  return {...told, waitsFor: isDown ? wanted : null};
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({host, port});
    const end = (isThere: boolean): void => {
      socket.destroy();
      done(isThere);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.setTimeout(connectMs, () => end(false));
  });
}

const question = JSON.parse(process.env['ERP_QUESTION'] ?? 'null') as HelperQuestion;
const answer = question.ask === 'why' ? await why(question) : await lookAtHang(question, question.until);
process.stdout.write(JSON.stringify(answer), () => process.exit(0));
