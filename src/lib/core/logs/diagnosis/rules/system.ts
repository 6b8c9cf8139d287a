import {portIn} from '../endpoint.js';
import type {Rule, Subject} from '../rule.js';

const quoted = /["'`«‘“]((?:[A-Za-z]:)?[^"'`»’”]{2,200})["'`»’”]/;
const bare = /(?:^|[\s(=:,])((?:\/|\.{1,2}\/|~\/|[A-Za-z]:\\)[\w@.+~/\\-]{2,200})/;

/** A path in a message: in quotes, else bare; behind the words that matter first. */
export function pathIn(text: string): string | null {
  const behind =
    /(?:open|stat|lstat|access|scandir|mkdir|unlink|rename|read|write|spawn|file|directory|folder|path|datei|verzeichnis|No such file or directory|Permission denied|Read-only file system|not found|No space left on device)[:,(]? ['"`]?((?:[A-Za-z]:)?[\w@.+~-]*[/\\][\w@.+~/\\ -]{0,200}[\w/])['"`)]?/i.exec(
      text,
    )?.[1] ??
    quoted.exec(text)?.[1] ??
    bare.exec(text)?.[1] ??
    /\b([\w-]+\.(?:ya?ml|json|toml|ini|cfg|conf|env|db|sqlite3?|pem|crt|key|sql|txt|xml|csv|log|pid|sock|properties|jar|py|js|rdb|aof))\b/.exec(
      text,
    )?.[1];
  if (behind === undefined) return null;
  const path = behind.trim().replace(/[.,:;)]+$/, '');
  return path.includes(' ') && !/[/\\]/.test(path) ? null : path;
}

const withPath: NonNullable<Rule['read']> = (subject, line, context) => {
  if (subject['file'] !== undefined) return subject;
  for (const text of [line, ...context.block.slice(-12)]) {
    if (/^\s*(?:File "|at )/.test(text)) continue;
    const path = pathIn(text);
    if (path !== null) return {...subject, file: path};
  }
  return subject;
};
const fileOf = ({file}: Subject): string => String(file ?? 'a file');
const list = (platform: NodeJS.Platform, file: string): string =>
  platform === 'win32' ? `dir "${file}"` : `ls -ld ${file}`;

/** Files, disks, memory, limits, signals: what the operating system answers. */
export const system: readonly Rule[] = [
  {
    id: 'disk-full',
    cause: 'disk-full',
    when: /\bENOSPC\b(?!.{0,60}(?:watch|inotify))|no space left on device|disk (?:is )?full|not enough (?:disk )?space|there is not enough space|\bDisk quota exceeded|\bEDQUOT\b|kein speicherplatz|auf dem gerät ist kein|database or disk is full|SQLITE_FULL|insufficient (?:disk|storage) space|out of disk space|errno[ =:]+28\b|os error 28|disk_free_limit|flood.?stage|low on disk|free disk space .{0,40}insufficient/i,
    unless: /inotify|file watch|watchers/i,
    strength: 0.93,
    read: withPath,
    explain: (subject) =>
      `The disk is full: ${subject['file'] === undefined ? 'it can write no more' : `nothing more can be written to ${fileOf(subject)}`}.`,
    remedy: (_, platform) =>
      platform === 'win32'
        ? 'make room: Get-PSDrive -PSProvider FileSystem'
        : 'make room: df -h; df -i; du -xh -d 1 / | sort -h | tail',
    examples: [
      'OSError: [Errno 28] No space left on device',
      ['could not write to file "pg_wal/xlogtemp.3581": No space left on device', {file: 'pg_wal/xlogtemp.3581'}],
      "ERROR 1114 (HY000): The table 'x' is full: errno: 28",
    ],
  },
  {
    id: 'disk-read-only',
    cause: 'disk-read-only',
    when: /\bEROFS\b|read-only file ?system|schreibgeschütztes dateisystem|errno[ =:]+30\b|os error 30/i,
    strength: 0.95,
    read: withPath,
    explain: (subject) => `${fileOf(subject)} lies on a file system that is mounted read-only.`,
    remedy: () =>
      'see how it is mounted and why: findmnt; dmesg | tail (errors make Linux mount read-only); then: sudo mount -o remount,rw MOUNT',
    examples: [
      ["OSError: [Errno 30] Read-only file system: '/opt/erp/spool/job-1.tmp'", {file: '/opt/erp/spool/job-1.tmp'}],
    ],
  },
  {
    id: 'file-limit',
    cause: 'file-descriptor-limit',
    when: /\bEMFILE\b|\bENFILE\b|too many open files|zu viele offene dateien|inotify.{0,60}(?:limit|watches|ENOSPC)|ENOSPC.{0,80}(?:watch|inotify)|system limit for number of file watchers|worker_connections are not enough|accept4?\(\) failed \(24|file descriptor limit|maximum number of file descriptors|os error 24|nofile|increase_fd_limit/i,
    unless:
      /set(?:ting)? .{0,30}(?:limit|nofile)|(?:max(?:imum)?|increased) (?:number of )?(?:open files|file descriptors).{0,20}\bto\b|adjusted/i,
    strength: 0.93,
    explain: () => 'It has as many files and connections open as it may.',
    remedy: (_, platform) =>
      platform === 'linux'
        ? 'see what is open: ls /proc/PID/fd | wc -l; raise it: ulimit -n 65536 (systemd: LimitNOFILE=65536); for watches: sudo sysctl fs.inotify.max_user_watches=524288; if it only grows, it leaks'
        : 'raise it: ulimit -n 65536; if the number only grows, the program leaks',
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
    when: /\bOutOfMemory(?:Error|Exception)?\b|heap out of memory|(?<!['\w])MemoryError\b|cannot allocate memory|\bENOMEM\b|out of memory|oom[- ]?kill|Allocation failed|memory exhausted|std::bad_alloc|bad_alloc|Allowed memory size of \d+ bytes exhausted|unable to create (?:new )?native thread|GC overhead limit|can't start new thread|runtime: out of memory|insufficient memory|memory allocation of \d+ bytes failed|failed to allocate memory|nicht genügend arbeitsspeicher|kein speicher verfügbar|Exit(?:ed)? .{0,20}OOM|exceeded memory limit|Perhaps out of memory|fork: retry: Resource|os error 12\b/i,
    unless: /OOM command not allowed|maxmemory|overcommit_memory|vm\.overcommit/i,
    strength: 0.92,
    explain: () => 'It got no more memory.',
    remedy: (_, platform) =>
      `see who takes it: ${platform === 'linux' ? 'free -m; ps aux --sort=-rss | head; dmesg | grep -i "out of memory"' : 'the task manager'}; raise its limit (node --max-old-space-size, java -Xmx, container limit) or find what grows`,
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
    when: /segmentation fault|\bSIGSEGV\b|signal (?:11|6|4|7|8)\b|\bSIGABRT\b|\bSIGBUS\b|\bSIGILL\b|\bSIGFPE\b|core dumped|speicherzugriffsfehler|terminated by signal|killed by signal|was (?:sent|terminated due to|killed by) SIG(?<signal>[A-Z]+)|exited on signal|terminated by SIG/i,
    unless: /handler|gracefully|received SIGTERM|SIGTERM|SIGINT|exception handling/i,
    strength: 0.85,
    read: (subject, line) => {
      const name = /\bSIG(SEGV|ABRT|KILL|BUS|ILL|FPE|TERM)\b/.exec(line)?.[1];
      const number = /signal (\d+)/.exec(line)?.[1];
      const named =
        name ??
        (number === undefined
          ? /segmentation|speicherzugriff/i.test(line)
            ? 'SEGV'
            : undefined
          : ({11: 'SEGV', 6: 'ABRT', 9: 'KILL', 7: 'BUS', 4: 'ILL', 8: 'FPE', 15: 'TERM'} as Record<string, string>)[
              number
            ]);
      return named === undefined ? subject : {...subject, signal: `SIG${named}`};
    },
    explain: ({signal}) => `It was ended by ${signal ?? 'a signal'}, a crash in native code.`,
    remedy: () =>
      'look at the native libraries that were updated last; reinstall them; a core dump tells where: coredumpctl info',
    examples: [
      ['Fatal Python error: Segmentation fault', {signal: 'SIGSEGV'}],
      ['worker process 4107 exited on signal 11 (core dumped)', {signal: 'SIGSEGV'}],
    ],
  },
  {
    id: 'worker-killed',
    cause: 'killed-by-signal',
    when: /Worker .{0,40}was sent SIG(?<signal>KILL|TERM|SEGV|ABRT)|signal:? (?:killed|9\b)|exited .{0,40}signal SIG(?<signal_2>[A-Z]+)|terminated by signal 9|WorkerLostError.{0,80}signal 9|(?:^|\s)Killed$|status 137|code 137/,
    unless: /shutting down|stopping|Shutdown/i,
    strength: 0.75,
    read: ({signal, ...rest}) => ({
      ...rest,
      signal: signal === undefined ? 'SIGKILL' : `SIG${String(signal).replace(/^SIG/, '')}`,
    }),
    explain: ({signal}) => `A process was ended by ${signal}.`,
    remedy: () => 'was it the kernel? dmesg | grep -i "killed process"; else somebody did it',
    examples: [['Worker (pid:123) was sent SIGKILL! Perhaps out of memory?', {signal: 'SIGKILL'}]],
  },
  {
    id: 'permission-denied',
    cause: 'permission-denied',
    when: /\bEACCES\b|\bEPERM\b|permission denied|operation not permitted|zugriff verweigert|access (?:is |to the path .{0,200} is )?denied|keine berechtigung|\[Errno 13\]|\[Errno 1\]|UnauthorizedAccessException|AccessDeniedException|insufficient permissions?|not permitted to (?:read|write|open)|wrong ownership|has wrong owner|is (?:group|world)[ -](?:or world[ -])?(?:readable|writable)|bad (?:owner|permissions)|unprotected private key|data directory .{0,200} has (?:invalid permissions|wrong ownership)|should not be run as root|cannot be run as root|"root" execution|must (?:not )?be run as|os error 13\b|not owned by/i,
    unless:
      /publickey|for user|Access denied for user|role|\bSQL\b|relation|schema|permission denied for (?:table|database|relation|schema|sequence)|redis|NOPERM|\b403\b|forbidden|client denied/i,
    strength: 0.86,
    read: (subject, line, context) => {
      const port = /\b(?:listen|bind)\b/i.test(line) ? portIn(line) : null;
      return port === null ? withPath(subject, line, context) : {...subject, port};
    },
    explain: (subject) => `The system does not let it use ${fileOf(subject)}.`,
    remedy: (subject, platform) =>
      `see who may: ${list(platform, fileOf(subject))}${platform === 'win32' ? `; icacls "${fileOf(subject)}"` : `, and as whom it runs: id; then: sudo chown USER ${fileOf(subject)}`}`,
    mend: (subject) => (subject['file'] === undefined ? null : {kind: 'file', path: fileOf(subject)}),
    examples: [
      [
        "PermissionError: [Errno 13] Permission denied: '/opt/erp/shared/exports/index.json'",
        {file: '/opt/erp/shared/exports/index.json'},
      ],
      ["Error: EACCES: permission denied, open '/var/lib/erp/state.json'", {file: '/var/lib/erp/state.json'}],
    ],
  },
  {
    id: 'missing-file',
    cause: 'missing-file',
    when: /\bENOENT\b|no such file or directory|FileNotFound(?:Error|Exception)|NoSuchFileException|cannot find the (?:file|path) specified|datei oder verzeichnis nicht gefunden|could not find (?:a |the )?(?:file|part of the path)|(?:file|directory|folder|path|datei|config(?:uration)?(?: file)?) .{0,200}(?:does not exist|doesn't exist|not found|nicht gefunden|existiert nicht|is missing)|'[^']{1,200}' doesn't exist|can't open (?:file|config|input)|cannot open (?:file|input|shared file)|unable to (?:open|read|load|find) (?:file|config)|failed to open stream|cannot stat|can't find (?:file|config)|ENOTDIR|systemcannot find|os error 2\b|No such file to load|could not (?:open|read|load) (?:the )?(?:config|configuration|certificate|key|file)|does not exist or is not (?:a directory|readable)|Konnte .{0,60}nicht (?:öffnen|finden)/i,
    unless:
      /permission denied|shared librar|shared object|database ".*" does not exist|relation|column|role|\buser\b .* does not exist|table|favicon|robots\.txt|open\(\) ".{1,300}" failed \(2: |module|package|executable|spawn|env: |interpreter|command not found|unix.{0,20}sock|\.s\.PGSQL|\.sock\b|access log|File does not exist: \/|\bqueue\b|\btopic\b|theme|source map/i,
    strength: 0.84,
    read: withPath,
    explain: (subject) => `${fileOf(subject)} is not there.`,
    remedy: (subject, platform) =>
      `look: ${list(platform, fileOf(subject))}; put it there, or correct the path (relative ones begin in its working folder)`,
    mend: (subject) => (subject['file'] === undefined ? null : {kind: 'file', path: fileOf(subject)}),
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
    when: /(?:licen[cs]e|lizenz|token|jwt|subscription|api key|signature|trial)\b.{0,40}\b(?:has |is |have |ist )?(?:expired|abgelaufen|not (?:yet )?valid|no longer valid|invalid since|ended)|expired.{0,20}(?:licen[cs]e|token|jwt)|TokenExpiredError|ExpiredSignature(?:Error)?|ExpiredJwt(?:Exception)?|token used before issued|NotBeforeError|ImmatureSignatureError|jwt not active|exp(?:iration)? claim|clock skew too/i,
    unless: /certificate|refresh(?:ing|ed)?|renew(?:ed|ing)|session token expired for user/i,
    strength: 0.85,
    read: (subject, line, context) => {
      const date = [line, ...context.block]
        .map(
          (text) =>
            /(?:expired|expiry|expiredAt|valid until|exp|on|at|since|abgelaufen am)\W{1,6}(\d{4}-\d\d-\d\d(?:[T ][\d:.]+Z?)?|\d{1,2}\.\d{1,2}\.\d{4})/i.exec(
              text,
            )?.[1],
        )
        .find((one) => one !== undefined);
      return date === undefined ? subject : {...subject, date};
    },
    explain: ({date}) => `A licence or token is not valid${date === undefined ? '' : ` since ${date}`}.`,
    remedy: () => 'renew the licence or token; check that the clock is right: date -u',
    mend: () => ({kind: 'configuration'}),
    examples: [
      'TokenExpiredError: jwt expired',
      'jwt.exceptions.ExpiredSignatureError: Signature has expired',
      ['License expired on 2025-10-01', {date: '2025-10-01'}],
    ],
  },
];
