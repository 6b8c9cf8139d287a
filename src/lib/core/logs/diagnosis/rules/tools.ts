import type {Rule, Subject} from '../rule.js';

/** Command-line tools and clients, and the checks that programs make of their environment. */
export const tools: readonly Rule[] = [
  {
    id: 'linkage',
    cause: 'import-error',
    when: [
      /NoSuchMethodError: '?(?:[\w.[\]]+ )?(?<name>[\w.$]+)\(/,
      /NoSuchFieldError: '?(?<name>[\w.$]+)/,
      /Failed to find \w+ application or factory in module '(?<module>[^']+)'/,
      /Failed to find attribute '(?<name>\w+)' in '(?<module>[\w.]+)'/,
      /ERR_REQUIRE_(?:ESM|ASYNC_MODULE)/,
    ],
    strength: 0.97,
    examples: [
      ["java.lang.NoSuchMethodError: 'void com.acme.Mail.send(java.lang.String)'", {name: 'com.acme.Mail.send'}],
      ["Failed to find attribute 'app' in 'erp.wsgi'.", {name: 'app', module: 'erp.wsgi'}],
    ],
  },
  {
    id: 'needs-version',
    cause: 'version-mismatch',
    when: [
      /\bneeds (?<name>Python|Node(?:\.js)?|Java|Ruby|PHP|Perl|Go) (?<required>\d[\d.]*)(?: or (?:newer|later|higher))?(?:.{0,20}?\b(?:this is|found|but|have|is)\b.{0,20}?(?<actual>\d+\.\d[\d.]*))?/,
      /(?<name>Perl) v(?<required>[\d.]+) required--this is only v(?<actual>[\d.]+)/,
    ],
    strength: 0.95,
    examples: [
      ['this tool needs Python 3.12 or newer, found 3.9.2', {name: 'Python', required: '3.12', actual: '3.9.2'}],
      [
        'Perl v5.40.0 required--this is only v5.36.0, stopped at report.pl line 1.',
        {name: 'Perl', required: '5.40.0', actual: '5.36.0'},
      ],
    ],
  },
  {
    id: 'must-be-set',
    cause: 'missing-env-var',
    when: /\b(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]? (?:must|has to|needs to|should) be (?:set|defined|provided|configured|specified|given|exported)\b/,
    unless: /must be set to\b|optional/,
    strength: 0.94,
    examples: [['Error: STRIPE_KEY must be set', {variable: 'STRIPE_KEY'}]],
  },
  {
    id: 'environment-schema',
    cause: 'missing-env-var',
    when: /^\s*(?:ZodError|Config validation error|(?:❌ )?Invalid environment variables)\b/,
    strength: 0.95,
    read: (subject, line, {near, block}) => {
      const from = near.indexOf(line);
      const below = [...near.slice(from + 1), ...block];
      const variable = below
        .map((text) => /^\s*"?([A-Z][A-Z0-9_]{2,})"?(?::|,?$)/.exec(text)?.[1])
        .find((one) => one !== undefined);
      const isMissing = below.some((text) => /undefined|[Rr]equired|missing/.test(text));
      return isMissing && variable !== undefined ? {...subject, variable} : null;
    },
    examples: [
      [
        'ZodError: [\n  {\n    "expected": "string",\n    "path": [\n      "MAIL_HOST"\n    ],\n    "message": "Invalid input: expected string, received undefined"\n  }\n]',
        {variable: 'MAIL_HOST'},
      ],
    ],
  },
  {
    id: 'settings-model',
    cause: 'config-invalid',
    when: [/^\s*value (?:is not a valid|could not be parsed to)\b/, /^\s*Input should be a valid\b/],
    strength: 0.97,
    read: (subject, line, {near}) => {
      const name = /^\s*(\w+)\s*$/.exec(near[near.indexOf(line) - 1] ?? '')?.[1];
      const isOfSettings = near.some((text) => /Settings|Config/.test(text));
      return name === undefined || !isOfSettings ? null : {...subject, name};
    },
    examples: [
      [
        'pydantic_core._pydantic_core.ValidationError: 1 validation error for AppSettings\nport\n  Input should be a valid integer, unable to parse string as an integer',
        {name: 'port'},
      ],
    ],
  },
  {
    id: 'readonly-database',
    cause: 'permission-denied',
    when: /attempt to write a readonly database|SQLITE_READONLY/,
    strength: 0.9,
    explain: () => 'It may read the database file, but not write it.',
    examples: ['sqlite3.OperationalError: attempt to write a readonly database'],
  },
  {
    id: 'redis-right',
    cause: 'redis-auth',
    when: /NoPermissionError|user has no permissions to (?:run|access)/,
    strength: 0.96,
    explain: () => 'Redis knows the user, but does not allow it this command.',
    remedy: () => 'see its rights: redis-cli ACL GETUSER NAME; allow what is missing: ACL SETUSER NAME +COMMAND',
    examples: ["redis.exceptions.NoPermissionError: this user has no permissions to run the 'flushall' command"],
  },
  {
    id: 'file-watches',
    cause: 'file-descriptor-limit',
    when: /number of file watchers reached/,
    strength: 0.99,
    explain: () => 'No more files can be watched: the limit of inotify is reached.',
    remedy: () => 'sudo sysctl fs.inotify.max_user_watches=524288; or watch fewer folders',
    examples: ["Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/app/src'"],
  },
  {
    id: 'tunnel-lost',
    cause: 'forward-lost',
    when: [
      /^Connection to (?<host>\S+) closed by remote host/,
      /^client_loop: send disconnect: Broken pipe/,
      /^Timeout, server (?<host>\S+) not responding/,
    ],
    strength: 0.92,
    explain: ({host}) =>
      `The tunnel${host === undefined ? '' : ` through ${host}`} broke: the other side closed the connection.`,
    remedy: () => 'let it be restarted; with ssh: -o ServerAliveInterval=15 -o ExitOnForwardFailure=yes',
    examples: [['Connection to bastion.example.com closed by remote host.', {host: 'bastion.example.com'}]],
  },
  {
    id: 'curl-connect',
    cause: 'connection-refused-upstream',
    when: /^curl: \(7\) Failed to connect to (?<host>\S+) port (?<port>\d+)/,
    unless: /timed out/i,
    strength: 0.93,
    examples: [
      [
        "curl: (7) Failed to connect to localhost port 8080 after 0 ms: Couldn't connect to server",
        {host: 'localhost', port: 8080},
      ],
    ],
  },
  {
    id: 'curl-too-many',
    cause: 'rate-limited',
    when: /requested URL returned error: 429/,
    strength: 0.96,
    examples: ['curl: (22) The requested URL returned error: 429 Too Many Requests'],
  },
  {
    id: 'directory-server',
    cause: 'connection-refused-upstream',
    when: /Can't contact LDAP server/,
    strength: 0.93,
    explain: () => 'The directory server (LDAP) does not answer.',
    examples: ["ldap_bind: Can't contact LDAP server (-1)"],
  },
  {
    id: 'dump-finds-nothing',
    cause: 'database-schema-missing',
    when: /no matching (?:tables|schemas|databases) were found/,
    strength: 0.95,
    explain: () => 'The database has no table or schema of that name.',
    examples: ['pg_dump: error: no matching schemas were found'],
  },
  {
    id: 'project-file',
    cause: 'missing-file',
    // Tools that look for the file of a project where they are started, and do not find it.
    when: [
      /no configuration file provided: not found/,
      /\bthere is no (?<file>POM) in this directory/,
      /\b(?<file>[\w-]+\.\w{2,5}) (?:file )?not found in (?:current|this|the|any) (?:working )?(?:directory|folder)\b/,
      /Failed to lookup view "(?<file>[^"]{1,200})"/,
      /Missing encryption key to decrypt file with\b.{0,120}write it to (?<file>\S+)/,
    ],
    strength: 0.9,
    examples: [
      ['go: go.mod file not found in current directory or any parent directory', {file: 'go.mod'}],
      ['Error: Failed to lookup view "invoice" in views directory "/opt/erp/views"', {file: 'invoice'}],
      ['no configuration file provided: not found', {}],
    ],
  },
  {
    id: 'name-of-peer',
    cause: 'dns-failure',
    when: /connection to (?<host>[\w.-]+):(?<port>\d+) \(getaddrinfo/,
    strength: 0.98,
    examples: [
      [
        'Failed to open TCP connection to erp.internal:443 (getaddrinfo: Name or service not known) (SocketError)',
        {host: 'erp.internal', port: 443},
      ],
    ],
  },
  {
    id: 'mysql-refused',
    cause: 'database-unreachable',
    when: /Can't connect to (?:local )?(?:MySQL )?server (?:through socket|on) '(?<host>[^']+)'/,
    strength: 0.95,
    examples: [["(2003, \"Can't connect to MySQL server on 'db1' ([Errno 111] Connection refused)\")", {host: 'db1'}]],
  },
  {
    id: 'readonly-system-call',
    cause: 'disk-read-only',
    when: /Read-only file system @ \w+ - (?<file>\S+)/,
    strength: 0.97,
    examples: [
      ["in `write': Read-only file system @ rb_sysopen - /srv/out.edi (Errno::EROFS)", {file: '/srv/out.edi'}],
    ],
  },
  {
    id: 'deadline',
    cause: 'upstream-timeout',
    when: [/context deadline exceeded/, /Client\.Timeout exceeded/],
    unless: /apiserver|:6443|kube/,
    strength: 0.97,
    read: (subject, line): Subject => {
      const url = /https?:\/\/([\w.-]+)(?::(\d+))?/.exec(line);
      if (url === null) return subject;
      return {...subject, host: url[1] as string, ...(url[2] === undefined ? {} : {port: Number(url[2])})};
    },
    examples: [
      [
        'Get "http://rates.internal:8080/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        {host: 'rates.internal', port: 8080},
      ],
    ],
  },
];
