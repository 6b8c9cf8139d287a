import type {Context, Rule, Subject} from '../rule.js';

/** Names under which a package is installed, where they differ from the one that is imported. */
const distributions: Readonly<Record<string, string>> = {
  yaml: 'PyYAML',
  cv2: 'opencv-python',
  PIL: 'Pillow',
  bs4: 'beautifulsoup4',
  sklearn: 'scikit-learn',
  dotenv: 'python-dotenv',
  jwt: 'PyJWT',
  psycopg2: 'psycopg2-binary',
  MySQLdb: 'mysqlclient',
  dateutil: 'python-dateutil',
  Crypto: 'pycryptodome',
  OpenSSL: 'pyOpenSSL',
  ldap: 'python-ldap',
  magic: 'python-magic',
  serial: 'pyserial',
  usb: 'pyusb',
  docx: 'python-docx',
  pptx: 'python-pptx',
  multipart: 'python-multipart',
  jose: 'python-jose',
  attr: 'attrs',
  google: 'google-api-python-client',
  zmq: 'pyzmq',
  rest_framework: 'djangorestframework',
  corsheaders: 'django-cors-headers',
  git: 'GitPython',
  redis: 'redis',
  kafka: 'kafka-python',
  win32api: 'pywin32',
  fitz: 'PyMuPDF',
  slugify: 'python-slugify',
  wx: 'wxPython',
  Xlib: 'python-xlib',
}; // prettier-ignore

const place: NonNullable<Rule['read']> = (subject, line, context) => ({...placeIn(line, context), ...subject});

/** The innermost place in somebody's own code. */
export function placeIn(line: string, {block, near}: Pick<Context, 'block' | 'near'>): Subject {
  const texts = [...block, line, ...near];
  const found: {file: string; line: number}[] = [];
  for (const text of texts) {
    const match =
      /File "([^"]{1,300})", line (\d+)/.exec(text) ??
      /\(?((?:file:\/\/)?(?:[A-Za-z]:)?[/\\][^\s():]{1,300}\.(?:[cm]?[jt]sx?|vue|rb|php|go|py|rs|pl|lua)):(\d+)/.exec(
        text,
      ) ??
      /\bin ((?:[A-Za-z]:)?[/\\][^\s:]{1,300}\.\w{1,5})(?:\((\d+)\)|:(\d+)| on line (\d+))/.exec(text) ??
      /^\s*at [\w.$<>/]+\(([\w$]+\.(?:java|kt|scala)):(\d+)\)/.exec(text) ??
      /^\s*at .{1,200} in ([^\s].{1,200}\.cs):line (\d+)/.exec(text) ??
      /(?:^|\s)([\w./\\-]+\.(?:[cm]?[jt]sx?|py|rb|php|go|java|c|cc|cpp|h|rs|pl|sh|lua|sql)):(\d+)(?::\d+)?/.exec(
        text,
      ) ??
      /\bat ([\w./-]+\.(?:pl|pm)) line (\d+)/.exec(text);
    if (match !== null)
      found.push({
        file: (match[1] as string).replace(/^file:\/\//, ''),
        line: Number(match[2] ?? match[3] ?? match[4]),
      });
  }
  const own = found.filter(
    ({file}) =>
      !/site-packages|dist-packages|node_modules|^node:|internal\/|\/usr\/lib\/|\/lib\/python|<frozen|runtime\/|\/usr\/local\/go|\/usr\/share\/|gems\/|vendor\/|\.cargo/.test(
        file,
      ),
  );
  const isPython = texts.some((text) => /^\s+File "/.test(text));
  const best = isPython ? own.at(-1) : own[0];
  return best === undefined ? {} : {file: best.file, line: best.line};
}

/** Code and packages: what is missing, does not parse, does not fit. */
export const code: readonly Rule[] = [
  {
    id: 'circular-import',
    cause: 'import-error',
    when: /(?:ImportError: )?cannot import name ['"](?<name>[\w.]+)['"] from (?:partially initialized module )?['"](?<module>[\w.]+)['"]|circular import|ImportError: cannot import name ['"]?(?<name_2>[\w.]+)/,
    strength: 0.95,
    explain: ({name, module}) => `${module ?? 'The module'} has no ${name ?? 'such name'}, or both import each other.`,
    remedy: ({name, module}) =>
      `look for it: grep -rn "${name ?? 'NAME'}" ${String(module ?? '').replaceAll('.', '/') || '.'}*; another version of the package may have it`,
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
    when: /module ['"](?<module>[^'"]+)['"] does not provide an export named ['"](?<name>[^'"]+)['"]|No matching export in "(?<module_2>[^"]+)" for import "(?<name_2>[^"]+)"|"(?<name_3>\w+)" is not exported by "(?<module_3>[^"]+)"|undefined symbol: (?<name_4>\w+)|symbol lookup error|attempted import error: '(?<name_5>\w+)' is not exported from '(?<module_4>[^']+)'|\bNoSuchMethodError\b|\bNoSuchFieldError\b|\bAbstractMethodError\b|undefined reference to [`'"‘](?<name_6>\w+)|module ['"](?<module_6>[\w.]+)['"] has no attribute ['"](?<name_7>\w+)['"]|export ['"](?<name_8>\w+)['"].{0,60}was not found in ['"](?<module_7>[^'"]+)['"]|Package subpath ['"](?<name_9>[^'"]+)['"] is not defined by "exports"|entry point (?:not found|.{0,80}could not be located)|uninitialized constant (?<name_10>[\w:]+)/,
    strength: 0.9,
    explain: ({name, module}) => `${module ?? 'The module'} does not have ${name ?? 'what is wanted from it'}.`,
    remedy: ({name, module}) =>
      `correct the import of ${name ?? 'the name'}, or install the version of ${module ?? 'the module'} that has it`,
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
    when: /No module named ['"]?(?<module>[\w.]+)|Cannot find (?:module|package) ['"](?<module_2>[^'"]+)['"]|Could not find or load main class (?<module_3>[\w.$]+)|(?:ClassNotFoundException|NoClassDefFoundError):? (?<module_4>[\w.$/]+)|error while loading shared libraries: (?<module_5>[\w.+-]+)|cannot open shared object file.{0,20}|(?:sh|bash|zsh|dash|line \d+|env|exec|command)[:\s].{0,60}?['"‘]?(?<module_6>[\w.@/+-]+)['"’]?: (?:command )?(?:not found|Kommando nicht gefunden|Befehl nicht gefunden)|command not found: (?<module_7>\S+)|env: ['"‘]?(?<module_8>[\w.-]+)['"’]?: No such file|spawn (?<module_9>\S+) ENOENT|cannot load such file -- (?<module_10>\S+)|Class ["'](?<module_11>[\w\\]+)["'] not found|Failed to resolve import ["'](?<module_12>[^"']+)["']|(?:Module not found|Can't resolve|Could not resolve):?.{0,30}?['"](?<module_13>[^'"]+)['"]|no required module provides package (?<module_14>[^\s;]+)|cannot find package ["']?(?<module_15>[\w./-]+)|Can't locate (?<module_16>[\w/]+)\.pm|Unable to load dynamic library ['"](?<module_17>[^'"]+)|module ['"](?<module_18>[\w.-]+)['"] not found|(?:is not recognized as an internal or external command)|executable ['"]?(?<module_19>[\w.-]+)['"]? (?:file )?not found in|exec: ["'](?<module_20>[\w./-]+)["']: executable file not found|PackageNotFoundError: .{0,60}?['"]?(?<module_21>[\w.-]+)['"]?$|Could not load file or assembly ['"](?<module_22>[\w.]+)|can't find crate for [`'](?<module_23>\w+)|The term ['"](?<module_24>[\w.-]+)['"] is not recognized|unresolved import [`'](?<module_25>[\w:]+)|Cannot find (?:type definition|plugin|preset).{0,20}['"](?<module_26>[^'"]+)['"]|npm (?:error|ERR!) missing: (?<module_27>[\w@/-]+)|could not determine executable|package (?<module_28>[\w.]+) does not exist|DistributionNotFound: The ['"](?<module_29>[\w.-]+)|sh: \d+: (?<module_30>[\w.-]+): not found|Kein Modul namens|(?:could not load|couldn't find|unable to find) (?:the )?(?:module|plugin|driver|extension|library|adapter)s?:? ["'`]?(?<module_31>[\w.@/-]+)|did you (?:mean to )?install .{0,20}?["'`](?<module_32>[\w.@/-]+)["'`]|[Pp]lease install (?:the )?["'`]?(?<module_33>[\w.@/-]+)["'`]? (?:package|module|manually)|Please install (?<module_34>[\w@/.-]+) package manually/,
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
    explain: ({module}) => `${module ?? 'Something that it needs'} is not installed where it runs.`,
    remedy: (subject) => installOf(String(subject['module'] ?? '')),
    mend: () => ({kind: 'configuration'}),
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
    when: /UnsupportedClassVersionError|class file version (?<actual_9>[\d.]+)|version [`'"‘]?(?<required>[A-Z]+_[\d.]+)['"’]? not found|EBADENGINE|Unsupported engine|requires (?:a )?(?:different )?(?<name>[Pp]ython|[Nn]ode(?:\.js)?|npm|[Rr]uby|PHP|php|Java|Go|go)[ :]*(?:version )?(?<required_2>[<>=^~ ]*v?\d[\w.]*)|requires (?<name_2>Python|Node) ?(?<required_3>[<>=]+ ?[\d.]+)|NODE_MODULE_VERSION (?<actual>\d+)|was compiled against a different Node\.js version|database files are incompatible with server|initiali[sz]ed by PostgreSQL version (?<actual_2>\d+)|not compatible with this version|incompatible (?:version|with (?:this|the) (?:version|server))|Can't handle RDB format version (?<actual_3>\d+)|wrong (?:signature|version number) .{0,30}(?:RDB|DB)|unsupported (?:file |database |data |protocol )?(?:format|version)|go\.mod requires go >= (?<required_4>[\d.]+)|requires go(?:lang)? ?>= ?(?<required_5>[\d.]+)|api version .{0,40}(?:too (?:old|new)|not supported)|client version .{0,20} is too (?:old|new)|ContextualVersionConflict|VersionConflict|GLIBC|was built for a newer|newer version of the (?:\.NET|Java)|You must install (?:or update )?\.NET|framework ['"]?Microsoft\.\w+['"]?, version ['"]?(?<required_6>[\d.]+)|Your (?<name_3>Ruby|PHP|Python|Node) version (?:\(|is )?(?<actual_4>[\d.]+)|Composer detected issues in your platform|requires a peer of|version mismatch|engine ["']node["'] is incompatible|The engine "(?<name_4>\w+)" is incompatible|Expected version "(?<required_7>[^"]+)"|cannot execute binary file|Exec format error|wrong ELF class|unsupported pickle protocol: (?<actual_5>\d+)|requires? (?:at least )?(?<name_5>[A-Za-z.]+) (?<required_8>\d[\d.]+)(?: or (?:higher|newer|later|above)|\+)|(?:file|database) is newer than|schema version .{0,40}(?:newer|higher|unsupported|mismatch)|minimum (?:supported )?version|too old|unsupported (?:Python|Node|PHP|Java|Ruby) version/,
    unless:
      /warn(?:ing)?\b.{0,60}(?:EBADENGINE|Unsupported engine|deprecat)|npm warn|DeprecationWarning|npm notice|version check/i,
    strength: 0.88,
    read: (subject, line, context) => ({...versionsIn([line, ...context.block, ...context.near]), ...named(subject)}),
    explain: ({name, required, actual}) =>
      `${name ?? 'Something'} has another version than is needed${required === undefined ? '' : `: ${required}`}${actual === undefined ? '' : `, there is ${actual}`}.`,
    remedy: ({name, required}) =>
      `install ${name ?? 'it'} ${required ?? 'in the version that it asks for'}, or the build of this program that is made for what is here`,
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
    when: /^\s*(?:\w+\.)*(?:SyntaxError|IndentationError|TabError)\b|\bSyntaxError: |\bParseError\b|PHP Parse error|syntax error(?:,|:| near| at|, unexpected)|unexpected token|error TS\d+|\bTransform failed with|compilation (?:error|failed)|error\[E\d+\]|: error: .{1,100}(?:expected|undeclared|unknown type)|unexpected (?:end of (?:file|input)|EOF|identifier)|unterminated|Syntaxfehler|Failed to compile|Build failed with|error: ';' expected|cannot find symbol|error: expected|Can't find string terminator|Missing right curly|luac?[\d.]*: .{1,100}:\d+: .{0,80}(?:expected|unexpected|unfinished|malformed)|Parsing error|invalid syntax/,
    unless:
      /\b(?:json|yaml|yml|toml|\.env|xml|nginx|config(?:uration)?|conf|requested module|SQL|sqlstate|query|statement|near ")\b|at character|in JSON|SQLSTATE|LINE 1:|\.conf\b|\.cfg\b/i,
    strength: 0.86,
    read: (subject, line, context) => ({...sourcePlace(line, context), ...subject}),
    decide: (_, line, context) =>
      // `match` is no mistake, it is too new for this Python.
      context.block.some((text) => /^\s+(?:match .{1,60}:|except\* )$/.test(text)) && /invalid syntax/.test(line)
        ? 'version-mismatch'
        : 'syntax-error',
    explain: ({file, line}) =>
      `${file ?? 'A source file'}${line === undefined ? '' : `, line ${line},`} does not parse.`,
    remedy: ({file, line}) =>
      `correct it: ${file ?? 'FILE'}${line === undefined ? '' : `:${line}`}, or go back to the last version that ran: git log -3 -- ${file ?? 'FILE'}`,
    mend: ({file}) => (file === undefined ? {kind: 'configuration'} : {kind: 'file', path: String(file)}),
    examples: [
      "SyntaxError: expected ':'",
      'SyntaxError: missing ) after argument list',
      'PHP Parse error:  syntax error, unexpected token "}" in /opt/erp/web/index.php on line 12',
    ],
  },
  {
    id: 'uncaught',
    cause: 'unhandled-exception',
    when: /^(?:\S+ )?(?:Uncaught |Unhandled exception\.? |Exception in thread "[^"]*" |\[?UnhandledPromiseRejection\w*:? )?(?<name>(?:[\w$]+[.:\\]{1,2})*[A-Z]\w*(?:Error|Exception|Fault|Interrupt))\b(?:\s*\[[A-Z_]+\])?(?::|$| \()|^panic: |thread '[^']{1,60}' panicked at|PHP Fatal error: {1,2}Uncaught|unhandled exception|Unhandled rejection|nil pointer dereference|terminate called after throwing|^fatal error: |undefined method [`']|NullPointerException|Assertion .{1,100} failed|attempt to (?:index|call|perform arithmetic on) a nil|Can't (?:call method|use an undefined)|Segfault|division by zero|index out of (?:range|bounds)|unhandledRejection|uncaughtException/,
    unless: /will be retried|retrying|handled|ignored|caught and|continuing/i,
    strength: 0.58,
    read: place,
    explain: ({name, file, line}) =>
      `${name ?? 'An error'} that nobody caught${file === undefined ? '' : `, in ${file}${line === undefined ? '' : `:${line}`}`}.`,
    remedy: ({file, line}) =>
      `a bug in the program: see what reached ${file ?? 'the place'}${line === undefined ? '' : `:${line}`}; if it came with the last release, go back to the one before`,
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

/** Where it does not parse: the last file that is named, which is not the one that imports it. */
function sourcePlace(line: string, context: Context): Subject {
  const texts = [line, ...context.block.toReversed(), ...context.near.toReversed()];
  for (const text of texts) {
    const match =
      /File "([^"]{1,300})", line (\d+)/.exec(text) ??
      /^\s*(?:file:\/\/)?((?:[A-Za-z]:)?[^\s:()'"]{1,300}\.(?:[cm]?[jt]sx?|vue|py|rb|php|go|java|c|cc|cpp|h|rs|pl|lua|sh|ts|sql|css|scss|html)):(\d+)/.exec(
        text,
      ) ??
      /\bin ((?:[A-Za-z]:)?[^\s:]{1,300}\.\w{1,5})(?: on line |:)(\d+)/.exec(text) ??
      /([\w./-]+\.(?:sh|bash|[cm]?[jt]sx?|py|rb|pl|pm|php|go|rs|c|java))(?::| line | at line |: line |\()(\d+)/.exec(
        text,
      );
    if (match !== null && !/node:internal|node_modules\/(?!\.)|site-packages|<frozen/.test(match[1] as string))
      return {file: match[1] as string, line: Number(match[2])};
  }
  return {};
}

function installOf(module: string): string {
  if (module === '') return 'install what the line names';
  if (/\.so[.\d]*$/.test(module))
    return `install the library: apt-file search ${module} (Debian), then: sudo apt-get install PACKAGE; ldd PROGRAM shows what is missing`;
  if (/^[@./]|\//.test(module))
    return module.startsWith('.') || module.startsWith('/')
      ? `look for the file ${module}; was it built, or left out of the release?`
      : `npm install ${module}`;
  const top = module.split('.')[0] as string;
  const distribution = distributions[top] ?? top;
  return `install it where this program runs: python3 -m pip install ${distribution}, npm install ${module}, or the package of the system; then look at the requirements of the release`;
}
