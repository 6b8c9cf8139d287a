import {withEndpoint} from '../endpoint.js';
import type {Rule} from '../rule.js';

/** Redis: away, locked, or in no state to work. */
export const redis: readonly Rule[] = [
  {
    id: 'redis-sentinel',
    cause: 'redis-unreachable',
    when: [
      /All sentinels are unreachable/i,
      /No master found for/,
      // The client gave up; its connection errors may have gone elsewhere.
      /\bMaxRetriesPerRequestError\b/,
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
];
