import {installOf} from '../install.js';
import {placeIn, sourcePlace} from '../places.js';
import type {Rule, Subject} from '../rule.js';

/** Node, its package managers, and what builds for the browser. */
export const node: readonly Rule[] = [
  {
    id: 'node-build',
    cause: 'missing-file',
    when: /Could not find a (?:production )?build in the ['"](?<file>[^'"]+)['"] directory/,
    strength: 0.96,
    remedy: () => 'build it first: npm run build; is the folder it stands in the one that is started?',
    examples: [
      [
        "Error: Could not find a production build in the '.next' directory. Try building your app with 'next build'",
        {file: '.next'},
      ],
    ],
  },
  {
    id: 'node-rejection',
    cause: 'unhandled-exception',
    when: /^(?:\[?|Uncaught )(?<name>UnhandledPromiseRejection)\b.{0,250} rejected with the reason/,
    strength: 0.78,
    remedy: () =>
      'a bug in the program: something was rejected that is no Error, so there is no place; node --trace-uncaught shows it, and reject(new Error(…)) helps next time',
    examples: [
      [
        'UnhandledPromiseRejection: This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "#<Object>".',
        {name: 'UnhandledPromiseRejection'},
      ],
    ],
  },
  {
    id: 'node-injection',
    cause: 'import-error',
    when: /Nest can't resolve dependencies of the (?<name>\w+)/,
    strength: 0.96,
    explain: ({name}) => `Nest cannot make ${name}: something that it wants is not provided in its module.`,
    remedy: ({name}) =>
      `put what ${name} asks for into "providers" of its module, or import the module that exports it; a circle needs forwardRef`,
    examples: [
      ["Nest can't resolve dependencies of the OrdersService (?). Please make sure that", {name: 'OrdersService'}],
    ],
  },
  {
    id: 'node-module',
    cause: 'missing-module',
    when: [
      /Cannot find (?:module|package) ['"](?<module>[^'"]+)['"]/,
      /[Ff]ailed to resolve import ["'](?<module>[^"']+)["']/,
      /Module not found: (?:Error: )?Can't resolve ['"](?<module>[^'"]+)['"]/,
      /Module not found:.{0,40}['"](?<module>[^'"]+)['"]/,
      /Could not resolve ["'](?<module>[^'"]+)["']/,
      /Can't resolve ['"](?<module>[^'"]+)['"] in ['"]/,
      /(?:not (?:been )?(?:found|installed)|missing|could not|cannot)\b.{0,80}["'`](?:npm (?:install|i)|yarn add|pnpm (?:add|install)) (?:--?\S+ ){0,3}(?<module>@?[\w./-]*\w)/i,
      /npm (?:error|ERR!) missing: (?<module>@?[\w/.-]+)/,
      /Error: Please install (?:the )?(?<module>@?[\w/.-]+)(?: package)? manually/,
      /ESLint couldn't find the (?:config|plugin) ["'](?<module>[^"']+)["']/,
      /Cannot find (?:type definition file for|plugin|preset) ['"](?<module>[^'"]+)['"]/,
      /Error: Cannot resolve (?:module|dependency) ['"](?<module>[^'"]+)['"]/,
      /(?<module>@prisma\/client) did not initialize yet/,
      /spawn (?<module>\S+) ENOENT/,
      /Could not load the ["'](?<module>@?[\w./-]+)["'] module\b/,
      /Executable doesn't exist at (?<module>\S+)/,
      /npm error could not determine executable to run|could not determine executable/,
      /Could not find (?:a )?declaration file for module ['"](?<module>[^'"]+)['"]/,
    ],
    unless: /optional|source map|skipping|fallback/i,
    strength: 0.96,
    read: (subject) => {
      const {module} = subject;
      return typeof module === 'string' ? {...subject, module: module.replace(/\?.*$/, '')} : subject;
    },
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'node'),
    examples: [
      ["Error: Cannot find module 'stripe'", {module: 'stripe'}],
      [
        "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'bull-board' imported from /opt/erp/jobs/src/index.js",
        {module: 'bull-board'},
      ],
      [
        'DriverPackageNotInstalledError: Oracle package has not been found installed. Please run "npm install oracledb".',
        {module: 'oracledb'},
      ],
      ['[vite] Internal server error: Failed to resolve import "chart.js" from "src/App.vue"', {module: 'chart.js'}],
      ["Module not found: Error: Can't resolve 'lodash' in '/opt/erp/ui/src'", {module: 'lodash'}],
      ['Error: spawn pdftk ENOENT', {module: 'pdftk'}],
      ['Error: Could not load the "sharp" module using the linux-x64 runtime', {module: 'sharp'}],
    ],
  },
  {
    id: 'node-export',
    cause: 'import-error',
    when: [
      /module ['"](?<module>[^'"]+)['"] does not provide an export named ['"](?<name>[^'"]+)['"]/,
      /Named export ['"](?<name>\w+)['"] not found\. The requested module ['"](?<module>[^'"]+)['"]/,
      /No matching export in "(?<module>[^"]+)" for import "(?<name>[^"]+)"/,
      /"(?<name>\w+)" is not exported by "(?<module>[^"]+)"/,
      /attempted import error: '(?<name>\w+)' is not exported from '(?<module>[^']+)'/i,
      /export ['"](?<name>\w+)['"].{0,60}was not found in ['"](?<module>[^'"]+)['"]/,
      /Package subpath ['"](?<name>[^'"]+)['"] is not defined by "exports" in (?<module>\S+)/,
      /No "exports" main defined in (?<module>\S+)/,
      // What a compiler makes of an import, and the module has not.
      /\(0 ?, ?(?<module>\w+?)(?:_\d+|__)?\.(?<name>\w+)\) is not a function/,
      /require\(\) of ES Module (?<module>\S+).{0,60}not supported/,
      /Module ['"](?<module>[^'"]+)['"] has no exported member ['"](?<name>\w+)['"]/,
      /Directory import ['"](?<module>[^'"]+)['"] is not supported/,
    ],
    strength: 0.97,
    examples: [
      [
        "SyntaxError: The requested module './invoice.js' does not provide an export named 'createInvoice'",
        {module: './invoice.js', name: 'createInvoice'},
      ],
      [
        'Error [ERR_REQUIRE_ESM]: require() of ES Module /opt/erp/node_modules/chalk/index.js from /opt/erp/a.js not supported.',
        {},
      ],
    ],
  },
  {
    id: 'node-syntax',
    cause: 'syntax-error',
    when: [
      /\bSyntaxError: (?:missing|Unexpected|Invalid or unexpected|Invalid (?:left|destructuring|shorthand|regular)|Identifier|Unterminated|await is only|Illegal|Cannot use import statement|Malformed|Duplicate|Function statements|Missing|Private field|Octal|Delete of|Rest element|`await`)/,
      /\berror(?:\x20)?TS1\d{3}: /,
      /\berror TS\d{4,5}: /,
      /Transform failed with \d+ errors?/,
      /Failed to compile\b/,
      /\[(?:plugin:)?vite:[\w-]+\].{0,200}(?:Unexpected|Parse|parse|expected)/,
      /(?:Expected|expected) ["'`][^"'`]{1,20}["'`] but found ["'`]/,
      /Module parse failed: /,
      /Parsing error: /,
      /RollupError: (?:Parse failure|Expected|Unexpected)/,
      /(?:Compiler|Syntax)Error: .{0,120}\.(?:vue|svelte|astro|[jt]sx?)\b/,
      /✘ \[ERROR\] (?:Expected|Unexpected|Unterminated|Syntax)/,
    ],
    unless: /in JSON|JSON\.parse|\.json\b|json at|SQL|does not provide an export/i,
    strength: 0.93,
    read: (subject, line, context) => ({...sourcePlace(line, context), ...subject}),
    examples: [
      [
        '/opt/erp/api/routes/orders.js:6\n  foo(;\n      ^\n\nSyntaxError: missing ) after argument list',
        {file: '/opt/erp/api/routes/orders.js', line: 6},
      ],
      ["src/period.ts(12,5): error TS1005: ';' expected.", {file: 'src/period.ts', line: 12}],
      ['✘ [ERROR] Expected ";" but found "x"\n\n    src/a.ts:3:8:', {file: 'src/a.ts', line: 3}],
    ],
  },
  {
    id: 'style-syntax',
    cause: 'syntax-error',
    when: [
      /\bCssSyntaxError: (?:.{0,40}? )?(?<file>[^:\s]{1,200}):(?<line>\d+):\d+: /,
      /^(?:Uncaught )?(?:Error: )?Parse error on line (?<line>\d+):/,
    ],
    strength: 0.93,
    examples: [
      ['CssSyntaxError: /opt/erp/app.css:12:1: Unclosed block', {file: '/opt/erp/app.css', line: 12}],
      ['Error: Parse error on line 3:', {line: 3}],
    ],
  },
  {
    id: 'node-json',
    cause: 'config-invalid',
    when: [
      /SyntaxError: (?<file>[^\s:]+\.json): /,
      /SyntaxError: .{0,120}(?:in JSON|JSON input|JSON at position)/,
      /EJSONPARSE|JSON\.parse (?:Failed|Error)/i,
      /(?:Invalid|Unknown) (?:configuration|options?) object\./,
      /error TS(?:5\d{3}|6\d{3}|18003): /,
      /ERR_(?:SOCKET_BAD_PORT|INVALID_URL|INVALID_PACKAGE_CONFIG|INVALID_PACKAGE_TARGET)/,
      /node: (?<name>--?[\w-]+).{0,20} is not allowed in NODE_OPTIONS|node: bad option: (?<name2>\S+)/,
      /Missing script: ["'](?<name>[^"']+)["']/,
      /error: unknown option ['"](?<name>[^'"]+)['"]/,
      /(?:Error: )?options\.\w[\w.]{0,60} (?:should|must) be/,
      /ERR_PNPM_OUTDATED_LOCKFILE|npm ci.{0,40}can only install packages when/,
    ],
    strength: 0.93,
    read: (subject, line, context) => {
      if (subject['file'] !== undefined) return subject;
      const file = [line, ...context.block, ...context.near]
        .map((text) => /((?:[A-Za-z]:)?[\w@./\\-]+\.(?:jsonc?|config\.[cm]?[jt]s))\b/.exec(text)?.[1])
        .find((one) => one !== undefined);
      return file === undefined ? subject : {file, ...subject};
    },
    examples: [
      [
        'SyntaxError: /opt/erp/api/config/production.json: Expected double-quoted property name in JSON at position 86',
        {file: '/opt/erp/api/config/production.json'},
      ],
      ['npm error Missing script: "dev"', {name: 'dev'}],
    ],
  },
  {
    id: 'node-version',
    cause: 'version-mismatch',
    when: [
      /requires at least Node\.js (?<required>v?[\d.]*\d)/,
      /The current version of Node\.js is (?<actual>v?[\d.]*\d)/,
      /npm (?:error|ERR!).{0,20}(?:EBADENGINE|Unsupported engine|notsup)/,
      /(?:^|: )error .{0,120}The engine "(?<name>\w+)" is incompatible with this module\. Expected version "(?<required>[^"]+)"\. Got "(?<actual>[^"]+)"/,
      /ERR_PNPM_UNSUPPORTED_ENGINE/,
      /was compiled against a different Node\.js version/,
      /compiled against .{0,20}NODE_MODULE_VERSION (?<actual>\d+)/,
      /^NODE_MODULE_VERSION (?<actual>\d+)\. This version of Node\.js requires/,
      /Vite requires Node\.js version (?<required>[\d.+]+(?: or [\d.+]+)?)/,
      /You are using Node\.js (?<actual>[\d.]+)\. .{1,60}requires Node\.js version (?<required>.{1,30}?)\.?$/,
      /requires (?:a )?Node(?:\.js)?(?: version)?:? ?(?<required>[<>=^~]* ?v?\d[\d.]*)/i,
      /Node(?:\.js)? version (?<actual>v?\d[\d.]*) is not supported/i,
      /error:0308010C:digital envelope routines::unsupported/,
      /Invalid engine ["']node["']/,
    ],
    unless: /warn(?:ing)?\b.{0,60}(?:EBADENGINE|Unsupported engine)|npm warn/i,
    strength: 0.95,
    read: (subject, _, context) => {
      const whole = [...context.block, ...context.near].join('\n');
      const required =
        /[Rr]equired:? \{? ?["']?node["']?: ?["']([^"']+)["']/.exec(whole)?.[1] ??
        /Expected version: (.{1,30})$/m.exec(whole)?.[1] ??
        /requires\s+NODE_MODULE_VERSION (\d+)/.exec(whole)?.[1];
      const actual =
        /(?:[Aa]ctual|[Cc]urrent):? \{? ?.{0,30}?["']?node["']?: ?["']([^"']+)["']/.exec(whole)?.[1] ??
        /Got: (.{1,30})$/m.exec(whole)?.[1] ??
        /using\s+NODE_MODULE_VERSION (\d+)/.exec(whole)?.[1];
      return {
        name: 'node',
        ...(required === undefined ? {} : {required}),
        ...(actual === undefined ? {} : {actual}),
        ...subject,
      };
    },
    examples: [
      ['npm error code EBADENGINE', {name: 'node'}],
      [
        'error erp-ui@5.0.0: The engine "node" is incompatible with this module. Expected version ">=22". Got "20.20.2"',
        {name: 'node', required: '>=22', actual: '20.20.2'},
      ],
      ['You are using Node.js 16.20.0. Vite requires Node.js version 18.0+ or 20.0+', {required: '18.0+ or 20.0+'}],
    ],
  },
  {
    id: 'node-environment',
    cause: 'missing-env-var',
    when: [
      /Environment variable not found: (?<variable>\w+)/,
      /Invalid environment variables/i,
      /Missing (?:required )?environment variables?:?\s*["'`]?(?<variable>[A-Z][A-Z0-9_]+)?/,
      /(?:❌ )?Config validation error: "?(?<variable>[A-Z][A-Z0-9_]+)"? is required/,
      /"(?<variable>[A-Z][A-Z0-9_]+)" is (?:a )?required/,
      /(?:^|\s)ZodError: \[/,
      /(?:secretOrPrivateKey|secret) must have a value/,
      /secret option required for sessions/,
      /env-var: ["'](?<variable>\w+)["'] is a required variable/,
      /The following variables were defined in .{0,40} but are not present in the environment:\s*(?<variable>[A-Z]\w+)?/,
      /process\.env\.(?<variable>[A-Z][A-Z0-9_]+) (?:is (?:not (?:set|defined)|undefined|missing|required)|must)/,
    ],
    unless: /using default|defaulting|optional|warn/i,
    strength: 0.95,
    read: (subject, line, context) => {
      if (subject['variable'] !== undefined) return subject;
      if (/ZodError/.test(line)) return fromZod(context.block.concat(context.near));
      const {near} = context;
      const from = near.indexOf(line);
      const named = near
        .slice(from + 1)
        .map((text) => /^\W*([A-Z][A-Z0-9_]{2,})\b/.exec(text)?.[1] ?? /['"]([A-Z][A-Z0-9_]{2,})['"]/.exec(text)?.[1])
        .find((one) => one !== undefined);
      return named === undefined ? subject : {...subject, variable: named};
    },
    examples: [
      ['error: Environment variable not found: DATABASE_URL.', {variable: 'DATABASE_URL'}],
      ['Error: Config validation error: "JWT_SECRET" is required', {variable: 'JWT_SECRET'}],
      ['Missing environment variables:\n    REDIS_URL: queue connection', {variable: 'REDIS_URL'}],
    ],
  },
  {
    id: 'node-hang',
    cause: 'hang',
    when: [
      /Plugin did not start in time: ['"](?<name>[^'"]+)['"]/,
      /KnexTimeoutError: Knex: Timeout acquiring a connection\. The pool is probably full/,
      /unsettled top-level await at (?:file:\/\/)?(?<file>[^\s:]+):(?<line>\d+)/i,
      /ResourceRequest timed out|TimeoutError: ResourceRequest/,
      /SequelizeConnectionAcquireTimeoutError/,
      /Timed out fetching a new connection from the connection pool/,
    ],
    strength: 0.95,
    read: (subject, line, context) => ({...placeIn(line, context), ...subject}),
    examples: [
      [
        'Warning: Detected unsettled top-level await at file:///opt/erp/jobs/src/poll.mjs:2',
        {file: '/opt/erp/jobs/src/poll.mjs', line: 2},
      ],
      ["fastify-plugin: Plugin did not start in time: 'bankConnector'.", {name: 'bankConnector'}],
    ],
  },
];

/** What zod found missing, if it looks like a variable. */
function fromZod(texts: readonly string[]): Subject | null {
  if (!texts.some((text) => /undefined|Required/.test(text))) return null;
  const variable = texts
    .map((text) => /^\s*"([A-Z][A-Z0-9_]{2,})",?$/.exec(text)?.[1])
    .find((one) => one !== undefined);
  return variable === undefined ? null : {variable};
}
