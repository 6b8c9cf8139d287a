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
