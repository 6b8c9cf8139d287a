import type {Context, Rule, Subject} from '../rule.js';

const after = (subject: Subject, key: string, texts: readonly string[], pattern: RegExp): Subject => {
  if (subject[key] !== undefined) return subject;
  const found = texts.map((text) => pattern.exec(text)?.[1]).find((one) => one !== undefined);
  return found === undefined ? subject : {...subject, [key]: found};
};

/** What stands in the lines after the one that matched. */
function below(line: string, {near, block}: Context): string[] {
  const from = near.indexOf(line);
  return [...(from === -1 ? near : near.slice(from + 1)), ...block];
}

/** Compilers, loaders, interpreters, package managers, command-line clients. */
export const tools: readonly Rule[] = [
  {
    id: 'compile-error',
    cause: 'syntax-error',
    when: /^(?:\[\w+\] )?(?<file>(?:\.\/)?[\w./+-]+\.(?:go|c|cc|cpp|cxx|h|java|rs|kt|cs)):(?<line>\d+):(?:\d+:)? (?:error: |undefined: |cannot use |undeclared name|syntax error|expected |missing return|too (?:many|few) arguments|.{0,60} declared (?:and|but) not used)/,
    unless: /fatal error: .{1,120}: No such file/,
    strength: 0.93,
    explain: ({file, line}) => `${file}, line ${line}, does not compile.`,
    remedy: ({file, line}) => `correct ${file}:${line}, or go back to the last version that compiled`,
    mend: ({file}) => ({kind: 'file', path: String(file)}),
    examples: [
      ['./cmd/app/main.go:12:9: undefined: newRouter', {file: './cmd/app/main.go', line: 12}],
      ["valve.c:8:3: error: expected ';' before 'return'", {file: 'valve.c', line: 8}],
      ['src/Invoice.java:44: error: cannot find symbol', {file: 'src/Invoice.java', line: 44}],
    ],
  },
  {
    id: 'linkage',
    cause: 'import-error',
    when: /NoSuchMethodError: '?(?:[\w.[\]]+ )?(?<name>[\w.$]+)\(|NoSuchFieldError: '?(?<name_2>[\w.$]+)|undefined symbol: (?<name_3>\w+)|Failed to find \w+ application or factory in module '(?<module>[^']+)'|ERR_REQUIRE_(?:ESM|ASYNC_MODULE)|Failed to find attribute '(?<name_4>\w+)' in '(?<module_2>[\w.]+)'/,
    strength: 0.97,
    explain: ({name, module}) => `${module ?? 'The library'} does not have ${name ?? 'what is wanted from it'}.`,
    remedy: ({name}) =>
      `was it built against another version? Build again, or install the version that has ${name ?? 'it'}`,
    mend: () => ({kind: 'configuration'}),
    examples: [
      ["java.lang.NoSuchMethodError: 'void com.acme.Mail.send(java.lang.String)'", {name: 'com.acme.Mail.send'}],
      ['./meter: symbol lookup error: ./meter: undefined symbol: meter_open', {name: 'meter_open'}],
      ["Failed to find attribute 'app' in 'erp.wsgi'.", {name: 'app', module: 'erp.wsgi'}],
    ],
  },
  {
    id: 'package-missing',
    cause: 'missing-module',
    when: /Can't locate (?<module>[\w/]+\.pm) in @INC|cannot find module providing package (?<module_2>[^\s:;]+)|no required module provides package (?<module_3>[^\s:;]+)|[Tt]he module (?<module_4>[\w.]+) was not found|dlopen\(\) failed for: (?<module_5>\S+)|ModuleNotFound: (?<module_6>[\w.]+)|Cannot load modules?\/?(?<module_7>\S+)? into server/,
    strength: 0.97,
    explain: ({module}) => `${module ?? 'Something that it needs'} is not installed where it runs.`,
    remedy: ({module}) =>
      `install ${module ?? 'it'} (the system's package, cpan, go get …), or leave out what needs it`,
    mend: () => ({kind: 'configuration'}),
    examples: [
      ["Can't locate JSON/XS.pm in @INC (you may need to install the JSON::XS module)", {module: 'JSON/XS.pm'}],
      ['main.go:5:2: no required module provides package github.com/lib/pq; to add it:', {module: 'github.com/lib/pq'}],
      ['dlopen() failed for: /usr/lib/httpd/mod_lua.so', {module: '/usr/lib/httpd/mod_lua.so'}],
    ],
  },
  {
    id: 'needs-version',
    cause: 'version-mismatch',
    when: /\bneeds (?<name>Python|Node(?:\.js)?|Java|Ruby|PHP|Perl|Go) (?<required>\d[\d.]*)(?: or (?:newer|later|higher))?(?:.{0,20}?\b(?:this is|found|but|have|is)\b.{0,20}?(?<actual>\d+\.\d[\d.]*))?|(?<name_2>Perl) v(?<required_2>[\d.]+) required--this is only v(?<actual_2>[\d.]+)/,
    strength: 0.95,
    explain: ({name, required, actual}) =>
      `${name} ${required} is needed${actual === undefined ? '' : `, there is ${actual}`}.`,
    remedy: ({name, required}) => `install ${name} ${required}, or the version of the program for what is here`,
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
    explain: ({variable}) => `The environment variable ${variable} is missing.`,
    remedy: ({variable}) => `set it: env: { ${variable}: … } of the service in erp.config.yaml, or in its env file`,
    mend: () => ({kind: 'configuration'}),
    examples: [['Error: STRIPE_KEY must be set', {variable: 'STRIPE_KEY'}]],
  },
  {
    id: 'schema-of-settings',
    cause: 'missing-env-var',
    when: /^\s*(?:ZodError|Config validation error|Invalid environment variables|❌ Invalid environment)\b/,
    strength: 0.95,
    read: (subject, line, context) => {
      const texts = below(line, context);
      const isMissing = texts.some((text) => /undefined|[Rr]equired|missing/.test(text));
      const found = after(subject, 'variable', texts, /^\s*"?([A-Z][A-Z0-9_]{2,})"?(?::|,?$)/);
      return isMissing && found['variable'] !== undefined ? found : null;
    },
    explain: ({variable}) => `The environment variable ${variable} is missing.`,
    remedy: ({variable}) => `set it: env: { ${variable}: … } of the service in erp.config.yaml, or in its env file`,
    mend: () => ({kind: 'configuration'}),
    examples: [],
  },
  {
    id: 'model-of-settings',
    cause: 'config-invalid',
    when: /^\s*value (?:is not a valid|could not be parsed to)\b|^\s*Input should be a valid\b/,
    strength: 0.97,
    read: (subject, line, context) => {
      const at = context.near.indexOf(line);
      const name = /^\s*(\w+)\s*$/.exec(context.near[at - 1] ?? '')?.[1];
      return name === undefined || !context.near.some((text) => /Settings|Config/.test(text))
        ? null
        : {...subject, name};
    },
    explain: ({name}) => `The setting ${name} has a value that it cannot have.`,
    remedy: ({name}) => `correct ${name} in the configuration or environment`,
    mend: () => ({kind: 'configuration'}),
    examples: [],
  },
  {
    id: 'readonly-database',
    cause: 'permission-denied',
    when: /attempt to write a readonly database|SQLITE_READONLY/,
    strength: 0.9,
    explain: () => 'It may read the database file, but not write it.',
    remedy: () => 'give the user that runs it the file and its folder: ls -l FILE; sudo chown USER FILE',
    examples: ['sqlite3.OperationalError: attempt to write a readonly database'],
  },
  {
    id: 'redis-right',
    cause: 'redis-auth',
    when: /NoPermissionError|user has no permissions to (?:run|access)/,
    strength: 0.96,
    explain: () => 'Redis knows the user, but does not allow it this command.',
    remedy: () => 'see its rights: redis-cli ACL GETUSER NAME; allow what is missing: ACL SETUSER NAME +COMMAND',
    mend: () => ({kind: 'configuration'}),
    examples: ["redis.exceptions.NoPermissionError: this user has no permissions to run the 'flushall' command"],
  },
  {
    id: 'watches',
    cause: 'file-descriptor-limit',
    when: /number of file watchers reached|inotify.{0,40}limit.{0,20}reached/i,
    strength: 0.99,
    explain: () => 'No more files can be watched: the limit of inotify is reached.',
    remedy: () => 'sudo sysctl fs.inotify.max_user_watches=524288; or watch fewer folders',
    examples: ["Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/app/src'"],
  },
  {
    id: 'tunnel-lost',
    cause: 'forward-lost',
    when: /^(?:Connection to (?<host>\S+) closed by remote host|client_loop: send disconnect: Broken pipe|Timeout, server (?<host_2>\S+) not responding|Connection to (?<host_3>\S+) port \d+ timed out|packet_write_wait: .{0,60}Broken pipe)/,
    strength: 0.92,
    explain: ({host}) =>
      `The tunnel${host === undefined ? '' : ` through ${host}`} broke: the other side closed the connection.`,
    remedy: () => 'let it be restarted; with ssh: -o ServerAliveInterval=15 -o ExitOnForwardFailure=yes',
    examples: [['Connection to bastion.example.com closed by remote host.', {host: 'bastion.example.com'}]],
  },
  {
    id: 'quit',
    cause: 'killed-by-signal',
    when: /^(?<signal>SIG(?:QUIT|ABRT|SEGV|BUS|FPE|ILL)): /,
    strength: 0.95,
    explain: ({signal}) => `It was ended by ${signal}.`,
    remedy: () => 'SIGQUIT comes from somebody outside: the stacks below tell what it was doing',
    examples: [
      ['SIGQUIT: quit', {signal: 'SIGQUIT'}],
      ['SIGSEGV: segmentation violation', {signal: 'SIGSEGV'}],
    ],
  },
  {
    id: 'thing-in-cluster',
    cause: 'pod-not-found',
    when: /(?:pods|services|namespaces|deployments\.apps|deployments) \\?"(?<name>[\w.-]+)\\?" not found/,
    strength: 0.96,
    explain: ({name}) => `${name} does not exist in the cluster.`,
    remedy: () => 'kubectl get pods,services --all-namespaces; correct name or namespace',
    mend: () => ({kind: 'configuration'}),
    examples: [
      ['HTTP response body: {"status":"Failure","message":"pods \\"erp-api-1\\" not found"}', {name: 'erp-api-1'}],
    ],
  },
  {
    id: 'curl-connect',
    cause: 'connection-refused-upstream',
    when: /^curl: \(7\) Failed to connect to (?<host>\S+) port (?<port>\d+)/,
    unless: /timed out/i,
    strength: 0.93,
    explain: ({host, port}) => `Nobody listens at ${host}:${port}.`,
    remedy: ({port}) => `erp ports ${port}; start the service, or correct the address`,
    mend: ({host, port}) => ({kind: 'listener', host: String(host), port: Number(port)}),
    examples: [
      [
        "curl: (7) Failed to connect to localhost port 8080 after 0 ms: Couldn't connect to server",
        {host: 'localhost', port: 8080},
      ],
    ],
  },
  {
    id: 'mysql-refused',
    cause: 'database-unreachable',
    when: /Can't connect to (?:local |MySQL )?(?:MySQL |server )?(?:server )?(?:through socket |on )'(?<host>[^']+)'/,
    strength: 0.95,
    explain: ({host}) => `The database at ${host} does not answer.`,
    remedy: ({host}) => `does it run? erp ports 3306; is ${host} the right address?`,
    examples: [["(2003, \"Can't connect to MySQL server on 'db1' ([Errno 111] Connection refused)\")", {host: 'db1'}]],
  },
  {
    id: 'unknown-database',
    cause: 'database-schema-missing',
    when: /Unknown database '(?<database>[^']+)'/,
    strength: 0.97,
    explain: ({database}) => `The database ${database} does not exist.`,
    remedy: ({database}) => `create it: CREATE DATABASE ${database}; or correct the name`,
    mend: () => ({kind: 'configuration'}),
    examples: [["ERROR 1049 (42000): Unknown database 'shop'", {database: 'shop'}]],
  },
  {
    id: 'readonly-of-ruby',
    cause: 'disk-read-only',
    when: /Read-only file system @ \w+ - (?<file>\S+)/,
    strength: 0.97,
    explain: ({file}) => `${file} is on a file system that is mounted read-only.`,
    remedy: () => 'findmnt -T FILE; mount it for writing, or write elsewhere',
    examples: [
      ["in `write': Read-only file system @ rb_sysopen - /srv/out.edi (Errno::EROFS)", {file: '/srv/out.edi'}],
    ],
  },
  {
    id: 'go-deadline',
    cause: 'upstream-timeout',
    when: /context deadline exceeded|Client\.Timeout exceeded/,
    strength: 0.95,
    read: (subject, line) => {
      const url = /https?:\/\/([\w.-]+)(?::(\d+))?/.exec(line);
      if (url === null) return subject;
      return {...subject, host: url[1] as string, ...(url[2] === undefined ? {} : {port: Number(url[2])})};
    },
    decide: (subject) => (subject['port'] === 6443 ? 'cluster-unreachable' : 'upstream-timeout'),
    explain: ({host}) => `${host ?? 'The other side'} did not answer in time.`,
    remedy: () => 'does it hang or is it overloaded? only then a longer timeout',
    examples: [
      [
        'Get "http://rates.internal:8080/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        {host: 'rates.internal', port: 8080},
      ],
    ],
  },
  {
    id: 'script-nil',
    cause: 'unhandled-exception',
    when: /^(?:lua[\d.]*|luajit): (?<file>[\w./-]+):(?<line>\d+): /,
    unless: /module '|syntax|expected near|unexpected symbol/,
    strength: 0.7,
    explain: ({file, line}) => `An error that nobody caught, in ${file}:${line}.`,
    remedy: ({file, line}) => `a bug in the program: see what reached ${file}:${line}`,
    examples: [["lua: tariffs.lua:9: attempt to index a nil value (local 'row')", {file: 'tariffs.lua', line: 9}]],
  },
];
