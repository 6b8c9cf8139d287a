import {installOf} from '../install.js';
import {placeIn, sourcePlace} from '../places.js';
import type {Context, Rule, Subject} from '../rule.js';

const isRootOfHandler = /^(?:\w+\.)*\w*(?:Error|Exception): \[Errno|^(?:ModuleNotFound|Import)Error: /;

/** Python and what is written in it. */
export const python: readonly Rule[] = [
  {
    id: 'python-module',
    cause: 'missing-module',
    when: [
      /No module named ['"]?(?<module>[\w.]+)/,
      /(?:^|\s)The module (?<module>[\w.]+) was not found/,
      /\bThe ['"](?<module>[\w.-]+?)(?:\[[^\]]*\])?(?:[<>=!~][^'"]*)?['"] distribution was not found/,
      /(?:PackageNotFoundError|DistributionNotFound):(?! The).{0,60}?['"]?(?<module>[\w.-]+)['"]? (?:distribution )?was not found/,
      /ImportError: (?:Missing optional dependency|Unable to import required dependencies:?) ['"]?(?<module>[\w.-]+)/,
      /Error loading (?<module>psycopg2?|MySQLdb|mysqlclient) (?:or psycopg )?module/,
      /ImportError: Couldn't import (?<module>Django)/,
      /ImportError: .{0,80}(?:please install|pip install) ["'`]?(?<module>[A-Za-z][\w.-]+)/i,
      /(?:ImportError|RuntimeError): .{1,120} requires ["'`]?(?<module>[a-z][\w.-]+)["'`]? to be installed/,
      /[Yy]ou (?:need to|must|have to|should) install (?:the )?["'`]?(?<module>[A-Za-z][\w.-]+)["'`]? (?:library|package|module|driver)/,
      /class uri ['"][^'"]{1,80}['"] invalid or not found/,
    ],
    unless: /optional|skipping|continuing|fallback|without it/i,
    strength: 0.96,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'python'),
    examples: [
      ["ModuleNotFoundError: No module named 'fastapi'", {module: 'fastapi'}],
      ['/usr/bin/python3: No module named gunicorn', {module: 'gunicorn'}],
      ['The module erp_tasks was not found.', {module: 'erp_tasks'}],
      ['django.core.exceptions.ImproperlyConfigured: Error loading psycopg2 module', {module: 'psycopg2'}],
    ],
  },
  {
    id: 'python-name',
    cause: 'import-error',
    when: [
      /cannot import name ['"](?<name>[\w.]+)['"] from (?:partially initialized module )?['"](?<module>[\w.]+)['"]/,
      /ImportError: cannot import name ['"]?(?<name>\w+)/,
      /partially initialized module ['"](?<module>[\w.]+)['"] has no attribute ['"](?<name>\w+)['"]/,
      /ImportError: Module ["'](?<module>[\w.]+)["'] does not define a ["'](?<name>\w+)["']/,
      /Error loading ASGI app\. Attribute ["'](?<name>\w+)["'] not found in module ["'](?<module>[\w.]+)["']/,
      /unable to load app .{0,80}\(callable not found/,
      /Failed to find attribute ['"](?<name>\w+)['"] in ['"](?<module>[\w.]+)['"]/,
      /Failed to find (?:Flask )?application(?: object)?(?: or factory)?(?: ['"](?<name>\w+)['"])? in (?:module )?['"](?<module>[\w.]+)['"]/,
      /Module ['"](?<module>[\w.]+)['"] has no attribute ['"](?<name>celery|app)['"]/,
      /ImportError: [^:]{1,200}: undefined symbol: (?<name>\w+)/,
      /circular import/,
      /attempted relative import (?:with no known parent package|beyond top-level package)/,
    ],
    strength: 0.97,
    read: (subject, line, context) => {
      if (subject['module'] !== undefined) return subject;
      const module = context.block.map((text) => /^\s+from ([\w.]+) import/.exec(text)?.[1]).findLast((one) => one);
      return {...(module === undefined ? {} : {module}), ...placeIn(line, context), ...subject};
    },
    examples: [
      [
        "ImportError: cannot import name 'calculate_vat' from 'app.tax' (/opt/erp/backend/app/tax.py)",
        {name: 'calculate_vat', module: 'app.tax'},
      ],
      [
        'ERROR:    Error loading ASGI app. Attribute "application" not found in module "main".',
        {name: 'application', module: 'main'},
      ],
      ["Error: Failed to find Flask application or factory in module 'wsgi'.", {module: 'wsgi'}],
    ],
  },
  {
    id: 'python-module-attribute',
    cause: 'import-error',
    when: /AttributeError: module ['"](?<module>[\w.]+)['"] has no attribute ['"](?<name>\w+)['"]/,
    strength: 0.92,
    examples: [["AttributeError: module 'jwt' has no attribute 'encode'", {module: 'jwt', name: 'encode'}]],
  },
  {
    id: 'python-syntax',
    cause: 'syntax-error',
    when: [
      /^\s*(?:\w+\.)*(?:SyntaxError|IndentationError|TabError): /,
      /jinja2\.exceptions\.TemplateSyntaxError|django\.template\.exceptions\.TemplateSyntaxError/,
    ],
    unless: /in JSON|does not provide an export|requested module|\.json\b/,
    strength: 0.94,
    read: (subject, line, context) => ({...sourcePlace(line, context), ...subject}),
    decide: (_, line, context) =>
      // `match` is no mistake, it is too new for this Python.
      /invalid syntax/.test(line) &&
      [...context.block, ...context.near].some((text) =>
        /^\s+(?:match [^:=]{1,60}:|except\* .{1,60}:|.{0,80}:=.{0,80})$/.test(text),
      )
        ? 'version-mismatch'
        : 'syntax-error',
    examples: [
      [
        '  File "/opt/erp/app.py", line 7\n    def total(x)\n                ^\nSyntaxError: expected \':\'',
        {file: '/opt/erp/app.py', line: 7},
      ],
      ['  File "close.py", line 3\n    match kind:\n          ^\nSyntaxError: invalid syntax', {}, 'version-mismatch'],
    ],
  },
  {
    id: 'python-template',
    cause: 'missing-file',
    when: [
      /(?:TemplateDoesNotExist|TemplateNotFound): (?<file>[\w./-]+)/,
      /\bNo (?:fixture|template|backup|dump|dataset) (?:named |called |matching )?['"](?<file>[^'"]+)['"] (?:was )?found/,
      /Missing staticfiles manifest entry for ['"](?<file>[^'"]+)['"]/,
      /sqlite3\.OperationalError: unable to open database file|\(sqlite3\.OperationalError\) unable to open database file/,
    ],
    strength: 0.9,
    read: (subject, _, {block}) => {
      if (subject['file'] !== undefined) return subject;
      const file = block.map((text) => /connect\(['"](?:file:)?([^'"?]+)/.exec(text)?.[1]).findLast((one) => one);
      return file === undefined ? subject : {...subject, file};
    },
    examples: [
      ['django.template.exceptions.TemplateDoesNotExist: orders/list.html', {file: 'orders/list.html'}],
      ['jinja2.exceptions.TemplateNotFound: mail/dunning.txt', {file: 'mail/dunning.txt'}],
      ["ValueError: Missing staticfiles manifest entry for 'js/app.js'", {file: 'js/app.js'}],
      'sqlite3.OperationalError: unable to open database file',
    ],
  },
  {
    id: 'python-version',
    cause: 'version-mismatch',
    when: [
      /Package ['"]?(?<name>[\w.-]+)['"]? requires a different Python: (?<actual>[\d.]+) not in ['"](?<required>[^'"]+)['"]/,
      /requires Python ['"]?(?<required>[<>=~!]{1,2} ?[\d.,<>=! ]+)['"]? but the running Python is (?<actual>[\d.]+)/,
      /ContextualVersionConflict|pkg_resources\.VersionConflict/,
      /(?<name>[\w.-]+) (?<actual>\d[\w.]*) is installed but (?<required>[\w.-]+[<>=!~]{1,2}[\w.]+)/,
      /unsupported pickle protocol: (?<actual>\d+)/,
      /A module that was compiled using NumPy (?<required>[\d.x]+) cannot be run in\s+NumPy (?<actual>[\d.]+)/,
      /numpy\.(?:core|_core)\.multiarray failed to import|numpy\.(?:dtype|ufunc) size changed, may indicate binary incompatibility/,
      /TypeError: (?:unsupported operand type\(s\) for \|: 'type'|'type' object is not subscriptable|'ABCMeta' object is not subscriptable)/,
      /(?:requires|needs) Python (?<required>[<>=~]* ?\d[\d.]*)(?:.{0,40}(?:this is|running|you have|found|current(?:ly)?|have)(?: Python)? (?<actual>\d[\d.]*\d))?/i,
    ],
    strength: 0.95,
    read: (subject) => ({...subject, ...(subject['name'] === undefined ? {name: 'Python'} : {})}),
    examples: [
      [
        "ERROR: Package 'erp-core' requires a different Python: 3.8.10 not in '>=3.10'",
        {name: 'erp-core', actual: '3.8.10', required: '>=3.10'},
      ],
      ["TypeError: unsupported operand type(s) for |: 'type' and 'NoneType'", {name: 'Python'}],
    ],
  },
  {
    id: 'python-settings',
    cause: 'config-invalid',
    when: [
      /CommandError: You must set settings\.(?<name>[A-Z_]+)/,
      /ImproperlyConfigured: (?:The |Invalid |Unknown )?(?:setting )?['"]?(?<name>[A-Z][A-Z_]{3,})?/,
      /\b(?:MissingSchema|InvalidSchema|InvalidURL|UnsupportedProtocol|LocationParseError): /,
      /Application object must be callable/,
      /SystemCheckError: System check identified/,
      /Model class (?<name>[\w.]+) doesn't declare an explicit app_label/,
      /Received unregistered task of type ['"](?<name>[\w.]+)['"]/,
      /sqlalchemy\.exc\.ArgumentError: Could not parse/,
      /NoSuchModuleError: Can't load plugin: (?<name>[\w.:]+)/,
      /configparser\.(?:NoSectionError|NoOptionError|MissingSectionHeaderError|ParsingError|DuplicateOptionError)/,
      /(?:NoOptionError|NoSectionError): No (?:option|section):? ['"](?<name>\w+)['"]/,
      /yaml\.(?:scanner|parser|composer|constructor)\.\w+Error/,
      /json\.decoder\.JSONDecodeError|tomllib\.TOMLDecodeError|toml\.decoder\.TomlDecodeError/,
      /Invalid value for ['"](?<name>[^'"]+)['"]/,
      /pydantic(?:_core)?[\w.]*\.ValidationError|validation errors? for \w*(?:Settings|Config)/,
      /(?:uvicorn|gunicorn|celery|flask|alembic)\S*: error: (?:unrecognized arguments: (?<name>\S+)|argument (?<name2>[\w-]+))/,
      /KeyError: ['"]?(?:formatters|handlers|loggers)['"]?$|ValueError: Unable to configure (?:handler|formatter|logger) ['"](?<name>[\w.]+)['"]/,
    ],
    unless: /Error loading \w+ module|need to install|SECRET_KEY|environment variable|Set the \w+/,
    strength: 0.9,
    read: (subject, line, context) => {
      const {near} = context;
      // The handler's own trouble stands above: a file, a module.
      if (/Unable to configure/.test(line) && context.block.some((text) => isRootOfHandler.test(text))) return null;
      const below = near[near.indexOf(line) + 1] ?? '';
      const field = /validation errors?/.test(line) ? /^(\w[\w.]*)$/.exec(below)?.[1] : undefined;
      const at = /\((?:at )?line (\d+)|: line (\d+) column/.exec(line);
      const file = [line, ...context.block, ...context.near]
        .map((text) => /["']?([\w./-]+\.(?:ya?ml|json|toml|ini|cfg|env))["']?(?:, line (\d+))?/.exec(text))
        .find((match) => match !== null);
      return {
        ...(file === undefined
          ? {}
          : {file: file[1] as string, ...(file[2] === undefined ? {} : {line: Number(file[2])})}),
        ...(at === null ? {} : {line: Number(at[1] ?? at[2])}),
        ...(field === undefined ? {} : {name: field}),
        ...subject,
      };
    },
    examples: [
      ['CommandError: You must set settings.ALLOWED_HOSTS if DEBUG is False.', {name: 'ALLOWED_HOSTS'}],
      ["Received unregistered task of type 'dunning.send'.", {name: 'dunning.send'}],
      [
        'yaml.scanner.ScannerError: mapping values are not allowed here\n  in "config.yaml", line 3, column 8',
        {file: 'config.yaml', line: 3},
      ],
    ],
  },
  {
    id: 'python-environment',
    cause: 'missing-env-var',
    when: [
      /os\.environ\[["'](?<variable>\w+)["']\]/,
      /^KeyError: ['"](?<variable>[A-Z][A-Z0-9]*_[A-Z0-9_]+)['"]/,
      /decouple\.UndefinedValueError: (?<variable>\w+) not found/,
      /ImproperlyConfigured: Set the (?<variable>\w+) environment/,
      /Environment variable ["'](?<variable>\w+)["'] (?:invalid|not set)|EnvError: Environment variable/,
      /The (?<variable>SECRET_KEY) setting must not be empty/,
      /EnvValidationError|environs\.exceptions\.EnvError/,
    ],
    strength: 0.96,
    // A line of source shows what was asked for, not that it was missing.
    read: (subject, line, context) =>
      /os\.environ\[/.test(line) && !context.block.some((text) => /^KeyError\b/.test(text)) ? null : subject,
    examples: [
      ["KeyError: 'DATABASE_URL'", {variable: 'DATABASE_URL'}],
      [
        'django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.',
        {variable: 'SECRET_KEY'},
      ],
      [
        'decouple.UndefinedValueError: STRIPE_KEY not found. Declare it as envvar or define a default value.',
        {variable: 'STRIPE_KEY'},
      ],
    ],
  },
  {
    id: 'python-thread',
    cause: 'unhandled-exception',
    when: /^Exception in thread (?!")[\w-]{1,60}(?: \([\w ]{1,60}\))?:$/,
    strength: 0.78,
    read: ofTraceback,
    examples: [
      [
        'Exception in thread pricing:\nTraceback (most recent call last):\n  File "/opt/erp/pump.py", line 7, in work\n    total(None)\nTypeError: total() missing 1 required positional argument',
        {file: '/opt/erp/pump.py', line: 7, name: 'TypeError'},
      ],
    ],
  },
  {
    id: 'python-request',
    cause: 'unhandled-exception',
    when: [
      /Exception in ASGI application/,
      /ERROR in app: Exception on \S+ \[\w+\]/,
      /Internal Server Error: \//,
      /\bError handling request\b/,
      /\b(?:Task|Future) exception was never retrieved$/,
      /Task [\w.]+\[[\w-]+\] raised unexpected: (?<name>\w+)/,
    ],
    strength: 0.72,
    read: ofTraceback,
    examples: [
      [
        'ERROR in app: Exception on /orders [GET]\nTraceback (most recent call last):\n  File "/opt/erp/shop.py", line 4, in orders\n    return rows[9]\nIndexError: list index out of range',
        {file: '/opt/erp/shop.py', line: 4, name: 'IndexError'},
      ],
    ],
  },
];

/** The place in somebody's own code, and the name of what was raised in the end. */
function ofTraceback(subject: Subject, line: string, context: Context): Subject {
  const name = context.block
    .map((text) => /^([\w.]+(?:Error|Exception|Exit|Interrupt))\b/.exec(text)?.[1])
    .findLast((one) => one);
  return {...placeIn(line, context), ...(name === undefined ? {} : {name}), ...subject};
}
