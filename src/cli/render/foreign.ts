import {maskText} from '../../lib/core/config/secrets.js';

/**
 * Text that others wrote (output, command lines, names of files) as it may reach a terminal: without escape sequences,
 * which can move the cursor, set titles, answer as the keyboard or hide what follows; without the characters that
 * reverse the reading direction; secrets masked.
 */
export function neutralise(text: string): string {
  return maskText(stripControls(text));
}

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
