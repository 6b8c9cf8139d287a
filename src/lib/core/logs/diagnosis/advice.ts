import {installOf} from './install.js';
import type {Cause, Mend} from './log-diagnosis.js';
import type {Subject} from './rule.js';

/** What is told about a cause, whoever had it. A rule may know better. */
export interface Advice {
  readonly explain: (subject: Subject) => string;
  /** Null: nobody has to do anything. */
  readonly remedy: (subject: Subject, platform: NodeJS.Platform) => string | null;
  /** A restart can't mend it. */
  readonly isPermanent: boolean;
  readonly mend: (subject: Subject) => Mend | null;
}

const or = (value: string | number | undefined, otherwise: string): string =>
  value === undefined ? otherwise : String(value);
const at = ({host, port}: Subject): string => {
  if (host === undefined) return port === undefined ? '' : ` on port ${port}`;
  return ` at ${host}${port === undefined ? '' : `:${port}`}`;
};
const place = ({file, line}: Subject, otherwise: string): string =>
  `${or(file, otherwise)}${line === undefined ? '' : `, line ${line},`}`;
const link = ({file, line}: Subject, otherwise: string): string =>
  `${or(file, otherwise)}${line === undefined ? '' : `:${line}`}`;
const look = ({port}: Subject): string => (port === undefined ? 'erp ports --all' : `erp ports ${port}`);
const show = (platform: NodeJS.Platform, {file}: Subject): string =>
  platform === 'win32' ? `dir "${or(file, 'FILE')}"` : `ls -ld ${or(file, 'FILE')}`;

const nothing = (): null => null;
const configuration = (): Mend => ({kind: 'configuration'});
const theFile = ({file}: Subject): Mend | null => (typeof file === 'string' ? {kind: 'file', path: file} : null);
const fileOrConfiguration = (subject: Subject): Mend => theFile(subject) ?? configuration();
const listener = ({host, port}: Subject): Mend | null =>
  typeof port === 'number' ? {kind: 'listener', host: or(host, '127.0.0.1'), port} : null;

const away = (who: string, start: string): Advice => ({
  explain: (subject) => `${who}${at(subject)} does not answer.`,
  remedy: (subject) => `see whether somebody listens there: ${look(subject)}; ${start}, or correct the address`,
  isPermanent: false,
  mend: listener,
});

export const advice: Readonly<Record<Cause, Advice>> = {
  'port-in-use': {
    explain: ({host, port}) =>
      `It could not listen on ${host === undefined ? '' : `${host}, `}port ${or(port, '?')}: somebody else holds it.`,
    remedy: (subject) => `see who holds it: ${look(subject)}; end that program, or give this one another port`,
    isPermanent: false,
    mend: ({port}) => (typeof port === 'number' ? {kind: 'port', port, host: null} : null),
  },
  'address-not-available': {
    explain: ({host}) => `No interface of this machine has the address ${or(host, 'to listen on')}.`,
    remedy: (_, platform) =>
      `see the addresses: ${platform === 'win32' ? 'ipconfig' : platform === 'darwin' ? 'ifconfig' : 'ip -br address'}; then listen on one of them, or on 0.0.0.0`,
    isPermanent: true,
    mend: configuration,
  },
  'permission-denied': {
    explain: ({file, port}) =>
      `The system does not let it use ${or(file, port === undefined ? 'it' : `port ${port}`)}.`,
    remedy: (subject, platform) => {
      if (subject['file'] === undefined && subject['port'] !== undefined)
        return platform === 'linux'
          ? 'ports below 1024 need a right: sudo setcap cap_net_bind_service=+ep $(readlink -f PROGRAM), AmbientCapabilities=CAP_NET_BIND_SERVICE (systemd), or a port above 1023'
          : 'take a port above 1023, or run it with more rights';
      const file = or(subject['file'], 'FILE');
      return platform === 'win32'
        ? `see who may: icacls "${file}"; then: icacls "${file}" /grant USER:M`
        : `see who may: ${show(platform, subject)}; as whom it runs: id; then: sudo chown USER ${file}, or chmod u+rw ${file}`;
    },
    isPermanent: true,
    mend: theFile,
  },
  'missing-module': {
    explain: ({module}) => `${or(module, 'Something that it needs')} is not installed where it runs.`,
    remedy: ({module}, platform) => installOf(or(module, ''), platform),
    isPermanent: true,
    mend: configuration,
  },
  'import-error': {
    explain: ({name, module}) =>
      `${or(module, 'The module')} does not have ${or(name, 'what is wanted from it')}, or both import each other.`,
    remedy: ({name, module}) =>
      `correct the import of ${or(name, 'the name')}, or install the version of ${or(module, 'the module')} that has it`,
    isPermanent: true,
    mend: fileOrConfiguration,
  },
  'syntax-error': {
    explain: (subject) => `${place(subject, 'A source file')} does not parse or compile.`,
    remedy: (subject) =>
      `correct ${link(subject, 'the file')}, or go back to the last version that ran: git log -3 -- ${or(subject['file'], 'FILE')}`,
    isPermanent: true,
    mend: fileOrConfiguration,
  },
  'config-invalid': {
    explain: (subject) =>
      `${place(subject, 'The configuration')} ${subject['name'] === undefined ? 'is not valid' : `has ${subject['name']}, which is not valid there`}.`,
    remedy: (subject) => `correct ${or(subject['name'], 'it')} in ${link(subject, 'the configuration')}`,
    isPermanent: true,
    mend: fileOrConfiguration,
  },
  'missing-env-var': {
    explain: ({variable}) =>
      variable === undefined
        ? 'An environment variable is missing.'
        : `The environment variable ${variable} is not set.`,
    remedy: ({variable}) =>
      `set it: env: { ${or(variable, 'NAME')}: … } of the service in erp.config.yaml, or a line ${or(variable, 'NAME')}=… in its env file`,
    isPermanent: true,
    mend: configuration,
  },
  'missing-file': {
    explain: ({file}) => `${or(file, 'A file that it needs')} is not there.`,
    remedy: (subject, platform) =>
      `look: ${show(platform, subject)}; put it there, or correct the path (relative ones begin in its working folder)`,
    isPermanent: true,
    mend: theFile,
  },
  'database-unreachable': away('The database', 'start it'),
  'database-auth': {
    explain: ({user}) => `The database answers and does not let ${user === undefined ? 'it' : `user ${user}`} in.`,
    remedy: ({user}) =>
      `compare user and password of the connection with the database's; is the role missing: sudo -u postgres createuser --pwprompt ${or(user, 'NAME')}; another password: ALTER ROLE ${or(user, 'NAME')} PASSWORD '…' (PostgreSQL), ALTER USER (MySQL); see pg_hba.conf`,
    isPermanent: true,
    mend: configuration,
  },
  'database-schema-missing': {
    explain: ({table, column, database, revision}) =>
      `The database lacks ${
        table !== undefined
          ? `the table ${table}`
          : column !== undefined
            ? `the column ${column}`
            : database !== undefined
              ? `the database ${database}`
              : revision !== undefined
                ? `the revision ${revision}`
                : 'something of the schema'
      }: migrations have not run, or it is another database.`,
    remedy: ({database}) =>
      database === undefined
        ? 'run the migrations (alembic upgrade head, python3 manage.py migrate, npx prisma migrate deploy, npx knex migrate:latest, bin/rails db:migrate, php artisan migrate, flyway migrate), and check that it is the right database'
        : `create it: createdb ${database} (PostgreSQL), CREATE DATABASE (MySQL); then run the migrations`,
    isPermanent: true,
    mend: nothing,
  },
  'database-locked': {
    explain: ({file}) => `${or(file, 'The database file')} is locked by another process.`,
    remedy: ({file}, platform) =>
      `see who has it open: ${platform === 'win32' ? 'handle.exe (Sysinternals)' : `lsof ${or(file, 'FILE')}`}; end the second copy, or set a busy timeout and WAL mode`,
    isPermanent: false,
    mend: nothing,
  },
  'redis-unreachable': away('Redis', 'start it'),
  'redis-auth': {
    explain: () => 'Redis answers and wants other credentials or rights.',
    remedy: () =>
      "give its REDIS_URL the password of redis.conf (requirepass, or the user's in the ACL): redis://:PASSWORD@HOST:6379/0; try it: redis-cli -a PASSWORD ping",
    isPermanent: true,
    mend: configuration,
  },
  'redis-misconf': {
    explain: ({name}) =>
      `Redis answers, but ${name === undefined ? 'its state or settings forbid the work' : `its ${name} forbids the work`}.`,
    remedy: ({name}) =>
      name === 'maxmemory'
        ? 'see redis-cli info memory; raise maxmemory, or set maxmemory-policy allkeys-lru'
        : 'ask it: redis-cli info persistence; redis-cli info replication; look at its own log (a full disk, a folder that it may not write)',
    isPermanent: false,
    mend: nothing,
  },
  'broker-unreachable': away('The message broker', 'start it'),
  'dns-failure': {
    explain: ({host}) => `The name ${or(host, 'of the other side')} can't be resolved to an address.`,
    remedy: ({host}, platform) =>
      `check the spelling, then: ${platform === 'linux' ? 'getent hosts' : platform === 'darwin' ? 'dscacheutil -q host -a name' : 'nslookup'} ${or(host, 'NAME')}; container names are known inside their network only`,
    isPermanent: false,
    mend: nothing,
  },
  'connection-refused-upstream': away('A service that it calls', 'start it'),
  'upstream-timeout': {
    explain: (subject) => `A service that it waits for${at(subject)} did not answer in time.`,
    remedy: (subject) =>
      `see whether what should answer${at(subject)} is overloaded or hangs; only then give it more time`,
    isPermanent: false,
    mend: nothing,
  },
  'tls-certificate': {
    explain: ({host, reason}) =>
      `The certificate${host === undefined ? '' : ` of ${host}`} was not accepted: ${or(reason, 'see the line')}.`,
    remedy: ({host, reason, file}) => {
      if (/key|mismatch/.test(or(reason, '')) && file !== undefined)
        return `compare key and certificate: openssl x509 -noout -pubkey -in ${file}; openssl pkey -pubout -in KEY`;
      return /expired|not yet/.test(or(reason, ''))
        ? `renew it; look at its dates: openssl s_client -connect ${or(host, 'HOST')}:443 </dev/null | openssl x509 -noout -dates (and check this machine's clock: date)`
        : `look at what is presented: openssl s_client -showcerts -connect ${or(host, 'HOST')}:443 </dev/null; trust its CA (NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, SSL_CERT_FILE, keytool -importcert) or call it by the name it is for`;
    },
    isPermanent: true,
    mend: theFile,
  },
  'out-of-memory': {
    explain: () => 'It got no more memory.',
    remedy: (_, platform) =>
      `see who takes it: ${platform === 'linux' ? 'free -m; ps aux --sort=-rss | head; dmesg | grep -i "out of memory"' : platform === 'darwin' ? 'top -o mem' : 'the task manager'}; raise its limit (node --max-old-space-size, java -Xmx, memory_limit of PHP, the container's) or find what grows`,
    isPermanent: false,
    mend: nothing,
  },
  'disk-full': {
    explain: ({file}) =>
      `The disk is full: ${file === undefined ? 'it can write no more' : `nothing more can be written to ${file}`}.`,
    remedy: (_, platform) =>
      platform === 'win32'
        ? 'make room: Get-PSDrive -PSProvider FileSystem'
        : 'make room; where it went: df -h; df -i; du -xh -d 1 / | sort -h | tail',
    isPermanent: false,
    mend: nothing,
  },
  'disk-read-only': {
    explain: ({file}) => `${or(file, 'What it writes to')} lies on a file system that is mounted read-only.`,
    remedy: (_, platform) =>
      platform === 'linux'
        ? 'see how it is mounted and why: findmnt; dmesg | tail (errors make Linux mount read-only); then: sudo mount -o remount,rw MOUNT'
        : 'see how it is mounted: mount; write elsewhere, or mount it writable',
    isPermanent: true,
    mend: nothing,
  },
  'file-descriptor-limit': {
    explain: ({name}) => `It has as many ${or(name, 'files and connections')} open as it may.`,
    remedy: (_, platform) =>
      platform === 'linux'
        ? 'see what is open: ls /proc/PID/fd | wc -l; raise it: ulimit -n 65536 (systemd: LimitNOFILE=65536); for watches: sudo sysctl fs.inotify.max_user_watches=524288; if it only grows, it leaks'
        : 'raise it: ulimit -n 65536; if the number only grows, the program leaks',
    isPermanent: false,
    mend: nothing,
  },
  'killed-by-signal': {
    explain: ({signal}) => {
      if (signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP')
        return `Somebody ended it with ${signal}.`;
      return `It crashed${signal === undefined ? '' : ` with ${signal}`}.`;
    },
    remedy: ({signal}, platform) => {
      if (signal === 'SIGTERM' || signal === 'SIGINT' || signal === 'SIGHUP') return null;
      if (signal === 'SIGKILL')
        return platform === 'linux'
          ? 'was it the kernel (out of memory)? dmesg | grep -i "killed process"; else somebody did it by hand'
          : 'somebody ended it, or the system was short of memory';
      return `a crash in native code: reinstall the library that was updated last; where it was: ${platform === 'linux' ? 'coredumpctl info' : platform === 'darwin' ? 'the reports in ~/Library/Logs/DiagnosticReports' : 'the event log (eventvwr)'}`;
    },
    isPermanent: false,
    mend: nothing,
  },
  'unhandled-exception': {
    explain: (subject) =>
      `${or(subject['name'], 'An error')} that nobody caught${subject['file'] === undefined ? '' : `, in ${link(subject, '')}`}.`,
    remedy: (subject) =>
      `a bug in the program: see what reached ${link(subject, 'the place')}; if it came with the last release, go back to the one before`,
    isPermanent: false,
    mend: nothing,
  },
  hang: {
    explain: () => 'It makes no progress: something waits for what never comes.',
    remedy: ({file, line}, platform) =>
      file === undefined
        ? `look where it stands: py-spy dump --pid PID, ${platform === 'win32' ? 'jstack PID' : 'kill -QUIT PID (Java, Go)'}, node --inspect; two who wait for each other need one order of locks, or a timeout`
        : `see what ${link({file, ...(line === undefined ? {} : {line})}, '')} waits for: a callback that never comes, a lock that nobody gives back`,
    isPermanent: false,
    mend: nothing,
  },
  'version-mismatch': {
    explain: ({name, required, actual}) =>
      `${or(name, 'Something')} has another version than is needed${required === undefined ? '' : `: ${required}`}${actual === undefined ? '' : `, there is ${actual}`}.`,
    remedy: ({name, required}) =>
      `install ${or(name, 'it')} ${or(required, 'in the version that it asks for')}, or the build of this program that is made for what is here`,
    isPermanent: true,
    mend: configuration,
  },
  'cluster-unreachable': {
    explain: (subject) => `The Kubernetes API server${at(subject)} can't be reached.`,
    remedy: () => 'is the VPN up, does the cluster run? kubectl cluster-info; kubectl config current-context',
    isPermanent: false,
    mend: listener,
  },
  'cluster-unauthorized': {
    explain: ({user, name}) =>
      `The cluster rejects ${or(user, 'the credentials')}${name === undefined ? '' : ` for ${name}`}.`,
    remedy: () =>
      'log in again (the command of your cluster), then: kubectl auth whoami; for a missing right: kubectl auth can-i create pods/portforward',
    isPermanent: true,
    mend: nothing,
  },
  'pod-not-found': {
    explain: ({name, value}) =>
      `${or(name, 'The pod')} ${value === undefined ? 'does not exist in that namespace' : `is not running: ${value}`}.`,
    remedy: ({name}) => `see what there is: kubectl get pods,svc -A | grep ${or(name, 'NAME')}`,
    isPermanent: false,
    mend: nothing,
  },
  'forward-lost': {
    explain: ({port}) =>
      `The port-forward lost its pod${port === undefined ? '' : `, or nobody listens on ${port} in it`}.`,
    remedy: () => 'erp monitor-connection keeps it up; see the pod: kubectl get pods -w; kubectl logs --previous POD',
    isPermanent: false,
    mend: nothing,
  },
  'rate-limited': {
    explain: ({host}) => `${or(host, 'A service that it calls')} refuses requests because there are too many.`,
    remedy: () =>
      'wait as long as it says (Retry-After), then send fewer: longer pauses, fewer workers, larger batches',
    isPermanent: false,
    mend: nothing,
  },
  'licence-expired': {
    explain: ({date}) => `A licence or token is not valid${date === undefined ? '' : `: ${date}`}.`,
    remedy: (_, platform) =>
      `renew the licence or token; check that the clock is right: ${platform === 'win32' ? 'w32tm /query /status' : 'date -u'}`,
    isPermanent: true,
    mend: configuration,
  },
};
