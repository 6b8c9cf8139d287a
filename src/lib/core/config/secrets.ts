/** Words that make the value of a key or variable a secret. */
const secretName = /pass(?:word|wd|phrase)?|secret|token|api[-_]?key|private[-_]?key|credential|authorization|cookie/i;
/** `scheme://user:password@host`: the password, or the lone user (a token often is one). */
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)([^/\s:@"']*)(?::([^/\s@"']*))?@/gi;
/** `PASSWORD=…`, `password: …`, `--token …` within a line of a file or a command. */
const assignment =
  /([\w-]*(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|private[-_]?key|credential|authorization)[\w-]*["']?\s*(?:[:=]\s*|\s+(?=[^\s:=])))("[^"]*"|'[^']*'|[[{][^\]}]*[\]}]?|(?:(?:Bearer|Basic)\s+)?[^\s,}\]"']+)/gi;

export const isSecretName = (name: string) => secretName.test(name);

/** A URL keeps its user (one has to see who it was), never its password. */
export function maskUrls(text: string): string {
  return text.replaceAll(userInfo, (_, scheme: string, user: string, password: string | undefined) =>
    password === undefined ? `${scheme}***@` : `${scheme}${user}:***@`,
  );
}

/** A line of a file or of a command as it may be shown: the same length is not kept, so that it tells nothing. */
export function maskSecrets(line: string): string {
  return maskUrls(line).replaceAll(assignment, (whole, before: string, value: string) =>
    // An alias or the head of a text block hides nothing itself.
    /^[&*|>]/.test(value) ? whole : `${before}***`,
  );
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

/** Text that others wrote (a line of output, a command line): what is assigned to a secret's name, and passwords of URLs. */
export function maskText(text: string): string {
  return hint.test(text) ? maskUrls(text).replace(assigned, '$1***').replace(flagged, '$1***') : text;
}
