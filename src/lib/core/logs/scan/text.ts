/** Bytes of logs as text: UTF-8, else what Windows programs of Western Europe write. */

const escapes = new RegExp(
  // biome-ignore lint: escape sequences are what we look for
  '\\u001b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\\u0007\\u001b]*(?:\\u0007|\\u001b\\\\)?|[@-Z\\\\-_=>78]|[ -/]+[0-~])|[\\u0000-\\u0008\\u000b-\\u001f\\u007f]',
  'g',
);
let windows: InstanceType<typeof TextDecoder> | null = null;

export function decodeBytes(b: Buffer, from: number, to: number): string {
  const text = b.toString('utf8', from, to);
  if (!text.includes('\ufffd')) return text;
  // An event that is cut in the middle of a character is still UTF-8.
  if (!text.slice(0, -1).includes('\ufffd')) return text.slice(0, -1);
  windows ??= new TextDecoder('windows-1252');
  return windows.decode(b.subarray(from, to));
}

export const withoutEscapes = (text: string): string => text.replace(escapes, '');

/** The bytes of a line without escape sequences, and without the control characters that are no blanks. */
export function cleanBytes(b: Buffer, p: number, end: number): Buffer {
  const clean = Buffer.allocUnsafe(end - p);
  let length = 0;
  for (let q = p; q < end; q += 1) {
    const c = b[q] as number;
    if (c === 27) q = behindEscape(b, q, end) - 1;
    else if (c >= 32 || c === 9) {
      clean[length] = c;
      length += 1;
    }
  }
  return clean.subarray(0, length);
}

/** CSI ends with a letter, OSC with BEL or ST; others have two or three bytes. */
function behindEscape(b: Buffer, p: number, end: number): number {
  const kind = b[p + 1];
  let q = p + 2;
  if (kind === 91) {
    while (q < end && ((b[q] as number) < 64 || (b[q] as number) > 126)) q += 1;
    return Math.min(end, q + 1);
  }
  if (kind === 93) {
    while (q < end && b[q] !== 7 && b[q] !== 27) q += 1;
    if (q >= end) return p + 2;
    return Math.min(end, b[q] === 7 ? q + 1 : q + 2);
  }
  if (kind !== undefined && kind >= 32 && kind <= 47) return Math.min(end, p + 3);
  return Math.min(end, p + 2);
}
