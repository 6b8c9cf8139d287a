import {peerOf, portIn, unreachable, withEndpoint} from '../endpoint.js';
import type {Rule, Subject} from '../rule.js';

const listens =
  /\b(?:listen|bind|bound|binding|start(?:ing)? (?:server|web server|listener)|address already|server socket|socket address|port)\b/i;

const withPort: NonNullable<Rule['read']> = (subject, line, context) => {
  const from = [line, ...context.block, ...context.near].map(portIn).find((port) => port !== null);
  return from === undefined || subject['port'] !== undefined ? subject : {...subject, port: from as number};
};
const where = ({host, port}: Subject): string =>
  host === undefined ? `port ${port ?? '?'}` : port === undefined ? `${host}` : `${host}:${port}`;

/** Listening, connecting, names, certificates. */
export const network: readonly Rule[] = [
  {
    id: 'port-in-use',
    cause: 'port-in-use',
    when: /\bEADDRINUSE\b|address (?:is )?already in use|Only one usage of each socket address|\bWSAEADDRINUSE\b|\b(?:WinError |error )?10048\b|adresse wird bereits verwendet|\bport(?: \d+)? (?:is |was )?(?:already |currently )?(?:in use|taken|occupied|allocated|being used)|port is already allocated|(?:another|other) (?:process|instance|program|server) .{0,40}(?:using|listening on|on) (?:that |this |the )?port|that port is already in use|socket already bound|bind: .{0,40}in use|belegt|already listening on/i,
    unless: /trying (?:another|next)|using (?:port )?\d+ instead|falling back/i,
    strength: 0.95,
    read: withPort,
    explain: (subject) => `It could not listen on ${where(subject)}: somebody else holds that port.`,
    remedy: ({port}) =>
      `see who holds it: erp ports ${port ?? '--all'}; end that program, or give this one another port`,
    mend: ({port}) => (typeof port === 'number' ? {kind: 'port', port, host: null} : null),
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
    when: /\bEADDRNOTAVAIL\b|cannot assign requested address|can(?:'|no)t assign requested address|requested address is not valid in its context|\b10049\b|angeforderte adresse kann nicht zugewiesen/i,
    unless: /\bconnect(?:ing|ion)?\b(?!.*\b(?:bind|listen))/i,
    strength: 0.95,
    read: withEndpoint,
    explain: (subject) => `It wants to listen on ${where(subject)}, an address that no interface of this machine has.`,
    remedy: (_, platform) =>
      `see which addresses there are: ${platform === 'win32' ? 'ipconfig' : 'ip -br addr'}; listen on 127.0.0.1 or 0.0.0.0 instead`,
    mend: () => ({kind: 'configuration'}),
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
    explain: (subject) =>
      `The system does not let it listen on ${where(subject)}${Number(subject['port']) < 1024 ? ': ports below 1024 need a right of their own' : ''}.`,
    remedy: ({port}, platform) =>
      platform === 'linux'
        ? `take a port above 1023, or allow it: sudo setcap cap_net_bind_service=+ep "$(readlink -f "$(command -v PROGRAM)")"`
        : platform === 'win32'
          ? `see reserved ranges: netsh int ipv4 show excludedportrange tcp; take another port than ${port}`
          : 'take a port above 1023, or run it with the rights it needs',
    mend: () => ({kind: 'configuration'}),
    examples: [
      ['Error: listen EACCES: permission denied 127.0.0.1:443', {port: 443}],
      ['bind() to 0.0.0.0:443 failed (13: Permission denied)', {port: 443}],
      ['listen tcp :80: bind: permission denied', {port: 80}],
    ],
  },
  {
    id: 'dns',
    cause: 'dns-failure',
    when: /\bENOTFOUND\b(?! .{0,40}package)|\bEAI_(?:AGAIN|NONAME|FAIL|NODATA)\b|getaddrinfo (?:failed|error)|name or service not known|could not translate host ?name|\bno such host\b|name resolution|nodename nor servname|\bUnknownHostException\b|host not found in|could not resolve(?: host)?|(?:cannot|can't|failed to|unable to|not) resolve (?:host|address|name|hostname|domain)|no address associated with hostname|name does not resolve|host not found|\b11001\b|unknown (?:mysql server )?host\b|\bNXDOMAIN\b|NameResolutionError|der angegebene host ist unbekannt|der name oder dienst ist nicht bekannt|unbekannter rechner|getaddrinfo for|Could not contact DNS|NameError: .{0,20}resolv|dns (?:error|lookup|resolution).{0,30}fail|lookup .{1,80}(?:server misbehaving|i\/o timeout|no such host)|invalid host(?:name)? .{0,40}could not be resolved|server name .{0,80}not be resolved|SocketError.{0,40}getaddrinfo|php_network_getaddresses/i,
    strength: 0.93,
    read: (subject, line, context) => {
      const host = hostNotFound([line, ...context.block]);
      return host === null ? subject : {...subject, host};
    },
    explain: ({host}) => `The name ${host ?? ''} can't be resolved to an address.`,
    remedy: ({host}, platform) =>
      `check the spelling, then: ${platform === 'win32' ? `nslookup ${host ?? 'NAME'}` : `getent hosts ${host ?? 'NAME'}`}; container names are known inside their network only`,
    examples: [
      ['Error: getaddrinfo ENOTFOUND redis-master', {host: 'redis-master'}],
      ['could not translate host name "postgres" to address: Name or service not known', {host: 'postgres'}],
      ['host not found in upstream "erp-backend:8000" in /opt/erp/proxy/nginx.conf:10', {host: 'erp-backend'}],
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
    when: /\bECONNREFUSED\b|connection refused|actively refused|\b10061\b|verbindung (?:wurde )?verweigert|zielcomputer die verbindung verweigerte|verweigerte die verbindung|connect call failed|connect(?:ion)? (?:was )?refused|refused to connect|refused the connection|NewConnectionError|Failed to establish a new connection|Could not connect to (?:server|any)|kein verbindungsaufbau|Connection could not be established with host|no connection could be made/i,
    unless:
      /\b(?:listen|EADDRINUSE)\b|timed out|name resolution|Name or service|resolve '|NameResolutionError|Read timed out/i,
    strength: 0.86,
    read: withEndpoint,
    decide: (subject, line, context) => unreachable[peerOf(line, subject, context)],
    examples: [
      ['Error: connect ECONNREFUSED 127.0.0.1:5432', {host: '127.0.0.1', port: 5432}],
      ["ConnectionRefusedError: [Errno 111] Connect call failed ('127.0.0.1', 5433)", {host: '127.0.0.1', port: 5433}],
      [
        'connection to server at "localhost" (::1), port 5432 failed: Connection refused',
        {host: 'localhost', port: 5432},
      ],
      [
        'connect() failed (111: Connection refused) while connecting to upstream, client: 127.0.0.1, server: , request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:8001/", host: "x"',
        {port: 8001},
      ],
      ['dial tcp 127.0.0.1:6379: connect: connection refused', {host: '127.0.0.1', port: 6379}],
    ],
  },
  {
    id: 'timed-out',
    cause: 'upstream-timeout',
    when: /\bETIMEDOUT\b|\bESOCKETTIMEDOUT\b|\bECONNABORTED\b.{0,40}timeout|(?:read|request|connection|connect|response|gateway|operation|upstream|query|statement|socket|call|server|headers?|body) ?(?:has )?timed? ?out|timeout of \d+ ?ms exceeded|(?:Read|Connect|Pool|Write)Timeout\b|deadline exceeded|\bUND_ERR_(?:CONNECT|HEADERS|BODY)_TIMEOUT\b|SocketTimeoutException|HttpTimeoutException|statement timeout|canceling statement due to|\b10060\b|zeitüberschreitung|504 Gateway|timed out (?:after|waiting|while)|i\/o timeout|Connection timed out|TimeoutError: .{0,60}(?:request|query|connect|respon)|context deadline|lock wait timeout/i,
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
    id: 'tls',
    cause: 'tls-certificate',
    when: /certificate (?:has |is )?(?:expired|not yet valid|verify failed|revoked|unknown|required|signed by unknown)|CERTIFICATE_VERIFY_FAILED|self[- ]signed certificate|unable to (?:verify the first|get (?:local )?issuer) certificate|ERR_TLS_CERT_ALTNAME_INVALID|\bx509: |PKIX path building failed|SSLHandshakeException|certificate verification failed|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_HAS_EXPIRED|hostname mismatch|doesn't match certificate|key values mismatch|does not match the certificate|private key does not match|no subject alternative|tlsv1 alert|alert (?:bad|unknown|expired) ?c(?:a|ertificate)|X509_check_private_key|certificate chain|self_signed|SSL_do_handshake|zertifikat|unable to find valid certification path|CertificateExpiredException|CertificateException|SSL certificate problem|SSL routines|tls: (?:failed|private|bad|first|unknown)|certificate .{0,60}(?:not trusted|untrusted|invalid)/i,
    unless:
      /BIO_new_file|No such file|ENOENT|cannot load certificate .{0,100}No such file|warn.{0,20}self.?signed.{0,30}development|TLS handshake (?:timeout|error from)|wrong version number|http request/i,
    strength: 0.9,
    read: (subject, line, context) => {
      const texts = [line, ...context.block, ...context.near];
      const reason = reasonIn(texts);
      const named = texts
        .map(
          (text) => /(?:host(?:name)?(?:\/IP)?[=:' ]+|for |Host: |to )["']?([a-z][\w-]*(?:\.[\w-]+)+)/i.exec(text)?.[1],
        )
        .find((host) => host !== undefined && !/\.(?:js|py|go|c|java|crt|pem|key)$/.test(host));
      const host = named ?? (withEndpoint({}, line, context)['host'] as string | undefined);
      const file = /["']?(\/[\w./-]+\.(?:crt|pem|key|cer|p12|jks))\b/.exec(line)?.[1];
      return {
        ...subject,
        ...(reason === null ? {} : {reason}),
        ...(host === undefined ? {} : {host: host.replace(/\.$/, '')}),
        ...(file === undefined ? {} : {file}),
      };
    },
    explain: ({host, reason}) =>
      `The certificate${host === undefined ? '' : ` of ${host}`} was not accepted: ${reason ?? 'see the line'}.`,
    remedy: ({host, reason}) =>
      /expired|not yet/.test(String(reason))
        ? `renew it; look at its dates: openssl s_client -connect ${host ?? 'HOST'}:443 </dev/null | openssl x509 -noout -dates (and check this machine's clock: date)`
        : `look at what is presented: openssl s_client -showcerts -connect ${host ?? 'HOST'}:443 </dev/null; trust its CA (NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE, keytool -importcert) or call it by the name it is for`,
    examples: [
      ['Error: self-signed certificate', {reason: 'self-signed certificate'}],
      [
        '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:992)',
        {reason: 'certificate has expired'},
      ],
      ['x509: certificate signed by unknown authority', {reason: 'unknown authority'}],
      [
        "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: api.erp.local. is not in the cert's altnames: DNS:old-erp.example.com",
        {host: 'api.erp.local', reason: 'hostname does not match'},
      ],
    ],
  },
  {
    id: 'rate-limited',
    cause: 'rate-limited',
    when: /\b429\b.{0,60}(?:too many|client error|error|retry)|too many requests|status (?:code )?:?=?"?429\b|rate.?limit(?:ed|ing)?(?: exceeded| reached|:)|limiting requests|quota exceeded|RateLimit(?:Error|Exceeded)|throttl(?:ed|ing)(?:exception)?|RESOURCE_EXHAUSTED.{0,40}quota|slow down.{0,20}requests|too many (?:login )?attempts|\bHTTP(?:\/[\d.]+)? ?"?429\b/i,
    unless: /"[A-Z]+ [^"]{1,200}" 429 \d|rate limit(?:er)? (?:enabled|set|configured)/i,
    strength: 0.85,
    read: (subject, line, context) => {
      const host = /https?:\/\/([\w.-]+)/.exec([line, ...context.block].join('\n'))?.[1];
      return host === undefined ? subject : {...subject, host};
    },
    explain: ({host}) => `${host ?? 'A service that it calls'} refuses requests because there are too many.`,
    remedy: () =>
      'wait as long as it says (Retry-After), then send fewer: longer pauses, fewer workers, larger batches',
    examples: [
      [
        'requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: http://pricing.erp.local:8005/rate/EUR',
        {host: 'pricing.erp.local'},
      ],
      'Request failed with status code 429 retry-after 30',
      'limiting requests, excess: 5.5 by zone "api", client: 10.0.0.1',
    ],
  },
  {
    id: 'proxy-backend-down',
    cause: 'connection-refused-upstream',
    when: /Server (?<name>[\w.-]+\/[\w.-]+) is DOWN|backend (?<name_2>[\w.-]+) (?:has no server available|is down)|no live upstreams while connecting to upstream/i,
    strength: 0.85,
    explain: ({name}) => `The proxy finds nobody who answers behind ${name ?? 'it'}.`,
    remedy: ({name}) => `start what should answer behind ${name ?? 'it'}, then: erp ports --all`,
    examples: [
      ['Server api/api2 is DOWN, reason: Layer4 connection problem, info: "Connection refused"', {name: 'api/api2'}],
    ],
  },
];

function hostNotFound(texts: readonly string[]): string | null {
  for (const text of texts) {
    const match =
      /(?:ENOTFOUND|EAI_AGAIN|EAI_NONAME) +["']?([\w.-]+)/.exec(text) ??
      /host ?name "?([\w.-]+)"? to address/.exec(text) ??
      /host not found in (?:upstream|resolver|"?proxy_pass"?) "?([\w.-]+)/.exec(text) ??
      /lookup ([\w.-]+?)\.?(?: on \S+)?:/.exec(text) ??
      /UnknownHostException: ([\w.-]+)/.exec(text) ??
      /(?:resolve|resolving)(?: (?:host|hostname|address|name|server|domain|the)){0,3}:? +["'“]?([\w-]+(?:\.[\w-]+)*)/i.exec(
        text,
      ) ??
      /unknown (?:mysql server )?host:? ?["']?([\w.-]+)/i.exec(text) ??
      /host=["']([\w.-]+)["']/.exec(text) ??
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

function reasonIn(texts: readonly string[]): string | null {
  const table: readonly (readonly [RegExp, string])[] = [
    [
      /certificate has expired|CERT_HAS_EXPIRED|CertificateExpired|has expired|NotAfter|expired certificate/i,
      'certificate has expired',
    ],
    [/not yet valid|NotBefore|NotYetValid/i, 'certificate is not yet valid'],
    [
      /ALTNAME|altname|hostname mismatch|doesn't match|does not match certificate|is not valid for|IP address mismatch|not match(?:es)? .{0,40}name|no (?:subject )?alternative/i,
      'hostname does not match',
    ],
    [/self[- _]signed/i, 'self-signed certificate'],
    [
      /key values mismatch|private key does not match|key mismatch|does not match the certificate/i,
      'key values mismatch',
    ],
    [/unknown authority/i, 'unknown authority'],
    [
      /unable to get (?:local )?issuer|first certificate|PKIX|certification path|unknown ca/i,
      'unable to get local issuer certificate',
    ],
    [/revoked/i, 'certificate is revoked'],
  ];
  for (const text of texts) for (const [pattern, reason] of table) if (pattern.test(text)) return reason;
  return null;
}
