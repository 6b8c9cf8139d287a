import {withEndpoint} from '../endpoint.js';
import type {Rule, Subject} from '../rule.js';

const sumsUp =
  /FATAL CONFIG|AH00526|Error\(s\) found in configuration|Fatal errors found in configuration|[Cc]onfiguration (?:file )?test failed/;
const isOfFiles =
  /Permission denied|No such file|is not a directory|does not exist|[Ee]rror opening file|No Private Key found/;
/** `at /etc/x.conf:12`, `on line 12 of /etc/x.conf`, `in /etc/x.conf`. */
const places: readonly RegExp[] = [
  /\b[Ll]ine[ :]+(?<line>\d+) of (?<file>[\w./@+-]+)/,
  /(?<file>[\w./@+-]*\/[\w.@+-]+|[\w.@+-]+\.(?:conf|cfg|ya?ml|toml|ini|json|properties|xml|rb|hcl)):(?<line>\d+)\b/,
  /(?<file>[\w./@+-]*\/[\w.@+-]+|[\w.@+-]+\.(?:conf|cfg|ya?ml|toml|ini|json|properties|xml)),? (?:on |at )?line:? (?<line>\d+)/i,
  /source: (?<file>[\w./@+-]+) line: (?<line>\d+)/,
  /(?<file>[\w./@+-]+\.(?:conf|cfg|ya?ml|toml|ini|json|properties|xml|rules|env))\b/,
];

/** The file and line that a server complains of, wherever it writes it. */
const place: NonNullable<Rule['read']> = (subject, line, {block, near}) => {
  for (const text of [line, ...block, ...near])
    for (const pattern of places) {
      const groups = pattern.exec(text)?.groups;
      if (groups?.['file'] === undefined || /\.(?:c|cc|go|py|js|erl|so)$/.test(groups['file'])) continue;
      const found: Subject = {
        file: groups['file'],
        ...(groups['line'] === undefined ? {} : {line: Number(groups['line'])}),
      };
      return {...found, ...subject};
    }
  return subject;
};

/** Web servers, proxies, name and message servers, monitoring: what they say of their own settings and of those behind them. */
export const servers: readonly Rule[] = [
  {
    id: 'server-directive',
    cause: 'config-invalid',
    when: [
      /Service has no ExecStart=|Unknown section '(?<name>\w+)'. Ignoring|bad unit file setting|Failed to parse .{1,60} setting/,
      /unknown option \[(?<name>[\w.-]+)\] in section/,
      /Unknown (?:lvalue|key name) '(?<name>\w+)' in section/,
      /[Aa]dditional propert(?:y|ies)[ :]+(?:['\"`]?(?<name>[\w.-]+)['\"`]?) (?:is|are) not allowed/,
      /yaml: (?:line (?<line>\d+): )?(?:did not find|mapping values|found character|could not find|block (?:mapping|sequence)|found undefined|unmarshal error)/,
      /error converting YAML to JSON|cannot unmarshal .{1,80} into Go (?:struct field (?<name>[\w.]+)|value)/,
      /toml: (?:line (?<line>\d+)|.{0,60}expected)|TOML parse error at line (?<line2>\d+)/,
      /undefined (?:service|network|volume) ['\"]?(?<name>[\w-]+)|service ['\"](?<name2>[\w-]+)['\"] (?:refers to undefined|depends on undefined|has neither an image)/,
      /unknown directive "(?<name>[^"]+)"/,
      /"(?<name>\w+)" directive (?:is not allowed|is duplicate|invalid)/,
      /(?:invalid|duplicate) (?:value|parameter|number of arguments|port) (?:"(?<value>[^"]+)" )?in "?(?<name>\w+)"?/,
      /directive "(?<name>\w+)" (?:is not terminated|has no opening)/,
      /unexpected (?:"[;{}]"|end of file, expecting)/,
      /Invalid command '(?<name>[^']+)', perhaps/,
      /AH00526: Syntax error on line (?<line>\d+) of (?<file>[^\s:]+)/,
      /(?<name>\w+) (?:takes one|takes two|requires|must be) .{0,60}(?:argument|arguments|On or Off)/,
      /unknown keyword '(?<name>[^']+)'/,
      /(?:Unknown|Invalid|Unrecognized|Duplicate) (?:configuration )?(?:variable|option|directive|parameter|setting|key(?! value)|entry|property|field)s?:? ["'`]?(?:\w+\/)?(?<name>[\w.-]+)/i,
      /unknown (?:entry|field|key|property|option|variable|setting|parameter|directive|element|attribute) ["'`](?<name>[\w.-]+)/i,
      /Invalid (?<name>[\w.]+) value ["'`](?<value>[^"'`]+)/,
      /Unrecognized configuration (?:parameter|option) "(?<name>[^"]+)"|unrecognized configuration parameter "(?<name2>[^"]+)"/i,
      /invalid value for parameter "(?<name>[^"]+)": "(?<value>[^"]+)"/,
      /unknown variable '(?<name>[\w-]+)(?:=.{0,60})?'/,
      /(?:configfile )?parser failed (?:somehow near here|at): (?<name>\S+)/,
      /unexpected value for config key: (?<name>\S+)|WARNING: unknown config-key: (?<name2>\S+)/,
      /FATAL CONFIG FILE ERROR/,
      /unable to find (?:required )?(?:default_backend|use_backend|backend|server|proxy|frontend)s?:? '(?<name>[^']+)'/,
      /could not load (?<file>[\w./@+-]+\.conf)\b/,
      /line (?<line>\d+) of configuration file "(?<file>[^"]+)"/,
      /attempted to set unknown variable: (?<name>[\w.-]+)|tried to set (?<name2>[\w.-]+), but there is no setting with that name/,
      /ACL not found: (?<name>\S+)/,
      /FATAL: Bungled (?<file>\S+) line (?<line>\d+): (?<name>\S+)/,
      /field (?<name>\w+) (?:already set|not found) in type/,
      /(?:boolean|integer|size|number|string|semicolon|'[{};]') expected near '(?<name>[^']+)'/,
      /: (?:unknown|missing|unexpected|unrecognized) (?:option|token|keyword|statement|clause|command|directive)\b:? ?["'`]?(?<name>[\w.-]+)?/i,
      /Unsupported (?:config )?options? for [\w.-]+: ['"](?<name>[\w.-]+)/,
      /Additional propert(?:y|ies) ['"(]{0,2}(?<name>[\w.-]+)['")]{0,2} (?:is|are|was|were) (?:not allowed|unexpected)/,
      /unrecognized (?:directive|global option|subdirective|servers option)s?:? ["'`]?(?<name>[\w.-]+)/,
      /(?<file>[\w./-]*Caddyfile):(?<line>\d+)/,
      /adapting config using caddyfile|parsing caddyfile tokens for ['"](?<name>[\w.]+)['"]/,
      /command traefik error: (?:field not found, node: (?<name>\w+))?/,
      /(?:Error|failure|failed|unable|could ?n[o']t)\b.{0,20} (?:loading|parsing|load|parse|reading|read|unmarshal\w*).{0,30}\bconfig(?:uration)?\b/i,
      /error (?:found )?(?:at|in) (?<file>\/[\w./@+-]+\.(?:conf|cfg|ya?ml|toml|ini)):(?<line>\d+)/i,
      /Configuration Failed|[Cc]onfiguration (?:file )?test failed|Fatal errors found in configuration|Error\(s\) found in configuration/,
      /Bad directive or wrong number of arguments/,
      /\[(?<file>[\w./@+-]+):(?<line>\d+)\] (?:unknown|invalid|value|unable|undefined)/i,
      /The (?:format|value|path|argument)\b.{0,80} for (?:an |a |the )?(?:option|argument|setting) ["'`]?(?<name>[\w.-]+)/,
      /unknown setting \[(?<name>[\w.-]+)\]|Failed to parse value(?: \[(?<value>[^\]]+)\])? for setting \[(?<name2>[\w.-]+)\]/,
      /Option (?<name>[\w.-]+) (?:is|has) (?:an )?(?:invalid|unknown|not)/i,
      /Bad configuration option: (?<name>\w+)|Unsupported option (?<name2>\w+)/,
      /unexpected argument '(?<name>[^']+)' found|invalid value '(?<value>[^']+)' for '(?<name2>[^' ]+)/,
      /unknown (?:shorthand )?flag:? (?:provided but not defined: )?['"`]?(?<name>-{0,2}[\w-]+)|flag provided but not defined: (?<name2>\S+)/,
      /(?:unrecognized|invalid|unknown|illegal) option (?:-- )?['"‘`]?(?<name>-{0,2}[\w-]+)/,
    ],
    unless:
      /No such file|does not exist|\b(?:GET|POST|PUT) \/|token|TLS|certificate|password|environment|npm warn|cannot load certificate|Permission denied|module|package|VM option/i,
    strength: 0.9,
    read: (subject, line, context) => {
      // It only says that what stands above was the end.
      if (sumsUp.test(line) && context.near.some((text) => isOfFiles.test(text))) return null;
      const found = place(subject, line, context) ?? subject;
      if (found['name'] !== undefined) return found;
      const name = [line, ...context.near]
        .map(
          (text) =>
            /^(?:>>> )?'(?<name>[\w-]+) .{0,100}'$/.exec(text)?.groups?.['name'] ??
            /field (\w+) not found in type/.exec(text)?.[1] ??
            /(?:unknown|invalid|unrecognized|unexpected|duplicate) [\w ]{0,30}["'`](?<name>[\w.-]+)["'`]/i.exec(text)
              ?.groups?.['name'] ??
            /Invalid command '([^']+)'/.exec(text)?.[1] ??
            /\] (?:unknown entry|value is invalid|unable to parse) '?([\w.-]+)/.exec(text)?.[1],
        )
        .find((one) => one !== undefined);
      return name === undefined ? found : {...found, name};
    },
    examples: [
      [
        'unknown directive "proxy_pas" in /opt/erp/proxy/nginx.conf:10',
        {name: 'proxy_pas', file: '/opt/erp/proxy/nginx.conf', line: 10},
      ],
      [
        "AH00526: Syntax error on line 12 of /etc/apache2/sites/erp.conf:\nInvalid command 'ProxyPas', perhaps misspelled",
        {name: 'ProxyPas', file: '/etc/apache2/sites/erp.conf', line: 12},
      ],
      [
        "config : parsing [/opt/erp/lb/haproxy.cfg:16] : unknown keyword 'balanc' in 'backend' section",
        {name: 'balanc', file: '/opt/erp/lb/haproxy.cfg', line: 16},
      ],
      [
        'Error: Unknown configuration variable "max_connectons".\nError found at /opt/erp/mosquitto.conf:3.',
        {name: 'max_connectons', line: 3},
      ],
      ['FATAL:  unrecognized configuration parameter "shared_bufers"', {name: 'shared_bufers'}],
      ["mysqld: [ERROR] unknown variable 'max_conections=100'", {name: 'max_conections'}],
      ["/etc/bind/named.conf:4: boolean expected near 'yess'", {name: 'yess', line: 4}],
      [
        'err="parsing YAML file prometheus.yml: yaml: unmarshal errors:\\n  line 3: field scrape_intervall not found in type config.plain"',
        {name: 'scrape_intervall', file: 'prometheus.yml'},
      ],
      [
        'Error: adapting config using caddyfile: Caddyfile:4: unrecognized directive: reverse_prox',
        {name: 'reverse_prox'},
      ],
    ],
  },
  {
    id: 'vcl',
    cause: 'config-invalid',
    when: /VCL compilation failed/,
    // It stands last; what is wrong with it stands above.
    strength: 0.85,
    read: place,
    examples: ['VCL compilation failed'],
  },
  {
    id: 'server-path',
    cause: 'missing-file',
    when: [
      /\[emerg\].{0,60}open\(\) "(?<file>[^"]+)" failed \(2: /,
      /\b(?:bind|listen)(?:ing)?\b.{0,80}?['"` ](?<file>\/[\w./@+-]+)['"`]?: (?:bind: )?(?:no such file|datei oder verzeichnis)/i,
      /[Ee]rror opening file '(?<file>[^']+)'/,
      // What cannot be made for want of something lacks its folder.
      /[Cc]an't create\/write to file '(?<file>[^']+)\/[^'/]+' \(Errcode: 2\b/,
      // The page that everybody asks for; other scripts are asked for by those who look for holes.
      /Primary script unknown.{0,200}"[A-Z]+ \/(?:index\.php)?(?:\?\S*)? HTTP/,
      /(?:could not|cannot|can't|unable to|failed to) (?:locate|find) (?:an? |the )?['"`]?(?<file>[\w./-]*(?:[A-Z][a-z]+file|\w\.(?:toml|json|ya?ml|ini|cfg|conf|lock|mod)))\b/i,
      /\b(?:[Nn]o )?(?<file>[A-Z][a-z]+file) (?:was )?(?:not )?found\b(?! at)/,
      /^>>> '(?:dir|include|loadmodule|aclfile|unixsocket|logfile|pidfile|tls-[\w-]+-file) "?(?<file>[^'"]+)"?'$/,
    ],
    strength: 0.97,
    read: (subject, line, {near}) =>
      line.startsWith('>>> ') && !near.some((text) => /No such file|not found/.test(text)) ? null : subject,
    examples: [
      [
        'nginx: [emerg] open() "/var/log/shop/access.log" failed (2: No such file or directory)',
        {file: '/var/log/shop/access.log'},
      ],
      [
        "ERROR: unable to bind listening socket for address '/run/shop/php.sock': No such file or directory (2)",
        {file: '/run/shop/php.sock'},
      ],
      ['listen unix /run/shop/api.sock: bind: no such file or directory', {file: '/run/shop/api.sock'}],
      [">>> 'dir /var/lib/shop'\nNo such file or directory", {file: '/var/lib/shop'}],
    ],
  },
  {
    id: 'server-file',
    cause: 'missing-file',
    when: [
      /SSLCertificate(?:Key)?File: file '(?<file>[^']+)' does not exist/,
      /cannot load certificate(?: key)? "(?<file>[^"]+)": .{0,120}No such file/,
      /Unable to load host key: (?<file>\S+)/,
      /sshd: no hostkeys available/,
      /DocumentRoot '(?<file>[^']+)' is not a directory/,
      /ServerRoot must be a valid directory|could not open error log file (?<file>\S+?)\.?$/,
      /(?:could not|can ?not|can't|failed to|unable to) (?:create|open|write|access|read|bind|stat|chdir|change|load|find)\b.{0,60}? ["'`](?<file>[^"'`]*[./][^"'`]*)["'`]: No such file/i,
      /could not access directory "(?<file>[^"]+)": No such file/,
      /konnte nicht auf das Verzeichnis [»"„](?<file>[^«"“]+)[«"“] zugreifen/,
      /could not open (?:configuration file|file|directory) "(?<file>[^"]+)": No such file/,
      /[Cc]an'?t (?:open|read|find|stat|change dir to) (?:the )?(?:config(?:uration)?(?: file)?|file|dir(?:ectory)?):? ["'`]?(?<file>[\w./@+~-]+)/,
      /(?:Fatal error, can't open|unable to open|cannot open|failed to open|can't open|error opening)(?: config(?:uration)?(?: file)?| file| input file)? ["'`]?(?<file>[\w@+~-]*[./][\w./@+~-]+)["'`]?(?:: No such file|: open .{0,200}no such file)/i,
      /open (?<file>[\w./@+~-]+): (?:no such file|The system cannot find)/i,
      /stat (?<file>[\w./@+~-]+): no such file/,
      /from file ['"`](?<file>[\w./@+~-]+)['"`] ?: No such file/,
      /Unable to (?:find|read|open|access) (?:the )?(?:config(?:uration)?|specified) file:? ["'`]?(?<file>[\w./@+~-]+)/i,
      /[Cc]onfig(?:uration)? file ["'`]?(?<file>[\w./@+~-]+)["'`]? (?:does not exist|not found|doesn't exist|is missing)/,
    ],
    unless: /shared librar|executable file not found|permission denied|\.sock\b|favicon|failed \(2: /i,
    strength: 0.93,
    examples: [
      [
        "SSLCertificateFile: file '/opt/erp/certs/erp.pem' does not exist or is empty",
        {file: '/opt/erp/certs/erp.pem'},
      ],
      [
        'cannot load certificate "/opt/erp/tls/erp.crt": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)',
        {file: '/opt/erp/tls/erp.crt'},
      ],
      ['panic: open /etc/erp/agent.toml: no such file or directory', {file: '/etc/erp/agent.toml'}],
    ],
  },
  {
    id: 'server-key',
    cause: 'tls-certificate',
    when: [
      /[Cc]ertificate and private key .{1,200} do(?:es)? not match/,
      /key values mismatch/,
      /private key does not match/i,
      /tls: private key (?:type )?does not match public key/,
      /(?:server )?certificate .{0,120}does NOT match the server name|does NOT include an ID which matches/,
      /Unable to (?:configure|load|read) (?:RSA |server )?(?:certificate|private key)/i,
      /(?:certificate|key)\b.{0,20} ["'](?<file>[^"']+)["'].{0,80}(?:PEM_read_bio|PEM routines|no start line|asn1|bad base64)/i,
      /No Private Key found in '(?<file>[^']+?)(?:\.key)?'/i,
    ],
    unless: /No such file/,
    strength: 0.96,
    read: (subject, line) => {
      const file = /(?:from |")(\/[\w./@+-]+\.(?:pem|crt|key|cer))/.exec(line)?.[1];
      const isName = /server name|includes? an ID/.test(line);
      return {
        ...subject,
        reason: isName
          ? 'hostname does not match'
          : /PEM_read_bio|PEM routines|no start line|asn1|bad base64/i.test(line)
            ? 'not a certificate or key in PEM form'
            : 'key values mismatch (the private key does not match the certificate)',
        ...(file === undefined ? {} : {file}),
      };
    },
    examples: [
      [
        'SSL_CTX_use_PrivateKey("/opt/erp/tls/erp.key") failed (SSL: error:05800074:x509 certificate routines::key values mismatch)',
        {file: '/opt/erp/tls/erp.key'},
      ],
    ],
  },
  {
    id: 'proxy-refused',
    cause: 'connection-refused-upstream',
    when: [
      /connect\(\) (?:to .{1,80} )?failed \((?:111|61|10061): .{1,60}\) while connecting to upstream/,
      /connect\(\) to unix:(?<file>\S{1,120}) failed \((?:2|11|111): .{1,60}\) while connecting to upstream/,
      /\(111\)Connection refused: AH00957: .{0,60}attempt to connect to (?<host>[\w.:-]+?):(?<port>\d+)/,
      /AH00957: \w+: attempt to connect to (?<host>[\w.]+):(?<port>\d+).{0,60}failed/,
      /Server (?<name>[\w.-]+\/[\w.-]+) is DOWN/,
      /[Bb]ackend '?(?<name>[\w.-]+)'? (?:has no server available|is down)/,
      /no live upstreams while connecting to upstream/,
      /502 Bad Gateway.{0,120}(?:refused|connect)/i,
      /http proxy error: /,
      /\[HPM\] Error occurred while (?:trying to )?proxy(?:ing)? request/,
      /Could not proxy request \S+ from \S+ to (?:https?:\/\/)?(?<host>[\w.-]+):(?<port>\d+)/,
      /Failed to proxy (?:https?:\/\/)?(?<host>[\w.-]+):(?<port>\d+)/,
      /dial error.{0,80}(?:fcgi|reverse_proxy)|reverseproxy.{0,120}connection refused/,
      /upstream connect error or disconnect\/reset before headers/,
      /Probe failed.{0,60}(?:refused|unhealthy)/i,
    ],
    // Others of the same backend go on.
    unless: /timed out|timeout|ETIMEDOUT|ENOTFOUND|\b[1-9]\d* active and \d+ backup servers left/i,
    strength: 0.9,
    read: withEndpoint,
    examples: [
      [
        'connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8001/", host: "x"',
        {port: 8001},
      ],
      [
        '(111)Connection refused: AH00957: http: attempt to connect to 127.0.0.1:8000 (127.0.0.1:8000) failed',
        {host: '127.0.0.1', port: 8000},
      ],
      ['Server api/api2 is DOWN, reason: Layer4 connection problem, info: "Connection refused"', {name: 'api/api2'}],
    ],
  },
  {
    id: 'proxy-timeout',
    cause: 'upstream-timeout',
    when: [
      /upstream timed out \(/,
      /\((?:70007|110|10060)\)(?:The timeout specified has expired|Connection timed out)/,
      /AH01102: error reading status line from remote server (?<host>[\w.-]+)(?::(?<port>\d+))?/,
      /504 Gateway Time-?out/i,
      /Server (?<name>[\w.-]+\/[\w.-]+) is DOWN.{0,60}timeout/,
      /upstream request timeout|Gateway Timeout/,
    ],
    unless: /"[A-Z]+ [^"]{1,200}" 504/,
    strength: 0.92,
    read: withEndpoint,
    examples: [
      [
        'upstream timed out (110: Connection timed out) while reading response header from upstream, client: 127.0.0.1, upstream: "http://127.0.0.1:8001/api"',
        {port: 8001},
      ],
      [
        '(70007)The timeout specified has expired: [client 127.0.0.1:51496] AH01102: error reading status line from remote server 127.0.0.1:8000',
        {host: '127.0.0.1'},
      ],
    ],
  },
  {
    id: 'server-limit',
    cause: 'file-descriptor-limit',
    when: [
      /(?<name>worker_connections) are not enough/,
      /server reached (?<name>MaxRequestWorkers|pm\.max_children)/,
      /server reached (?<name>pm\.max_children) setting/,
      /maximum number of connections .{0,40}reached|Maximum number of open connections reached/i,
      /System limit for number of file watchers reached/,
      /remaining connection slots are reserved|sorry, too many clients already/,
      /Too many connections/,
      /Cannot raise FD limit|setrlimit.{0,60}(?:RLIMIT_NOFILE|failed)/,
    ],
    unless: /redis|warn.{0,12}Cannot raise/i,
    strength: 0.95,
    examples: [
      ['1024 worker_connections are not enough', {name: 'worker_connections'}],
      "Error: ENOSPC: System limit for number of file watchers reached, watch '/opt/erp/web'",
      'FATAL:  sorry, too many clients already',
    ],
  },
];
