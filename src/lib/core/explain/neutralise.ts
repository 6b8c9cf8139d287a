/** Longer answers tell nobody what to do. */
const longest = 4000;
const mostLines = 60;

/**
 * What a model has said, fit to be shown: no escape sequence, no control character, nothing that changes the direction of
 * the text or can't be seen. Whoever wrote into the log may have written the answer.
 */
export function neutralise(answer: string): string {
  const plain = answer
    .slice(0, longest * 8)
    .replace(/<think(?:ing)?>[\s\S]*?(?:<\/think(?:ing)?>|$)/gi, '')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replaceAll('\t', '  ')
    // Sequences of terminals as a whole: their remains would be letters.
    // biome-ignore lint: control characters are what we look for
    .replace(/(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]/g, '')
    // biome-ignore lint: control characters are what we look for
    .replace(/(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?/g, '')
    // biome-ignore lint: control characters are what we look for
    .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '')
    .replace(/[\p{Cf}\p{Co}\p{Cs}\p{Cn}]/gu, '')
    // Heaps of combining marks reach into the lines above and below.
    .replace(/(\p{M}{3})\p{M}+/gu, '$1')
    .replace(/[ \u00a0]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
  const lines = plain.slice(0, longest).split('\n');
  const text = lines.slice(0, mostLines).join('\n');
  return text.length < plain.length ? `${withoutHalf(text)} … (cut)` : text;
}

/** One line from a server: an error message, the name of a model. */
export function oneLine(text: string, most = 200): string {
  const line = neutralise(text.slice(0, most * 8)).replace(/\s+/g, ' ');
  return line.length > most ? `${withoutHalf(line.slice(0, most - 1))}…` : line;
}

const withoutHalf = (text: string): string => text.replace(/[\ud800-\udbff]$/, '');
