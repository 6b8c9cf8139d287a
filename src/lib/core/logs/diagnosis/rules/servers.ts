import {endpointIn, portIn} from '../endpoint.js';
import type {Context, Rule, Subject} from '../rule.js';

const settingsFile = String.raw`[\w./@+-]{1,200}(?:\.(?:conf|cfg|cnf|ini|ya?ml|json|toml|xml|vcl|zone|rc|properties|config)|_config)`;
/** A settings file and a line of it, as the parsers of servers write them. */
const places: readonly RegExp[] = [
  new RegExp(String.raw`(?<file>${settingsFile}):(?<line>\d+)\b`),
  new RegExp(String.raw`["'(]?(?<file>${settingsFile})["')]?:?,? \(?(?:on |at )?[Ll]ine:? ?(?<line>\d+)`),
  new RegExp(String.raw`\bline (?<line>\d+) (?:of|in) (?:file )?["']?(?<file>${settingsFile})`),
  new RegExp(String.raw`["'](?<file>${settingsFile})["'] ?\((?<line>\d+):\d+\)`),
];

/** Where in which settings file; from the line, else from those around it. */
function settingsPlace(texts: readonly string[]): Subject {
  for (const text of texts)
    for (const place of places) {
      const groups = place.exec(text)?.groups;
      if (groups !== undefined) return {file: groups['file'] as string, line: Number(groups['line'])};
    }
  return {};
}

/** `open('printers.json')` in the traceback of a parser that tells only the line. */
function settingsOpened({block}: Context): Subject {
  const file = block.map((text) => /\bopen\(["']([^"']+)["']/.exec(text)?.[1]).findLast((one) => one !== undefined);
  return file === undefined ? {} : {file};
}

/** What servers say of their own settings, sockets, files and keys when they do not start. */
export const servers: readonly Rule[] = [
  {
    id: 'server-settings',
    cause: 'config-invalid',
    when: [
      /[Uu]nknown configuration variable "(?<name>[^"]+)"/,
      /\bunknown entry '(?<name>[^']+)'/,
      /\bACL not found: (?<name>[\w-]+)/,
      /\bBungled \S+ line \d+: /,
      /\bUndefined (?:backend|acl|sub|probe|director) (?<name>[\w.]+)/,
      /\bBad configuration option: (?<name>\w+)/,
      /\bbad (?:option|command line options).{0,40}(?:line \d|try)/,
      /^(?:.{0,60}\s)?[\w./@+-]+\.(?:conf|cfg|cnf|vcl|zone):\d+: .{0,120}(?:expected|unknown|near|invalid|missing|not found|undefined|error)/,
      /configfile parser failed|\(configfile\.c\.\d+\)/,
      /Error found at \S{1,200}\.conf:\d+/,
      /unknown variable '(?<name>[\w-]+)(?:=[^']*)?'/,
      /You must set settings\.(?<name>[A-Z_]+)/,
    ],
    unless: /warn(?:ing)?: /i,
    strength: 0.94,
    read: (subject, line, {block, near}) => ({...settingsPlace([line, ...block, ...near]), ...subject}),
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
    ],
  },
  {
    id: 'settings-parser',
    cause: 'config-invalid',
    when: [
      /(?:JSON|TOML)DecodeError\b.{0,200}?\bline +(?<line>\d+)/,
      /(?:YAMLException|ScannerError|ParserError|DuplicateOptionError)\b.{0,200}?(?:\bline +(?<line>\d+)|\((?<line2>\d+):\d+\))/,
    ],
    unless: /response|request|body/i,
    strength: 0.88,
    read: (subject, line, context) => ({...settingsOpened(context), ...settingsPlace([line]), ...subject}),
    examples: [
      ['YAMLException: duplicated mapping key in "jobs.yml" (7:3)', {line: 7, file: 'jobs.yml'}],
      ['json.decoder.JSONDecodeError: Expecting value: line 3 column 12 (char 40)', {line: 3}],
    ],
  },
  {
    id: 'server-file',
    cause: 'missing-file',
    when: [
      /: file '(?<file>[^']+)' does not exist or is empty/,
      /[Uu]nable to load host key:? (?<file>\/\S+)/,
      /Verzeichnis »(?<file>[^«]+)« zugreifen: Datei/,
      /»(?<file>[^«]+)« .{0,60}: Datei oder Verzeichnis nicht gefunden/,
    ],
    strength: 0.98,
    examples: [
      ["SSLCertificateChainFile: file '/etc/ssl/chain.pem' does not exist or is empty", {file: '/etc/ssl/chain.pem'}],
      ['Unable to load host key: /etc/ssh/ssh_host_rsa_key', {file: '/etc/ssh/ssh_host_rsa_key'}],
      [
        'konnte Datei »/etc/erp/erp.conf« nicht öffnen: Datei oder Verzeichnis nicht gefunden',
        {file: '/etc/erp/erp.conf'},
      ],
    ],
  },
  {
    id: 'backend-name',
    cause: 'dns-failure',
    when: /[Bb]ackend host '?"?(?<host>[\w.-]+?)"?'? could not be resolved/,
    strength: 0.99,
    examples: [['Backend host \'"shop.internal"\' could not be resolved to an IP address:', {host: 'shop.internal'}]],
  },
  {
    id: 'foreign-address',
    cause: 'address-not-available',
    when: /cannot assign requested address/i,
    unless: /\bconnect/i,
    strength: 0.93,
    read: (subject, line, {near}) => {
      const own = endpointIn(line);
      if (own !== null) return {...own, ...subject};
      const port = [line, ...near].map((text) => portIn(text)).find((one) => one !== null);
      return typeof port === 'number' ? {...subject, port} : subject;
    },
    examples: ['1763877000: Error: Cannot assign requested address'],
  },
  {
    id: 'listener-of-erlang',
    cause: 'port-in-use',
    when: [/\beaddrinuse\b/, /could_not_start_listener/],
    strength: 0.96,
    read: (subject, line, {block, near}) => {
      const port = [line, ...block, ...near]
        .map((text) => /(?:could_not_start_listener,"?[^,]{0,40}"?,|\},|:::?|port[ ,]{1,2})(\d{2,5})\b/.exec(text)?.[1])
        .find((one) => one !== undefined);
      return port === undefined ? subject : {...subject, port: Number(port)};
    },
    examples: [
      ['init terminating in do_boot ({error,{could_not_start_listener,::,5671,{{shutdown,{_}}}}})', {port: 5671}],
    ],
  },
  {
    id: 'key-pair',
    cause: 'tls-certificate',
    when: [
      /[Cc]ertificate and private key .{0,300}(?<reason>do not match)/,
      /REMOTE HOST (?<reason>IDENTIFICATION HAS CHANGED)/,
      /[Hh]ost key (?<reason>verification failed)/,
    ],
    strength: 0.95,
    read: (subject, line, {near}) => {
      const host = [line, ...near]
        .map((text) => /[Hh]ost key for \[?([\w.-]+)/.exec(text)?.[1])
        .find((one) => one !== undefined);
      return host === undefined ? subject : {host, ...subject};
    },
    explain: ({reason}) => `The key is not the one that belongs there: ${reason}.`,
    remedy: () =>
      'compare both: openssl x509 -noout -pubkey -in CERT, openssl pkey -pubout -in KEY; for SSH: is it the same machine? then ssh-keygen -R HOST',
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
    when: [
      /timeout specified has expired.{0,200}remote server(?: (?<host>[\w.-]+):(?<port>\d+))?/,
      /Timeout reading from socket/,
    ],
    strength: 0.95,
    examples: [
      [
        '(70007)The timeout specified has expired: [client 10.0.0.7:51496] AH01102: error reading status line from remote server 10.0.0.9:9001',
        {host: '10.0.0.9', port: 9001},
      ],
      'redis.exceptions.TimeoutError: Timeout reading from socket',
    ],
  },
];
