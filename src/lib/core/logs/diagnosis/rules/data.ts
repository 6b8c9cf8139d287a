import {withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

/** Databases: what they answer to those who come. */
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
      /\bfailed migrations in the target database/,
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
    id: 'database-extension',
    cause: 'missing-module',
    when: [
      /could not access file "(?:\$libdir\/)?(?<module>[\w-]+)": No such file/,
      /extension "(?<module>[^"]+)" is not available/,
      /could not open extension control file "[^"]{0,200}\/(?<module>[\w-]+)\.control"/,
      /no such module: (?<module>\w+)/,
      /[Cc]an'?t open shared library '(?<module>[^']+)'/,
    ],
    strength: 0.97,
    explain: ({module}) => `The database has no extension or library ${String(module ?? '')}.`,
    remedy: ({module}) => `install the package that brings ${String(module ?? 'it')} for this version of the server`,
    examples: [
      ['FATAL:  could not access file "pg_cron": No such file or directory', {module: 'pg_cron'}],
      ['ERROR:  extension "postgis" is not available', {module: 'postgis'}],
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
      /could not lock \S{1,200}\.(?:db|sqlite\w?)\b/i,
      /[Ww]hile lock file: \S{1,200}LOCK\b/,
      /\bEBUSY\b.{0,60}\.(?:db|sqlite\w?)\b/,
      /Index locked for write|failed to obtain node locks?\b/,
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
      ['timeout: could not lock /opt/erp/data.db: resource temporarily unavailable', {file: '/opt/erp/data.db'}],
      'failed to obtain node locks, tried [/var/lib/search]',
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
];
