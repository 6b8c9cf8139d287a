import {endpointIn, portIn} from '../endpoint.js';
import type {Context, Rule, Subject} from '../rule.js';

const settingsFile = String.raw`(?:conf|cfg|cnf|ini|ya?ml|json|toml|xml|vcl|zone|rc|properties|config)`;
/** A settings file and a line of it, as the parsers of servers write them. */
const places: readonly RegExp[] = [
  new RegExp(String.raw`(?<file>[\w./@+-]{1,200}(?:\.${settingsFile}|_config)):(?<line>\d+)\b`),
  new RegExp(
    String.raw`["'(]?(?<file>[\w./@+-]{1,200}(?:\.${settingsFile}|_config))["')]?:?,? (?:\(?(?:on |at )?[Ll]ine:?) ?(?<line>\d+)`,
  ),
  new RegExp(String.raw`\bline (?<line>\d+) (?:of|in) (?:file )?["']?(?<file>[\w./@+-]{1,200}\.${settingsFile})`),
  new RegExp(String.raw`["'](?<file>[\w./@+-]{1,200}\.${settingsFile})["'] ?\((?<line>\d+):\d+\)`),
];

/** Where in which settings file; from the line, else from those around it. */
export function settingsPlace(line: string, {block, near}: Pick<Context, 'block' | 'near'>): Subject {
  for (const text of [line, ...block, ...near])
    for (const place of places) {
      const groups = place.exec(text)?.groups;
      if (groups !== undefined) return {file: groups['file'] as string, line: Number(groups['line'])};
    }
  return {};
}

const withSettingsPlace: NonNullable<Rule['read']> = (subject, line, context) => ({
  ...settingsPlace(line, context),
  ...subject,
});

/** What servers say of their own settings, sockets and files when they do not start. */
export const servers: readonly Rule[] = [
  {
    id: 'settings-of-server',
    cause: 'config-invalid',
    when: new RegExp(
      [
        String.raw`[Uu]nknown configuration variable "(?<name>[^"]+)"`,
        String.raw`\bunknown entry '(?<name_2>[^']+)'`,
        String.raw`\bACL not found: (?<name_3>[\w-]+)`,
        String.raw`\bBungled \S+ line \d+: `,
        String.raw`\bUndefined (?:backend|acl|sub|probe|director) (?<name_4>[\w.]+)`,
        String.raw`Symbol not found: '?(?<name_5>[\w.]+)`,
        String.raw`\bBad configuration option: (?<name_6>\w+)`,
        String.raw`\bbad (?:option|command line options).{0,40}(?:line \d+|try)`,
        String.raw`^(?:.{0,60}\s)?[\w./@+-]+\.(?:conf|cfg|cnf|vcl|zone):\d+: .{0,120}(?:expected|unknown|near|invalid|missing|not found|undefined|error)`,
        String.raw`configfile parser failed|\(configfile\.c\.\d+\)`,
        String.raw`Error found at [\w./-]+\.conf:\d+`,
        String.raw`Unrecognized VM option '(?<name_7>\w+)'`,
        String.raw`Unrecognized option: (?<name_8>\S+)`,
        String.raw`[Ii]nvalid (?:maximum|initial) heap size`,
        String.raw`unknown variable '(?<name_9>[\w-]+)(?:=[^']*)?'`,
        String.raw`npm (?:error|ERR!) Missing script: "(?<name_10>[^"]+)"`,
        String.raw`You must set settings\.(?<name_11>[A-Z_]+)`,
        String.raw`unregistered task of type '(?<name_12>[^']+)'`,
        String.raw`Configuration for rule "(?<name_13>[^"]+)" is invalid`,
      ].join('|'),
    ),
    unless: /warn(?:ing)?: /i,
    strength: 0.94,
    read: withSettingsPlace,
    explain: ({file, line, name}) =>
      `${file ?? 'The configuration'}${line === undefined ? '' : `, line ${line},`} ${name === undefined ? 'is not valid' : `has ${name}, which is not known there`}.`,
    remedy: ({file, line, name}) =>
      `correct ${name ?? 'it'} in ${file ?? 'the configuration'}${line === undefined ? '' : `:${line}`}`,
    mend: ({file}) => (file === undefined ? {kind: 'configuration'} : {kind: 'file', path: String(file)}),
    examples: [
      ['1763877000: Error: Unknown configuration variable "persistance".', {name: 'persistance'}],
      [
        "ERROR: [/etc/php/8.2/fpm/pool.d/www.conf:12] unknown entry 'pm.min_spare'",
        {name: 'pm.min_spare', file: '/etc/php/8.2/fpm/pool.d/www.conf', line: 12},
      ],
      [
        "/etc/bind/named.conf.options.conf:9: unknown option 'forwarder'",
        {file: '/etc/bind/named.conf.options.conf', line: 9},
      ],
      [
        '/etc/ssh/sshd_config: line 4: Bad configuration option: PermitRoot',
        {name: 'PermitRoot', file: '/etc/ssh/sshd_config', line: 4},
      ],
      ['FATAL: Bungled /etc/squid/squid.conf line 7: http_access allow lan', {file: '/etc/squid/squid.conf', line: 7}],
      ["Unrecognized VM option 'UseAdaptiveGC'", {name: 'UseAdaptiveGC'}],
    ],
  },
  {
    id: 'parse-place',
    cause: 'config-invalid',
    when: /\b(?:JSONDecodeError|TOMLDecodeError|YAMLException|ScannerError|ParserError|DuplicateOptionError)\b.{0,200}?(?:\bline +(?<line>\d+)|\((?<line_2>\d+):\d+\))/,
    unless: /response|request|body/i,
    strength: 0.88,
    read: (subject, line, context) => ({
      ...settingsPlace(line, {block: [], near: []}),
      ...configOpened(context),
      ...subject,
    }),
    explain: ({file, line}) => `${file ?? 'A settings file'}, line ${line}, does not parse.`,
    remedy: ({file, line}) => `correct ${file ?? 'the file'}:${line}`,
    mend: ({file}) => (file === undefined ? {kind: 'configuration'} : {kind: 'file', path: String(file)}),
    examples: [
      ['YAMLException: duplicated mapping key in "jobs.yml" (7:3)', {line: 7, file: 'jobs.yml'}],
      ['json.decoder.JSONDecodeError: Expecting value: line 3 column 12 (char 40)', {line: 3}],
    ],
  },
  {
    id: 'named-file-missing',
    cause: 'missing-file',
    when: /: file '(?<file>[^']+)' does not exist or is empty|Unable to access jarfile (?<file_2>\S+)|No rule to make target '(?<file_3>[^']+)'|[Uu]nable to load host key:? (?<file_4>\/\S+)|Verzeichnis »(?<file_5>[^«]+)« zugreifen: Datei|»(?<file_6>[^«]+)« .{0,40}: Datei oder Verzeichnis nicht gefunden|fatal error: (?<file_7>[\w./+-]+\.(?:h|hh|hpp)): No such file or directory|open '(?<file_8>[^'/]{1,200}\/[^']{1,200})'$|Failed opening required '(?<file_9>[^']+)'/,
    unless: /permission|EACCES|EROFS|ENOSPC|EMFILE|ENOTDIR|EISDIR|keine berechtigung/i,
    strength: 0.9,
    read: (subject, line) =>
      subject['file'] !== undefined && (!/^.*open '/.test(line) || /ENOENT/.test(line)) ? subject : null,
    explain: ({file}) => `${file} is not there.`,
    remedy: ({file}) => `look: ls -l ${file}; put it there, or correct the path`,
    mend: ({file}) => ({kind: 'file', path: String(file)}),
    examples: [
      ["SSLCertificateChainFile: file '/etc/ssl/chain.pem' does not exist or is empty", {file: '/etc/ssl/chain.pem'}],
      ['Error: Unable to access jarfile build/libs/app.jar', {file: 'build/libs/app.jar'}],
      ["make: *** No rule to make target 'src/gen.c', needed by 'gen.o'.  Stop.", {file: 'src/gen.c'}],
      ['main.c:3:10: fatal error: zlib/zlib.h: No such file or directory', {file: 'zlib/zlib.h'}],
    ],
  },
  {
    id: 'backend-name',
    cause: 'dns-failure',
    when: /[Bb]ackend host '?"?(?<host>[\w.-]+?)"?'? could not be resolved|cannot resolve (?:host|backend) "?(?<host_2>[\w.-]+)/,
    strength: 0.99,
    explain: ({host}) => `The name ${host} cannot be resolved.`,
    remedy: ({host}) => `getent hosts ${host}; correct the name, or put it into DNS or /etc/hosts`,
    examples: [[`Backend host 'shop.internal' could not be resolved to an IP address:`, {host: 'shop.internal'}]],
  },
  {
    id: 'foreign-address',
    cause: 'address-not-available',
    when: /cannot assign requested address/i,
    unless: /\bconnect/i,
    strength: 0.93,
    read: (subject, line, context) => {
      const own = endpointIn(line);
      if (own !== null) return {...own, ...subject};
      const port = [line, ...context.near].map((text) => portIn(text)).find((one) => one !== null);
      return port === null || port === undefined ? subject : {...subject, port};
    },
    explain: ({host}) => `${host ?? 'The address'} belongs to no interface of this machine.`,
    remedy: ({host}) =>
      `ip -brief address shows its addresses; listen on one of them, or on 0.0.0.0, not on ${host ?? 'this one'}`,
    mend: () => ({kind: 'configuration'}),
    examples: ['1763877000: Error: Cannot assign requested address'],
  },
  {
    id: 'port-in-erlang',
    cause: 'port-in-use',
    when: /\beaddrinuse\b|could_not_start_listener|\bon which port \d+ is already/,
    strength: 0.96,
    read: (subject, line, context) => {
      const told = [line, ...context.block, ...context.near]
        .map((text) => /(?:could_not_start_listener,"?[^,]{0,40}"?,|\},|:::?|port[ ,]{1,2})(\d{2,5})\b/.exec(text)?.[1])
        .find((one) => one !== undefined);
      return told === undefined ? subject : {...subject, port: Number(told)};
    },
    explain: ({port}) => `Port ${port ?? ''} is taken by another process.`,
    remedy: ({port}) => `who has it: erp ports ${port ?? ''}; end that process, or give this one another port`,
    mend: ({port}) => (typeof port === 'number' ? {kind: 'port', port, host: null} : null),
    examples: [
      ['init terminating in do_boot ({error,{could_not_start_listener,::,5671,{{shutdown,{_}}}}})', {port: 5671}],
    ],
  },
  {
    id: 'key-pair',
    cause: 'tls-certificate',
    when: /[Cc]ertificate and private key .{0,300}(?<reason>do not match)|REMOTE HOST (?<reason_2>IDENTIFICATION HAS CHANGED)|[Hh]ost key (?<reason_3>verification failed)/,
    strength: 0.95,
    read: (subject, line, context) => {
      const host = [line, ...context.near]
        .map((text) => /[Hh]ost key for \[?([\w.-]+)/.exec(text)?.[1])
        .find((one) => one !== undefined);
      return host === undefined ? subject : {host, ...subject};
    },
    explain: ({reason}) => `The key is not the one that belongs there: ${reason}.`,
    remedy: () =>
      'compare both: openssl x509 -noout -pubkey -in CERT, openssl pkey -pubout -in KEY; for SSH: is it the same machine? then ssh-keygen -R HOST',
    mend: () => ({kind: 'configuration'}),
    examples: [
      [
        'AH02565: Certificate and private key www.example.com:443:0 from a.pem and b.pem do not match',
        {reason: 'do not match'},
      ],
      ['Host key verification failed.', {reason: 'verification failed'}],
    ],
  },
  {
    id: 'proxy-timeout',
    cause: 'upstream-timeout',
    when: /timeout specified has expired.{0,200}(?:remote server|backend)(?: (?<host>[\w.-]+):(?<port>\d+))?|Timeout reading from socket/,
    strength: 0.95,
    explain: ({host, port}) =>
      `${host === undefined ? 'The other side' : `${host}${port === undefined ? '' : `:${port}`}`} does not answer in time.`,
    remedy: ({port}) =>
      `does it hang or is it overloaded? ${port === undefined ? 'erp ports' : `erp ports ${port}`}; only then a longer timeout`,
    examples: [
      [
        '(70007)The timeout specified has expired: [client 10.0.0.7:51496] AH01102: error reading status line from remote server 10.0.0.9:9001',
        {host: '10.0.0.9', port: 9001},
      ],
    ],
  },
];

/** `open('printers.json')` in the traceback of a parser that only tells the line. */
function configOpened({block}: Context): Subject {
  for (const text of block.toReversed()) {
    const file = /\bopen\(["']([^"']+)["']/.exec(text)?.[1];
    if (file !== undefined) return {file};
  }
  return {};
}
