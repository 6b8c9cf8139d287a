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
    if (match !== null && !/package(?:-lock)?\.json|^(?:os|process)\.env/.test(match[1] as string)) {
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
    when: [
      /[Mm]issing (?:required )?env(?:ironment)?(?: vars?)?:? ['\"`]?(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)/,
      /[Cc]onfig(?:uration)? key ['\"](?<variable>[A-Z][A-Z0-9_]+)['\"] (?:does not exist|is (?:missing|undefined|not set))/,
      /\b(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]? (?:must|has to|needs to|should) be (?:set|defined|provided|given|configured)/,
      /(?:missing|required|undefined|unset|no|need(?:s|ed)?)\b.{0,40}\b(?:environment|env)(?:ironment)?[ -]?var(?:iable)?s?:?\s*["'`]?(?<variable>[A-Z][A-Z0-9_]{2,})?/,
      /(?:environment|env) ?var(?:iable)?s? ["'`$]{0,2}(?<variable>[A-Z][A-Z0-9_]{2,})["'`]? (?:is |was )?(?:not (?:set|defined|found|provided|present)|missing|required|undefined|empty|unset)/,
      /["'`$]?\b(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]? (?:is |must be |was |(?:environment )?variable (?:is |must be )?)?(?:not (?:set|defined|provided|configured)|required|unset|missing|undefined|set in the environment|provided|a required)/,
      /(?<variable>[A-Z][A-Z0-9_]{2,}): (?:parameter (?:null or not set|not set)|unbound variable|Parameter ist)/,
      // ${NAME:?what it is for}
      /^\S{1,120}: (?:line|Zeile) \d+: (?<variable>[A-Z][A-Z0-9_]{2,}): (?!command not found|permission denied|no such file|cannot |not a |is a directory|readonly|kommando|datei|keine)/i,
      /key not found: "(?<variable>[A-Z][A-Z0-9_]+)" ?\(KeyError\)/,
      /(?:KeyError: |decouple\.UndefinedValueError: )["']?(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)/,
      /(?:must|please|should) (?:set|define|provide|specify|export) (?:the )?["'`$]?(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)/,
      /ImproperlyConfigured: Set the (?<variable>\w+) environment/,
      /Environment variable not found: ["'`]?(?<variable>\w+)/,
      /(?:define|set|export|provide|specify) (?:the )?(?:environment|env) ?var(?:iable)? ["'`$]?(?<variable>[A-Z][A-Z0-9_]{2,})/,
      /\b(?:sett?(?:ing)?|define|defining|export(?:ing)?) (?:the )?["'`$]?(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)["'`]? (?:environment |env )(?:variable|var)\b/,
      /\b[Mm]issing\b.{0,60}\b[Ss]et ["'`$]?(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)/,
      /Could not resolve placeholder '(?<variable>[\w.]+)'/,
      /field required \(type=value_error\.missing\)/,
      /Field required \[type=missing/,
      /\b(?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)\b.{0,12}\b(?:undefined|missing|absent|empty|unset|not (?:found|present|set|defined))\b.{0,12}\b(?:process )?env(?:ironment)?\b/i,
      /Umgebungsvariable.{0,20}?(?<variable>[A-Z][A-Z0-9_]+)/,
      /(?:SECRET_KEY) setting must not be empty/,
      /Missing environment variables?/,
      /(?:undefined variable|variable not set):? ["'$]?(?<variable>[A-Z][A-Z0-9_]{2,})/,
      /superuser password is not specified/,
      /You must specify one of (?<variable>[A-Z_]+)/,
      /Database is uninitialized and password/,
      /Expected (?<variable>[A-Z][A-Z0-9_]+) (?:env|to be)/,
      /ENV\.fetch/,
      /`fetch': key not found/,
      /env: (?<variable>[A-Z][A-Z0-9_]+) (?:is )?(?:required|missing|not)/,
      /NotPresent/,
      /environment variable not found/,
    ],
    unless:
      /^Stopping at filesystem boundary|command could be found|using default|defaulting|optional|fallback|not set, |warn(?:ing)?: The "\w+" variable is not set/i,
    strength: 0.93,
    read: (subject, line, context) => {
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
    examples: [
      ['Error: Missing required environment variable JWT_SECRET', {variable: 'JWT_SECRET'}],
      ["KeyError: 'DATABASE_URL'", {variable: 'DATABASE_URL'}],
      [
        'django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.',
        {variable: 'SECRET_KEY'},
      ],
      ['backup.sh: line 3: BACKUP_TARGET: must name a folder', {variable: 'BACKUP_TARGET'}],
      ['./start.sh: line 3: ERP_HOME: unbound variable', {variable: 'ERP_HOME'}],
      ['panic: DATABASE_URL is not set', {variable: 'DATABASE_URL'}],
    ],
  },
  {
    id: 'config-invalid',
    cause: 'config-invalid',
    when: [
      /[Ii]nvalid value for (?:the )?(?:environment )?(?:variable|option|setting|parameter|key|field) ['\"`]?(?<name>[\w.-]+)/,
      /unknown directive "(?<name>[^"]+)"/i,
      /unknown keyword '(?<name>[^']+)'/i,
      /Invalid command '(?<name>[^']+)'/i,
      /field (?<name>\w+) not found in type/i,
      /FATAL CONFIG FILE ERROR/i,
      /bad directive/i,
      /unknown (?:option|variable|parameter|setting|key|field|argument|configuration (?:option|parameter|key))s?:? ["'`]?(?:\w+\/)?(?<name>[\w.-]+)/i,
      /unrecognized (?:configuration parameter|option|arguments?|key|field)s?:? ["'`]?(?<name>[\w.-]+)/i,
      /(?:invalid|bad|illegal|malformed|incorrect|wrong) (?:value|parameter|argument|option|setting|config(?:uration)?|port|url|uri|number|boolean|duration|log level|interval|address|connection string|dsn)\b/i,
      /(?:error|failed|failure|cannot|could not|unable)\b.{0,40}\b(?:pars(?:e|ing)|load(?:ing)?|read(?:ing)?|decod(?:e|ing))\b.{0,60}\b(?:config|yaml|json|toml|ini|xml|settings|\.properties|\.env)/i,
      /(?:JSON|YAML|TOML|XML)(?:Decode|Parse|Syntax|Scanner|Parser)?(?:Error|Exception)\b/i,
      /yaml\.(?:scanner|parser|composer)/i,
      /mapping values are not allowed/i,
      /could not find expected ':'/i,
      /Expecting (?:property name|value|',' delimiter)/i,
      /in JSON at position/i,
      /Expected double-quoted/i,
      /configuration (?:file )?(?:error|invalid|is not valid|is invalid|test failed)/i,
      /config(?:uration)? (?:validation|check) (?:error|failed)/i,
      /invalid (?:config|configuration|yaml|json|toml|ini)/i,
      /ImproperlyConfigured/i,
      /conflicting parameter/i,
      /unexpected "[;}]"/i,
      /directive .{0,80}(?:is not allowed|is not terminated|invalid|duplicate)/i,
      /"(?<name>\w+)" directive/i,
      /is not a valid (?:value|setting|option|port|choice|url|log level)/i,
      /must be (?:a|an|one of|between|within|either|set to|in the range|greater|less|positive|>=?|<)\b/i,
      /should be (?:a|an|one of|>= ?\d|between)\b/i,
      /validation error(?:s)? for/i,
      /value is not a valid/i,
      /out of range/i,
      /(?:does not match|violates) (?:the )?schema/i,
      /Additional properties/i,
      /port should be/i,
      /ERR_SOCKET_BAD_PORT/i,
      /ERR_INVALID_(?:URL|ARG_VALUE|ARG_TYPE)/i,
      /Invalid URL/i,
      /No ['"`](?<name>[\w.-]+)['"`] (?:key|section|option|setting|entry) (?:found|defined|given|present) in (?:the )?config/i,
      /server does not support (?:SSL|TLS)(?: connections)?(?:, but (?<name>SSL|TLS) was required)?/i,
      /Could not parse (?:SQLAlchemy|rfc|url|connection)/i,
      /\bEUSAGE\b/,
      /\bEither ['"`](?<name>[A-Z][A-Z_]{3,})['"`] or ['"`][A-Z][A-Z_]{3,}['"`] must be (?:set|given)/,
      /Config(?:Error|Exception)/i,
      /\bError validating (?:datasource|field|model|generator)\b/,
      /ConfigurationError/i,
      /config error/i,
      /Syntax error on line/i,
      /syntax error in .{0,60}(?:conf|cfg)/i,
      /Konfigurationsfehler/i,
      /ungültiger? (?:wert|option|konfiguration)/i,
      /unsupported (?:option|value|configuration)/i,
      /(?:duplicate|no) (?:key|section|such section)/i,
      /NoSectionError/i,
      /MissingSectionHeaderError/i,
      /NoOptionError/i,
      /BindException.{0,20}invalid/i,
      /application .{0,40}property .{0,80}invalid/i,
      /Failed to bind properties/i,
      /invalid_?(?:client|option)/i,
      /Unknown lvalue/i,
      /not a valid/i,
      /command-line option/i,
      /unexpected argument/i,
      /unrecognised/i,
      /app_label/i,
      /isn't in INSTALLED_APPS/i,
      /InvalidConfiguration/i,
      /\b(?:unable to locate|could not (?:find|load)|no AWS) (?<name>credentials)\b/i,
      /InvalidKeyError|Could not deserialize key data|Could not parse the provided (?:public|private) key/,
      /contains errors/i,
    ],
    unless:
      /Cannot read propert|duplicate key value|violates unique|need to install|define the environment|\b(?:RangeError|TypeError|IndexError|AttributeError): |ENOENT|No such file|\b(?:token|request body|user input|payload|form|csrf|login|credentials|requests?|client)\b.{0,60}invalid|invalid (?:token|credentials|username|password|request|input syntax|literal|memory|signature|date|time value|user|session|page|header|method)|warn(?:ing)?: deprecated|\b(?:GET|POST|PUT|DELETE) \/|HTTP\/|status[=: ]4\d\d|field required|Field required|environment variable .{0,40}(?:not set|missing|not found)|Multiple head|out of range\b.{0,40}(?:index|list|string|array)|(?:index|list|string).{0,20}out of range/i,
    strength: 0.82,
    read: (subject, line, context) => {
      const place = fileAndLine(subject, line, context) ?? subject;
      const name =
        subject['name'] ??
        [line, ...context.near]
          .map((text) =>
            /(?:'>>> )?>>> '(\w[\w-]*)|unknown (?:directive|keyword|field|option|variable|key|property|setting)s?:? ["'`]?([\w.-]+)|["'`]([\w.-]+)["'`]? (?:is not (?:a )?(?:valid|allowed|recognized|known)|must be|should be)|(?:option|setting|key|parameter|property|variable|directive|argument|field|for) ["'`]([\w.-]+)["'`]|property ["'`]?([\w.-]+)["'`]?|\b([a-z][\w-]*(?:\.[\w-]+)+): [a-z][\w ]{0,40} must be/i.exec(
              text,
            ),
          )
          .map((match) => match?.slice(1).find(Boolean))
          .find((one) => one !== undefined);
      const file = place['file'] ?? pathIn(line);
      return {...place, ...(name === undefined ? {} : {name}), ...(file === null ? {} : {file})};
    },
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
