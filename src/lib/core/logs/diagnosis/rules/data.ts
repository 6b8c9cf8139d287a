import {withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

/** Databases, caches, brokers: what they answer to those who come. */
export const data: readonly Rule[] = [
  {
    id: 'database-auth',
    cause: 'database-auth',
    when: /password authentication failed for user "?(?<user>[^"\s]+)"?|Access denied for user '?(?<user_2>[^'@\s]+)'?|role "(?<user_3>[^"]+)" does not exist|no pg_hba\.conf entry for .{0,60}user "(?<user_4>[^"]+)"|(?:peer|ident|scram|md5|ldap|gss) authentication failed for user "(?<user_5>[^"]+)"|no password supplied|SCRAM .{0,60}(?:password|client)|\b28P01\b|\b28000\b|Authentication failed.{0,60}(?:mongo|code.{0,6}18|AuthenticationFailed)|\bAuthenticationFailed\b|Login failed for user '(?<user_6>[^']+)'|ORA-01017|ER_ACCESS_DENIED|command .{1,60} requires authentication|not authorized on (?<database>\w+) to execute|bad auth.{0,20}authentication failed|permission denied for (?:table|relation|schema|database|sequence|view) (?<table>\w+)|must be owner of|(?<name>ER_TABLEACCESS_DENIED\w*)|command denied to user '(?<user_7>[^']+)'|password authentication failed|Authentication to host .{0,80} failed|P1000\b|invalid username\/password|password missing|role ["']?(?<user_8>\w+)["']? is not permitted to log in|Authentifizierung für Benutzer [»"„]?(?<user_9>[^«"“\s]+)[«"“]? fehlgeschlagen|UserNotFound: /,
    unless: /WRONGPASS|redis|amqp|rabbit|smtp|imap|ldap:\/\/|\bDETAIL:.{0,40}does not match|kafka|\bftp\b/i,
    strength: 0.94,
    read: (subject, line, context) => {
      const user = [line, ...context.block]
        .map(
          (text) =>
            /(?:user(?:name)?[=: ]+|for user |role )["'`»]?(?<user>[A-Za-z][\w.-]{0,60})["'`«]?/.exec(text)?.groups?.[
              'user'
            ],
        )
        .find((one) => one !== undefined && !/^(?:name|is|does|with|using|or)$/.test(one));
      return subject['user'] !== undefined || user === undefined ? subject : {...subject, user};
    },
    explain: ({user}) => `The database answers and does not let ${user === undefined ? 'it' : `user ${user}`} in.`,
    remedy: ({user}) =>
      `compare user and password of the connection with the database's: ALTER ROLE ${user ?? 'NAME'} PASSWORD '…' (PostgreSQL), ALTER USER (MySQL); see pg_hba.conf`,
    mend: () => ({kind: 'configuration'}),
    examples: [
      [
        'psycopg2.OperationalError: connection to server at "127.0.0.1", port 5432 failed: FATAL:  password authentication failed for user "erp"',
        {user: 'erp'},
      ],
      ["ERROR 1045 (28000): Access denied for user 'erp'@'localhost' (using password: YES)", {user: 'erp'}],
      ['FATAL:  role "erp_app" does not exist', {user: 'erp_app'}],
      'MongoServerError: Authentication failed. code 18',
    ],
  },
  {
    id: 'database-schema',
    cause: 'database-schema-missing',
    when: /relation "(?<table>[^"]+)" does not exist|no such table: (?<table_2>[\w.]+)|Table '(?<table_3>[^']+)' doesn't exist|no such column: (?<column>[\w.]+)|column "?(?<column_2>[\w.]+)"? (?:of relation "(?<table_4>[^"]+)" )?does not exist|Unknown column '(?<column_3>[^']+)'|has no column named (?<column_4>\w+)|database "(?<database>[^"]+)" does not exist|Unknown database '(?<database_2>[^']+)'|Cannot open database "(?<database_3>[^"]+)"|schema "(?<name>[^"]+)" does not exist|unapplied migration|pending migrations?|migrations? (?:are|is) pending|Can't locate revision identified by '(?<revision>\w+)'|Multiple head revisions|Target database is not up to date|Migrations are pending|ORA-00942|Invalid object name '(?<table_5>[^']+)'|The table [`'"](?<table_6>[^`'"]+)[`'"] does not exist|The column [`'"](?<column_5>[^`'"]+)[`'"] does not exist|P202[12]\b|ER_NO_SUCH_TABLE|ER_BAD_DB_ERROR|UndefinedTable|UndefinedColumn|\b42P01\b|\b42703\b|\b3D000\b|Schema-validation: missing (?:table|column) \[(?<table_7>\w+)\]|Found non-empty schema|(?:Relation|Tabelle) »(?<table_8>[^«]+)« existiert nicht|Datenbank »(?<database_4>[^«]+)« existiert nicht|Spalte »(?<column_6>[^«]+)« existiert nicht|applied migration not resolved|Validate failed: Migrations? |index_not_found_exception|no such index \[(?<table_9>[^\]]+)\]/,
    unless: /checking|IF (?:NOT )?EXISTS|creating|will be created/i,
    strength: 0.94,
    read: (subject, line, context) => {
      const whole = [line, ...context.block].join('\n');
      const revision = /revision (?:identified by )?'?([0-9a-f]{8,})/.exec(whole)?.[1];
      const table = subject['table'];
      return {
        ...subject,
        ...(typeof table === 'string' && table.includes('.') && /Table '/.test(line)
          ? {table: table.split('.').at(-1) as string}
          : {}),
        ...(revision === undefined || subject['revision'] !== undefined ? {} : {revision}),
      };
    },
    explain: ({table, column, database, revision}) =>
      `The database lacks ${table !== undefined ? `the table ${table}` : column !== undefined ? `the column ${column}` : database !== undefined ? `the database ${database}` : revision !== undefined ? `the revision ${revision}` : 'something of the schema'}: migrations have not run, or it is another database.`,
    remedy: ({database}) =>
      database === undefined
        ? 'run the migrations (alembic upgrade head, python3 manage.py migrate, npx prisma migrate deploy, npx knex migrate:latest, flyway migrate), and check that it is the right database'
        : `create it: createdb ${database}; then run the migrations`,
    examples: [
      ['sqlite3.OperationalError: no such table: customers', {table: 'customers'}],
      ['psycopg2.errors.UndefinedTable: relation "stock_moves" does not exist', {table: 'stock_moves'}],
      ["Table 'erp.invoices' doesn't exist", {table: 'invoices'}],
      ['FATAL:  database "erp_prod" does not exist', {database: 'erp_prod'}],
      ["Can't locate revision identified by 'ae1027a6acf'", {revision: 'ae1027a6acf'}],
    ],
  },
  {
    id: 'database-locked',
    cause: 'database-locked',
    when: /database(?: file)? is locked|database table is locked|SQLITE_BUSY|SQLITE_LOCKED|Could not (?:set|obtain) lock on|database is already (?:in use|open)|may be already in use|Unable to lock (?:the )?(?:database|.{0,40}ibdata)|IO error: .{0,60}lock .{0,60}LOCK|Resource temporarily unavailable.{0,40}LOCK|lock file "?postmaster\.pid"? already exists|DBPathInUse|Unable to acquire lock|Datenbank ist gesperrt|locked by another process|another (?:mongod|mysqld|process) .{0,40}(?:using|running on|accessing)|is being used by another process/i,
    strength: 0.93,
    read: (subject, line, context) => {
      const file = [line, ...context.block, ...context.near]
        .map(
          (text) =>
            /([\w./\\-]+\.(?:db|sqlite3?|mdb|ibd)|[\w./-]+(?:mongod|postmaster)\.(?:lock|pid)|\/[\w./-]+ibdata\d)/.exec(
              text,
            )?.[1],
        )
        .find((one) => one !== undefined);
      return file === undefined ? subject : {...subject, file};
    },
    explain: ({file}) => `${file ?? 'The database file'} is locked by another process.`,
    remedy: ({file}, platform) =>
      `see who has it open: ${platform === 'win32' ? 'handle.exe (Sysinternals)' : `lsof ${file ?? 'FILE'}`}; end the second copy, or set a busy timeout and WAL mode`,
    examples: [
      'sqlite3.OperationalError: database is locked',
      'SqliteError: database is locked',
      'SQLITE_BUSY: database is locked',
    ],
  },
  {
    id: 'database-away',
    cause: 'database-unreachable',
    when: /server closed the connection unexpectedly|terminating connection due to administrator command|the database system is (?:shutting down|starting up|in recovery)|Lost connection to (?:MySQL )?server|MySQL server has gone away|Can't connect to (?:local )?(?:MySQL )?server|Can't reach database server|MongoNetworkError|MongoServerSelectionError|ServerSelectionTimeoutError|No primary (?:available|server)|PROTOCOL_CONNECTION_LOST|Connection terminated unexpectedly|CommunicationsException|Communications link failure|HikariPool-\d+ - Connection is not available|connection to server on socket|Is the server running (?:locally|on|on that host)|could not connect to server|ORA-12541|ORA-12514|Network-related or instance-specific|no connection to the database|Unable to (?:connect|acquire a connection).{0,40}(?:database|db|pool)|Knex: Timeout acquiring a connection|QueuePool limit|remaining connection slots are reserved|too many clients already|Too many connections|P1001\b|P1017\b|AdminShutdown|NoHostAvailable|connection pool (?:exhausted|timed out)|Unable to open JDBC Connection|ConnectionNotEstablished|database connection (?:failed|lost|refused|could not)|could not connect to (?:the )?database|verbindung zum server .{0,80}fehlgeschlagen/i,
    unless:
      /redis|amqp|rabbit|kafka|Connection refused\b.{0,10}$|could not translate|Name or service|password authentication|does not exist/i,
    strength: 0.85,
    read: withEndpoint,
    decide: (_, line) =>
      /too many (?:clients|connections)|connection slots/i.test(line)
        ? 'file-descriptor-limit'
        : 'database-unreachable',
    examples: [
      "Can't connect to MySQL server on '127.0.0.1:3306' (111)",
      'server closed the connection unexpectedly',
      ['MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017', {host: '127.0.0.1', port: 27017}],
    ],
  },
  {
    id: 'redis-auth',
    cause: 'redis-auth',
    when: /\bNOAUTH\b|\bWRONGPASS\b|\bNOPERM\b|invalid username-password pair|redis.{0,80}(?:Authentication required|invalid password|authentication failed)|AuthenticationError: Authentication required|ERR AUTH|ERR invalid password|Client sent AUTH, but no password is set|without any password configured for the default user/i,
    strength: 0.96,
    explain: () => 'Redis answers and wants other credentials.',
    remedy: () =>
      "give its REDIS_URL the password of redis.conf (requirepass, or the user's in the ACL): redis://:PASSWORD@HOST:6379/0; try it: redis-cli -a PASSWORD ping",
    mend: () => ({kind: 'configuration'}),
    examples: [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'redis.exceptions.AuthenticationError: Authentication required.',
      'NOAUTH Authentication required.',
      'NOPERM this user has no permissions to run the "set" command',
    ],
  },
  {
    id: 'redis-misconf',
    cause: 'redis-misconf',
    when: /\bMISCONF\b|OOM command not allowed|used memory > '?(?<name>maxmemory)|LOADING Redis is loading|\bREADONLY\b.{0,40}(?:replica|slave|read only)|You can't write against a read only (?:replica|slave)|max number of clients reached|ERR max number of clients|Background saving error|Failed opening the (?:temp )?RDB file|Bad file format reading the append only|Short read or OOM loading DB|(?:Internal error in RDB|Wrong signature trying to load DB|RDB file was saved with checksum|Unrecoverable error reading)|CLUSTERDOWN|\bMASTERDOWN\b|NOREPLICAS|-BUSY Redis|BUSY Redis is busy|ERR This instance has cluster support disabled|\bCROSSSLOT\b|ERR unknown command|protected mode is enabled|DENIED Redis is running in protected mode|MASTER aborted replication|NOGOODSLAVE/,
    strength: 0.94,
    read: (subject, line) =>
      /max number of clients/.test(line)
        ? {...subject, name: 'maxclients'}
        : /maxmemory/.test(line)
          ? {...subject, name: 'maxmemory'}
          : /READONLY|read only replica|read only slave/.test(line)
            ? {...subject, name: 'replica'}
            : /protected mode/.test(line)
              ? {...subject, name: 'protected-mode'}
              : subject,
    explain: ({name}) =>
      `Redis answers, but ${name === undefined ? 'its state or settings forbid the work' : `its ${name} forbids the work`}.`,
    remedy: ({name}) =>
      name === 'maxmemory'
        ? 'see redis-cli info memory; raise maxmemory, or set maxmemory-policy allkeys-lru'
        : 'ask it: redis-cli info persistence; redis-cli info replication; look at its own log (a full disk, a folder that it may not write)',
    examples: [
      ["OOM command not allowed when used memory > 'maxmemory'.", {name: 'maxmemory'}],
      'MISCONF Redis is configured to save RDB snapshots',
      "READONLY You can't write against a read only replica.",
      'Background saving error',
    ],
  },
  {
    id: 'broker-away',
    cause: 'broker-unreachable',
    when: /NoBrokersAvailable|Connection to broker lost|consumer: Cannot connect to|AMQPConnectionError|ACCESS_REFUSED|KafkaJSConnectionError|KafkaJSNumberOfRetriesExceeded|(?:Broker|brokers?) (?:may not be|not) available|Failed to (?:connect to|update metadata from) broker|Bootstrap broker .{0,80}disconnected|could not be established\. Broker may not be available|kombu\.exceptions\.OperationalError|brokers are down|AllBrokersDown|All broker|unable to (?:connect|reach) .{0,40}broker|MQTT.{0,40}(?:refused|not connected)|nats: no servers available|No route to broker|ShutdownSignalException|IncompatibleProtocolError|Probable(?:Authentication|AccessDenied)Error|AMQP.{0,60}(?:refused|closed|Connect)|RabbitMQ.{0,60}(?:not|unable|fail|refused)|Connection to node -?\d+ .{0,60}could not be established/i,
    strength: 0.92,
    read: withEndpoint,
    explain: ({host, port}) => `The message broker${host === undefined ? '' : ` at ${host}:${port}`} does not answer.`,
    examples: [
      [
        '[Errno 111] consumer: Cannot connect to amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection refused.',
        {host: '127.0.0.1', port: 5672},
      ],
      'kafka.errors.NoBrokersAvailable: NoBrokersAvailable',
    ],
  },
];
