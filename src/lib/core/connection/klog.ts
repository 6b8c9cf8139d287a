import {withoutControls} from '../diagnosis/plain.js';

const prefix = /^[EWIF]\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ [^\s\]]+:\d+\] /;
const goString = String.raw`"(?:[^"\\]|\\.)*"`;
const structured = new RegExp(String.raw`^(${goString})((?: [\w./-]+=(?:${goString}|\S*))*)$`);
const errorField = new RegExp(String.raw` err=(${goString})`);

/**
 * The words of a line of kubectl. Up to 1.30 they stand behind klog's prefix (`E1122 15:19:01.119374 3661 file.go:413] `),
 * from 1.31 on in a field of it (`"Unhandled Error" err="…"`), from client-go 0.37 on in a message and a field.
 */
export function kubectlWords(line: string): string {
  const bare = withoutControls(line).trim();
  const logged = bare.replace(prefix, '');
  if (logged === bare) return bare;
  const [, message, fields = ''] = structured.exec(logged) ?? [];
  if (message === undefined) return logged;
  const error = errorField.exec(fields)?.[1];
  if (error === undefined) return unquoted(message);
  return message === '"Unhandled Error"' ? unquoted(error) : `${unquoted(message)}: ${unquoted(error)}`;
}

const unquoted = (text: string): string =>
  text
    .slice(1, -1)
    .replaceAll(/\\[nrt]/g, ' ')
    .replaceAll(/\\(["\\])/g, '$1');
