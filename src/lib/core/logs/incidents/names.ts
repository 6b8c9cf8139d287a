/** Whom a supervisor's message is about: `worker (pid 7) exited` is about worker. */
const patterns: readonly RegExp[] = [
  /\b(?:service|dienst|container|unit|app|program)\s+["'`[]?(?<name>[\w.@<*>-]+)/i,
  /\b(?:health|liveness|readiness)[ -]?(?:check|probe)\s+(?:of |for )?["'`]?(?<name>[\w.<*>-]+)["'`]?\s+(?:ok|failed|slow|passed|timed|succeeded)/i,
  /\b(?:exited|spawned|success|gave up|stopped): ["'`]?(?<name>[\w.@<*>-]+)/i,
  /^(?<name>[\w.@<*>-]+?)(?:\.service)?:?(?: \(pid [^)]*\))? (?:exited|died|crashed|reagiert|antwortet|neu gestartet|restarted|restarting|failed|ready|is |ist |unhealthy|rss|memory|stopped|started|wird |main process)/i,
  /(?<name>[\w<*>]+)-(?:prozess|process|server)\b/i,
  /\b(?:starte|starting|started|stopping|stopped|restarting|beende|killing)\s+["'`]?(?<name>[\w.@<*>-]+)/i,
  /\b(?:latenz bei|latency of)\s+(?<name>[\w.<*>-]+)/i,
];
/** Letters, at most a number behind them: `api`, `theme_service`, `web-2`, `worker@3`, `celery.beat`. */
const isName = /^\p{L}[\p{L}_.@-]*\d{0,4}$/u;
const noNames =
  /^(?:the|a|an|all|process|prozess|server|service|child|worker_processes|up|down|with|nicht|neu|new|with|ist|is|was|it|main|watchdog|supervisor|health-check|health|check|this|in|on|at|for|again|from|to|and|by|hub|pool|connection|connections|starting|started|pid|now|not|already|entered|<\*>)$/i;

/** Names stand at the beginning; lines of megabytes are no sentences. */
const mostLength = 500;

/** null: the text names nobody. */
export function nameIn(text: string): string | null {
  const line = text.slice(0, mostLength);
  for (const pattern of patterns) {
    const name = pattern.exec(line)?.groups?.['name'];
    if (name === undefined) continue;
    const plain = name
      .replace(/\.service$|[-_](?:server|prozess|process)$/i, '')
      .replace(/[.:]+$/, '')
      .toLowerCase();
    if (isName.test(plain) && !noNames.test(plain)) return plain;
  }
  return null;
}

/** Programs that are known by their usual port. */
const programs: Readonly<Record<string, string>> = {
  5432: 'postgres',
  3306: 'mysql',
  6379: 'redis',
  27017: 'mongodb',
  5672: 'rabbitmq',
  9092: 'kafka',
  9200: 'elasticsearch',
  11211: 'memcached',
  1433: 'sql server',
  1521: 'oracle',
  2181: 'zookeeper',
  389: 'ldap',
  587: 'the mail server',
  25: 'the mail server',
};

/** Who is meant by a message about a connection: a known program, `host:port`, a service; null where it does not say. */
export function peerIn(message: string): string | null {
  const text = message.slice(0, 2 * mostLength);
  const port = /(?:\bport[ =:]+|[\w\])]:)(\d{2,5})\b(?!:)/.exec(text)?.[1];
  if (port !== undefined && programs[port] !== undefined) return programs[port];
  const product =
    /\b(postgres(?:ql)?|psycopg2?|asyncpg|mysql|mariadb|redis|mongo(?:db)?|rabbitmq|amqp|kafka|elasticsearch|memcached|ldap|smtp)\b/i.exec(
      text,
    )?.[1];
  if (product !== undefined) return /psycopg|asyncpg|postgres/i.test(product) ? 'postgres' : product.toLowerCase();
  const address = /\b((?:[\w-]+\.)*[\w-]+:\d{2,5})\b(?!:)/.exec(text.replace(/\d\d:\d\d:\d\d/g, ''))?.[1];
  if (address !== undefined && !/^\d+:/.test(address)) return address;
  return port === undefined ? nameIn(text) : `port ${port}`;
}
