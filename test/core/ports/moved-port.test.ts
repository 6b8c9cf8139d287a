import {describe, expect, it} from '@jest/globals';
import {isReferredTo, portsToldTo} from '../../../src/lib/core/config/references.js';
import {takenText} from '../../../src/lib/core/ports/moved-port.js';
import {programOf} from '../../../src/lib/core/ports/port-holder.js';
import {serviceUrl} from '../../../src/lib/core/report/service-url.js';
import {holderOf, thoseInTheWay} from '../../../src/lib/runtime/port-holder.js';
import {httpProbe, service} from '../../support/sim/specs.js';

describe('the program of a holder', () => {
  it.each([
    ['python3 -m uvicorn main:app', 'python3'],
    ['/usr/bin/node server.js', 'node'],
    [String.raw`C:\Users\Jo Doe\AppData\Teams.exe --type=renderer`, 'Teams.exe'],
    [String.raw`"C:\Program Files\Teams\Teams.exe" -s`, 'Teams.exe'],
    ['', null],
    [null, null],
  ])('%j is %j', (command, name) => expect(programOf(command)).toBe(name));

  it.each([
    [{pid: 5512, name: 'Teams.exe', user: 'ops1'}, 'held by Teams.exe (pid 5512, user ops1)'],
    [{pid: null, name: null, user: 'ops1'}, 'held by a process that can not be read (user ops1)'],
    [{pid: 7, name: 'node', user: 'ops1', service: 'frontend'}, 'held by frontend, of this project (pid 7, user ops1)'],
    [null, 'taken, owner unknown'],
  ])('%j: %s', (holder, text) =>
    expect(takenText(holder === null ? null : {command: null, service: null, ...holder})).toBe(text));
});

it('a holder is shown without the passwords of its command line', () => {
  const listener = {
    pid: 7,
    command: '/opt/db/server --password=hunter2 --port 8000',
    user: 'ops1',
    startedAt: null,
    cwd: null,
    address: '127.0.0.1',
    inode: '1',
  };
  const hidden = {...listener, pid: null, command: null};
  const holder = holderOf([hidden, listener], null);
  expect(holder).toMatchObject({pid: 7, name: 'server', service: null});
  expect(holder?.command).not.toContain('hunter2');
  expect(holderOf([], null)).toBeNull();
  expect(holderOf([], 'frontend')).toMatchObject({pid: null, service: 'frontend'});
});

describe('a listener that is in the way', () => {
  it.each([
    ['127.0.0.1', ['127.0.0.1'], true],
    ['192.168.1.5', ['127.0.0.1'], false],
    ['192.168.1.5', ['127.0.0.1', '::'], true],
    ['0.0.0.0', ['127.0.0.1'], true],
    ['::', ['127.0.0.1'], true],
    ['::1', ['0.0.0.0'], false],
    ['127.0.0.1', ['0.0.0.0'], true],
  ])('%s before %j: %s', (address, own, is) => expect(thoseInTheWay([{address}], own)).toHaveLength(is ? 1 : 0));
});

describe('the ports that a service names', () => {
  const web = service('web', 8000, {
    command: {argv: ['serve', '--api', 'http://x:{services.api.port}', '{{services.no.port}}', '{port}']},
    env: {A: '{services.api.port}', B: '{services.db.port}', C: '{services.web.port}'},
    probes: [httpProbe({check: {type: 'http', url: 'http://x:{services.probed.port}/', expect: [], headers: {}}})],
  });

  it('are told to it where they stand in its command and environment', () => {
    expect(portsToldTo(web)).toEqual(['api', 'db']);
    expect(portsToldTo(service('shell', null, {command: {shell: 'x {services.api.port}'}}))).toEqual(['api']);
  });

  it('are followed from outside of it everywhere', () => {
    const others = [web, service('stops', null, {stop: {signal: 'SIGTERM', command: null, http: '{services.s.port}'}})];
    for (const name of ['api', 'db', 'probed', 's']) expect(isReferredTo(name, others)).toBe(true);
    for (const name of ['web', 'no', 'other']) expect(isReferredTo(name, others)).toBe(false);
  });
});

describe('the address of a service', () => {
  const tcp = {type: 'tcp', host: '127.0.0.1', port: '{port}'} as const;
  const http = (url: string) => [httpProbe({check: {type: 'http', url, expect: [], headers: {}}})];
  it.each([
    ['what the configuration says', {url: 'https://shop.local:{port}/app'}, 'https://shop.local:8001/app'],
    ['its http probe', {probes: http('http://127.0.0.1:{port}/health?x=1')}, 'http://127.0.0.1:8001/'],
    ['its http probe, on its own port', {probes: http('https://localhost:9/admin')}, 'https://localhost:8001/'],
    ['a tcp probe', {probes: [httpProbe({check: tcp})]}, 'tcp://127.0.0.1:8001'],
    ['no probe', {probes: []}, 'tcp://127.0.0.1:8001'],
  ])('%s', (_, differs, url) =>
    expect(serviceUrl(service('web', 8000, differs), {port: 8001, services: {}})).toBe(url));

  it('is nothing without a port, unless a probe tells one', () => {
    expect(serviceUrl(service('web', 8000), {port: null, services: {}})).toBeNull();
    expect(serviceUrl(service('worker', null), {port: null, services: {}})).toBeNull();
    const probes = http('http://db.local:9000/h');
    expect(serviceUrl(service('other', null, {probes}), {port: null, services: {}})).toBe('http://db.local:9000/');
  });
});
