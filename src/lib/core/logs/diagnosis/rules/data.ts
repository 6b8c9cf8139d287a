import {withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

/** Databases, caches, brokers: what they answer to those who come. */
export const data: readonly Rule[] = [
  {
    id: 'database-auth',
    cause: 'database-auth',
    when: [
      /(?:peer|ident|scram|md5|ldap|gssapi|radius|cert(?:ificate)?) authentication failed for user \"(?<user>[^\"]+)\"/i,
      /Mongo\w*: Authentication failed/i,
      /provided database credentials for [`'\"]?(?<user>[^`'\"\s]+)[`'\"]? are not valid/i,
      /password authentication failed for user "?(?<user>[^"\s]+)"?/,
      /Access denied for user '?(?<user>[^'@\s]+)'?/,
      /role "(?<user>[^"]+)" does not exist/,
      /no pg_hba\.conf entry for .{0,60}user "(?<user>[^"]+)"/,
      /(?:peer|ident|scram|md5|ldap|gss) authentication failed for user "(?<user>[^"]+)"/,
      /no password supplied/,
      /SCRAM .{0,60}(?:password|client)/,
      /\b28P01\b/,
      /\b28000\b/,
      /Authentication failed.{0,60}(?:mongo|code.{0,6}18|AuthenticationFailed)/,
      /\bAuthenticationFailed\b/,
      /Login failed for user '(?<user>[^']+)'/,
      /ORA-01017/,
      /ER_ACCESS_DENIED/,
      /command .{1,60} requires authentication/,
      /not authorized on (?<database>\w+) to execute/,
      /bad auth.{0,20}authentication failed/,
      /permission denied for (?:table|relation|schema|database|sequence|view) (?<table>\w+)/,
      /must be owner of/,
      /(?<name>ER_TABLEACCESS_DENIED\w*)/,
      /command denied to user '(?<user>[^']+)'/,
      /password authentication failed/,
      /Authentication to host .{0,80} failed/,
      /P1000\b/,
      /invalid username\/password/,
      /password missing/,
      /role ["']?(?<user>\w+)["']? is not permitted to log in/,
      /Authentifizierung für Benutzer [»"„]?(?<user>[^«"“\s]+)[«"“]? fehlgeschlagen/,
      /UserNotFound: /,
    ],
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
    when: [
      /relation "(?<table>[^"]+)" does not exist/,
      /no such table: (?<table>[\w.]+)/,
      /Table '(?<table>[^']+)' doesn't exist/,
      /no such column: (?<column>[\w.]+)/,
      /column "?(?<column>[\w.]+)"? (?:of relation "(?<table>[^"]+)" )?does not exist/,
      /Unknown column '(?<column>[^']+)'/,
      /has no column named (?<column>\w+)/,
      /database "(?<database>[^"]+)" does not exist/,
      /Unknown database '(?<database>[^']+)'/,
      /Cannot open database "(?<database>[^"]+)"/,
      /schema "(?<name>[^"]+)" does not exist/,
      /unapplied migration/,
      /InconsistentMigrationHistory: Migration (?<revision>[\w.]+)|Conflicting migrations detected/,
      /pending migrations?/,
      /migrations? (?:are|is) pending/,
      /Can't locate revision identified by '(?<revision>\w+)'/,
      /Multiple head revisions/,
      /Target database is not up to date/,
      /Migrations are pending/,
      /ORA-00942/,
      /Invalid object name '(?<table>[^']+)'/,
      /The table [`'"](?<table>[^`'"]+)[`'"] does not exist/,
      /The column [`'"](?<column>[^`'"]+)[`'"] does not exist/,
      /P202[12]\b/,
      /ER_NO_SUCH_TABLE/,
      /ER_BAD_DB_ERROR/,
      /UndefinedTable/,
      /UndefinedColumn/,
      /\b42P01\b/,
      /\b42703\b/,
      /\b3D000\b/,
      /Schema-validation: missing (?:table|column) \[(?<table>\w+)\]/,
      /Found non-empty schema/,
      /(?:Relation|Tabelle) »(?<table>[^«]+)« existiert nicht/,
      /Datenbank »(?<database>[^«]+)« existiert nicht/,
      /Spalte »(?<column>[^«]+)« existiert nicht/,
      /applied migration not resolved/,
      /Validate failed: Migrations? /,
      /index_not_found_exception/,
      /no such index \[(?<table>[^\]]+)\]/,
    ],
    unless: /checking|IF (?:NOT )?EXISTS|creating|will be created/i,
    strength: 0.94,
    read: (subject, line, context) => {
      const whole = [line, ...context.block].join('\n');
      const revision = /revision (?:identified by )?'?([0-9a-f]{8,})/.exec(whole)?.[1];
      const table = subject['table'];
      return {
        ...subject,
        ...(typeof table === 'string' && /^(?!mysql\.|sys\.).+\./.test(table) && /Table '/.test(line)
          ? {table: table.split('.').at(-1) as string}
          : {}),
        ...(revision === undefined || subject['revision'] !== undefined ? {} : {revision}),
      };
    },
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
    when: [
      /database(?: file)? is locked/i,
      /database table is locked/i,
      /SQLITE_BUSY/i,
      /SQLITE_LOCKED/i,
      /Could not (?:set|obtain) lock on/i,
      /database is already (?:in use|open)/i,
      /may be already in use/i,
      /Unable to lock (?:the )?(?:database|.{0,40}ibdata)/i,
      /IO error: .{0,60}lock .{0,60}LOCK/i,
      /Resource temporarily unavailable.{0,40}LOCK/i,
      /lock file "?postmaster\.pid"? already exists/i,
      /DBPathInUse/i,
      /Unable to acquire lock/i,
      /Datenbank ist gesperrt/i,
      /locked by another process/i,
      /another (?:mongod|mysqld|process) .{0,40}(?:using|running on|accessing)/i,
      /is being used by another process/i,
    ],
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
    examples: [
      'sqlite3.OperationalError: database is locked',
      'SqliteError: database is locked',
      'SQLITE_BUSY: database is locked',
    ],
  },
  {
    id: 'database-away',
    cause: 'database-unreachable',
    when: [
      /server closed the connection unexpectedly/i,
      /terminating connection due to administrator command/i,
      /the database system is (?:shutting down|starting up|in recovery)/i,
      /Lost connection to (?:MySQL )?server/i,
      // pgbouncer
      /:\d{2,5} closing because: (?:connect failed|server conn crashed)/,
      /MySQL server has gone away/i,
      /Can't connect to (?:local )?(?:MySQL )?server/i,
      /Can't reach database server/i,
      /MongoNetworkError/i,
      /MongoServerSelectionError/i,
      /ServerSelectionTimeoutError/i,
      /No primary (?:available|server)/i,
      /PROTOCOL_CONNECTION_LOST/i,
      /Connection terminated unexpectedly/i,
      /CommunicationsException/i,
      /Communications link failure/i,
      /HikariPool-\d+ - Connection is not available/i,
      /connection to server on socket/i,
      /Is the server running (?:locally|on|on that host)/i,
      /could not connect to server/i,
      /ORA-12541/i,
      /ORA-12514/i,
      /Network-related or instance-specific/i,
      /no connection to the database/i,
      /Unable to (?:connect|acquire a connection).{0,40}(?:database|db|pool)/i,
      /Knex: Timeout acquiring a connection/i,
      /QueuePool limit/i,
      /remaining connection slots are reserved/i,
      /too many clients already/i,
      /Too many connections/i,
      /P1001\b/i,
      /P1017\b/i,
      /AdminShutdown/i,
      /NoHostAvailable/i,
      /connection pool (?:exhausted|timed out)/i,
      /Unable to open JDBC Connection/i,
      /ConnectionNotEstablished/i,
      /database connection (?:failed|lost|refused|could not)/i,
      /could not connect to (?:the )?database/i,
      /verbindung zum server .{0,80}fehlgeschlagen/i,
      /zu viele Verbindungen/i,
    ],
    unless:
      /redis|amqp|rabbit|kafka|Connection refused\b.{0,10}$|could not translate|Name or service|password authentication|does not exist/i,
    strength: 0.85,
    read: withEndpoint,
    decide: (_, line) =>
      /too many (?:clients|connections)|connection slots|zu viele Verbindungen|verbleibenden Verbindungen/i.test(line)
        ? 'file-descriptor-limit'
        : 'database-unreachable',
    examples: [
      "Can't connect to MySQL server on '127.0.0.1:3306' (111)",
      'server closed the connection unexpectedly',
      ['MongoServerSelectionError: connect ECONNREFUSED 127.0.0.1:27017', {host: '127.0.0.1', port: 27017}],
    ],
  },
  {
    id: 'redis-sentinel',
    cause: 'redis-unreachable',
    when: [
      /All sentinels are unreachable/i,
      /No master found for/,
      /sentinels? .{0,60}(?:are|is) (?:down|unreachable)/i,
    ],
    strength: 0.9,
    read: withEndpoint,
    examples: [
      'All sentinels are unreachable. Retrying from scratch after 10ms. Last error: Connection is closed.',
      "redis.sentinel.MasterNotFoundError: No master found for 'erp-master'",
    ],
  },
  {
    id: 'redis-auth',
    cause: 'redis-auth',
    when: [
      /\bNOAUTH\b/i,
      /\bWRONGPASS\b/i,
      /\bNOPERM\b/i,
      /this user has no permissions to (?:run|access)/i,
      /invalid username-password pair/i,
      /redis.{0,80}(?:Authentication required|invalid password|authentication failed)/i,
      /AuthenticationError: Authentication required/i,
      /ERR AUTH/i,
      /ERR invalid password/i,
      /Client sent AUTH, but no password is set/i,
      /without any password configured for the default user/i,
    ],
    strength: 0.96,
    examples: [
      'WRONGPASS invalid username-password pair or user is disabled.',
      'redis.exceptions.AuthenticationError: Authentication required.',
      'NOAUTH Authentication required.',
      'NOPERM this user has no permissions to run the "set" command',
    ],
  },
  {
    id: 'redis-master-away',
    cause: 'redis-unreachable',
    when: [
      /Error condition on socket for SYNC/,
      /(?:Unable to connect to|Timeout connecting to|Connection with) (?:the )?(?:MASTER|master)\b(?! lost)/,
    ],
    strength: 0.88,
    read: withEndpoint,
    examples: [
      [
        'Connecting to MASTER 10.0.0.4:6390\nError condition on socket for SYNC: Connection refused',
        {host: '10.0.0.4', port: 6390},
      ],
    ],
  },
  {
    id: 'redis-misconf',
    cause: 'redis-misconf',
    when: [
      /\bMISCONF\b/,
      /OOM command not allowed/,
      /used memory > '?(?<name>maxmemory)/,
      /LOADING Redis is loading/,
      /\bREADONLY\b.{0,40}(?:replica|slave|read only)/,
      /You can't write against a read only (?:replica|slave)/,
      /max number of clients reached/,
      /ERR max number of clients/,
      /Background saving error/,
      /Failed opening the (?:temp )?RDB file/,
      /Bad file format reading the append only/,
      /Short read or OOM loading DB/,
      /(?:Internal error in RDB|Wrong signature trying to load DB|RDB file was saved with checksum|Unrecoverable error reading)/,
      /CLUSTERDOWN/,
      /\bMASTERDOWN\b/,
      /NOREPLICAS/,
      /-BUSY Redis/,
      /BUSY Redis is busy/,
      /ERR This instance has cluster support disabled/,
      /\bCROSSSLOT\b/,
      /ERR unknown command/,
      /protected mode is enabled/,
      /DENIED Redis is running in protected mode/,
      /MASTER aborted replication/,
      /NOGOODSLAVE/,
    ],
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
    when: [
      /Topic (?<name>[\w.-]+) not present in metadata after/,
      /Timed out waiting for a node assignment|Failed to update metadata after/,
      /NoBrokersAvailable/i,
      /Connection to broker lost/i,
      /consumer: Cannot connect to/i,
      /AMQPConnectionError/i,
      /ACCESS_REFUSED/i,
      /KafkaJSConnectionError/i,
      /KafkaJSNumberOfRetriesExceeded/i,
      /(?:Broker|brokers?) (?:may not be|not) available/i,
      /Failed to (?:connect to|update metadata from) broker/i,
      /Bootstrap broker .{0,80}disconnected/i,
      /could not be established\. Broker may not be available/i,
      /kombu\.exceptions\.OperationalError/i,
      /brokers are down/i,
      /AllBrokersDown/i,
      /All broker/i,
      /unable to (?:connect|reach) .{0,40}broker/i,
      /MQTT.{0,40}(?:refused|not connected)/i,
      /nats: no servers available/i,
      /No route to broker/i,
      /ShutdownSignalException/i,
      /IncompatibleProtocolError/i,
      /Probable(?:Authentication|AccessDenied)Error/i,
      /AMQP.{0,60}(?:refused|closed|Connect)/i,
      /\bRabbitMQ\b.{0,60}\b(?:not|unable|fail(?:ed|s|ure)?|refused)\b/i,
      /Connection to node -?\d+ .{0,60}could not be established/i,
    ],
    strength: 0.92,
    read: withEndpoint,
    examples: [
      [
        '[Errno 111] consumer: Cannot connect to amqp://guest:**@127.0.0.1:5672//: [Errno 111] Connection refused.',
        {host: '127.0.0.1', port: 5672},
      ],
      'kafka.errors.NoBrokersAvailable: NoBrokersAvailable',
    ],
  },
];
