import type {Rule} from '../rule.js';

/** The system's users, and who may run or read what. */
export const accounts: readonly Rule[] = [
  {
    id: 'unknown-account',
    cause: 'config-invalid',
    when: [
      /\bget(?:pw|gr)nam\("?(?<name>[\w.-]+)"?\) failed/,
      /\b(?:no such|bad|unknown|invalid) (?:user|group)(?: ?name)?(?: or group)?[ :]+['"`‘»]?(?<name>[\w.-]+)['"`’«]?\.?(?: in .{1,80}|:\d+)?$/i,
      /\bcan(?:no|')t (?:get|find|look ?up) (?:the )?(?:uid|gid|user|group)(?: id)?(?: for)?(?: user| group| name)? ['"`]?(?<name>[\w.-]+)/i,
      /\b(?:unable|failed|could not) (?:to )?(?:find|resolve|look ?up|determine|get) (?:the )?(?:system )?(?:user|group|uid|gid)(?: name| id)?(?: for)?(?: user| group)?:? ['"`]?(?<name>[\w.-]+)['"`]?/i,
      /^.{0,80}\b(?:user|group) ['"`]?(?<name>[\w.-]+)['"`]? (?:does not exist|doesn't exist|not found|is unknown|cannot be found)(?: (?:on|in) (?:this|the) system)?\.?$/i,
      /(?:ungültiger Benutzer|Benutzer (?:existiert nicht|nicht gefunden)): ?[»„"']?(?<name>[\w.-]+)/,
      /Failed to determine (?:user|group) credentials|status=21[67]\/(?:USER|GROUP)/,
    ],
    unless: /\brole\b|database|password|log ?in|auth|session|sshd\[|Invalid user \S+ from|HTTP|SQL|mongo/i,
    strength: 0.93,
    explain: ({name}) => `The system has no user or group ${name ?? 'of that name'}, as which it is to run.`,
    remedy: ({name}) =>
      `useradd --system ${name ?? 'NAME'} (or groupadd), or name another user in the settings; getent passwd ${name ?? 'NAME'} shows whether there is one`,
    examples: [
      ['[emerg] 32#32: getpwnam("shop") failed in /etc/nginx/nginx.conf:2', {name: 'shop'}],
      ["ERROR: [pool www] cannot get uid for user 'shop'", {name: 'shop'}],
      ['AH00543: apache2: bad user name shop', {name: 'shop'}],
      ["can't find the user shop to switch to", {name: 'shop'}],
      ["Error: No such user: 'shop'", {name: 'shop'}],
      ["chown: invalid user: 'shop'", {name: 'shop'}],
      ['su: user shop does not exist', {name: 'shop'}],
    ],
  },
  {
    id: 'wrong-account',
    cause: 'permission-denied',
    when: [
      /\bnot (?:a )?super-?user\b/i,
      /\b(?:must|has to|have to|needs? to|should|can only) be (?:(?:run|started|executed|invoked) )?(?:as |by )?(?:the )?(?:root|super-?user(?! to))\b/i,
      /\b(?:requires?|needs?|without) (?:root|super-?user|administrator) (?:privileges?|rights|permissions?|access)/i,
      /^sudo: (?:a password is required|a terminal is required to read the password)/,
      /\bare you root\?|\bunless you (?:are|run (?:it |this )?as) (?:the )?(?:root|super-?user)\b/i,
      /\b(?:cannot|can't|must not|should not|refus\w+ to|not permitted to|will not|don't) (?:be )?(?:run|start|execute)(?:ning|d|ed)? (?:\w+ )?(?:as|by|under) (?:the )?['"`]?root\b/i,
      /"root" execution of .{1,60} is not permitted/,
      /how to run \w+ as root/,
      /\brun(?:ning)? .{0,30}as root is (?:not allowed|forbidden|disabled|not supported)/i,
      /Diese Aktion erfordert Root|muss als root/i,
    ],
    unless: /warn|\bif you\b|recommended/i,
    strength: 0.92,
    explain: () => 'It may not run as this user.',
    remedy: () =>
      'start it as the user that it asks for: user: NAME of the service in erp.config.yaml, its own option for that, or User= of its unit',
    examples: [
      'Fatal error : Not superuser',
      '"root" execution of the PostgreSQL server is not permitted.',
      'Please consult the Knowledge Base to find out how to run mysqld as root!',
      "FATAL: Don't run Squid as root, set 'cache_effective_user'!",
      'initdb: error: cannot be run as root',
      'you must be root to do this',
      'You cannot perform this operation unless you are root.',
      'iptables: this program requires root privileges',
    ],
  },
  {
    id: 'open-secret',
    cause: 'permission-denied',
    when: [
      /(?:file )?["'`]?(?<file>[\w./@+-]*[./][\w.@+-]+)["'`]? (?:has|have) (?:group or world access|group or other permissions|(?:too )?(?:open|loose|insecure|wide) permissions)/i,
      /(?:file )?["'`]?(?<file>[\w./@+-]*[./][\w.@+-]+)["'`]? must (?:be (?:accessible|readable|owned|writable) by|(?:only )?be (?:accessible|readable) by|not be (?:accessible|readable|writable) by|have (?:mode|permissions))/i,
      /Permissions (?<mode>0\d{3}) for ['"](?<file>[^'"]+)['"] are too open/,
      /(?<file>[\w./@+-]*[./][\w.@+-]+)['"`]? (?:permissions?|mode) 0?[0-7]{3} (?:is|are) (?:wrong|invalid|unsafe|insecure|too \w+|not allowed)/i,
      /(?:insecure|unsafe|wrong) (?:file )?(?:permissions|mode|ownership)(?: on| of| for)?:? (?:file )?["'`]?(?<file>[\w./@+-]*[./][\w.@+-]+)/i,
    ],
    unless: /^\S*warn/i,
    strength: 0.95,
    remedy: ({file}) => `chmod 600 ${file ?? 'FILE'} (and chown it to the user it runs as)`,
    examples: [
      ['FATAL:  private key file "server.key" has group or world access', {file: 'server.key'}],
      [
        'Cookie file /var/lib/erp/.erlang.cookie must be accessible by owner only',
        {file: '/var/lib/erp/.erlang.cookie'},
      ],
      [
        "The control file '/etc/shop/monitrc' permission 0644 is wrong, maximum 0700 allowed",
        {file: '/etc/shop/monitrc'},
      ],
      ["Permissions 0644 for '/opt/erp/id_rsa' are too open.", {file: '/opt/erp/id_rsa'}],
    ],
  },
];
