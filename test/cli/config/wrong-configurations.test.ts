import {spawn} from 'node:child_process';
import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from '@jest/globals';
import type {ConfigFiles} from '../../../src/cli/config/config-files.js';
import {realFiles} from '../../../src/cli/config/config-files.js';
import {prepareProject} from '../../../src/cli/config/prepare.js';
import {ErpError} from '../../../src/lib/core/errors.js';

/** Its text, or what puts it there. */
type Content = string | Uint8Array | ((file: string) => void);

interface Wrong {
  readonly what: string;
  readonly content: Content;
  /** default: erp.config.yaml */
  readonly file?: string;
  /** `line:column`; null: no place can be known. */
  readonly at: string | null;
  readonly says: string;
}

/** A service with one more line, which stands in line 4. */
const service = (line: string, more = '') => `services:\n  a:\n    command: run\n    ${line}\n${more}`;
/** A port-forward whose third line is this; nothing else is in the file. */
const forward = (line: string, more = '') => `portForwards:\n  grafana:\n    ${line}\n    port: 3000\n${more}`;
/** The same with alternatives. */
const movable = (line: string) => `portForwards:\n  g:\n    ${line}\n    port: {primary: 80, alternatives: [81]}\n`;
const explained = (line: string) => `explain:\n  ${line}\n${service('cwd: .')}`;
const shared = (line: string) => `connection:\n  ${line}\n${forward('target: svc/g')}`;
const utf16 = (text: string) =>
  new Uint8Array(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]));

const wrong: readonly Wrong[] = [
  {
    what: 'a provider with a slip in it',
    content: explained('providers: [olama, built-in]'),
    at: '2:15',
    says: '"olama" is not a provider. Did you mean ollama?',
  },
  {
    what: 'a provider behind the one that always answers',
    content: explained('providers: [built-in, openai]'),
    at: '2:25',
    says: 'openai is never asked: built-in stands before it and always answers',
  },
  {
    what: 'a provider twice',
    content: explained('providers: [openai, openai]'),
    at: '2:23',
    says: 'openai stands there twice',
  },
  {
    what: 'the address of a provider with a key in it',
    content: explained('urls: {openai: "https://key@api.openai.com/v1"}'),
    at: '2:18',
    says: '"https://***@api.openai.com/v1" is not the address of a provider',
  },
  {
    what: 'a key of a provider in the file',
    content: explained('apiKey: x'),
    at: '2:3',
    says: 'explain.apiKey is unknown',
  },
  {
    what: 'a model of nobody',
    content: explained('models: {gemini: x}'),
    at: '2:12',
    says: 'explain.models.gemini is unknown',
  },
  {
    what: 'an excerpt without an end',
    content: explained('maxSize: 1GB'),
    at: '2:12',
    says: '"1GB" is not a size from 1 KiB to 256 KiB',
  },
  {
    what: 'a list instead of a number',
    content: service('maxRestarts: [5]'),
    at: '4:18',
    says: 'maxRestarts: a list is not a whole number',
  },
  {
    what: 'a text instead of a number',
    content: service('maxRestarts: many'),
    at: '4:18',
    says: '"many" is not a whole number',
  },
  {
    what: 'a hook for moves of a service that never moves',
    content: service('hooks: {onPortMoved: tell}', '    port: 8000\n'),
    at: '4:13',
    says: 'services.a.hooks.onPortMoved has no meaning without alternatives: it never moves',
  },
  {
    what: 'a way back without a way out',
    content: service('returnToPrimary: idle', '    port: 8000\n'),
    at: '4:5',
    says: 'services.a.returnToPrimary has no meaning without alternatives: it never moves',
  },
  {
    what: 'a pause before a return that never comes',
    content: service('returnAfter: 1m', '    port: {primary: 8000, alternatives: [8001]}\n'),
    at: '4:5',
    says: 'services.a.returnAfter has no meaning without returnToPrimary: idle',
  },
  {
    what: 'a public service without a port',
    content: service('public: true'),
    at: '4:5',
    says: 'services.a.public has no meaning without a port',
  },
  {
    what: 'a slip of the keys in what follows a port',
    content: service('onPortChanged: restart'),
    at: '4:5',
    says: 'services.a.onPortChanged is unknown. Did you mean onPortChange?',
  },
  {
    what: 'a decision that there is not',
    content: service('onPortChange: reload'),
    at: '4:19',
    says: 'restart, ignore',
  },
  {
    what: 'an unknown word in an address',
    content: service('url: "http://127.0.0.1:{prt}/"', '    port: 8000\n'),
    at: '4:10',
    says: '{prt} is no placeholder',
  },
  {what: 'a negative number', content: service('maxRestarts: -1'), at: '4:18', says: '-1 is not a whole number'},
  {
    what: 'a near miss of a key',
    content: service('helth: http://x/'),
    at: '4:5',
    says: 'services.a.helth is unknown. Did you mean health?',
  },
  {what: "another tool's key", content: service('environment: {A: b}'), at: '4:5', says: 'Did you mean env?'},
  {
    what: 'an unknown key at the top',
    content: `servces: {}\n${service('port: 1')}`,
    at: '1:1',
    says: 'servces is unknown. Did you mean services?',
  },
  {
    what: 'an unknown key of a probe',
    content: service('probe: {http: "http://x/", intervall: 3}'),
    at: '4:32',
    says: 'services.a.probe.intervall is unknown',
  },
  {
    what: 'a schedule with six fields',
    content: service('schedule: "0 0 3 * * *"'),
    at: '4:15',
    says: 'services.a.schedule: "0 0 3 * * *": a schedule has five fields.',
  },
  {
    what: 'a schedule with minute 61',
    content: service('schedule: "61 3 * * *"'),
    at: '4:15',
    says: '"61 3 * * *": invalid value for minute: 61.',
  },
  {
    what: 'a schedule on 30 February',
    content: service('schedule: "0 0 30 2 *"'),
    at: '4:15',
    says: 'no day of the calendar matches it',
  },
  {
    what: 'a time zone that is none',
    content: service('schedule: "@daily"', '    scheduleTimezone: Europa/Berlin\n'),
    at: '5:23',
    says: '"Europa/Berlin" is no time zone of this system',
  },
  {
    what: 'a time zone without a schedule',
    content: service('scheduleTimezone: UTC'),
    at: '4:5',
    says: 'services.a.scheduleTimezone has no meaning without schedule',
  },
  {
    what: 'a schedule for a job',
    content: service('kind: job', '    schedule: "@daily"\n'),
    at: '5:5',
    says: 'services.a.schedule has no meaning for a job',
  },
  {
    what: 'a memory limit in bytes that was meant in megabytes',
    content: service('maxMemory: 512'),
    at: '4:16',
    says: '512 is not a size of 1 MiB or more',
  },
  {
    what: 'a memory limit in other words',
    content: service('max_memory_restart: 512M'),
    at: '4:5',
    says: 'Did you mean maxMemory?',
  },
  {
    what: 'a warning about a limit that is not there',
    content: service('memoryWarn: 70%'),
    at: '4:5',
    says: 'services.a.memoryWarn has no meaning without maxMemory',
  },
  {
    what: 'slowness that the probe would not live to see',
    content: service('slowAfter: 6s'),
    at: '4:16',
    says: 'services.a.slowAfter: the probe gives up after 5s.',
  },
  {
    what: 'a memory limit for what others run',
    content: `services:\n  a:\n    external: true\n    maxMemory: 1GB\n    port: 5432\n`,
    at: '4:5',
    says: 'services.a.maxMemory has no meaning for an external service',
  },
  {what: 'port 70000', content: service('port: 70000'), at: '4:11', says: '70000 is not a port'},
  {what: 'port 0', content: service('port: 0'), at: '4:11', says: '0 is not a port'},
  {what: 'port "abc"', content: service('port: abc'), at: '4:11', says: '"abc" is not a port'},
  {
    what: 'a wrong port within a group',
    content: service('port: {primary: 80, alternatives: [81, x]}'),
    at: '4:44',
    says: 'alternatives[1]: "x" is not a port',
  },
  {
    what: 'a duration in parsecs',
    content: service('stopGrace: 15 parsecs'),
    at: '4:16',
    says: '"15 parsecs" is not a duration',
  },
  {what: 'a duration of zero', content: service('startTimeout: 0'), at: '4:19', says: '0 is not a duration above zero'},
  {
    what: 'a size that is none',
    content: `logging: {maxFileSize: 20 potatoes}\n${service('port: 1')}`,
    at: '1:24',
    says: 'is not a size',
  },
  {
    what: 'a share above one',
    content: `machine: {cpuWarn: 1.5}\n${service('port: 1')}`,
    at: '1:20',
    says: '1.5 is not a share',
  },
  {
    what: 'a service without command',
    content: 'services:\n  a:\n    port: 1\n',
    at: '2:3',
    says: 'services.a has no command',
  },
  {what: 'an empty command', content: 'services:\n  a:\n    command: ""\n', at: '3:14', says: '"" is not a command'},
  {
    what: 'an empty list as command',
    content: 'services:\n  a:\n    command: []\n',
    at: '3:14',
    says: 'an empty list is not a command',
  },
  {what: 'an empty value', content: 'services:\n  a:\n    command:\n', at: '3:5', says: 'services.a.command is empty'},
  {
    what: 'an external service with command',
    content: service('external: true', '    port: 1\n'),
    at: '3:5',
    says: 'an external service is only watched',
  },
  {
    what: 'a job with a probe',
    content: service('kind: job', '    probe: tcp\n    port: 1\n'),
    at: '5:5',
    says: 'has no meaning for a job',
  },
  {
    what: 'a circle of dependencies',
    content: service('dependsOn: b', '  b:\n    command: run\n    dependsOn: [a]\n'),
    at: '4:16',
    says: 'a needs b needs a',
  },
  {
    what: 'services that would restart each other for ever',
    content: service('restartWith: b', '  b:\n    command: run\n    restartWith: [a]\n'),
    at: '4:18',
    says: 'a restarts with b restarts with a',
  },
  {what: 'a dependency on itself', content: service('dependsOn: [a]'), at: '4:17', says: "a can't need itself"},
  {
    what: 'an unknown dependency',
    content: service('dependsOn: [rediss]', '  redis:\n    command: run\n'),
    at: '4:17',
    says: 'no service rediss. Did you mean redis?',
  },
  {what: 'an unknown name in restartWith', content: service('restartWith: [b]'), at: '4:19', says: 'no service b'},
  {
    what: 'two equal primary ports',
    content: service('port: 80', '  b:\n    command: run\n    port: 80\n'),
    at: '7:11',
    says: '80 is the port of a too (line 4)',
  },
  {
    what: 'a port-forward with the port of a service',
    content: service('port: 80', 'portForwards:\n  grafana:\n    target: svc/grafana\n    port: 80\n'),
    at: '8:11',
    says: '80 is the port of a too (line 4), and neither has alternatives',
  },
  {
    what: 'two port-forwards with one port, the second behind one that can move',
    content: service(
      'port: {primary: 80, alternatives: [81]}',
      'portForwards:\n  b:\n    target: svc/b\n    port: 80\n  c:\n    target: svc/c\n    port: {primary: 80}\n',
    ),
    at: '11:21',
    says: '80 is the port of b too (line 8)',
  },
  {
    what: 'an alternative of a port-forward that is its primary',
    content: service('', 'portForwards:\n  b:\n    target: svc/b\n    port: {primary: 80, alternatives: [80]}\n'),
    at: '8:40',
    says: '80 is already the primary',
  },
  {
    what: 'a bare name as a target',
    content: forward('target: web-0'),
    at: '3:13',
    says: 'kubectl takes a bare name as that of a pod. Did you mean svc/web-0?',
  },
  {
    what: 'a kind of target with a slip in it',
    content: forward('target: servce/web'),
    at: '3:13',
    says: '"servce" is nothing that erp forwards to. Did you mean service/web?',
  },
  {
    what: 'a kind of target that erp does not forward to',
    content: forward('target: ingress/web'),
    at: '3:13',
    says: 'allowed: svc/NAME, pod/NAME, deploy/NAME, statefulset/NAME',
  },
  {
    what: 'a target with capitals',
    content: forward('target: svc/Web'),
    at: '3:13',
    says: "can't be a name. Did you mean svc/web?",
  },
  {what: 'a target without a name', content: forward('target: svc/'), at: '3:13', says: 'the name is missing'},
  {
    what: 'a forward whose name is that of no service, without a target',
    content: 'portForwards:\n  My_Graphs:\n    port: 3000\n',
    at: '2:3',
    says: 'portForwards.My_Graphs needs a target',
  },
  {
    what: 'a remote port in quotes',
    content: forward('remotePort: "80"'),
    at: '3:17',
    says: '"80" is not a port. Did you mean 80?',
  },
  {what: 'a remote port out of range', content: forward('remotePort: 70000'), at: '3:17', says: '70000 is not a port'},
  {
    what: 'a name of a remote port with capitals',
    content: forward('remotePort: HTTP'),
    at: '3:17',
    says: '"HTTP" is not a port. Did you mean http?',
  },
  {
    what: 'a forward without a local port',
    content: 'portForwards:\n  grafana:\n    target: svc/g\n',
    at: '2:3',
    says: 'portForwards.grafana.port is missing: a port.',
  },
  {
    what: 'a namespace with capitals',
    content: forward('namespace: ERP_System'),
    at: '3:16',
    says: "can't be a namespace. Did you mean erp-system?",
  },
  {
    what: 'a name as an address',
    content: forward('address: localhost'),
    at: '3:14',
    says: '"localhost" is not an address. Did you mean 127.0.0.1?',
  },
  {
    what: 'an address with a slip in it',
    content: forward('address: 127.0.0.256'),
    at: '3:14',
    says: '"127.0.0.256" is not an address',
  },
  {
    what: 'addresses of a forward as those of a service',
    content: 'portForwards:\n  g:\n    port: {primary: 80, addresses: ["::1"]}\n',
    at: '3:25',
    says: 'address: ::1, beside port',
  },
  {
    what: 'a probe with a slip in it',
    content: forward('probe: postgress'),
    at: '3:12',
    says: '"postgress" is not a probe. Did you mean postgres?',
  },
  {
    what: 'a probe by another name of the database',
    content: forward('probe: mariadb'),
    at: '3:12',
    says: 'Did you mean mysql?',
  },
  {
    what: 'a whole address as the probe of a forward',
    content: forward('probe: http://127.0.0.1:3000/api/health'),
    at: '3:12',
    says: 'only the path counts. Did you mean /api/health?',
  },
  {
    what: 'a path without its slash',
    content: forward('probe: {http: health}'),
    at: '3:19',
    says: 'only the path counts. Did you mean /health?',
  },
  {
    what: 'a probe of a service at a forward',
    content: forward('probe: {command: x}'),
    at: '3:13',
    says: 'portForwards.grafana.probe.command is unknown',
  },
  {
    what: 'a probe that asks nothing',
    content: forward('probe: {expect: a=b}'),
    at: '3:12',
    says: 'names nothing to ask',
  },
  {
    what: 'a key of a forward with a slip in it',
    content: forward('namspace: m'),
    at: '3:5',
    says: 'portForwards.grafana.namspace is unknown. Did you mean namespace?',
  },
  {
    what: 'a way back of a forward without a way out',
    content: forward('returnToPrimary: idle'),
    at: '3:5',
    says: 'has no meaning without alternatives: it never moves',
  },
  {
    what: 'a pause of a forward before a return that never comes',
    content: movable('returnToPrimary: never\n    returnAfter: 5s'),
    at: '4:5',
    says: 'has no meaning with returnToPrimary: never',
  },
  {
    what: 'a forward with the name of a service',
    content: service('', 'portForwards:\n  a: {port: 80}\n'),
    at: '6:3',
    says: 'portForwards.a: a is the name of a service too: commands and dependsOn take either.\n  6 |   a: {port: 80}\n    |   ^  allowed: another name, a-forward',
  },
  {
    what: 'a forward with the name of a service in capitals',
    content: service('', 'portForwards:\n  A: {target: svc/a, port: 80}\n'),
    at: '6:3',
    says: 'differs from a only in upper and lower case',
  },
  {
    what: 'a name in dependsOn that is near that of a forward',
    content: service('dependsOn: grafna', forward('target: svc/g')),
    at: '4:16',
    says: 'no service or port-forward grafna. Did you mean grafana?',
  },
  {
    what: 'a forward in restartWith',
    content: service('restartWith: grafana', forward('target: svc/g')),
    at: '4:18',
    says: 'grafana is a port-forward, not a service',
  },
  {
    what: 'a forward that needs a forward',
    content: forward('dependsOn: other', '  other: {port: 3001}\n'),
    at: '3:16',
    says: 'other is a port-forward, not a service',
  },
  {
    what: 'a circle through a forward',
    content: service('dependsOn: grafana', forward('dependsOn: a')),
    at: '4:16',
    says: 'a circle, nobody could start first: a needs grafana needs a',
  },
  {
    what: 'a forward that needs an unknown service',
    content: service('', forward('dependsOn: [b]')),
    at: '7:17',
    says: 'no service b',
  },
  {what: 'port-forwards that are empty', content: 'portForwards: {}\n', at: '1:1', says: 'portForwards is empty'},
  {
    what: 'a key of connection with a slip in it',
    content: shared('probeIntervall: 2s'),
    at: '2:3',
    says: 'connection.probeIntervall is unknown. Did you mean probeInterval?',
  },
  {
    what: 'a key of connection at the top',
    content: `kubeconfig: x\n${forward('target: svc/g')}`,
    at: '1:1',
    says: 'kubeconfig is unknown',
  },
  {
    what: 'a quote in kubectl that is not closed',
    content: shared("kubectl: '\"my kubectl'"),
    at: '2:12',
    says: 'has a quote that is not closed',
  },
  {
    what: 'an empty list as kubectl',
    content: shared('kubectl: []'),
    at: '2:12',
    says: 'an empty list is not a command',
  },
  {what: 'an empty kubectl', content: shared('kubectl: ""'), at: '2:12', says: '"" is not a command'},
  {
    what: 'a public target without its port',
    content: shared('publicTargets: [1.1.1.1]'),
    at: '2:19',
    says: '"1.1.1.1" is not host:port. Did you mean 1.1.1.1:443?',
  },
  {what: 'a portal that is no address', content: shared('portal: off'), at: '2:11', says: '"off" is not an address'},
  {
    what: 'a probe interval of nothing',
    content: shared('probeInterval: 0'),
    at: '2:18',
    says: '0 is not a duration of 100ms or more',
  },
  {
    what: 'a log interval that is no duration',
    content: shared('logInterval: hourly'),
    at: '2:16',
    says: '"hourly" is not a duration above zero',
  },
  {
    what: 'a number of restarts that is none',
    content: shared('maxRestarts: -1'),
    at: '2:16',
    says: '-1 is not a whole number',
  },
  {
    what: 'restarts without end with a slip in it',
    content: shared('maxRestarts: unlimitd'),
    at: '2:16',
    says: 'Did you mean unlimited?',
  },
  {
    what: 'a wish that is neither yes nor no',
    content: shared('autoRestart: maybe'),
    at: '2:16',
    says: '"maybe" is not yes or no',
  },
  {
    what: 'a slip in a placeholder',
    content: service('env: {A: "{prot}"}', '    port: 1\n'),
    at: '4:14',
    says: '{prot} is no placeholder. Did you mean {port}?',
  },
  {
    what: 'a placeholder for an unknown service',
    content: service('env: {A: "{services.backnd.port}"}', '  backend:\n    command: run\n    port: 1\n'),
    at: '4:14',
    says: 'no service backnd. Did you mean {services.backend.port}?',
  },
  {
    what: 'a placeholder for a service without port',
    content: service('env: {A: "{services.b.port}"}', '  b:\n    command: run\n'),
    at: '4:14',
    says: 'b has no port',
  },
  {
    what: 'a placeholder for an unknown forward',
    content: service('env: {A: "{portForwards.grafna.port}"}', forward('target: svc/g')),
    at: '4:14',
    says: 'no port-forward grafna. Did you mean {portForwards.grafana.port}?',
  },
  {
    what: 'a placeholder for a forward where there is none at all',
    content: service('env: {A: "{portForwards.grafana.port}"}'),
    at: '4:14',
    says: '{portForwards.grafana.port}: no port-forward grafana',
  },
  {
    what: 'a forward taken for a service in a placeholder',
    content: service('env: {A: "{services.grafana.port}"}', forward('target: svc/g')),
    at: '4:14',
    says: 'grafana is a port-forward. Did you mean {portForwards.grafana.port}?',
  },
  {
    what: 'a service taken for a forward in a placeholder',
    content: service('env: {A: "{portForwards.b.port}"}', '  b:\n    command: run\n    port: 1\n'),
    at: '4:14',
    says: 'b is a service. Did you mean {services.b.port}?',
  },
  {
    what: 'a slip in the placeholder of a forward',
    content: service('env: {A: "{portForward.grafana.port}"}', forward('target: svc/g')),
    at: '4:14',
    says: '{portForward.grafana.port} is no placeholder. Did you mean {portForwards.grafana.port}?',
  },
  {
    what: 'the port of a forward where none is filled in',
    content: service('cwd: "{portForwards.grafana.port}"', forward('target: svc/g')),
    at: '4:10',
    says: 'ports are not filled in at this place',
  },
  {
    what: '{port} without a port',
    content: 'services:\n  a:\n    command: run {port}\n',
    at: '3:14',
    says: '{port}: a has no port',
  },
  {
    what: '{port} without quotes',
    content: 'services:\n  a:\n    command: [run, {port}]\n    port: 1\n',
    at: '3:20',
    says: '{port} without quotes is a group of keys',
  },
  {what: 'an unknown probe', content: service('probe: udp'), at: '4:12', says: '"udp" is not a probe'},
  {what: 'a probe address that is none', content: service('health: http://'), at: '4:13', says: 'is not an address'},
  {
    what: 'a regular expression that is none',
    content: service("readiness: {log: 'ready('}"),
    at: '4:22',
    says: 'is not a regular expression',
  },
  {what: 'a tcp probe without port', content: service('probe: tcp'), at: '4:12', says: 'tcp needs a port'},
  {
    what: 'a threshold below the interval',
    content: service('timeoutThreshold: 10s', '    port: 1\n'),
    at: '4:23',
    says: 'timeoutThreshold 10s is shorter than checkInterval 15s plus probe timeout 5s',
  },
  {
    what: 'a decision after the budget',
    content: service('afterBudget: cooldown soon'),
    at: '4:18',
    says: '"soon" is not a duration above zero',
  },
  {
    what: 'a variable that is not set',
    content: service('env: {A: "${ERP_TEST_NOT_SET}"}'),
    at: '4:14',
    says: 'the variable ERP_TEST_NOT_SET is not set',
  },
  {
    what: 'an envFile that is not there',
    content: service('envFile: none.env'),
    at: '4:14',
    says: 'none.env does not exist',
  },
  {
    what: 'a name with a space',
    content: 'services:\n  "a b":\n    command: run\n',
    at: '2:3',
    says: '"a b" is not a name',
  },
  {
    what: 'a name that JavaScript has a meaning for',
    content: `${service('port: 1')}  __proto__: {command: run}\n`,
    at: '5:3',
    says: '"__proto__" is not a name',
  },
  {what: 'no services', content: 'name: x\n', at: null, says: 'has no services'},
  {
    what: 'a tab in YAML',
    content: 'services:\n\ta:\n    command: run\n',
    at: '2:1',
    says: 'a tab: YAML is indented with spaces only',
  },
  {
    what: 'a bad indentation',
    content: 'services:\n  a:\n    command: run\n   port: 1\n',
    at: '4:4',
    says: 'the indentation fits no level above',
  },
  {
    what: 'a key twice',
    content: 'services:\n  a:\n    command: run\n    command: run\n',
    at: '4:5',
    says: 'this key stands here twice',
  },
  {
    what: 'an open quote',
    content: 'services:\n  a:\n    command: "run\n',
    at: '4:1',
    says: 'a quote or bracket is not closed',
  },
  {what: 'a text as document', content: 'services\n', at: null, says: 'The configuration is "services"'},
  {
    what: 'JSON with a trailing comma',
    file: 'erp.config.json',
    content: '{\n  "services": {"a": {"command": "run"}},\n}\n',
    at: '2:40',
    says: 'a comma too many',
  },
  {
    what: 'JSON with a comment',
    file: 'erp.config.json',
    content: '{\n  // no\n  "services": {}}',
    at: '2:3',
    says: 'JSON has no comments',
  },
  {
    what: 'JSON with a key twice',
    file: 'erp.config.json',
    content: '{"services": {"a": {"command": "run", "command": "run"}}}',
    at: '1:39',
    says: 'stands here twice',
  },
  {
    what: 'JSON that ends early',
    file: 'erp.config.json',
    content: '{"services": {"a": ',
    at: '1:20',
    says: 'the file ends too early',
  },
  {
    what: 'a wrong value in package.json',
    file: 'package.json',
    content: '{"name": "x",\n "erp": {"services": {"a": {"command": "run", "port": "x"}}}}',
    at: '2:55',
    says: '"x" is not a port',
  },
  {
    what: 'a mistake behind a byte order mark',
    content: `\uFEFF${service('port: x')}`,
    at: '4:11',
    says: '"x" is not a port',
  },
  {what: 'a mistake in UTF-16', content: utf16(service('port: x')), at: '4:11', says: '"x" is not a port'},
  {
    what: 'UTF-16 without byte order mark',
    content: new Uint8Array(Buffer.from('a: 1\n', 'utf16le')),
    at: null,
    says: 'holds NUL bytes',
  },
  {
    what: 'Latin-1',
    content: new Uint8Array(Buffer.from('name: a\nlogDir: Büro\n', 'latin1')),
    at: null,
    says: 'is neither UTF-8 nor UTF-16 with byte order mark (line 2)',
  },
  {what: 'an empty file', content: '', at: null, says: 'The configuration is empty'},
  {what: 'nothing but comments', content: '# later\n', at: null, says: 'The configuration is empty'},
  {what: 'a folder', content: (file) => mkdirSync(file), at: null, says: 'is a folder, not a file'},
  {
    what: 'a link that leads to itself',
    content: (file) => symlinkSync(file, file),
    at: null,
    says: 'is a symbolic link that leads to itself',
  },
  {what: 'NUL bytes', content: new Uint8Array(64), at: null, says: 'holds NUL bytes'},
  {what: 'a megabyte of garbage', content: '%!{[&*'.repeat(180_000), at: '1:1080001', says: ''},
  {what: 'five megabytes', content: '#'.repeat(5 * 1024 * 1024), at: null, says: 'a configuration has at most 4 MiB'},
  {
    what: 'a program that throws',
    file: 'erp.config.mjs',
    content: '\nthrow new TypeError("no database");\n',
    at: '2:7',
    says: 'erp.config.mjs threw TypeError: no database',
  },
  {
    what: 'a program with a syntax error',
    file: 'erp.config.mjs',
    content: 'export default {\n',
    at: '2:1',
    says: 'erp.config.mjs threw SyntaxError',
  },
  {
    what: 'a program that exports a function',
    file: 'erp.config.mjs',
    content: 'export default () => ({services: {}});\n',
    at: null,
    says: 'exports a function',
  },
  {
    what: 'a program that exports a promise',
    file: 'erp.config.mjs',
    content: 'export default Promise.resolve({});\n',
    at: null,
    says: 'exports a promise',
  },
  {
    what: 'a program that exports nothing',
    file: 'erp.config.mjs',
    content: 'export const x = 1;\n',
    at: null,
    says: 'exports nothing as default',
  },
  {
    what: 'a program with a wrong value',
    file: 'erp.config.cjs',
    content: 'module.exports = {services: {a: {command: "run", port: "x"}}};\n',
    at: null,
    says: 'services.a.port: "x" is not a port',
  },
  {
    what: 'a program whose value refers to itself',
    file: 'erp.config.mjs',
    content: 'const a = {command: "run"};\na.env = {A: a};\nexport default {services: {a}};\n',
    at: null,
    says: 'services.a.env.A: a group of keys is not a text',
  },
  {
    what: 'a wrong value in the old format',
    file: 'config/system_config.json',
    content: '{"System": {"Name": "x"},\n "Services": {"Redis": {"Enabled": true, "Port": "6379"}}}',
    at: '2:50',
    says: '"6379" is not a port',
  },
];

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'erp-wrong-'));
});
afterAll(() => rmSync(scratch, {recursive: true, force: true}));

function project({content, file = 'erp.config.yaml'}: Pick<Wrong, 'content' | 'file'>): string {
  const folder = mkdtempSync(join(scratch, 'p-'));
  const path = join(folder, file);
  mkdirSync(join(path, '..'), {recursive: true});
  if (typeof content === 'function') content(path);
  else writeFileSync(path, content);
  return folder;
}

async function failure(cwd: string, files: ConfigFiles = realFiles): Promise<ErpError> {
  try {
    await prepareProject({cwd, env: {}, mode: 'start', runtimeDirOf: () => '', files, home: scratch});
  } catch (error) {
    if (error instanceof ErpError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

interface ProblemFact {
  readonly line: number | null;
  readonly column: number | null;
}

describe('a wrong configuration', () => {
  it.each(wrong)('$what: one error, at its place, exit code 3', async ({
    content,
    file = 'erp.config.yaml',
    at,
    says,
  }) => {
    const cwd = project({content, file});
    const error = await failure(cwd);
    expect(error.message).toContain(says);
    expect({exitCode: error.exitCode, code: error.code}).toEqual({exitCode: 3, code: 'ERP_CONFIG_INVALID'});
    const problems = error.facts['problems'] as ProblemFact[];
    expect(error.message).toMatch(/\n1 error\. Nothing was changed\.$/);
    expect(problems.map(({line, column}) => (line === null ? null : `${line}:${column}`))).toEqual([at]);
    expect(error.message.startsWith(at === null ? file : `${file}:${at}  `)).toBe(true);
    expect(error.message).not.toMatch(/^\s+at |node_modules/m);
    // A screen, not a dump.
    expect(error.message.length).toBeLessThan(900);
  });

  it.each([
    ['EACCES', "can't be read: permission denied"],
    ['EIO', "can't be read: input/output error"],
    ['EWHATEVER', "can't be read: EWHATEVER"],
  ])('that the disk does not give (%s) is named', async (code, says) => {
    const cwd = project({content: service('port: 1')});
    const files: ConfigFiles = {
      ...realFiles,
      // As root nothing is unreadable, so the refusal is played.
      read: () => Promise.reject(Object.assign(new Error(code), {code})),
    };
    const error = await failure(cwd, files);
    expect(error.message).toContain(`erp.config.yaml ${says}`);
    expect(error.exitCode).toBe(3);
  });

  it('names everything at once, in the order of the file, and each thing once', async () => {
    const cwd = project({
      content: [
        'services:',
        '  redis: {command: [redis-server, 3], port: 6379}',
        '  backend:',
        '    comand: python3 main.py {port}',
        '    prot: 8000',
        '    healt: /health',
        '    dependsOn: [rediss]',
        '  worker: {command: x, startTimeout: never, dependsOn: [backend, redis]}',
        '',
      ].join('\n'),
    });
    const error = await failure(cwd);
    const found = error.message.split('\n').filter((line) => line.startsWith('erp.config.yaml:'));
    expect(found).toEqual([
      'erp.config.yaml:2:35  services.redis.command[1]: 3 is not a command.',
      'erp.config.yaml:4:5  services.backend.comand is unknown. Did you mean command?',
      'erp.config.yaml:5:5  services.backend.prot is unknown. Did you mean port?',
      'erp.config.yaml:6:5  services.backend.healt is unknown. Did you mean health?',
      'erp.config.yaml:7:17  services.backend.dependsOn[0]: no service rediss. Did you mean redis?',
      'erp.config.yaml:8:38  services.worker.startTimeout: "never" is not a duration above zero.',
    ]);
  });

  it('is drawn with its line, a caret and what is allowed', async () => {
    const error = await failure(project({content: service('healt: http://127.0.0.1:{port}/health', '    port: 1\n')}));
    expect(error.message.split('\n')).toEqual([
      'erp.config.yaml:4:5  services.a.healt is unknown. Did you mean health?',
      '  4 |     healt: http://127.0.0.1:{port}/health',
      expect.stringMatching(/^ {4}\| {5}\^{5} {2}allowed: command, cwd, .*…$/),
      '1 error. Nothing was changed.',
    ]);
  });

  it('shows no secrets', async () => {
    const cwd = project({
      content:
        'services:\n  a: {command: run, env: {DB_PASSWORD: {a: hunter2}, URL: "redis://u:hunter2@h/0"}, prot: 1}\n',
    });
    const error = await failure(cwd);
    expect(error.message).not.toContain('hunter2');
    expect(JSON.stringify(error.facts)).not.toContain('hunter2');
    expect(error.message).toContain('redis://u:***@h/0');
  });
});

describe('erp config validate, the built program', () => {
  const run = (args: string[], cwd: string, env: Record<string, string> = {}) =>
    new Promise<{code: number | null; out: string; err: string}>((resolve) => {
      const child = spawn(process.execPath, [join(process.cwd(), 'bin/run.js'), 'config', 'validate', ...args], {
        cwd,
        env: {PATH: process.env['PATH'] ?? '', HOME: scratch, ...env},
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (data) => (out += String(data)));
      child.stderr.on('data', (data) => (err += String(data)));
      child.on('close', (code) => resolve({code, out, err}));
    });

  it('exits with 3 and says the place, also as JSON; with 0 for a valid one; with 3 and a remedy for none', async () => {
    const bad = project({content: service('port: abc')});
    const good = project({content: service('port: 8000')});
    const none = mkdtempSync(join(scratch, 'none-'));
    const [text, json, valid, missing, named, variable] = await Promise.all([
      run([], bad),
      run(['--json'], bad),
      run([], good),
      run([], none),
      run(['--config', 'nowhere.yaml'], good),
      run([], good, {ERP_CHECK_INTERVAL: '15 parsecs'}),
    ]);
    expect(text).toMatchObject({code: 3, out: ''});
    expect(text.err).toContain('erp.config.yaml:4:11  services.a.port: "abc" is not a port.');
    expect(json).toMatchObject({code: 3, err: ''});
    expect(JSON.parse(json.out)).toMatchObject({
      error: {
        code: 'ERP_CONFIG_INVALID',
        exitCode: 3,
        facts: {problems: [{line: 4, column: 11, key: 'services.a.port', found: '"abc"'}]},
      },
    });
    expect(valid).toMatchObject({code: 0, err: ''});
    expect(valid.out).toContain('erp.config.yaml is valid: 1 service.');
    expect(missing.code).toBe(3);
    expect(missing.err).toContain('erp config init');
    expect(named.code).toBe(3);
    expect(named.err).toContain('nowhere.yaml does not exist');
    expect(variable.code).toBe(3);
    expect(variable.err).toContain('ERP_CHECK_INTERVAL: "15 parsecs" is not a duration');
    for (const {err} of [text, missing, named, variable]) expect(err).not.toMatch(/^\s+at /m);
  });
});
