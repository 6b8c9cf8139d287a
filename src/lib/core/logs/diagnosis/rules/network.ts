import {peerOf, portIn, unreachable, withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

const listens =
  /\b(?:listen|bind|bound|binding|start(?:ing)? (?:server|web server|listener)|address already|server socket|socket address|port)\b/i;

const withPort: NonNullable<Rule['read']> = (subject, line, context) => {
  const from = [line, ...context.block, ...context.near].map(portIn).find((port) => port !== null);
  return from === undefined || subject['port'] !== undefined ? subject : {...subject, port: from};
};

/** Listening, connecting, names, certificates. */
export const network: readonly Rule[] = [
  {
    id: 'port-in-use',
    cause: 'port-in-use',
    when: [
      /\bEADDRINUSE\b/i,
      /address (?:is )?already in use/i,
      /Only one usage of each socket address/i,
      /\bWSAEADDRINUSE\b/i,
      /\b(?:WinError |error )?10048\b/i,
      /adresse wird bereits verwendet/i,
      /\bport(?: \d+)? (?:is |was )?(?:already |currently )?(?:in use|taken|occupied|allocated|being used)/i,
      /port is already allocated/i,
      /(?:another|other) (?:process|instance|program|server) .{0,40}(?:using|listening on|on) (?:that |this |the )?port/i,
      /that port is already in use/i,
      /socket already bound/i,
      /bind: .{0,40}in use/i,
      /belegt/i,
      /already listening on/i,
      /\bport \d{2,5} (?:is )?(?:not available|unavailable|not free|busy|already bound|blocked by another)/i,
      /\b(?:connection|listener|endpoint|socket) (?:is )?(?:already )?in use: /i,
      /\b(?:something|another \w+) is already (?:running|listening) on port/i,
    ],
    unless: /trying (?:another|next)|using (?:port )?\d+ instead|falling back/i,
    strength: 0.95,
    read: withPort,
    examples: [
      ['Error: listen EADDRINUSE: address already in use 127.0.0.1:3000', {port: 3000}],
      [
        "[Errno 98] error while attempting to bind on address ('127.0.0.1', 8000): address already in use",
        {port: 8000},
      ],
      ['bind() to 0.0.0.0:80 failed (98: Address already in use)', {port: 80}],
      ['listen tcp :8080: bind: address already in use', {port: 8080}],
      ['Web server failed to start. Port 8080 was already in use.', {port: 8080}],
      ['Error: That port is already in use.', {}],
      [
        'OSError: [WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted',
        {},
      ],
      ['(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:8080', {port: 8080}],
    ],
  },
  {
    id: 'address-not-available',
    cause: 'address-not-available',
    when: [
      /\bEADDRNOTAVAIL\b/i,
      /cannot assign requested address/i,
      /can(?:'|no)t assign requested address/i,
      /requested address is not valid in its context/i,
      /\b10049\b/i,
      /angeforderte adresse kann nicht zugewiesen/i,
    ],
    unless: /\bconnect(?:ing|ion)?\b(?!.*\b(?:bind|listen))/i,
    strength: 0.95,
    read: withEndpoint,
    examples: [
      ['Error: listen EADDRNOTAVAIL: address not available 192.168.77.10:3000', {host: '192.168.77.10', port: 3000}],
      ['bind() to 10.0.5.17:8081 failed (99: Cannot assign requested address)', {host: '10.0.5.17', port: 8081}],
      ['listen tcp 10.1.1.1:9090: bind: cannot assign requested address', {host: '10.1.1.1', port: 9090}],
    ],
  },
  {
    id: 'port-forbidden',
    cause: 'permission-denied',
    when: /(?:\bEACCES\b|permission denied|access.{0,30}forbidden|\b10013\b|keine berechtigung)/i,
    unless: /'\/|"\/|open\(|mkdir|fopen|unlink|publickey/i,
    strength: 0.93,
    read: (subject, line, context) =>
      listens.test(line) || /\bsocket\b/.test(line) ? withPort(subject, line, context) : null,
    examples: [
      ['Error: listen EACCES: permission denied 127.0.0.1:443', {port: 443}],
      ['bind() to 0.0.0.0:443 failed (13: Permission denied)', {port: 443}],
      ['listen tcp :80: bind: permission denied', {port: 80}],
    ],
  },
  {
    id: 'dns',
    cause: 'dns-failure',
    when: [
      /\bENOTFOUND\b(?! .{0,40}package)/i,
      /\bEAI_(?:AGAIN|NONAME|FAIL|NODATA)\b/i,
      /getaddrinfo (?:failed|error)/i,
      /name or service not known/i,
      /could not translate host ?name/i,
      /\bno such host\b/i,
      /\bnon-existing domain\b|:nxdomain\b/i,
      /name resolution/i,
      /nodename nor servname/i,
      /\bUnknownHostException\b/i,
      /host not found in/i,
      /could not resolve(?: host)?/i,
      /(?:cannot|can't|failed to|unable to|not) resolve (?:host|address|name|hostname|domain)/i,
      /no address associated with hostname/i,
      /name does not resolve/i,
      /host not found/i,
      /Backend host '"(?<host>[^"']+)"' could not be resolved/i,
      /\b11001\b/i,
      /unknown (?:mysql server )?host\b/i,
      /\bNXDOMAIN\b/i,
      /NameResolutionError/i,
      /der angegebene host ist unbekannt/i,
      /der name oder dienst ist nicht bekannt/i,
      /unbekannter rechner/i,
      /getaddrinfo for/i,
      /Could not contact DNS/i,
      /NameError: .{0,20}resolv/i,
      /dns (?:error|lookup|resolution).{0,30}fail/i,
      /lookup .{1,80}(?:server misbehaving|i\/o timeout|no such host)/i,
      /invalid host(?:name)? .{0,40}could not be resolved/i,
      /server name .{0,80}not be resolved/i,
      /SocketError.{0,40}getaddrinfo/i,
      /php_network_getaddresses/i,
      /\bBad hostname\b/,
    ],
    strength: 0.93,
    read: (subject, line, context) => {
      const host = hostNotFound([line, ...context.block]);
      return host === null ? subject : {...subject, host};
    },
    examples: [
      ['Error: getaddrinfo ENOTFOUND redis-master', {host: 'redis-master'}],
      ['could not translate host name "postgres" to address: Name or service not known', {host: 'postgres'}],
      ['host not found in upstream "erp-backend:8000" in /opt/erp/proxy/nginx.conf:10', {host: 'erp-backend'}],
      '** (Mint.TransportError) non-existing domain',
      ['dial tcp: lookup db.internal on 127.0.0.53:53: no such host', {host: 'db.internal'}],
      ['java.net.UnknownHostException: kafka.erp.local', {host: 'kafka.erp.local'}],
      ['curl: (6) Could not resolve host: api.example.com', {host: 'api.example.com'}],
      [
        "urllib3.exceptions.NameResolutionError: <urllib3.connection.HTTPConnection object at 0x7f>: Failed to resolve 'api.erp.local' ([Errno -2] Name or service not known)",
        {host: 'api.erp.local'},
      ],
      ["Unknown MySQL server host 'mysql' (-2)", {host: 'mysql'}],
    ],
  },
  {
    id: 'refused',
    cause: 'connection-refused-upstream',
    when: [
      /Connection to (?<host>[\w.-]+):(?<port>\d+) refused/i,
      /Can't contact LDAP server/i,
      /It was not possible to connect to the redis server/i,
      /(?:Jedis|Redis|Lettuce)\w*ConnectionException: /,
      /RedisConnectionFailureException|Unable to connect to Redis/i,
      /Cannot connect to the Docker daemon/i,
      /no available server|connection reset by peer while (?:connecting|reading)/i,
      /SMTPServerDisconnected|Connection unexpectedly closed|SMTPConnectError/,
      /\bECONNREFUSED\b/i,
      /connection[ _]refused/i,
      /actively refused/i,
      /Failed to connect to (?<host>[\w.-]+)(?: port |:)(?<port>\d+)/i,
      /Couldn't connect to server/i,
      /connect: connection refused/i,
      /\(os error (?:111|61|10061)\)/i,
      /Connect to \S{1,80} failed/i,
      /\b10061\b/i,
      /verbindung (?:wurde )?verweigert/i,
      /zielcomputer die verbindung verweigerte/i,
      /verweigerte die verbindung/i,
      /connect call failed/i,
      /connect(?:ion)? (?:was )?refused/i,
      /refused to connect/i,
      /refused the connection/i,
      /NewConnectionError/i,
      /Failed to establish a new connection/i,
      /Could not connect to (?:server|any)/i,
      /kein verbindungsaufbau/i,
      /Connection could not be established with host/i,
      /no connection could be made/i,
    ],
    unless:
      /\b(?:listen|EADDRINUSE)\b|timed out|name resolution|Name or service|\b[1-9]\d* active and \d+ backup servers left|resolve '|NameResolutionError|Read timed out/i,
    strength: 0.86,
    read: withEndpoint,
    decide: (subject, line, context) => unreachable[peerOf(line, subject, context)],
    examples: [
      ['Error: connect ECONNREFUSED 127.0.0.1:5432', {host: '127.0.0.1', port: 5432}, 'database-unreachable'],
      [
        "ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5433)",
        {host: '127.0.0.1', port: 5433},
        'database-unreachable',
      ],
      [
        'connection to server at "localhost" (::1), port 5432 failed: Connection refused',
        {host: 'localhost', port: 5432},
        'database-unreachable',
      ],
      [
        'connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8001/", host: "x"',
        {port: 8001},
      ],
      [
        'Failed to connect to 10.0.0.7:1433 - Could not connect (sequence)',
        {host: '10.0.0.7', port: 1433},
        'database-unreachable',
      ],
      ['dial tcp 127.0.0.1:6379: connect: connection refused', {host: '127.0.0.1', port: 6379}, 'redis-unreachable'],
    ],
  },
  {
    id: 'timed-out',
    cause: 'upstream-timeout',
    when: [
      /\bETIMEDOUT\b/i,
      /\bESOCKETTIMEDOUT\b/i,
      /^(?:[\w$]+[.:]{1,2})*TimeoutError\b/,
      /Operation timed out after \d+ milliseconds/i,
      /curl: \(28\)/,
      /The request was canceled due to the configured HttpClient\.Timeout/i,
      /Net::(?:Read|Open)Timeout/,
      /\bECONNABORTED\b.{0,40}timeout/i,
      /(?:read|request|connection|connect|response|gateway|operation|upstream|query|statement|socket|call|server|headers?|body) ?(?:has )?timed? ?out/i,
      /timeout of \d+ ?ms exceeded/i,
      /(?:Read|Connect|Pool|Write)Timeout\b/i,
      /deadline exceeded/i,
      /\bUND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT\b/i,
      /SocketTimeoutException/i,
      /HttpTimeoutException/i,
      /statement timeout/i,
      /canceling statement due to/i,
      /\b10060\b/i,
      /zeitüberschreitung/i,
      /504 Gateway/i,
      /timed out (?:after|waiting|while)/i,
      /i\/o timeout/i,
      /Connection timed out/i,
      /TimeoutError: .{0,60}(?:request|query|connect|respon)/i,
      /context deadline/i,
      /lock wait timeout/i,
    ],
    unless:
      /TLS handshake timeout.{0,40}kube|worker timeout|keep-?alive timeout|timeout (?:is )?set to|session timed out for|graceful|shutdown/i,
    strength: 0.8,
    read: withEndpoint,
    decide: (subject, line, context) => {
      const peer = peerOf(line, subject, context);
      // A query that takes too long is a timeout, a database that can't be connected to is unreachable.
      if (peer === 'upstream' || /\b(?:query|statement|read|response|lock)\b/i.test(line)) return 'upstream-timeout';
      return peer === 'cluster' || /connect/i.test(line) ? unreachable[peer] : 'upstream-timeout';
    },
    examples: [
      [
        "urllib3.exceptions.ReadTimeoutError: HTTPConnectionPool(host='pricing.erp.local', port=8005): Read timed out. (read timeout=1)",
        {host: 'pricing.erp.local', port: 8005},
      ],
      [
        'upstream timed out (110: Connection timed out) while reading response header from upstream, client: 127.0.0.1, upstream: "http://127.0.0.1:8001/api"',
        {port: 8001},
      ],
      'AxiosError: timeout of 1000ms exceeded',
      'context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
    ],
  },
  {
    id: 'rate-limited',
    cause: 'rate-limited',
    when: [
      /toomanyrequests|pull rate limit/i,
      /Rate ?Limit\w*(?:Error|Exception)/,
      /(?:statusCode|status|code)[\"']?: ?429\b/,
      /secondary rate limit|API rate limit/i,
      /\b429\b.{0,60}(?:too many|client error|error|retry)/i,
      /too many requests/i,
      /status (?:code )?:?=?"?429\b/i,
      /rate.?limit(?:ed|ing)?(?: exceeded| reached|:)/i,
      /limiting requests/i,
      /quota exceeded/i,
      /RateLimit(?:Error|Exceeded)/i,
      /throttl(?:ed|ing)(?:exception)?/i,
      /RESOURCE_EXHAUSTED.{0,40}quota/i,
      /slow down.{0,20}requests/i,
      /too many (?:login )?attempts/i,
      /\bHTTP(?:\/[\d.]+)? ?"?429\b/i,
    ],
    unless: /"[A-Z]+ [^"]{1,200}" 429 \d|rate limit(?:er)? (?:enabled|set|configured)/i,
    strength: 0.85,
    read: (subject, line, context) => {
      const host = /https?:\/\/([\w.-]+)/.exec([line, ...context.block].join('\n'))?.[1];
      return host === undefined ? subject : {...subject, host};
    },
    examples: [
      [
        'requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: http://pricing.erp.local:8005/rate/EUR',
        {host: 'pricing.erp.local'},
      ],
      'Request failed with status code 429 retry-after 30',
      'limiting requests, excess: 5.5 by zone "api", client: 10.0.0.1',
    ],
  },
];

function hostNotFound(texts: readonly string[]): string | null {
  for (const text of texts) {
    const match =
      /(?:ENOTFOUND|EAI_AGAIN|EAI_NONAME) +["']?(?!getaddrinfo\b)([\w.-]+)/.exec(text) ??
      /host ?name "?([\w.-]+)"? to address/.exec(text) ??
      /host not found in (?:upstream|resolver|"?proxy_pass"?) "?([\w.-]+)/.exec(text) ??
      /lookup ([\w.-]+?)\.?(?: on \S+)?:/.exec(text) ??
      /UnknownHostException: ([\w.-]+)/.exec(text) ??
      /(?:resolve|resolving)(?: (?:host|hostname|address|name|server|domain|the)){0,3}:? +["'“]?([\w-]+(?:\.[\w-]+)*)/i.exec(
        text,
      ) ??
      /unknown (?:mysql server )?host:? ?["']?([\w.-]+)/i.exec(text) ??
      /host=["']([\w.-]+)["']/.exec(text) ??
      /Bad hostname:? ['"]?([\w.-]+)/.exec(text) ??
      /getaddrinfo for ['"]?([\w.-]+) failed/i.exec(text) ??
      /getaddrinfo (?:for |failed for |error for )?["']?([a-z][\w.-]+\.[\w.-]+|[a-z][\w-]+-[\w-]+)/i.exec(text) ??
      /"([\w-]+(?:\.[\w-]+)*)(?::\d+)?"/.exec(text) ??
      /hostname:? ["']?([a-z][\w-]*(?:\.[\w-]+)*)/i.exec(text) ??
      /:\/\/(?:[^@\s/]+@)?([a-z][\w-]*(?:\.[\w-]+)*)[:/]/i.exec(text) ??
      /\b([a-z][\w-]*(?:\.[\w-]+)*):\d{2,5}\b/i.exec(text) ??
      /:? ([\w-]+(?:\.[\w-]+)+): (?:Name|Temporary|No address|nodename)/.exec(text);
    const host = match?.[1];
    if (
      host !== undefined &&
      !/^(?:host|the|to|name|failed|error|for)$/i.test(host) &&
      !/\.(?:py|js|java|go|c|rb|php|conf)$/.test(host)
    )
      return host;
  }
  return null;
}
