import {withEndpoint} from '../endpoint.js';
import {installOf} from '../install.js';
import {placeIn} from '../places.js';
import type {Rule} from '../rule.js';

/** PHP, Ruby, Perl, Lua, Elixir, SQL scripts, shells. */
export const scripting: readonly Rule[] = [
  {
    id: 'php-syntax',
    cause: 'syntax-error',
    when: [
      /(?:PHP )?Parse error: .{1,300} in (?<file>\S+\.\w+) on line (?<line>\d+)/,
      /ParseError: .{1,200} in (?<file>\S+\.php):(?<line>\d+)/,
      /(?:PHP )?Fatal error: {1,2}(?:Cannot redeclare|Cannot use|Class .{1,80} contains \d+ abstract).{0,300} in (?<file>\S+) on line (?<line>\d+)/,
    ],
    strength: 0.96,
    examples: [
      [
        'PHP Parse error:  syntax error, unexpected token "}" in /opt/erp/web/index.php on line 12',
        {file: '/opt/erp/web/index.php', line: 12},
      ],
    ],
  },
  {
    id: 'php-class',
    cause: 'missing-module',
    when: [
      /(?:Class|Interface|Trait) ["'](?<module>[\w\\]+)["'] not found/,
      /Class (?<module>[\w\\]+) not found/,
      /Unable to load dynamic library ['"](?<module>[^'"]+)/,
      /requires ext-(?<module>\w+)|the requested PHP extension (?<module2>\w+) is missing/,
      /Call to undefined function (?<module>(?:curl|mb|pg|mysqli|gd|image|intl|bc|zip|json|simplexml|openssl|socket|pcntl|redis|imagick)_\w+)\(/,
      /could not find driver/,
    ],
    strength: 0.95,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'php'),
    examples: [
      [
        'PHP Fatal error:  Uncaught Error: Class "Monolog\\Logger" not found in /opt/erp/index.php:4',
        {module: 'Monolog\\Logger'},
      ],
      ['PDOException: could not find driver', {}],
    ],
  },
  {
    id: 'php-file',
    cause: 'missing-file',
    when: [
      /(?:require|include)(?:_once)?\((?<file>[^)]{1,200})\): Failed to open stream: No such file/i,
      /Failed opening required ['"](?<file>[^'"]+)['"]/,
      /Could not open input file: (?<file>\S+)/,
      /failed to open stream: No such file or directory/i,
    ],
    strength: 0.95,
    read: (subject, line) => {
      const file = subject['file'] ?? /\w+\(([^)]{1,200})\): failed to open/i.exec(line)?.[1];
      return file === undefined ? subject : {...subject, file};
    },
    examples: [
      [
        "PHP Fatal error:  Uncaught Error: Failed opening required 'lib/vat.php' (include_path='.')",
        {file: 'lib/vat.php'},
      ],
      ['Could not open input file: artisan', {file: 'artisan'}],
    ],
  },
  {
    id: 'php-version',
    cause: 'version-mismatch',
    when: [
      /Composer detected issues in your platform/,
      /dependencies require a PHP version ["'](?<required>[^"']+)["']\. You are running (?<actual>[\d.]*\d)/,
      /requires php (?<required>[<>=^~|. \d]+).{0,60}(?:your php version \((?<actual>[\w.]+)|does not satisfy)/i,
    ],
    strength: 0.96,
    read: (subject) => ({name: 'PHP', ...subject}),
    examples: [
      [
        'Your Composer dependencies require a PHP version ">= 8.3.0". You are running 8.2.29.',
        {required: '>= 8.3.0', actual: '8.2.29'},
      ],
    ],
  },
  {
    id: 'php-uncaught',
    cause: 'unhandled-exception',
    when: [
      /(?:PHP )?Fatal error: {1,2}Uncaught (?<name>[\w\\]+)(?:: .{0,400})? in (?<file>\S+?):(?<line>\d+)/,
      /(?:PHP )?Fatal error: {1,2}Uncaught (?<name>[\w\\]+)/,
    ],
    strength: 0.7,
    examples: [
      [
        'PHP Fatal error:  Uncaught TypeError: total(): Argument #1 must be of type array, null given in /opt/erp/total.php:3',
        {name: 'TypeError', file: '/opt/erp/total.php', line: 3},
      ],
    ],
  },
  {
    id: 'ruby-module',
    cause: 'missing-module',
    when: [
      /cannot load such file -- (?<module>\S+)/,
      /Could not find (?:gem )?['"]?(?<module>[\w-]+)['"]?(?:-[\d.]+)?(?: \([^)]{1,60}\))?.{0,60}(?:in (?:any|locally|rubygems)|gem sources|among)/,
      /Could not find (?<module>[\w-]+?)-[\d.]+/,
      /can't find gem (?<module>[\w-]+)/,
      /bundler: command not found: (?<module>\S+)/,
      /Gem::(?:MissingSpecError|LoadError).{0,80}['"](?<module>[\w-]+)['"]/,
    ],
    strength: 0.96,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'ruby'),
    examples: [
      ["<internal:kernel>:37:in `require': cannot load such file -- sinatra (LoadError)", {module: 'sinatra'}],
      ['bundler: command not found: puma', {module: 'puma'}],
    ],
  },
  {
    id: 'ruby-syntax',
    cause: 'syntax-error',
    when: [
      /^(?<file>[\w./-]+\.(?:rb|ru|erb)):(?<line>\d+): syntax errors?\b/,
      /(?<file>[\w./-]+\.(?:rb|ru|erb)):(?<line>\d+): .{0,120}\(SyntaxError\)/,
      /syntax error found \(SyntaxError\)/,
    ],
    strength: 0.96,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: [['/opt/erp/app.rb:7: syntax error, unexpected end-of-input', {file: '/opt/erp/app.rb', line: 7}]],
  },
  {
    id: 'ruby-constant',
    cause: 'import-error',
    when: /uninitialized constant (?<name>[\w:]+)/,
    strength: 0.9,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: [['uninitialized constant Erp::Ledger (NameError)', {name: 'Erp::Ledger'}]],
  },
  {
    id: 'ruby-environment',
    cause: 'missing-env-var',
    when: [
      /key not found: ["'](?<variable>[A-Z][A-Z0-9_]+)["']/,
      /Missing required (?:configuration )?keys?: \[["':](?<variable>\w+)/,
      /Missing [`'"](?<variable>secret_key_base)[`'"]/,
    ],
    strength: 0.97,
    examples: [[`app.rb:3:in \`fetch': key not found: "SMTP_PASSWORD" (KeyError)`, {variable: 'SMTP_PASSWORD'}]],
  },
  {
    id: 'ruby-version',
    cause: 'version-mismatch',
    when: [
      /Your Ruby version is (?<actual>[\d.]+), but your Gemfile specified (?<required>[\w.~>= ]+)/,
      /requires Ruby version (?<required>[<>=~ ]*[\d.]+)(?:.{0,60}current (?:ruby )?version is (?<actual>[\d.]+))?/i,
      /You have already activated (?<name>[\w-]+) (?<actual>[\d.]+), but your Gemfile requires [\w-]+ (?<required>[\d.]+)/,
    ],
    strength: 0.96,
    read: (subject) => ({name: 'Ruby', ...subject}),
    examples: [['Your Ruby version is 3.1.2, but your Gemfile specified 3.3.0', {actual: '3.1.2', required: '3.3.0'}]],
  },
  {
    id: 'ruby-uncaught',
    cause: 'unhandled-exception',
    when: [
      /^(?<file>[\w./-]+\.(?:rb|ru|rake)):(?<line>\d+):in [`'].{1,120}['`]: .{1,300} \((?<name>[\w:]+)\)/,
      /undefined method [`'].{1,80}' for (?:nil|an instance)/,
    ],
    strength: 0.66,
    examples: [
      [
        "/opt/erp/close.rb:4:in `total': undefined method `sum' for nil:NilClass (NoMethodError)",
        {file: '/opt/erp/close.rb', line: 4, name: 'NoMethodError'},
      ],
    ],
  },
  {
    id: 'perl-module',
    cause: 'missing-module',
    when: /Can't locate (?<module>[\w/]+)\.pm in @INC/,
    strength: 0.97,
    read: ({module}) => ({module: String(module).replaceAll('/', '::')}),
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'perl'),
    examples: [["Can't locate DBD/Pg.pm in @INC (you may need to install the DBD::Pg module)", {module: 'DBD::Pg'}]],
  },
  {
    id: 'perl-syntax',
    cause: 'syntax-error',
    when: [
      /(?:syntax error|Missing right curly or square bracket|Can't find string terminator .{1,40}|Global symbol ".{1,60}" requires explicit package name.{0,60}|Bareword ".{1,60}" not allowed.{0,60}) at (?<file>\S+) line (?<line>\d+)/,
    ],
    strength: 0.96,
    examples: [['syntax error at import.pl line 7, near "}"', {file: 'import.pl', line: 7}]],
  },
  {
    id: 'perl-exec',
    cause: 'missing-module',
    when: /Can't exec ["'](?<module>[^"']+)["']: No such file or directory/,
    strength: 0.97,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform),
    examples: [[`Can't exec "pdftotext": No such file or directory at scan.pl line 3.`, {module: 'pdftotext'}]],
  },
  {
    id: 'sql-script',
    cause: 'syntax-error',
    when: [
      /^psql:(?<file>[^:]+):(?<line>\d+): .{0,10}: +syntax error at/,
      /^ERROR 1064 \(42000\) at line (?<line>\d+)/,
      /^(?:Parse error|Error:) near line (?<line>\d+): .{0,120}syntax error/,
    ],
    strength: 0.95,
    examples: [
      ['psql:migrate.sql:2: ERROR:  syntax error at or near "creat"', {file: 'migrate.sql', line: 2}],
      ['ERROR 1064 (42000) at line 7: You have an error in your SQL syntax', {line: 7}],
      ['Parse error near line 2: near "creat": syntax error', {line: 2}],
    ],
  },
  {
    id: 'ruby-expired',
    cause: 'upstream-timeout',
    when: /execution expired \((?<name>Timeout::(?:Exit)?Error)\)/,
    strength: 0.9,
    read: withEndpoint,
    examples: [["rates.rb:6:in `read': execution expired (Timeout::Error)", {name: 'Timeout::Error'}]],
  },
  {
    id: 'ruby-json',
    cause: 'config-invalid',
    when: /\(JSON::ParserError\)/,
    unless: /response|body|HTTP/,
    strength: 0.84,
    examples: ["common.rb:216:in `parse': 859: unexpected token at '}' (JSON::ParserError)"],
  },
  {
    id: 'perl-json',
    cause: 'config-invalid',
    when: /(?:malformed JSON string|unexpected end of string while parsing JSON|.{1,40} expected(?: while parsing .{1,30})?), .{0,40}at character offset \d+ .{0,200} at (?<file>\S+) line (?<line>\d+)/,
    strength: 0.88,
    examples: [
      [
        `malformed JSON string, neither tag, array, object at character offset 0 (before "queue: mails") at run.pl line 3.`,
        {file: 'run.pl', line: 3},
      ],
    ],
  },
  {
    id: 'perl-died',
    cause: 'unhandled-exception',
    when: /(?:Can't (?:call method|use an undefined|use string|locate object method|modify|coerce).{1,160}|Illegal division by zero|Undefined subroutine .{1,80} called|Not an? (?:HASH|ARRAY|CODE|SCALAR) reference|Modification of .{1,80} attempted|Attempt to .{1,60}) at (?<file>\S+) line (?<line>\d+)/,
    strength: 0.68,
    examples: [[`Can't call method "total" on an undefined value at close.pl line 4.`, {file: 'close.pl', line: 4}]],
  },
  {
    id: 'elixir-application',
    cause: 'missing-module',
    when: /could not find application file: (?<module>\w+)\.app\b/,
    strength: 0.96,
    examples: [
      ['** (Mix) Could not start application cowboy: could not find application file: cowboy.app', {module: 'cowboy'}],
    ],
  },
  {
    id: 'elixir-syntax',
    cause: 'syntax-error',
    when: /\*\* \((?:Syntax|TokenMissing|MismatchedDelimiter)Error\) (?:.{0,60} on )?(?<file>[^:\s]{1,200}):(?<line>\d+)/,
    strength: 0.96,
    examples: [["** (SyntaxError) lib/shop.ex:12:5: syntax error before: '->'", {file: 'lib/shop.ex', line: 12}]],
  },
  {
    id: 'lua',
    cause: 'unhandled-exception',
    when: [
      /(?:lua|luajit|resty)[\w.]*: (?<file>[^\s:]+\.lua):(?<line>\d+): /,
      /(?<file>[\w./-]+\.lua):(?<line>\d+): attempt to /,
    ],
    unless: /expected|unexpected symbol|module '/,
    strength: 0.68,
    examples: [["lua5.4: rules.lua:3: attempt to index a nil value (local 'rule')", {file: 'rules.lua', line: 3}]],
  },
  {
    id: 'lua-syntax',
    cause: 'syntax-error',
    when: /(?<file>[\w./-]+\.lua):(?<line>\d+): (?:.{0,60} expected|unexpected symbol|unfinished|malformed)/,
    strength: 0.95,
    examples: [["lua5.4: rules.lua:3: 'end' expected near <eof>", {file: 'rules.lua', line: 3}]],
  },
  {
    id: 'lua-module',
    cause: 'missing-module',
    when: /module ['"](?<module>[\w.-]+)['"] not found:/,
    strength: 0.96,
    examples: [["lua: main.lua:1: module 'cjson' not found:", {module: 'cjson'}]],
  },
  {
    id: 'shell-program',
    cause: 'missing-module',
    when: [
      /(?:^|[\s:])(?<module>[\w.@/+-]+): (?:command )?not found$/,
      /(?:^|[\s:])(?<module>[\w.@+-]+): (?:Kommando|Befehl) nicht gefunden/,
      /command not found: (?<module>\S+)/,
      /env: ['"‘]?(?<module>[\w.-]+)['"’]?: No such file/,
      /['"]?(?<module>[\w.-]+)['"]? is not recognized as an internal or external command/,
      /Der Befehl ["'](?<module>[^"']+)["'] ist entweder falsch geschrieben/,
      /The term ['"](?<module>[\w.\\-]+)['"] is not recognized/,
      /Die Benennung ["'](?<module>[\w.-]+)["'] wurde nicht als Name/,
      /\bNo (?<module>[\w.-]+) executable (?:was )?found/,
      /\bno ['"`](?<module>[\w.-]+)['"`] (?:command|executable|binary|program) could be found/,
      /ExecutableNotFound: failed to execute (?:\w+\(|\[)?['"]?(?<module>[\w./-]+)/,
      /Failed at step EXEC spawning (?<module>\S+): No such file/,
      /exec: ["'](?<module>[\w./-]+)["']: (?:executable file not found|stat .{1,80}: no such file)/,
      /executable ['"]?(?<module>[\w.-]+)['"]? (?:file )?not found in/i,
      /(?:bad interpreter|cannot execute: required file not found)/,
      /Failed to (?:execute|locate executable|find executable) (?:command )?['"]?(?<module>[\w./-]+)['"]?(?:: No such file| |$)/,
      /can't find command ['"](?<module>[^'"]+)['"]/,
      /(?<module>\w[\w.-]*): not installed|(?<module2>[\w.-]+) is not installed/,
    ],
    unless: /optional|https?:|\b404\b|skipping|configuration file|module|package|(?<!\w\.)service|pods?\b|page/i,
    strength: 0.95,
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'program'),
    examples: [
      ['bash: line 1: pdftotext: command not found', {module: 'pdftotext'}],
      ['sh: 1: vite: not found', {module: 'vite'}],
      ["/usr/bin/env: 'ruby': No such file or directory", {module: 'ruby'}],
      ["'wkhtmltopdf' is not recognized as an internal or external command,", {module: 'wkhtmltopdf'}],
    ],
  },
  {
    id: 'shell-syntax',
    cause: 'syntax-error',
    when: [
      /(?<file>[\w./-]+): line (?<line>\d+): syntax error/,
      /(?<file>[\w./-]+): (?<line>\d+): Syntax error: /,
      /(?<file>[\w./-]+): (?:line )?(?<line>\d+): unexpected EOF/,
      /(?<file>[\w./-]+): (?:Zeile )(?<line>\d+): Syntaxfehler/,
    ],
    strength: 0.96,
    examples: [
      ["./deploy.sh: line 12: syntax error near unexpected token `fi'", {file: './deploy.sh', line: 12}],
      ['./start.sh: 7: Syntax error: end of file unexpected (expecting "fi")', {file: './start.sh', line: 7}],
    ],
  },
  {
    id: 'shell-variable',
    cause: 'missing-env-var',
    when: [
      /(?:^|[\s:])(?<variable>[A-Za-z_]\w*): (?:unbound variable|parameter (?:null or )?not set|Ist nicht gesetzt)/,
      /: (?<variable>[A-Z][A-Z0-9_]+): .{0,60}(?:must be set|is required|not set|is missing)/,
    ],
    strength: 0.96,
    examples: [['./start.sh: line 3: ERP_HOME: unbound variable', {variable: 'ERP_HOME'}]],
  },
];
