import {withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

/** Certificates, as OpenSSL, Go, Java, Node and others judge them. */
export const tls: readonly Rule[] = [
  {
    id: 'not-tls',
    cause: 'config-invalid',
    // Whoever answers there speaks plain text, or the proxy of it does.
    when: [
      /wrong version number/i,
      /first record does not look like a TLS handshake/,
      /Unsupported or unrecognized SSL message/,
      /packet length too long/,
    ],
    unless: /TLS handshake error from/,
    strength: 0.8,
    // A server tells of its clients so.
    read: (subject, line, context) =>
      context.block.some((text) => /\brejected connection\b|\bremote[-_]addr/i.test(text))
        ? null
        : withEndpoint(subject, line, context),
    examples: [
      'write EPROTO 80B:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:ssl3_record.c:350:',
      'Get "https://127.0.0.1:8090/": tls: first record does not look like a TLS handshake',
    ],
  },
  {
    id: 'tls',
    cause: 'tls-certificate',
    when: [
      /certificate (?:has |is )?(?:expired|not yet valid|verify failed|revoked|unknown|required|signed by unknown)/i,
      /CERTIFICATE_VERIFY_FAILED/i,
      /self[- ]signed certificate/i,
      /unable to (?:verify the first|get (?:local )?issuer) certificate/i,
      /ERR_TLS_CERT_ALTNAME_INVALID/i,
      /\bx509: /i,
      /PKIX path building failed/i,
      /SSLHandshakeException/i,
      /certificate verification failed/i,
      /DEPTH_ZERO_SELF_SIGNED_CERT/i,
      /UNABLE_TO_VERIFY_LEAF_SIGNATURE/i,
      /CERT_HAS_EXPIRED/i,
      /hostname mismatch/i,
      /doesn't match certificate/i,
      /key values mismatch/i,
      /does not match the certificate/i,
      /private key does not match/i,
      /no subject alternative/i,
      /tlsv1 alert/i,
      /alert (?:bad|unknown|expired) ?c(?:a|ertificate)/i,
      /X509_check_private_key/i,
      /certificate chain/i,
      /self_signed/i,
      /SSL_do_handshake/i,
      /zertifikat/i,
      /unable to find valid certification path/i,
      /CertificateExpiredException/i,
      /CertificateException/i,
      /\[SSL\] PEM lib|no start line|keystore (?:password was incorrect|was tampered with)/i,
      /SSL certificate problem/i,
      /SSL routines/i,
      /tls: (?:failed|private|bad|first|unknown)/i,
      /certificate .{0,60}(?:not trusted|untrusted|invalid)/i,
    ],
    unless:
      /BIO_new_file|No such file|ENOENT|cannot load certificate .{0,100}No such file|warn.{0,20}self.?signed.{0,30}development|TLS handshake (?:timeout|error from)|wrong version number|first record does not look|http request/i,
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
];

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
  for (const text of texts)
    for (const [pattern, reason] of table) if (pattern.test(text)) return inOwnWords(reason, text);
  return null;
}

/** The usual name of the trouble, and what this program calls it: that is what one finds in its manual. */
function inOwnWords(reason: string, text: string): string {
  const own =
    /private key does not match public key|unable to (?:verify the first|find valid certification path|get (?:local )?issuer)(?: certificate| to requested target)?|[Uu]nknown CA\b/.exec(
      text,
    )?.[0];
  return own === undefined || reason.includes(own) ? reason : `${reason}: ${own}`;
}
