import type {Cause} from './log-diagnosis.js';
import type {Context, Subject} from './rule.js';

/** Host and port as programs write them: `127.0.0.1:5432`, `('db', 5432)`, `"db", port 5432`, `host='db', port=8443`. */
const written: readonly RegExp[] = [
  /\bipv4:(?<host>[\d.]{7,15}):(?<port>\d{2,5})\b/,
  /\[?["'](?<host>[\w.:-]{1,80})["'],\s*(?<port>\d{2,5})\b/,
  /host=["']?(?<host>[\w.:-]{1,80}?)["']?[,;]? *port=["']?(?<port>\d{2,5})/i,
  /\b(?:[Ss]erver|host|address|rechner|database)\b:?\s+(?:(?:at|on|auf)\s+)?["'`«»„]?(?<host>[\w.-]{1,80})["'`«»“]?(?:\s*\([^)]{0,60}\))?,?\s+(?:and\s+)?(?:port|Port)\s*[:=]?\s*(?<port>\d{2,5})/,
  /[a-z][a-z0-9+.-]{1,20}:\/\/(?:[^\s/@"']{0,120}@)?(?<host>\[[0-9a-f:]+\]|[\w.-]{1,80}):(?<port>\d{2,5})\b/i,
  /\[(?<host>[0-9a-f:]{2,40})\]:(?<port>\d{2,5})\b/i,
  /(?<![\w.:/-])(?<host>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}):(?<port>\d{2,5})\b/,
  /(?<![\w:/-])(?<host>::1|::):(?<port>\d{2,5})\b/,
  /(?<![\w.:/@-])(?<host>localhost|[a-z][\w-]{0,60}(?:\.[\w-]{1,60}){0,6}):(?<port>\d{2,5})\b(?![\w.]*:\d)/i,
  /(?<host>(?:\d{1,3}\.){3}\d{1,3}|localhost)[,;]? +port[ :=]*(?<port>\d{2,5})/i,
];
/** Host and port in different lines of one message. */
const apart: readonly (readonly [RegExp, RegExp])[] = [
  [/running on host "(?<host>[\w.-]+)"/, /connections on port (?<port>\d+)/],
];
const portOnly = [
  /\bport(?:s)?\b[ :=#"']{0,3}(?<port>\d{2,5})\b/i,
  /\b(?:PORT|Port)[ :=]+(?<port>\d{2,5})\b/,
  /(?:\]|\*|0\.0\.0\.0|::):(?<port>\d{2,5})\b/,
  /(?<![\w:.]):(?<port>\d{2,5})\b(?!:\d)/,
  /(?:^|[\s"'(]):(?<port>\d{2,5})\b/,
];

/** Files and lines look like hosts and ports: `orders.js:12`. */
const file =
  /\.(?:js|ts|mjs|cjs|py|go|java|rb|php|c|h|cc|cpp|rs|cs|kt|scala|lua|pl|conf|cfg|ya?ml|json|toml|ini|tsx|jsx|vue|sql|xml|html|exe|dll|so)$/i;

export function endpointIn(text: string): {host?: string; port?: number} | null {
  for (const pattern of written) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) continue;
    const host = (groups['host'] ?? '').replace(/^\[|\]$/g, '');
    if (file.test(host) || /^\d+$/.test(host)) continue;
    const port = Number(groups['port']);
    if (port > 0 && port < 65_536) return {host, port};
  }
  return null;
}

export function portIn(text: string): number | null {
  const whole = endpointIn(text);
  if (whole?.port !== undefined) return whole.port;
  for (const pattern of portOnly) {
    const port = Number(pattern.exec(text)?.groups?.['port']);
    if (port > 0 && port < 65_536) return port;
  }
  return null;
}

/** From the line, else from its block, else from the lines around it. */
export function withEndpoint(subject: Subject, line: string, context: Context): Subject {
  const at = context.near.indexOf(line);
  // What follows explains it; what stands before may be about something else.
  const around = [...context.near.slice(at + 1), ...context.near.slice(0, Math.max(0, at)).reverse()];
  for (const text of [line, ...context.block, ...around]) {
    const found = endpointIn(text);
    if (found !== null)
      return {
        ...(found.host === undefined ? {} : {host: found.host}),
        ...(found.port === undefined ? {} : {port: found.port}),
        ...subject,
      };
  }
  for (const [hostIn, portOf] of apart) {
    const whole = [...context.block, ...around].join('\n');
    const [host, port] = [hostIn.exec(whole)?.groups?.['host'], portOf.exec(whole)?.groups?.['port']];
    if (host !== undefined && port !== undefined) return {host, port: Number(port), ...subject};
  }
  const host = /server (?:on|at) ['"](?<host>[\w.-]+)['"]/.exec(line)?.groups?.['host'];
  return host === undefined ? subject : {host, ...subject};
}

type Peer = 'database' | 'redis' | 'broker' | 'cluster' | 'upstream';

const words: readonly (readonly [Peer, RegExp])[] = [
  [
    'cluster',
    /\bkubectl\b|\bkube-?apiserver\b|server API group list|connection to the server .{1,80} was refused|:6443\b|kubernetes/i,
  ],
  [
    'broker',
    /\bamqps?\b|rabbit ?mq|\bkombu\b|celery|\bpika\b|kafka|broker|\bmqtt|mosquitto|\bnats\b|activemq|\bstomp\b|zookeeper|pulsar|aio_pika|bunny/i,
  ],
  ['redis', /\bredis|valkey|ioredis|hiredis|jedis|lettuce|predis|sidekiq|\bbullmq?\b/i],
  [
    'database',
    /postgres|psycopg|asyncpg|npgsql|libpq|\bpg[_:.-]|\/pg\/|node_modules\/pg|mysql|mariadb|mongo|sqlalchemy|sequelize|typeorm|prisma|\bknex\b|hibernate|hikari|jdbc|django\.db|database|\bORA-|sqlserver|mssql|tedious|cassandra|cockroach|SQLSTATE|PDOException|\bmysqli\b|couchdb|influx|neo4j|clickhouse|active_?record|\becto\b|\bgorm\b|\bdb\b|datenbank/i,
  ],
];
const ports = new Map<number, Peer>([
  ...[
    5432, 5433, 5434, 6432, 3306, 3307, 33060, 27017, 27018, 27019, 1433, 1521, 9042, 26257, 50000, 5984, 8086, 7687,
    3050,
  ].map((port) => [port, 'database'] as const),
  ...[6379, 6380, 6381, 16379, 26379].map((port) => [port, 'redis'] as const),
  ...[5672, 5671, 9092, 9093, 9094, 61613, 61616, 1883, 8883, 4222, 2181, 6650].map(
    (port) => [port, 'broker'] as const,
  ),
  ...[6443, 16443].map((port) => [port, 'cluster'] as const),
]);

/** Who did not answer: by the words of the line, then by the port, then by what stands around. */
export function peerOf(line: string, subject: Subject, context: Context): Peer {
  const inLine = words.find(([, pattern]) => pattern.test(line))?.[0];
  const byPort = typeof subject['port'] === 'number' ? ports.get(subject['port']) : undefined;
  // A broker may be a Redis: then it is what Celery talks to that counts.
  if (inLine === 'broker' || byPort === 'broker') return 'broker';
  if (inLine !== undefined && (byPort === undefined || byPort === inLine)) return inLine;
  if (byPort !== undefined) {
    if (byPort === 'redis' && isBroker(context)) return 'broker';
    return byPort;
  }
  if (inLine !== undefined) return inLine;
  for (const text of context.block) {
    const found = words.find(([, pattern]) => pattern.test(text))?.[0];
    if (found !== undefined) return found;
  }
  return 'upstream';
}

const isBroker = ({block, near}: Context): boolean =>
  [...block, ...near.slice(-4)].some((text) => /kombu|celery|broker|consumer: Cannot/i.test(text));

export const unreachable: Readonly<Record<Peer, Cause>> = {
  database: 'database-unreachable',
  redis: 'redis-unreachable',
  broker: 'broker-unreachable',
  cluster: 'cluster-unreachable',
  upstream: 'connection-refused-upstream',
};
