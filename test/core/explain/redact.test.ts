import {describe, expect, it} from '@jest/globals';
import fc from '../../support/property.js';
import {buildPrompt} from '../../../src/lib/core/explain/prompt.js';
import {ExcerptRedactor} from '../../../src/lib/core/explain/redact.js';
import type {LogDiagnosis} from '../../../src/lib/core/logs/diagnosis/log-diagnosis.js';
import {expectLinear} from '../../support/growth.js';

const clean = (text: string, env: Record<string, string> = {}) =>
  new ExcerptRedactor({env, hidesAddresses: true}).text(text);

/** None of these is anybody's: made for this test. */
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

describe('what is taken out of a line that leaves the machine', () => {
  it.each([
    ['FATAL: login failed password=hunter2 host=db', 'FATAL: login failed password=[secret] host=db'],
    ['{"user":"erp","password":"a\\"b c","port":5432}', '{"user":"erp","password":[secret],"port":5432}'],
    ['"{\\"api_key\\":\\"abc,def\\",\\"n\\":1}"', '"{\\"api_key\\":[secret],\\"n\\":1}"'],
    ['{"max_tokens":512,"level":"error"}', '{"max_tokens":[secret],"level":"error"}'],
    ["{'passwd': 'it\\'s me', 'x': 1}", "{'passwd': [secret], 'x': 1}"],
    ["ALTER USER erp IDENTIFIED BY 'it''s' REPLACE", 'ALTER USER erp IDENTIFIED BY [secret] REPLACE'],
    ["CREATE ROLE erp WITH PASSWORD 'x y' LOGIN", 'CREATE ROLE erp WITH PASSWORD [secret] LOGIN'],
    ['<password>a b</password><host>db</host>', '<password>[secret]</password><host>db</host>'],
    ['<add key="DbPassword" value="a b"/>', '<add key="DbPassword" value=[secret]/>'],
    ['- {"name": "DB_PASSWORD", "value": "a b"}', '- {"name": "DB_PASSWORD", "value": [secret]}'],
    ["rawHeaders: ['Authorization', 'Bearer abc.def'],", "rawHeaders: ['Authorization', [secret]],"],
    ['Authorization: Digest username="erp", response="8f0e"', 'Authorization: [secret]'],
    ['Cookie: a=b; session=c', 'Cookie: [secret]'],
    ['run --db-password geheim9 --port 80', 'run --db-password [secret] --port 80'],
    ['mysql -u root -pgeheim erp', 'mysql -u root -p[secret] erp'],
    ['curl -u bob:geheim http://x/', 'curl -u [secret] http://x/'],
    ['Das Passwort ist: geheim9', 'Das Passwort ist: [secret]'],
    ['the password is s3cr3t now', 'the password is [secret] now'],
    ['postgres://erp:p@ss/word@db.erp.local/erp down', 'postgres://[credentials]@db.erp.local/erp down'],
    ['https://ghtoken@github.com/x.git', 'https://[credentials]@github.com/x.git'],
    ['dsn root:geheim@tcp(127.0.0.1:3306)/erp', 'dsn root:[secret]@tcp(127.0.0.1:3306)/erp'],
    ['GET /cb?code=7&access_token=abc123&x=1 HTTP/1.1', 'GET /cb?code=7&access_token=[secret] HTTP/1.1'],
    [`sent ${jwt} to peer`, 'sent [token] to peer'],
    ['key sk-ant-api03-AbCdEf0123456789 refused', 'key [token] refused'],
    ['AKIAIOSFODNN7EXAMPLE may not list', '[token] may not list'],
    ['id Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MEFiQ2RFZg found', 'id [token] found'],
    ['mail from hans.meier@firma.de to Hans.Meier@firma.de', 'mail from <email-1> to <email-1>'],
    ['10.1.2.3:5432 refused, 10.1.2.4 too, 10.1.2.3 again', '<ip-1>:5432 refused, <ip-2> too, <ip-1> again'],
    ['[2001:db8::5]:443 and fe80::1%eth0', '[<ip-1>]:443 and <ip-2>'],
    ['paid to DE89 3704 0044 0532 0130 00 by 4111 1111 1111 1111', 'paid to [account number] by [account number]'],
    ['File "/home/hans/erp/app.py", line 3', 'File "~/erp/app.py", line 3'],
    ['at C:\\Users\\Hans Meier\\erp\\app.js:1', 'at ~\\erp\\app.js:1'],
    ['user hmeier logged in', 'user <user> logged in'],
    ['cannot use tok-geheim-1 here', 'cannot use [secret] here'],
  ])('%j', (line, expected) => {
    expect(clean(line, {USER: 'hmeier', MY_TOKEN: 'tok-geheim-1'})).toBe(expected);
  });

  it.each([
    'FATAL:  password authentication failed for user "erp"',
    'SyntaxError: Unexpected token } in JSON at position 7',
    'The password is wrong.',
    'connect ECONNREFUSED 127.0.0.1:5432 and ::1',
    '2025-05-22 12:34:56,789 ERROR app.db.session: timeout after 30000 ms',
    '    at org.springframework.boot.SpringApplication.run(SpringApplication.java:332)',
    '    at AbstractAutowireCapableBeanFactory.createBean(AbstractAutowireCapableBeanFactory.java:542)',
    "ModuleNotFoundError: No module named 'fastapi'",
    '  File "/usr/lib/python3/dist-packages/sqlalchemy/engine/base.py", line 145, in __init__',
    "[Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
    'DB_PASSWORD=undefined',
    'password: null, port: 5432',
    'order 4711 at 1747904096789 took 12 ms',
  ])('what tells the cause stays: %j', (line) => expect(clean(line)).toBe(line));

  it('private keys, whole, cut at either end, and within JSON', () => {
    const body = [
      'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
      'MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu',
    ];
    const whole = [
      'before',
      '-----BEGIN RSA PRIVATE KEY-----',
      ...body,
      'k9=',
      '-----END RSA PRIVATE KEY-----',
      'after',
    ];
    expect(clean(whole.join('\n'))).toBe('before\n[private key]\n[private key]\n[private key]\n[private key]\n\nafter');
    for (const part of [whole.slice(2), whole.slice(0, 4)])
      for (const secret of body) expect(clean(part.join('\n'))).not.toContain(secret);
    const inJson = `{"key":"-----BEGIN PRIVATE KEY-----\\n${body.join('\\n')}\\n-----END PRIVATE KEY-----\\n","port":1}`;
    expect(clean(inJson)).not.toContain('MIIEvQ');
    expect(clean(inJson)).toContain('"port":1');
  });

  it('a value in the line after its name', () => {
    expect(clean('password:\n  hunter2\nnext line')).toBe('password:\n[secret]\nnext line');
    expect(clean('db_password: |\n  hunter2\nnext line')).toBe('db_password: |\n[secret]\nnext line');
  });

  it('addresses stay where that is wanted', () => {
    expect(new ExcerptRedactor({env: {}, hidesAddresses: false}).text('10.1.2.3 is down')).toBe('10.1.2.3 is down');
  });
});

const diagnosis: LogDiagnosis = {
  cause: 'database-auth',
  confidence: 0.9,
  subject: {},
  evidence: [],
  remedy: null,
  explanation: 'x',
  isPermanent: true,
  mendedBy: null,
};

/** As people and generators choose them: at least one digit, nothing that ends an unquoted value in any format. */
const plainSecret = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9!#$%*+.,;:?^_|~@/&-]{7,40}$/), fc.integer({min: 0, max: 9}))
  .map(([text, digit]) => `Q${text}${digit}`)
  .filter((text) => !/^\W/.test(text));
const quotedSecret = fc.stringMatching(/^[A-Za-z0-9 !#$%*+.,;:?^_|~@/&<>()[\]{}=-]{8,40}$/).map((text) => `Q${text}7`);
const urlSecret = fc.stringMatching(/^[A-Za-z0-9!$%*+.,;:_|~@/&-]{7,30}$/).map((text) => `Q${text}7`);

const named = fc.constantFrom(
  'password',
  'PASSWORD',
  'db_password',
  'dbPassword',
  'DB_PASSWD',
  'passphrase',
  'Passwort',
  'pwd',
  'secret',
  'client_secret',
  'SECRET_KEY',
  'api_key',
  'apiKey',
  'X-Api-Key',
  'access_key',
  'AccountKey',
  'token',
  'refresh_token',
  'AUTH_TOKEN',
  'sessionid',
  'csrf_token',
  'credential',
  'private_key',
  'Kennwort',
  'smtp.password',
);
const plainForms: readonly ((name: string, secret: string) => string)[] = [
  (name, secret) => `connecting with ${name}=${secret} now`,
  (name, secret) => `${name}: ${secret}`,
  (name, secret) => `level=error ${name}=${secret} msg=failed`,
  (name, secret) => `[${name} => ${secret}`,
  (name, secret) => `node server.js --${name} ${secret} --port 80`,
  (name, secret) => `node server.js --${name}=${secret}`,
  (name, secret) => `environment:\n  ${name}:\n    ${secret}\nrest`,
  (name, secret) => `\u001b[31m${name}\u001b[0m=\u001b[32m${secret}\u001b[0m`,
];
const quotedForms: readonly ((name: string, secret: string) => string)[] = [
  (name, secret) => JSON.stringify({a: 1, [name]: secret, b: 2}),
  (name, secret) => JSON.stringify({body: JSON.stringify({[name]: secret, x: 1})}),
  (name, secret) => `{'${name}': '${secret}', 'a': 1}`,
  (name, secret) => `${name}="${secret}"`,
  (name, secret) => `<${name}>${secret.replaceAll('<', '')}</${name}>`,
  (name, secret) => `{"name": "${name}", "value": "${secret}"}`,
  (name, secret) => `["${name}", "${secret}"]`,
];
const urlForms: readonly ((secret: string) => string)[] = [
  (secret) => `could not connect to postgres://erp:${secret}@db.local:5432/erp`,
  (secret) => `"url":"redis://:${secret}@10.0.0.1:6379/0"`,
  (secret) => `amqp://guest:${secret}@rabbit`,
];

const sent = (lines: readonly string[], at: number) => {
  const excerpt = lines.map((text, index) => ({line: index + 1, text}));
  const evidence = [{line: at + 1, text: lines[at] ?? ''}];
  const {user} = buildPrompt(
    {...diagnosis, evidence, explanation: lines[at] ?? '', remedy: `check ${lines[at]}`},
    excerpt,
    {env: {}, hidesAddresses: true, maxBytes: 8192},
  );
  return user;
};
const around = fc.array(fc.string({maxLength: 40}), {maxLength: 5});

describe('a planted secret never leaves', () => {
  const holds = (secret: string, text: string, before: readonly string[], after: readonly string[]) => {
    const out = sent([...before, ...text.split('\n'), ...after], before.length);
    // As JSON and terminals write it, and without that.
    expect(out).not.toContain(secret);
    expect(out).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(out).not.toContain(secret.slice(0, -1));
  };

  it('behind its name, as one word', () => {
    fc.assert(
      fc.property(
        named,
        plainSecret,
        fc.constantFrom(...plainForms),
        around,
        around,
        (name, secret, form, before, after) => holds(secret, form(name, secret), before, after),
      ),
      {numRuns: 2000},
    );
  });

  it('behind its name, in quotes or tags', () => {
    fc.assert(
      fc.property(
        named,
        quotedSecret,
        fc.constantFrom(...quotedForms),
        around,
        around,
        (name, secret, form, before, after) =>
          holds(form === quotedForms[4] ? secret.replaceAll('<', '') : secret, form(name, secret), before, after),
      ),
      {numRuns: 2000},
    );
  });

  it('in a URL', () => {
    fc.assert(
      fc.property(urlSecret, fc.constantFrom(...urlForms), around, around, (secret, form, before, after) =>
        holds(secret, form(secret), before, after),
      ),
      {numRuns: 1000},
    );
  });

  it('that the environment knows, wherever it stands', () => {
    fc.assert(
      fc.property(plainSecret, fc.string(), fc.string(), (secret, before, after) => {
        expect(clean(`${before}${secret}${after}`, {APP_SECRET: secret})).not.toContain(secret);
      }),
    );
  });

  it.each([
    'a.',
    'password ',
    '"',
    'x@',
    '://',
    '1:',
    'sk-',
    '[{',
    'password={',
    'password="\\',
    'mysql ',
    'a:b@',
    '1 ',
  ])('nothing makes it slow, a line takes time in proportion: %j', async (unit) => {
    const redactor = new ExcerptRedactor({env: {}, hidesAddresses: true});
    await expectLinear(
      50_000,
      (size) => unit.repeat(size / unit.length),
      (line) => redactor.line(line),
    );
  });
});
