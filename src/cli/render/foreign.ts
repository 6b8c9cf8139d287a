import {maskUrls} from '../../lib/core/config/secrets.js';

/**
 * Text that others wrote (output, command lines, names of files) as it may reach a terminal: without escape sequences,
 * which can move the cursor, set titles, answer as the keyboard or hide what follows; without the characters that
 * reverse the reading direction; secrets masked.
 */
export function neutralise(text: string): string {
  const clean = stripControls(text);
  return hint.test(clean) ? maskUrls(clean).replace(assigned, '$1***').replace(flagged, '$1***') : clean;
}

const secretWord =
  '(?:password|passwd|passphrase|(?<![a-z])pass(?![a-z])|secret|token|api[-_]?key|private[-_]?key|credentials?|authorization)';
// Only what is assigned: `password authentication failed` and `unexpected token` have nothing to hide.
const assigned = new RegExp(
  String.raw`([\w-]*${secretWord}[\w-]*["']?\s*[:=]\s*)("[^"]*"|'[^']*'|(?:(?:Bearer|Basic)\s+)?[^\s,}\]"']+)`,
  'gi',
);
const flagged = new RegExp(String.raw`(--[\w-]*${secretWord}[\w-]*\s+)("[^"]*"|'[^']*'|[^\s-]\S*)`, 'gi');
/** Most lines have none of it, and this is ten times as fast as finding that out one by one. */
const hint = /pass|secret|token|key|credential|authorization|:\/\//i;

// CSI, then OSC/DCS/SOS/PM/APC up to their terminator or the end of the text, then the two-character sequences.
const sequences =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
  /(?:\u001b\[|\u009b)[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[\x20-\x2f]*[\x30-\x7e]?/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this looks for
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: most lines have none of all that
const suspicious = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u206f\ufeff\t\n\ud800-\udfff]/;

export function stripControls(text: string): string {
  if (!suspicious.test(text)) return text;
  return text
    .replace(sequences, '')
    .replace(/[\t\n]/g, ' ')
    .replace(controls, '');
}
