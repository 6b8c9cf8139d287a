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

/** Squid, Varnish, OpenSSH and others that run in the background: their settings, files, names and keys. */
export const daemons: readonly Rule[] = [
  {
    id: 'daemon-settings',
    cause: 'config-invalid',
    when: [
      /\bACL not found: (?<name>[\w-]+)/,
      /\bBungled \S+ line \d+: /,
      /\bUndefined (?:backend|acl|sub|probe|director) (?<name>[\w.]+)/,
      /\bBad configuration option: (?<name>\w+)/,
      /\bbad (?:option|command line options).{0,40}(?:line \d|try)/,
    ],
    strength: 0.97,
    read: (subject, line, {block, near}) => ({...settingsPlace([line, ...block, ...near]), ...subject}),
    examples: [
      ['FATAL: Bungled /etc/squid/squid.conf line 7: http_access allow lan', {file: '/etc/squid/squid.conf', line: 7}],
      [
        '/etc/ssh/sshd_config: line 4: Bad configuration option: PermitRoot',
        {name: 'PermitRoot', file: '/etc/ssh/sshd_config', line: 4},
      ],
      ['Undefined acl office, first reference:', {name: 'office'}],
      ['dnsmasq: bad option at line 12 of /etc/dnsmasq.d/lan.conf', {file: '/etc/dnsmasq.d/lan.conf', line: 12}],
    ],
  },
  {
    id: 'settings-place',
    cause: 'config-invalid',
    // Whatever is wrong there: a server that ends over a line of its settings names the line.
    when: [
      /\[(?:emerg|alert|crit|fatal)\].{0,200} in (?<file>\S{1,200}\.(?:conf|cfg|cnf|ini|ya?ml|toml)):(?<line>\d+)$/i,
      /^(?:[\w-]{1,30}: )?(?<file>\S{1,200}\.(?:conf|cfg|cnf|ini|toml)):(?<line>\d+)(?::\d+)?: (?:(?:fatal )?error|invalid|unknown|missing)\b/i,
    ],
    unless:
      /No such file|Permission denied|certificate|cannot load|host not found|could not (?:open|load|resolve)|getpwnam|getgrnam|Address/i,
    strength: 0.8,
    examples: [
      [
        '[emerg] 32#32: a duplicate default server for 127.0.0.1:80 in /etc/nginx/conf.d/shop.conf:5',
        {file: '/etc/nginx/conf.d/shop.conf', line: 5},
      ],
      ['/etc/shop/unbound.conf:3: error: stray colon', {file: '/etc/shop/unbound.conf', line: 3}],
    ],
  },
  {
    id: 'settings-parse',
    cause: 'config-invalid',
    when: [
      /error during parsing file (?<file>[^\s,]{1,200}),? (?:on or before |at |in )?line (?<line>\d+)/,
      /^Failed to parse (?<file>\S{1,200}\.\w+): /,
      /Failed with result 'bad-setting'/,
      /Failed to load property source from .{0,20}?'?(?:file:)?(?<file>[\w./-]{1,200})/,
      /found character .{1,20} that cannot start any token/,
    ],
    strength: 0.9,
    examples: [
      [
        "error during parsing file /etc/rsyslog.d/shop.conf, on or before line 4: syntax error on token 'acton'",
        {file: '/etc/rsyslog.d/shop.conf', line: 4},
      ],
      [
        "Failed to parse /etc/systemd/system/shop.service: Invalid section header '[Servce]'",
        {file: '/etc/systemd/system/shop.service'},
      ],
    ],
  },
  {
    id: 'not-a-number',
    cause: 'config-invalid',
    when: [
      /invalid literal for int\(\) with base \d+: '(?<value>[^']{0,80})'/,
      /could not convert string to float: '(?<value>[^']{0,80})'/,
      /NumberFormatException: For input string: "(?<value>[^"]{0,80})"/,
      /strconv\.\w+: parsing "(?<value>[^"]{0,80})"/,
      /invalid value for Integer\(\): "(?<value>[^"]{0,80})"/,
    ],
    strength: 0.9,
    // Of any other number that is none the program's own code is to blame.
    read: (subject, _, {block, near}) => {
      const source = [...block, ...near].find((text) =>
        /\bgetenv\b|\benviron\b|\bENV\b|\bsettings?\b|\bconfig\b/i.test(text),
      );
      const name = /["'`([]([A-Z][A-Z0-9_]{2,})["'`)\]]/.exec(source ?? '')?.[1];
      return source === undefined ? null : {...subject, ...(name === undefined ? {} : {name})};
    },
    examples: [
      [
        "ValueError: invalid literal for int() with base 10: 'eighty'\n  PORT = int(os.environ['PORT'])",
        {value: 'eighty', name: 'PORT'},
      ],
    ],
  },
  {
    id: 'usage',
    cause: 'config-invalid',
    when: [
      /\b[Ee]rror: (?:No such (?:command|option)|Missing (?:option|argument|parameter|command)|Got unexpected extra arguments?|[Uu]nknown (?:sub)?command):? ?\(?['"`]?(?<name>[\w.-]+)/,
      /\berror: the following (?:required )?arguments (?:are required|were not provided):?\s*(?<name>[\w-]+)?/,
      /\berror: The argument '(?<name>--?[\w-]+)[^']{0,60}' requires a value/,
      /\berror: unexpected argument '(?<name>[^']+)'/,
      /\berror: invalid value '.{0,80}?' for '(?<name>--?[\w-]+)/,
      /\berror: argument (?<name>[\w/-]+): (?:invalid|expected)/,
      /\] (?<name>[\w.-]+) has not been (?:defined|set|configured)/,
      /failed to post process the configuration/,
    ],
    strength: 0.88,
    explain: ({name}) =>
      `It was started with wrong or missing arguments or settings${name === undefined ? '' : `: ${name}`}.`,
    remedy: () => 'correct the command line or the setting; --help tells which there are',
    examples: [
      ["Error: No such command 'syncs'.", {name: 'syncs'}],
      ["Error: Missing option '--company'.", {name: '--company'}],
      ["error: unexpected argument '--prot' found", {name: '--prot'}],
      ["error: invalid value 'eighty' for '--port <PORT>': invalid digit found in string", {name: '--port'}],
      ['close.py: error: the following arguments are required: --company', {name: '--company'}],
      ['ALERT: [pool www] user has not been defined', {name: 'user'}],
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
    strength: 0.95,
    read: (subject, line, context) => ({...settingsOpened(context), ...settingsPlace([line]), ...subject}),
    examples: [
      ['YAMLException: duplicated mapping key in "jobs.yml" (7:3)', {line: 7, file: 'jobs.yml'}],
      ['json.decoder.JSONDecodeError: Expecting value: line 3 column 12 (char 40)', {line: 3}],
    ],
  },
  {
    id: 'daemon-file',
    cause: 'missing-file',
    when: [
      /[Uu]nable to load host key:? (?<file>\/\S+)/,
      /»(?<file>[^«]+)« .{0,60}: Datei oder Verzeichnis nicht gefunden/,
    ],
    strength: 0.98,
    examples: [
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
    strength: 0.96,
    read: (subject, line, {near}) => {
      const own = endpointIn(line);
      if (own !== null) return {...own, ...subject};
      const host = /["'` (]((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]*::?[0-9a-f:]+:[0-9a-f]+)["'`): ,]/i.exec(line)?.[1];
      if (host !== undefined) return {host, ...subject};
      const port = [line, ...near].map((text) => portIn(text)).find((one) => one !== null);
      return typeof port === 'number' ? {...subject, port} : subject;
    },
    examples: [
      '1763877000: Error: Cannot assign requested address',
      ['could not bind IPv4 address "10.40.0.7": Cannot assign requested address', {host: '10.40.0.7'}],
    ],
  },
  {
    id: 'host-key',
    cause: 'tls-certificate',
    when: [/REMOTE HOST (?<reason>IDENTIFICATION HAS CHANGED)/, /[Hh]ost key (?<reason>verification failed)/],
    strength: 0.95,
    read: (subject, line, {near}) => {
      const host = [line, ...near]
        .map((text) => /[Hh]ost key for \[?([\w.-]+)/.exec(text)?.[1])
        .find((one) => one !== undefined);
      return host === undefined ? subject : {host, ...subject};
    },
    explain: ({host, reason}) =>
      `${host ?? 'The other side'} shows another host key than the one that is known: ${reason}.`,
    remedy: ({host}) =>
      `is it the same machine? ssh-keyscan ${host ?? 'HOST'} shows its key now; if it was set up anew: ssh-keygen -R ${host ?? 'HOST'}`,
    examples: [['Host key verification failed.', {reason: 'verification failed'}]],
  },
];
