import type {Problem} from '../../lib/core/config/problems.js';
import {maskSecrets} from '../../lib/core/config/secrets.js';

const widest = 100;
/** A file of another kind may hold thousands of unknown keys. */
const most = 25;

/**
 * Problems as a person reads them: place, sentence, the line with a caret, what is allowed.
 * @param file as it is shown, relative to where the operator stands; null: a flag or a variable is wrong, not a file
 * @param text of that file; null for one that could not be read
 */
export function renderProblems(problems: readonly Problem[], file: string | null, text: string | null): string {
  const lines = text?.split(/\r?\n/) ?? [];
  const blocks = problems.slice(0, most).map((problem) => renderProblem(problem, file, lines));
  if (problems.length > most) blocks.push(`… and ${problems.length - most} more: erp config validate --json`);
  const count = problems.length === 1 ? '1 error' : `${problems.length} errors`;
  return [...blocks, `${count}. Nothing was changed.`].join('\n');
}

function renderProblem(problem: Problem, file: string | null, lines: readonly string[]): string {
  const {position, message, nearest, allowed} = problem;
  const place = position === null ? file : `${file ?? ''}:${position.line}:${position.column}`;
  // `erp.config.yaml is a folder` needs no second `erp.config.yaml`.
  const own = file === null || position !== null ? null : file.slice(file.lastIndexOf('/') + 1);
  const said =
    own !== null && message.startsWith(`${own} `)
      ? `${file}${message.slice(own.length)}`
      : `${place === null ? '' : `${place}  `}${message}`;
  const head = nearest === null ? said : `${said} Did you mean ${nearest}?`;
  const source = position === null ? undefined : lines[position.line - 1];
  if (position === null || source === undefined) {
    return allowed === null ? head : `${head}\n    allowed: ${cut(allowed)}`;
  }
  const number = String(position.line);
  const gutter = ' '.repeat(number.length);
  const {shown, caretAt, caretLength} = excerpt(source, position.column - 1, position.length);
  const caret = `${' '.repeat(caretAt)}${'^'.repeat(caretLength)}`;
  return [
    head,
    `  ${number} | ${shown}`,
    `  ${gutter} | ${caret}${allowed === null ? '' : `  allowed: ${cut(allowed)}`}`,
  ].join('\n');
}

/** The line as far as it fits, secrets masked, control characters visible; the caret moves with what was changed. */
function excerpt(source: string, column: number, length: number) {
  const clean = (text: string) => maskSecrets(text.replaceAll('\t', '→').replaceAll(/\p{Cc}/gu, '·'));
  const whole = clean(source);
  // What is masked before the caret changes its place; what is masked under it changes its length.
  const before = clean(source.slice(0, column));
  const upTo = clean(source.slice(0, column + length));
  const from = before.length > widest - 20 ? before.length - 40 : 0;
  const caretAt = whole.startsWith(before) ? before.length : Math.min(before.length, Math.max(0, whole.length - 1));
  const caretLength = whole.startsWith(upTo) ? Math.max(1, upTo.length - before.length) : 3;
  const head = from > 0 ? '…' : '';
  const shown = head + whole.slice(from, from + widest);
  return {
    shown: from + widest < whole.length ? `${shown}…` : shown,
    caretAt: caretAt - from + head.length,
    caretLength: Math.max(1, Math.min(caretLength, shown.length - (caretAt - from))),
  };
}

/** Of a long list of keys the beginning is enough; a sentence is needed whole. */
function cut(text: string): string {
  const isList = text.split(', ').length > 8;
  return isList && text.length > widest ? `${text.slice(0, text.lastIndexOf(', ', widest - 2))}, …` : text;
}
