import {portIn} from '../endpoint.js';
import type {Rule} from '../rule.js';

const quoted = /["'`«»‘“„]((?:[A-Za-z]:)?[^"'`«»’”“]{2,200})["'`«»’”“]/;
const bare = /(?:^|[\s(=:,])((?:\/|\.{1,2}\/|~\/|[A-Za-z]:\\)[\w@.+~/\\-]{2,200})/;

/** A path in a message: in quotes, else bare; behind the words that matter first. */
export function pathIn(text: string): string | null {
  const behind =
    /@ (?:rb|dir)_\w+ - (\S{1,200})/.exec(text)?.[1] ??
    /\b(?:AccessDenied|NoSuchFile|FileNotFound|FileSystem|NotDirectory)Exception: ((?:[A-Za-z]:)?[\w@.+~-]*[/\\]\S{1,200})/.exec(
      text,
    )?.[1] ??
    /(?:open|stat|lstat|access|scandir|mkdir|unlink|rename|read|write|spawn|file|directory|folder|path|datei|verzeichnis|No such file or directory|Permission denied|Read-only file system|not found|No space left on device)[:,(]? ['"`]?((?:[A-Za-z]:)?[\w@.+~-]*[/\\][\w@.+~/\\ -]{0,200}[\w/])['"`)]?/i.exec(
      text,
    )?.[1] ??
    quoted.exec(text)?.[1] ??
    bare.exec(text)?.[1] ??
    /\b([\w-]+\.(?:ya?ml|json|toml|ini|cfg|conf|env|db|sqlite3?|pem|crt|key|sql|txt|xml|csv|log|pid|sock|properties|jar|py|js|rdb|aof))\b/.exec(
      text,
    )?.[1];
  if (behind === undefined) return null;
  const path = behind
    .trim()
    .replace(/[.,:;)]+$/, '')
    .replace(/(?<=\w)\/$/, '');
  return path.includes(' ') && !/[/\\]/.test(path) ? null : path;
}

const withPath: NonNullable<Rule['read']> = (subject, line, context) => {
  if (subject['file'] !== undefined) return subject;
  for (const text of [line, ...context.block.slice(-12)]) {
    if (/^\s*(?:File "|at |code: |errno: |syscall: |with open\(|raise |throw )/.test(text)) continue;
    const path = pathIn(text);
    if (path !== null) return {...subject, file: path};
  }
  return subject;
};
/** Files, disks, memory, limits, signals: what the operating system answers. */
/** How a shell tells of them. */
const wordsOfSignals: readonly (readonly [RegExp, string])[] = [
  [/segmentation|speicherzugriff/i, 'SEGV'],
  [/file size limit/i, 'XFSZ'],
  [/cpu time limit/i, 'XCPU'],
];

export const system: readonly Rule[] = [
  {
    id: 'disk-full',
    cause: 'disk-full',
    when: [
      /nicht genügend (?:speicherplatz|platz)/i,
      /\bENOSPC\b(?!.{0,60}(?:watch|inotify))/i,
      /no space left on device/i,
      /disk (?:is )?full/i,
      /not enough (?:disk )?space/i,
      /there is not enough space/i,
      /\bDisk quota exceeded/i,
      /\bEDQUOT\b/i,
      /kein speicherplatz/i,
      /auf dem gerät ist kein/i,
      /database or disk is full/i,
      /SQLITE_FULL/i,
      /insufficient (?:disk|storage) space/i,
      /out of disk space/i,
      // tar
      /\bWrote only \d+ of \d+ bytes/,
      /errno[ =:]+28\b/i,
      /os error 28/i,
      /disk_free_limit/i,
      /flood.?stage/i,
      /low on disk/i,
      /free disk space .{0,40}insufficient/i,
    ],
    unless: /inotify|file watch|watchers/i,
    strength: 0.93,
    read: (subject, line, context) =>
      context.block.some((text) => /inotify|file watchers|syscall: 'watch'/.test(text))
        ? null
        : withPath(subject, line, context),
    examples: [
      'OSError: [Errno 28] No space left on device',
      ['could not write to file "pg_wal/xlogtemp.3581": No space left on device', {file: 'pg_wal/xlogtemp.3581'}],
      "ERROR 1114 (HY000): The table 'x' is full: errno: 28",
    ],
  },
  {
    id: 'disk-read-only',
    cause: 'disk-read-only',
    when: [
      /\bEROFS\b/i,
      /read-only file ?system/i,
      /schreibgeschütztes dateisystem/i,
      /errno[ =:]+30\b/i,
      /os error 30/i,
    ],
    strength: 0.95,
    read: withPath,
    examples: [
      ["OSError: [Errno 30] Read-only file system: '/opt/erp/spool/job-1.tmp'", {file: '/opt/erp/spool/job-1.tmp'}],
    ],
  },
  {
    id: 'file-limit',
    cause: 'file-descriptor-limit',
    when: [
      /\bEMFILE\b/i,
      /\bENFILE\b/i,
      /too many open files/i,
      /zu viele offene dateien/i,
      /inotify.{0,60}(?:limit|watches|ENOSPC)/i,
      /ENOSPC.{0,80}(?:watch|inotify)/i,
      /system limit for number of file watchers/i,
      /worker_connections are not enough/i,
      /accept4?\(\) failed \(24/i,
      /file descriptor limit/i,
      /maximum number of file descriptors/i,
      /os error 24/i,
      /nofile/i,
      /set rlimit for open files|setrlimit.{0,40}open files/i,
      /increase_fd_limit/i,
    ],
    unless:
      /(?<!(?:failed|unable|not) (?:to )?)set(?:ting)? .{0,30}(?:limit|nofile)|(?:max(?:imum)?|increased) (?:number of )?(?:open files|file descriptors).{0,20}\bto\b|adjusted/i,
    strength: 0.93,
    examples: [
      'OSError: [Errno 24] Too many open files',
      "Error: EMFILE: too many open files, open '/opt/erp/w/a.txt'",
      "Error: ENOSPC: System limit for number of file watchers reached, watch '/opt/erp/web'",
      '1024 worker_connections are not enough',
    ],
  },
  {
    id: 'out-of-memory',
    cause: 'out-of-memory',
    when: [
      /\bOutOfMemory(?:Error|Exception)?\b/i,
      /heap out of memory/i,
      /(?<!['\w])MemoryError\b/i,
      /cannot allocate memory/i,
      /\bENOMEM\b/i,
      /out of memory/i,
      /oom[- ]?kill/i,
      /Allocation failed/i,
      /memory exhausted/i,
      /std::bad_alloc/i,
      /ArrayMemoryError/,
      /unable to allocate (?:array with shape|[\d.]+ ?[KMGTP]i?B)/i,
      /bad_alloc/i,
      /Allowed memory size of \d+ bytes exhausted/i,
      /unable to create (?:new )?native thread/i,
      /GC overhead limit/i,
      /can't start new thread/i,
      /runtime: out of memory/i,
      /insufficient memory/i,
      /memory allocation of \d+ bytes failed/i,
      /failed to allocate memory/i,
      /nicht genügend arbeitsspeicher/i,
      /kein speicher verfügbar/i,
      /Exit(?:ed)? .{0,20}OOM/i,
      /exceeded memory limit/i,
      /fork: retry: Resource/i,
      /os error 12\b/i,
    ],
    unless: /Perhaps out of memory|OOM command not allowed|maxmemory|overcommit_memory|vm\.overcommit/i,
    strength: 0.92,
    examples: [
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
      'MemoryError',
      'PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)',
      'fatal error: runtime: out of memory',
    ],
  },
  {
    id: 'segfault',
    cause: 'killed-by-signal',
    when: [
      /segmentation fault/i,
      /\bSIGSEGV\b/i,
      /signal (?:11|6|4|7|8)\b/i,
      /\bSIGABRT\b/i,
      /\bSIGBUS\b/i,
      /\bSIGILL\b/i,
      /\bSIGFPE\b/i,
      /core dumped/i,
      /speicherzugriffsfehler/i,
      /terminated by signal/i,
      /killed by signal/i,
      /was (?:sent|terminated due to|killed by) SIG(?<signal>[A-Z]+)/i,
      /exited on signal/i,
      /terminated by SIG/i,
      /(?:file size|cpu time) limit exceeded/i,
      /\bSIGX(?:FSZ|CPU)\b/,
      /process (?:in|of|from) (?:the )?(?:process )?pool was terminated abruptly|BrokenProcessPool|TerminatedWorkerError/,
      /worker process managed by the executor was unexpectedly terminated/,
    ],
    unless: /handler|gracefully|^\[signal SIG.{1,60} code=0x|received SIGTERM|SIGTERM|SIGINT|exception handling/i,
    strength: 0.85,
    read: (subject, line) => {
      const name = /\bSIG(SEGV|ABRT|KILL|BUS|ILL|FPE|TERM|XFSZ|XCPU)\b/.exec(line)?.[1];
      const number = /signal (\d+)/.exec(line)?.[1];
      const named =
        name ??
        (number === undefined
          ? wordsOfSignals.find(([words]) => words.test(line))?.[1]
          : ({11: 'SEGV', 6: 'ABRT', 9: 'KILL', 7: 'BUS', 4: 'ILL', 8: 'FPE', 15: 'TERM'} as Record<string, string>)[
              number
            ]);
      return named === undefined ? subject : {...subject, signal: `SIG${named}`};
    },
    examples: [
      ['Fatal Python error: Segmentation fault', {signal: 'SIGSEGV'}],
      ['worker process 4107 exited on signal 11 (core dumped)', {signal: 'SIGSEGV'}],
    ],
  },
  {
    id: 'worker-killed',
    cause: 'killed-by-signal',
    when: [
      /Worker .{0,40}was sent SIG(?<signal>KILL|TERM|SEGV|ABRT)/,
      /signal:? (?:killed|9\b)/,
      /exited .{0,40}signal SIG(?<signal>[A-Z]+)/,
      /terminated by signal 9/,
      /WorkerLostError.{0,80}signal 9/,
      /(?:^|\s)Killed$/,
      /status 137/,
      /code 137/,
    ],
    unless: /shutting down|stopping|Shutdown/i,
    strength: 0.75,
    read: ({signal, ...rest}) => ({
      ...rest,
      signal: signal === undefined ? 'SIGKILL' : `SIG${String(signal).replace(/^SIG/, '')}`,
    }),
    examples: [['Worker (pid:123) was sent SIGKILL! Perhaps out of memory?', {signal: 'SIGKILL'}]],
  },
  {
    id: 'permission-denied',
    cause: 'permission-denied',
    when: [
      /\bEACCES\b/i,
      /\bEPERM\b/i,
      /permission denied/i,
      /operation not permitted/i,
      /zugriff verweigert/i,
      /access (?:is |to the path .{0,200} is )?denied/i,
      /keine berechtigung/i,
      /\[Errno 13\]/i,
      /attempt to write a readonly database/i,
      /(?:Permission|Access)Error\(13\b/i,
      /\[Errno 1\]/i,
      /UnauthorizedAccessException/i,
      /AccessDeniedException/i,
      /insufficient permissions?/i,
      /\bmust be writ(?:e)?able (?:by|for)\b/i,
      /not permitted to (?:read|write|open)/i,
      /wrong ownership/i,
      /has wrong owner/i,
      /is (?:group|world)[ -](?:or world[ -])?(?:readable|writable)/i,
      /bad (?:owner|permissions)/i,
      /unprotected private key/i,
      /data directory .{0,200} has (?:invalid permissions|wrong ownership)/i,
      /must (?:not )?be run as/i,
      /os error 13\b/i,
      /not owned by/i,
    ],
    unless:
      /publickey|for user|Access denied for user|role|\bSQL\b|relation|schema|permission denied for (?:table|database|relation|schema|sequence)|redis\.exceptions|NOPERM|\b403\b|forbidden|client denied|relay access denied/i,
    strength: 0.86,
    read: (subject, line, context) => {
      const port = /\b(?:listen|bind)\b/i.test(line) ? portIn(line) : null;
      return port === null ? withPath(subject, line, context) : {...subject, port};
    },
    examples: [
      [
        "PermissionError: [Errno 13] Permission denied: '/opt/erp/shared/exports/index.json'",
        {file: '/opt/erp/shared/exports/index.json'},
      ],
      [
        'Exception in thread "main" java.nio.file.AccessDeniedException: /opt/erp/archive/2026-11.csv',
        {file: '/opt/erp/archive/2026-11.csv'},
      ],
      ["Error: EACCES: permission denied, open '/var/lib/erp/state.json'", {file: '/var/lib/erp/state.json'}],
    ],
  },
  {
    id: 'missing-file',
    cause: 'missing-file',
    when: [
      /\bENOENT\b/i,
      /no such file or directory/i,
      /FileNotFound(?:Error|Exception)/i,
      /NoSuchFileException/i,
      /cannot find the (?:file|path) specified/i,
      /datei oder verzeichnis nicht gefunden/i,
      /could not find (?:a |the )?(?:file|part of the path)/i,
      /(?:file|directory|folder|path|datei|config(?:uration)?(?: file)?) .{0,200}(?:does not exist|doesn't exist|not found|nicht gefunden|existiert nicht|is missing)/i,
      /'[^']{1,200}' doesn't exist/i,
      /can't open (?:file|config|input)/i,
      /^(?:\S+: )?(?:directory|folder|verzeichnis|document root) ['"`»]?(?!or |and |is |was |could |that )(?<file>[\w./@+~-]+)['"`«]? (?:does not exist|doesn't exist|not found|existiert nicht)/i,
      /^(?:error|fatal|fehler)\b[: ]+['"`]?(?<file>[\w./-]*(?:[/.][\w-]+|[A-Za-z]+file))['"`]? (?:does not exist|not found|is missing|existiert nicht)\b/i,
      /cannot open (?:file|input|shared file)/i,
      /unable to (?:open|read|load|find) (?:file|config)/i,
      /failed to open stream/i,
      /cannot stat/i,
      /can't find (?:file|config)/i,
      /ENOTDIR/i,
      /systemcannot find/i,
      /os error 2\b/i,
      /No such file to load/i,
      /could not (?:open|read|load) (?:the )?(?:config|configuration|certificate|key|file)/i,
      /does not exist or is not (?:a directory|readable)/i,
      /fatal: not a git repository/,
      /Konnte .{0,60}nicht (?:öffnen|finden)/i,
    ],
    unless:
      /permission denied|shared librar|shared object|database ".*" does not exist|relation|column|role|\buser\b .* does not exist|table|favicon|robots\.txt|open\(\) ".{1,300}" failed \(2: |module|package(?!\.json)|executable|spawn|env: |interpreter|command not found|unix.{0,20}sock|\.s\.PGSQL|\.sock\b|access log|field not found|File does not exist: \/|\bqueue\b|\btopic\b|theme|source map|\bcode 404\b|"(?:GET|HEAD|POST|PUT) \//i,
    strength: 0.84,
    read: withPath,
    // What is run and is not there is a program that is not installed.
    decide: ({file}, _, {block}) =>
      !/[/\\.]/.test(String(file ?? '/')) &&
      block.some((text) => /subprocess\.py|_execute_child|execvp|child_process/.test(text))
        ? 'missing-module'
        : 'missing-file',
    examples: [
      [
        "FileNotFoundError: [Errno 2] No such file or directory: 'config/settings.yaml'",
        {file: 'config/settings.yaml'},
      ],
      [
        "Error: ENOENT: no such file or directory, open '/opt/erp/api/templates/invoice.hbs'",
        {file: '/opt/erp/api/templates/invoice.hbs'},
      ],
      ["Error: '/opt/erp/backend/gunicorn.conf.py' doesn't exist", {file: '/opt/erp/backend/gunicorn.conf.py'}],
      [
        'cannot load certificate "/opt/erp/tls/erp.crt": BIO_new_file() failed (SSL: error:80000002:system library::No such file or directory)',
        {file: '/opt/erp/tls/erp.crt'},
      ],
    ],
  },
  {
    id: 'licence',
    cause: 'licence-expired',
    when: [
      /(?:licen[cs]e|lizenz|token|jwt|subscription|api key|signature|trial)\b.{0,40}\b(?:has |is |have |ist )?(?:expired|abgelaufen|not (?:yet )?valid|no longer valid|invalid since|ended)/i,
      /expired.{0,20}(?:licen[cs]e|token|jwt)/i,
      /TokenExpiredError/i,
      /ExpiredSignature(?:Error)?/i,
      /ExpiredJwt(?:Exception)?/i,
      /token used before issued/i,
      /NotBeforeError/i,
      /ImmatureSignatureError/i,
      /jwt not active/i,
      /exp(?:iration)? claim/i,
      /clock skew too/i,
      /\blicen[cs]e (?:check|validation|verification) failed\b/i,
    ],
    unless: /certificate|refresh(?:ing|ed)?|renew(?:ed|ing)|session token expired for user/i,
    strength: 0.85,
    read: (subject, line, context) => {
      const date = [line, ...context.block]
        .map(
          (text) =>
            /(?:expired|expiry|expiredAt|valid until|exp|on|at|since|until|seit|bis|am|zum)(?: dem)?\W{1,6}(\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?|\d{1,2}\.\d{1,2}\.\d{4})/i.exec(
              text,
            )?.[1],
        )
        .find((one) => one !== undefined);
      return date === undefined ? subject : {...subject, date};
    },
    examples: [
      'TokenExpiredError: jwt expired',
      'jwt.exceptions.ExpiredSignatureError: Signature has expired',
      ['License expired on 2025-10-01', {date: '2025-10-01'}],
      ['CRITICAL Lizenz ist seit 31.10.2026 abgelaufen.', {date: '31.10.2026'}],
    ],
  },
];
