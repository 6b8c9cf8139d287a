import {placeIn, sourcePlace} from '../places.js';
import type {Rule, Subject} from '../rule.js';

const place: NonNullable<Rule['read']> = (subject, line, context) => ({...placeIn(line, context), ...subject});

/** Code and packages: what is missing, does not parse, does not fit. */
export const code: readonly Rule[] = [
  {
    id: 'circular-import',
    cause: 'import-error',
    when: [
      /cannot import name ['"](?<name>[\w.]+)['"] from (?:partially initialized module )?['"](?<module>[\w.]+)['"]/,
      /circular import/,
      /ImportError: cannot import name ['"]?(?<name>[\w.]+)/,
    ],
    strength: 0.95,
    examples: [
      [
        "ImportError: cannot import name 'calculate_vat' from 'app.tax' (/opt/erp/backend/app/tax.py)",
        {name: 'calculate_vat', module: 'app.tax'},
      ],
    ],
  },
  {
    id: 'no-export',
    cause: 'import-error',
    when: [
      /module ['"](?<module>[^'"]+)['"] does not provide an export named ['"](?<name>[^'"]+)['"]/,
      /No matching export in "(?<module>[^"]+)" for import "(?<name>[^"]+)"/,
      /"(?<name>\w+)" is not exported by "(?<module>[^"]+)"/,
      /undefined symbol: (?<name>\w+)/,
      /symbol lookup error/,
      /attempted import error: '(?<name>\w+)' is not exported from '(?<module>[^']+)'/,
      /\bNoSuchMethodError\b/,
      /\bNoSuchFieldError\b/,
      /\bAbstractMethodError\b/,
      /undefined reference to [`'"‘](?<name>\w+)/,
      /module ['"](?<module>[\w.]+)['"] has no attribute ['"](?<name>\w+)['"]/,
      /export ['"](?<name>\w+)['"].{0,60}was not found in ['"](?<module>[^'"]+)['"]/,
      /Package subpath ['"](?<name>[^'"]+)['"] is not defined by "exports"/,
      /entry point (?:not found|.{0,80}could not be located)/,
      /uninitialized constant (?<name>[\w:]+)/,
    ],
    strength: 0.9,
    examples: [
      [
        "SyntaxError: The requested module './invoice.js' does not provide an export named 'createInvoice'",
        {module: './invoice.js', name: 'createInvoice'},
      ],
    ],
  },
  {
    id: 'missing-module',
    cause: 'missing-module',
    when: [
      /No module named ['"]?(?<module>[\w.]+)/,
      /Cannot find (?:module|package) ['"](?<module>[^'"]+)['"]/,
      /Could not find or load main class (?<module>[\w.$]+)/,
      /(?:ClassNotFoundException|NoClassDefFoundError):? (?<module>[\w.$/]+)/,
      /error while loading shared libraries: (?<module>[\w.+-]+)/,
      /cannot open shared object file.{0,20}/,
      /(?:sh|bash|zsh|dash|line \d+|env|exec|command)[:\s].{0,60}?['"‘]?(?<module>[\w.@/+-]+)['"’]?: (?:command )?(?:not found|Kommando nicht gefunden|Befehl nicht gefunden)/,
      /command not found: (?<module>\S+)/,
      /env: ['"‘]?(?<module>[\w.-]+)['"’]?: No such file/,
      /spawn (?<module>\S+) ENOENT/,
      /cannot load such file -- (?<module>\S+)/,
      /Class ["'](?<module>[\w\\]+)["'] not found/,
      /(?:Module not found|Can't resolve|Could not resolve):?.{0,30}?['"](?<module>[^'"]+)['"]/,
      /no required module provides package (?<module>[^\s;]+)/,
      /cannot find package ["']?(?<module>[\w./-]+)/,
      /Can't locate (?<module>[\w/]+)\.pm/,
      /Unable to load dynamic library ['"](?<module>[^'"]+)/,
      /module ['"](?<module>[\w.-]+)['"] not found/,
      /(?:is not recognized as an internal or external command)/,
      /executable ['"]?(?<module>[\w.-]+)['"]? (?:file )?not found in/,
      /exec: ["'](?<module>[\w./-]+)["']: executable file not found/,
      /PackageNotFoundError: .{0,60}?['"]?(?<module>[\w.-]+)['"]?$/,
      /Could not load file or assembly ['"](?<module>[\w.]+)/,
      /can't find crate for [`'](?<module>\w+)/,
      /The term ['"](?<module>[\w.-]+)['"] is not recognized/,
      /unresolved import [`'](?<module>[\w:]+)/,
      /Cannot find (?:type definition|plugin|preset).{0,20}['"](?<module>[^'"]+)['"]/,
      /npm (?:error|ERR!) missing: (?<module>[\w@/-]+)/,
      /could not determine executable/,
      /package (?<module>[\w.]+) does not exist/,
      /DistributionNotFound: The ['"](?<module>[\w.-]+)/,
      /sh: \d+: (?<module>[\w.-]+): not found/,
      /Kein Modul namens/,
      /(?:could not load|couldn't find|unable to find) (?:the )?(?:module|plugin|driver|extension|library|adapter)s?:? ["'`]?(?<module>[\w.@/-]+)/,
      /did you (?:mean to )?install .{0,20}?["'`](?<module>[\w.@/-]+)["'`]/,
      /[Pp]lease install (?:the )?["'`]?(?<module>[\w.@/-]+)["'`]? (?:package|module|manually)/,
      /Please install (?<module>[\w@/.-]+) package manually/,
    ],
    unless: /optional|source map|skipping|continuing|fallback|without it/i,
    strength: 0.93,
    read: (subject, line) => {
      const shared = /(?:^|[\s:])([\w.+-]+\.so[.\d]*): cannot open shared object/.exec(line)?.[1];
      const windows = /['"]?([\w.-]+)['"]? is not recognized as an internal/.exec(line)?.[1];
      const module = subject['module'] ?? shared ?? windows;
      return module === undefined
        ? subject
        : {
            ...subject,
            module: String(module)
              .replace(/\.$/, '')
              .replace(/^(.*\/)?([\w.-]+)\.pm$/, '$2'),
          };
    },
    examples: [
      ["ModuleNotFoundError: No module named 'fastapi'", {module: 'fastapi'}],
      ["Error: Cannot find module 'stripe'", {module: 'stripe'}],
      [
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'bull-board' imported from /opt/erp/jobs/src/index.js",
        {module: 'bull-board'},
      ],
      [
        'Error: Could not find or load main class com.acme.erp.batch.NightlyClose',
        {module: 'com.acme.erp.batch.NightlyClose'},
      ],
      [
        'error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory',
        {module: 'libpq.so.5'},
      ],
      ['bash: line 1: pdftotext: command not found', {module: 'pdftotext'}],
      ["/usr/bin/env: 'ruby': No such file or directory", {module: 'ruby'}],
      ["Can't locate DBI.pm in @INC", {module: 'DBI'}],
    ],
  },
  {
    id: 'version',
    cause: 'version-mismatch',
    when: [
      /UnsupportedClassVersionError/,
      /class file version (?<actual>[\d.]+)/,
      /version [`'"‘]?(?<required>[A-Z]+_[\d.]+)['"’]? not found/,
      /EBADENGINE/,
      /Unsupported engine/,
      /requires (?:a )?(?:different )?(?<name>[Pp]ython|[Nn]ode(?:\.js)?|npm|[Rr]uby|PHP|php|Java|Go|go)[ :]*(?:version )?(?<required>[<>=^~ ]*v?\d[\w.]*)/,
      /requires (?<name>Python|Node) ?(?<required>[<>=]+ ?[\d.]+)/,
      /NODE_MODULE_VERSION (?<actual>\d+)/,
      /was compiled against a different Node\.js version/,
      /database files are incompatible with server/,
      /initiali[sz]ed by PostgreSQL version (?<actual>\d+)/,
      /not compatible with this version/,
      /incompatible (?:version|with (?:this|the) (?:version|server))/,
      /Can't handle RDB format version (?<actual>\d+)/,
      /wrong (?:signature|version number) .{0,30}(?:RDB|DB)/,
      /unsupported (?:file |database |data |protocol )?(?:format|version)/,
      /go\.mod requires go >= (?<required>[\d.]+)/,
      /requires go(?:lang)? ?>= ?(?<required>[\d.]+)/,
      /api version .{0,40}(?:too (?:old|new)|not supported)/,
      /client version .{0,20} is too (?:old|new)/,
      /ContextualVersionConflict/,
      /VersionConflict/,
      /GLIBC/,
      /was built for a newer/,
      /does not support (?<name>Node\.js|Python|Ruby|PHP|Java) v?(?<actual>\d[\w.]*)/,
      /known not to (?:run|work) (?:on|with) (?<name>Node\.js|Python|Ruby|PHP|Java) v?(?<actual>\d[\w.]*)/,
      /\bcompiled (?:against|using|with) (?:ABI version|NumPy 1\.x)\b/,
      /\brequires (?<name>[A-Z][\w.]+) (?<required>[<>=^~]+ ?\d[\w.]*),? but (?:found )?v?(?<actual>\d[\w.]*)/,
      /\bwrong architecture\b|[Ee]xec format error/,
      /[Uu]nsupported (?:redo log|table|index|dump|database) format/,
      /newer version of the (?:\.NET|Java)/,
      /You must install (?:or update )?\.NET/,
      /framework ['"]?Microsoft\.\w+['"]?, version ['"]?(?<required>[\d.]+)/,
      /Your (?<name>Ruby|PHP|Python|Node) version (?:\(|is )?(?<actual>[\d.]+)/,
      /Composer detected issues in your platform/,
      /requires a peer of/,
      /version mismatch/,
      /engine ["']node["'] is incompatible/,
      /The engine "(?<name>\w+)" is incompatible/,
      /Expected version "(?<required>[^"]+)"/,
      /cannot execute binary file/,
      /Exec format error/,
      /wrong ELF class/,
      /unsupported pickle protocol: (?<actual>\d+)/,
      /requires? (?:at least )?(?<name>[A-Za-z.]+) (?<required>\d[\d.]+)(?: or (?:higher|newer|later|above)|\+)/,
      /(?:file|database) is newer than/,
      /schema version .{0,40}(?:newer|higher|unsupported|mismatch)/,
      /minimum (?:supported )?version/,
      /too old/,
      /unsupported (?:Python|Node|PHP|Java|Ruby) version/,
    ],
    unless:
      /warn(?:ing)?\b.{0,60}(?:EBADENGINE|Unsupported engine|deprecat)|npm warn|DeprecationWarning|npm notice|version check/i,
    strength: 0.88,
    read: (subject, line, context) => ({...versionsIn([line, ...context.block, ...context.near]), ...named(subject)}),
    examples: [
      [
        "/opt/erp/bin/x: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /opt/erp/bin/x)",
        {required: 'GLIBC_2.38'},
      ],
      'npm error code EBADENGINE',
      [
        'The data directory was initialized by PostgreSQL version 13, which is not compatible with this version 15.14',
        {actual: '13'},
      ],
      'was compiled against a different Node.js version using',
    ],
  },
  {
    id: 'syntax-error',
    cause: 'syntax-error',
    when: [
      /^\s*(?:\w+\.)*(?:SyntaxError|IndentationError|TabError)\b/,
      /\bSyntaxError: /,
      /\bParseError\b/,
      /PHP Parse error/,
      /syntax error(?:,|:| near| at|, unexpected)/,
      /unexpected token/,
      /error TS\d+/,
      /\bTransform failed with/,
      /(?<!VCL )compilation (?:error|failed)/,
      /error\[E\d+\]/,
      /: error: .{1,100}(?:expected|undeclared|unknown type)/,
      /unexpected (?:end of (?:file|input)|EOF|identifier)/,
      /unterminated/,
      /Syntaxfehler/,
      /Failed to compile/,
      /^\s*[x×] (?:Expected|Unexpected|Unterminated)/,
      /^\s+Syntax Error$/,
      /Build failed with/,
      /error: ';' expected/,
      /cannot find symbol/,
      /error: expected/,
      /Can't find string terminator/,
      /Missing right curly/,
      /luac?: .{1,100}:\d+:/,
      /Parsing error/,
      /invalid syntax/,
    ],
    unless:
      /\b(?:json|yaml|yml|toml|\.env|xml|nginx|config(?:uration)?|conf|requested module|SQL|sqlstate|query|statement|near ")\b|at character|in JSON|SQLSTATE|LINE 1:|\.conf\b|\.cfg\b/i,
    strength: 0.86,
    read: (subject, line, context) => ({...sourcePlace(line, context), ...subject}),
    decide: (_, line, context) =>
      // `match` is no mistake, it is too new for this Python.
      context.block.some((text) => /^\s+(?:match .{1,60}:|except\* )$/.test(text)) && /invalid syntax/.test(line)
        ? 'version-mismatch'
        : 'syntax-error',
    examples: [
      "SyntaxError: expected ':'",
      'SyntaxError: missing ) after argument list',
      'PHP Parse error:  syntax error, unexpected token "}" in /opt/erp/web/index.php on line 12',
    ],
  },
  {
    id: 'uncaught',
    cause: 'unhandled-exception',
    when: [
      /^(?:\S+ )?(?:Uncaught |Unhandled exception\.? |Exception in thread "[^"]*" |\[?UnhandledPromiseRejection\w*:? )?(?<name>(?:[\w$]+[.:\\]{1,2})*[A-Z]\w*(?:Error|Exception|Fault|Interrupt))\b(?:\s*\[[A-Z_]+\])?(?::|$| \()/,
      /^panic: /,
      /thread '[^']{1,60}' panicked at/,
      /PHP Fatal error: {1,2}Uncaught/,
      /unhandled exception/,
      /Unhandled rejection/,
      /nil pointer dereference/,
      /terminate called after throwing/,
      /^fatal error: /,
      /undefined method [`']/,
      /NullPointerException/,
      /Assertion .{1,100} failed/,
      /attempt to (?:index|call|perform arithmetic on) a nil/,
      /Can't (?:call method|use an undefined)/,
      /Segfault/,
      /division by zero/,
      /index out of (?:range|bounds)/,
      /unhandledRejection/,
      /uncaughtException/,
    ],
    unless: /will be retried|retrying|\bhandled\b|ignored|caught and|continuing/i,
    strength: 0.58,
    read: place,
    examples: [
      ["TypeError: Cannot read properties of undefined (reading 'lines')", {name: 'TypeError'}],
      ["KeyError: 'tax_rate'", {name: 'KeyError'}],
      'panic: runtime error: invalid memory address or nil pointer dereference',
      "thread 'main' panicked at src/main.rs:4:5:",
    ],
  },
];

function named(subject: Subject): Subject {
  const rest: Record<string, string | number> = {...subject};
  if (rest['actual'] !== undefined && rest['required'] === rest['actual']) delete rest['actual'];
  return rest;
}

function versionsIn(texts: readonly string[]): Subject {
  const whole = texts.join('\n');
  const found: Record<string, string> = {};
  const java = /class file version ([\d.]+)\).{0,120}up to ([\d.]+)/.exec(whole);
  if (java !== null) return {required: java[1] as string, actual: java[2] as string, name: 'Java'};
  if (/GLIBC_/.test(whole)) found['name'] = 'glibc';
  else if (/EBADENGINE|Unsupported engine|NODE_MODULE|Node\.js version/.test(whole)) found['name'] = 'node';
  else if (/match statement|python/i.test(whole)) found['name'] = 'python';
  else if (/PostgreSQL/.test(whole)) found['name'] = 'PostgreSQL';
  else if (/RDB/.test(whole)) found['name'] = 'Redis';
  else if (/\bgo(?:\.mod|lang| )/.test(whole)) found['name'] = 'go';
  const required =
    /required: \{ (?:node|npm): ['"]([^'"]+)['"]/.exec(whole)?.[1] ??
    /Required:? \{?"?(?:node|npm)"?:? ?["']([^"']+)["']/.exec(whole)?.[1] ??
    /This version of Node\.js requires\s+NODE_MODULE_VERSION (\d+)/.exec(whole)?.[1] ??
    /compatible with this version ([\d.]+)/.exec(whole)?.[1] ??
    /(?:require[sd]?|needs?|expected|at least)[^\n]{0,30}?((?:[<>=^~]{1,2} ?)?v?\d+(?:\.\d+)+\+?)/i.exec(whole)?.[1];
  const actual =
    /(?:current|actual): \{ (?:node|npm): ['"]([^'"]+)['"]/.exec(whole)?.[1] ??
    /Actual:? +\{?"?(?:node|npm)"?:? ?["']([^"']+)["']/.exec(whole)?.[1] ??
    /using\s+NODE_MODULE_VERSION (\d+)/.exec(whole)?.[1] ??
    /(?:running|you (?:have|are using|are running)|current(?:ly)?|found|got|actual|installed)[^\n]{0,40}?(v?\d+(?:\.\d+)+)/i.exec(
      whole,
    )?.[1];
  if (required !== undefined) found['required'] = required;
  if (actual !== undefined) found['actual'] = actual;
  return found;
}
