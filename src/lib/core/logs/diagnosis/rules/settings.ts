import type {Rule, Subject} from '../rule.js';
import {pathIn} from './system.js';

const fileAndLine: NonNullable<Rule['read']> = (subject, line, context) => {
  const texts = [line, ...context.block, ...context.near];
  let found: Subject = {};
  for (const text of texts) {
    const match =
      /([\w./@+-]*\/[\w.@+-]+\.(?:conf|cfg|ya?ml|json|toml|ini|xml|env|properties|config)|\b[\w.-]+\.(?:conf|cfg|ya?ml|jsonc?|toml|ini|xml|properties))(?:[:,"'\]) ]{1,3}(?:\(?(?:on |at )?(?:line|Zeile)[ :]*)?(\d+))?/i.exec(
        text,
      );
    if (match !== null && !/package(?:-lock)?\.json/.test(match[1] as string)) {
      found = {file: match[1] as string, ...(match[2] === undefined ? {} : {line: Number(match[2])})};
      break;
    }
  }
  const at = [line, ...context.near]
    .map((text) => /\b(?:line|Zeile)[ :#]+(\d+)/i.exec(text)?.[1])
    .find((one) => one !== undefined);
  return {...found, ...(at === undefined || found['line'] !== undefined ? {} : {line: Number(at)}), ...subject};
};

/** Settings: files, environment. */
export const settings: readonly Rule[] = [
  {
    id: 'missing-env',
    cause: 'missing-env-var',
    when: /(?:missing|required|undefined|unset|no|need(?:s|ed)?)\b.{0,40}\b(?:environment|env)(?:ironment)?[ -]?var(?:iable)?s?:?\s*["'`]?(?<variable>[A-Z][A-Z0-9_]{2,})?|(?:environment|env) ?var(?:iable)?s? ["'`$]{0,2}(?<variable_2>[A-Z][A-Z0-9_]{2,})["'`]? (?:is |was )?(?:not (?:set|defined|found|provided|present)|missing|required|undefined|empty|unset)|["'`$]?\b(?<variable_3>[A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]? (?:is |must be |was |environment variable (?:is |must be )?)?(?:not (?:set|defined|provided|configured)|required|unset|missing|undefined|set in the environment|provided|a required)|(?<variable_4>[A-Z][A-Z0-9_]{2,}): (?:parameter (?:null or not set|not set)|unbound variable|Parameter ist)|os\.environ\[["'](?<variable_5>\w+)["']\]|key not found: "(?<variable_6>[A-Z][A-Z0-9_]+)" ?\(KeyError\)|(?:KeyError: |decouple\.UndefinedValueError: )["']?(?<variable_7>[A-Z][A-Z0-9]*_[A-Z0-9_]+)|(?:must|please|should) (?:set|define|provide|specify|export) (?:the )?["'`$]?(?<variable_8>[A-Z][A-Z0-9]*_[A-Z0-9_]+)|ImproperlyConfigured: Set the (?<variable_9>\w+) environment|Environment variable not found: (?<variable_10>\w+)|Could not resolve placeholder '(?<variable_11>[\w.]+)'|field required \(type=value_error\.missing\)|Field required \[type=missing|Umgebungsvariable.{0,20}?(?<variable_12>[A-Z][A-Z0-9_]+)|(?:SECRET_KEY) setting must not be empty|Missing environment variables?|(?:undefined variable|variable not set):? ["'$]?(?<variable_13>[A-Z][A-Z0-9_]{2,})|superuser password is not specified|You must specify one of (?<variable_14>[A-Z_]+)|Database is uninitialized and password|Expected (?<variable_15>[A-Z][A-Z0-9_]+) (?:env|to be)|ENV\.fetch|`fetch': key not found|env: (?<variable_16>[A-Z][A-Z0-9_]+) (?:is )?(?:required|missing|not)|NotPresent|environment variable not found/,
    unless: /using default|defaulting|optional|fallback|not set, |warn(?:ing)?: The "\w+" variable is not set/i,
    strength: 0.93,
    read: (subject, line, context) => {
      // A line of source in the traceback of something else.
      if (/os\.environ\[/.test(line) && !context.block.some((text) => /KeyError/.test(text))) return null;
      if (subject['variable'] !== undefined)
        return /SECRET_KEY setting/.test(line) ? {variable: 'SECRET_KEY'} : subject;
      if (/SECRET_KEY setting/.test(line)) return {variable: 'SECRET_KEY'};
      const texts = [line, ...context.near, ...context.block];
      const shouted = texts
        .map((text) => /\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/.exec(text)?.[1])
        .find((one) => one !== undefined && !/^(?:ERR|E)_/.test(one));
      // pydantic: the name stands in the line above.
      const index = context.near.findIndex((text) => text === line);
      const above = index > 0 ? /^\s*([A-Za-z_]\w*)\s*$/.exec(context.near[index - 1] as string)?.[1] : undefined;
      const variable = above ?? shouted;
      return variable === undefined ? subject : {...subject, variable};
    },
    explain: ({variable}) => `The setting ${variable ?? ''} is not there: the environment variable is missing.`,
    remedy: ({variable}) =>
      `set it: env: { ${variable ?? 'NAME'}: … } of the service in erp.config.yaml, or a line ${variable ?? 'NAME'}=… in its env file`,
    mend: () => ({kind: 'configuration'}),
    examples: [
      ['Error: Missing required environment variable JWT_SECRET', {variable: 'JWT_SECRET'}],
      ["KeyError: 'DATABASE_URL'", {variable: 'DATABASE_URL'}],
      [
        'django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.',
        {variable: 'SECRET_KEY'},
      ],
      ['./start.sh: line 3: ERP_HOME: unbound variable', {variable: 'ERP_HOME'}],
      ['panic: DATABASE_URL is not set', {variable: 'DATABASE_URL'}],
    ],
  },
  {
    id: 'config-invalid',
    cause: 'config-invalid',
    when: /unknown directive "(?<name>[^"]+)"|unknown keyword '(?<name_2>[^']+)'|Invalid command '(?<name_3>[^']+)'|field (?<name_4>\w+) not found in type|FATAL CONFIG FILE ERROR|bad directive|unknown (?:option|variable|parameter|setting|key|field|argument|configuration (?:option|parameter|key))s?:? ["'`]?(?<name_5>[\w.-]+)|unrecognized (?:configuration parameter|option|arguments?|key|field)s?:? ["'`]?(?<name_6>[\w.-]+)|(?:invalid|bad|illegal|malformed|incorrect|wrong) (?:value|parameter|argument|option|setting|config(?:uration)?|port|url|uri|number|boolean|duration|log level|interval|address|connection string|dsn)\b|(?:error|failed|failure|cannot|could not|unable)\b.{0,40}\b(?:pars(?:e|ing)|load(?:ing)?|read(?:ing)?)\b.{0,60}\b(?:config|yaml|json|toml|ini|xml|settings|\.properties|\.env)|(?:JSON|YAML|TOML|XML)(?:Decode|Parse|Syntax|Scanner|Parser)?(?:Error|Exception)\b|yaml\.(?:scanner|parser|composer)|mapping values are not allowed|could not find expected ':'|Expecting (?:property name|value|',' delimiter)|in JSON at position|Expected double-quoted|configuration (?:file )?(?:error|invalid|is not valid|is invalid|test failed)|config(?:uration)? (?:validation|check) (?:error|failed)|invalid (?:config|configuration|yaml|json|toml|ini)|ImproperlyConfigured|conflicting parameter|unexpected "[;}]"|directive .{0,80}(?:is not allowed|is not terminated|invalid|duplicate)|"(?<name_7>\w+)" directive|is not a valid (?:value|setting|option|port|choice|url|log level)|must be (?:a|an|one of|between|either|set to|in the range|greater|less|positive|>=?|<)\b|should be (?:a|an|one of|>= ?\d|between)\b|validation error(?:s)? for|value is not a valid|out of range|(?:does not match|violates) (?:the )?schema|Additional properties|port should be|ERR_SOCKET_BAD_PORT|ERR_INVALID_(?:URL|ARG_VALUE|ARG_TYPE)|Invalid URL|Could not parse (?:SQLAlchemy|rfc|url|connection)|ConfigError|ConfigurationError|config error|Syntax error on line|syntax error in .{0,60}(?:conf|cfg)|Konfigurationsfehler|ungültiger? (?:wert|option|konfiguration)|unsupported (?:option|value|configuration)|(?:duplicate|no) (?:key|section|such section)|NoSectionError|MissingSectionHeaderError|NoOptionError|BindException.{0,20}invalid|application .{0,40}property .{0,80}invalid|Failed to bind properties|invalid_?(?:client|option)|Unknown lvalue|not a valid|command-line option|unexpected argument|unrecognised|app_label|isn't in INSTALLED_APPS|InvalidConfiguration|contains errors/i,
    unless:
      /\b(?:token|request body|user input|payload|form|csrf|login|credentials|requests?|client)\b.{0,60}invalid|invalid (?:token|credentials|username|password|request|input syntax|literal|memory|signature|date|time value|user|session|page|header|method)|warn(?:ing)?: deprecated|\b(?:GET|POST|PUT|DELETE) \/|HTTP\/|status[=: ]4\d\d|field required|Field required|Multiple head|environment variable|out of range\b.{0,40}(?:index|list|string|array)|(?:index|list|string).{0,20}out of range/i,
    strength: 0.82,
    read: (subject, line, context) => {
      const place = fileAndLine(subject, line, context) ?? subject;
      const name =
        subject['name'] ??
        [line, ...context.near]
          .map((text) =>
            /(?:'>>> )?>>> '(\w[\w-]*)|unknown (?:directive|keyword|field|option|variable|key|property|setting)s?:? ["'`]?([\w.-]+)|["'`]([\w.-]+)["'`]? (?:is not (?:a )?(?:valid|allowed|recognized|known)|must be|should be)|(?:option|setting|key|parameter|property|variable|directive|argument|field|for) ["'`]([\w.-]+)["'`]|property ["'`]?([\w.-]+)["'`]?/i.exec(
              text,
            ),
          )
          .map((match) => match?.slice(1).find((one) => one !== undefined))
          .find((one) => one !== undefined);
      const file = place['file'] ?? pathIn(line);
      return {...place, ...(name === undefined ? {} : {name}), ...(file === null || file === undefined ? {} : {file})};
    },
    explain: ({file, line, name}) =>
      `${file ?? 'The configuration'}${line === undefined ? '' : `, line ${line},`} ${name === undefined ? 'is not valid' : `has ${name}, which is not valid there`}.`,
    remedy: ({file, line, name}) =>
      `correct ${name ?? 'it'} in ${file ?? 'the configuration'}${line === undefined ? '' : `:${line}`}`,
    mend: ({file}) => (file === undefined ? {kind: 'configuration'} : {kind: 'file', path: String(file)}),
    examples: [
      [
        'unknown directive "proxy_pas" in /opt/erp/proxy/nginx.conf:10',
        {name: 'proxy_pas', file: '/opt/erp/proxy/nginx.conf', line: 10},
      ],
      [
        "config : parsing [/opt/erp/lb/haproxy.cfg:16] : unknown keyword 'balanc' in 'backend' section",
        {name: 'balanc', file: '/opt/erp/lb/haproxy.cfg', line: 16},
      ],
      [
        'SyntaxError: /opt/erp/api/config/production.json: Expected double-quoted property name in JSON at position 86',
        {file: '/opt/erp/api/config/production.json'},
      ],
      [
        "Invalid command 'ProxyPas', perhaps misspelled or defined by a module not included in the server configuration",
        {name: 'ProxyPas'},
      ],
      'yaml.scanner.ScannerError: mapping values are not allowed here',
    ],
  },
];
