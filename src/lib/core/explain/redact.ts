import {isSecretName} from '../config/secrets.js';
import type {Variables} from '../config/variables.js';
import {withoutControls} from '../diagnosis/plain.js';
import {maskAccounts} from './accounts.js';
import {maskAddresses} from './addresses.js';
import {looksRandom} from './random-words.js';
import {maskAssignments} from './secret-assignments.js';

export const removals = [
  'secret',
  'private key',
  'token',
  'credentials of a URL',
  'e-mail address',
  'IP address',
  'account number',
  'home folder',
  'user name',
] as const;
export type Removal = (typeof removals)[number];

export interface RedactionSettings {
  readonly env: Variables;
  readonly hidesAddresses: boolean;
}

/** More of a line is not looked at; excerpts are cut far below that. */
const longestLine = 8192;
const knownTokens =
  /\beyJ[\w-]{4,}(?:\.[\w-]*){1,4}|\b(?:sk|rk|pk)[-_][\w-]{12,}|\bgh[opusr]_\w{16,}|\bgithub_pat_\w{16,}|\bglpat-[\w-]{12,}|\bxox[a-z]-[\w-]{8,}|\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}|\bAIza[\w-]{20,}|\bya29\.[\w-]{10,}|\bSG\.[\w-]{10,}[\w.-]*|\b(?:npm|hf|dop_v1|whsec|pypi|shpat|hvs|dckr_pat)[_.-][\w-]{16,}/g;
const schemes = /\b(bearer|basic|digest|negotiate|apikey)\s{1,4}(?=[\w+/=.~-]*[\d+/=.~_-])[\w+/=.~-]{8,}/gi;
const uuid = /\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi;
const email = /[\p{L}\d._%+-]{1,64}@[\p{L}\d-]{1,63}(?:\.[\p{L}\d-]{1,63})+/gu;
const urlStart = /\b[a-z][a-z0-9+.-]{0,20}:\\?\/\\?\//gi;
/** `user:password@tcp(host)` and `user:password@host` without a scheme. */
const bareUser = /([\w.-]{1,64}):[^\s@"'<>]{1,256}@(?=[\w([])/g;
const shortFlags = [
  /(\b(?:mysql|mysqldump|mysqladmin|mariadb|sshpass|mongo|mongosh)\b.{0,200}?\s-p)(?!\s|ort\b)\S+/g,
  /(\b(?:redis-cli)\b.{0,200}?\s-a\s+)\S+/g,
  /(\b(?:curl|wget|http)\b.{0,200}?\s(?:-u|--user)[\s=]+)\S+/g,
  /(\bsshpass\s+-p\s+)\S+/g,
];
const homes = [
  /(?:\/home|\/Users|\/export\/home)\/[^/\s:'"`<>|,;)]{1,64}/g,
  /\b[A-Za-z]:(?:\\{1,4}|\/)(?:Users|Benutzer|Documents and Settings)(?:\\{1,4}|\/)(?:[^\\/:*?"<>|\r\n]{1,64}(?=[\\/])|[^\\/\s'"<>|,;)]{1,64})/gi,
];

/**
 * Takes out of lines what must not leave the machine, line by line in their order: a private key spans many. What is the
 * same stays the same (`<ip-1>`), so that it can still be reasoned about.
 */
export class ExcerptRedactor {
  readonly #settings: RedactionSettings;
  readonly #values: readonly string[];
  readonly #user: RegExp | null;
  readonly #names = new Map<string, string>();
  readonly #removed = new Map<Removal, number>();
  #isInKey = false;
  #isOpen = false;

  constructor(settings: RedactionSettings) {
    this.#settings = settings;
    this.#values = secretValues(settings.env);
    this.#user = userName(settings.env);
  }

  /** What was taken out so far, by kind. */
  get removed(): Readonly<Partial<Record<Removal, number>>> {
    return Object.fromEntries(this.#removed);
  }

  /** Lines that don't follow each other: what was open is not any more. */
  gap(): void {
    this.#isInKey = false;
    this.#isOpen = false;
  }

  /** A text of several lines. */
  text(text: string): string {
    this.gap();
    const clean = text
      .split('\n')
      .map((line) => this.line(line))
      .join('\n');
    this.gap();
    return clean;
  }

  line(whole: string): string {
    const line = visible(shortened(whole));
    const key = this.#keyPart(line);
    if (key !== null) return key;
    if (this.#isOpen && line.trim() !== '') {
      this.#isOpen = false;
      this.#count('secret');
      return '[secret]';
    }
    const known = this.#values.reduce((left, value) => this.#all(left, value), line);
    const assigned = maskAssignments(this.#urls(known), '[secret]');
    this.#isOpen = assigned.isOpen;
    if (assigned.count > 0) this.#count('secret', assigned.count);
    return this.#persons(this.#tokens(assigned.text));
  }

  /** Within a private key nothing is left but a mark; a line of base64 alone may be a part of one whose head was cut off. */
  #keyPart(line: string): string | null {
    const begins = /-----BEGIN [A-Z0-9 ]{0,40}-----/.exec(line);
    const ends = /-----END [A-Z0-9 ]{0,40}-----/.exec(line);
    if (begins !== null) {
      this.#count('private key');
      this.#isInKey = ends === null;
      const after = ends === null ? '' : line.slice(ends.index + ends[0].length);
      return `${this.#rest(line.slice(0, begins.index))}[private key]${this.#rest(after)}`;
    }
    if (this.#isInKey) {
      this.#isInKey = ends === null && /^[\w+/=:,\s.-]*$/.test(line);
      if (ends !== null) return this.#rest(line.slice(ends.index + ends[0].length));
      if (this.#isInKey) return '[private key]';
    }
    if (/^\W{0,8}[A-Za-z0-9+/]{40,}={0,2}\W{0,4}$/.test(line) && /[A-Z]/.test(line) && /\d|[+=]/.test(line)) {
      this.#count('private key');
      return '[private key]';
    }
    return null;
  }

  #rest(part: string): string {
    return part.trim() === '' ? part : this.line(part);
  }

  #urls(line: string): string {
    let text = '';
    let done = 0;
    for (const match of line.matchAll(urlStart)) {
      if (match.index < done) continue;
      const from = match.index + match[0].length;
      const end = credentialsEnd(line, from);
      if (end === null) continue;
      this.#count('credentials of a URL');
      text += `${line.slice(done, from)}[credentials]@`;
      done = end;
    }
    return (text + line.slice(done)).replace(bareUser, (whole, user: string) => {
      // A line number before a host: `app.py:12@…` is no password, and nobody would miss it.
      if (whole.endsWith(']@')) return whole;
      this.#count('credentials of a URL');
      return `${user}:[secret]@`;
    });
  }

  #tokens(line: string): string {
    const flags = shortFlags.reduce(
      (left, pattern) => left.replace(pattern, (_, before: string) => `${before}${this.#mark('secret')}`),
      line,
    );
    return flags
      .replace(schemes, (_, scheme: string) => `${scheme} ${this.#mark('token')}`)
      .replace(knownTokens, () => this.#mark('token'))
      .replace(uuid, (id) => this.#named('id', id.toLowerCase()))
      .replace(/[\w+/=.:-]{20,}/g, (word) => (looksRandom(word) ? this.#mark('token') : word));
  }

  #persons(line: string): string {
    const accounts = maskAccounts(
      line.replace(email, (address) => this.#hide('e-mail address', 'email', address)),
      () => this.#mark('account number'),
    );
    const addresses = this.#settings.hidesAddresses
      ? maskAddresses(accounts, (address) => this.#hide('IP address', 'ip', address))
      : accounts;
    const home = homes.reduce((left, pattern) => left.replace(pattern, () => this.#tilde()), this.#ownHome(addresses));
    return this.#user === null
      ? home
      : home.replace(this.#user, () => {
          this.#count('user name');
          return '<user>';
        });
  }

  #ownHome(line: string): string {
    const {HOME: posix, USERPROFILE: windows} = this.#settings.env;
    return [posix, windows].reduce<string>((left, home) => {
      if (home === undefined || home.length < 6 || !left.includes(home)) return left;
      return left.replaceAll(home, () => this.#tilde());
    }, line);
  }

  #tilde(): string {
    this.#count('home folder');
    return '~';
  }

  #all(line: string, value: string): string {
    return line.includes(value) ? line.replaceAll(value, () => this.#mark('secret')) : line;
  }

  #hide(kind: Removal, prefix: string, value: string): string {
    this.#count(kind);
    return this.#named(prefix, value.toLowerCase());
  }

  #named(prefix: string, value: string): string {
    const key = `${prefix} ${value}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const number = [...this.#names.keys()].filter((each) => each.startsWith(`${prefix} `)).length + 1;
    const name = `<${prefix}-${number}>`;
    this.#names.set(key, name);
    return name;
  }

  #mark(kind: Removal): string {
    this.#count(kind);
    return `[${kind}]`;
  }

  #count(kind: Removal, by = 1): void {
    this.#removed.set(kind, (this.#removed.get(kind) ?? 0) + by);
  }
}

/** A name of a secret must not hide behind a colour, or a letter that can't be seen, in its middle. */
const visible = (text: string): string =>
  withoutControls(text).replace(/[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '');

/** A word that was cut in two is no secret any more that could be recognised: it goes as well. */
function shortened(line: string): string {
  if (line.length <= longestLine) return line;
  const head = line.slice(0, longestLine);
  const lastGap = head.search(/\s\S*$/);
  return lastGap < longestLine / 2 ? '' : head.slice(0, lastGap);
}

/** Behind the `@` of `user:password@`; a password may itself hold `@` and `/`. */
function credentialsEnd(line: string, from: number): number | null {
  const [rest = ''] = /^[^\s"'<>`]*/.exec(line.slice(from, from + 2048)) ?? [];
  const [authority = ''] = rest.split(/[/?#]/, 1);
  const isHostAndPort = /^(?:[\w.-]*|\[[\da-f:.]*\])(?::\d{0,5})?[,;.)}\]\\]*$/i.test(authority);
  const last = rest.lastIndexOf('@');
  return last === -1 || (!authority.includes('@') && isHostAndPort) ? null : from + last + 1;
}

/** Values that the environment calls secret, longest first: one may be a part of another. */
function secretValues(env: Variables): readonly string[] {
  const values = Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value.length >= 6 && !value.startsWith('/') && isSecretName(name) ? [value] : [],
  );
  return [...new Set(values)].sort((a, b) => b.length - a.length);
}

/** Accounts that every machine has say nothing about a person. */
const commonUsers = new Set([
  'root',
  'admin',
  'administrator',
  'user',
  'node',
  'postgres',
  'ubuntu',
  'system',
  'nobody',
]);

function userName(env: Variables): RegExp | null {
  const name = env.USER ?? env.USERNAME ?? env.LOGNAME;
  if (name === undefined || name.length < 4 || commonUsers.has(name.toLowerCase())) return null;
  return new RegExp(String.raw`(?<![\w-])${name.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}(?![\w-])`, 'g');
}
