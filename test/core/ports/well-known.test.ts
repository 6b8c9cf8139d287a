import {describe, expect, it} from '@jest/globals';
import {systemServices} from '../../../src/lib/core/ports/system-services.js';
import {holdsForOthers, wellKnown, type Holder} from '../../../src/lib/core/ports/well-known.js';

const ask = (holder: Partial<Holder>): ReturnType<typeof wellKnown> =>
  wellKnown({pid: 4711, name: null, command: null, user: null, platform: 'linux', port: 8080, ...holder});

describe('who should not be ended for a port', () => {
  it.each<[Partial<Holder>, RegExp, RegExp]>([
    [
      {pid: 1, name: 'systemd'},
      /on demand/,
      /systemctl list-sockets \| grep 8080; then sudo systemctl stop NAME\.socket/,
    ],
    [{name: 'systemd', command: '/lib/systemd/systemd --user'}, /of a user/, /systemctl --user list-sockets/],
    [{pid: 1, name: 'node', command: 'node server.js'}, /process 1/, /container/],
    [{pid: 1, platform: 'darwin', name: 'launchd'}, /launchd/, /launchctl/],
    [{name: 'docker-proxy'}, /Docker container/, /docker ps --filter publish=8080, then docker stop NAME/],
    [{name: 'systemd-resolve', user: 'systemd-resolve'}, /resolver/, /DNSStubListener=no/], // as the kernel cuts it
    [{name: 'containerd-shim'}, /containers/, /docker ps/],
    [{name: 'sshd'}, /SSH/, /ps -o args= -p 4711/],
    [{name: 'postgres', user: 'postgres'}, /PostgreSQL/, /external: true.*systemctl stop postgresql/],
    [
      {name: 'nginx', user: 'root', command: 'nginx: master process /usr/sbin/nginx -g daemon on;'},
      /web server/,
      /4711/,
    ],
    [{command: '/usr/lib/systemd/systemd-journal-remote --listen', name: 'systemd-journal'}, /systemd/, /status 4711/],
    [{platform: 'darwin', name: 'ControlCenter', port: 5000}, /AirPlay/, /AirDrop & Handoff > AirPlay Receiver/],
    [{platform: 'darwin', name: 'rapportd'}, /nearby/, /AirDrop & Handoff/],
    [{platform: 'darwin', name: 'xyzd', command: '/usr/libexec/xyzd'}, /part of macOS/, /launchctl list \| grep 4711/],
    [{platform: 'win32', pid: 4, name: 'System'}, /http\.sys/, /netsh http show servicestate/],
    [{platform: 'win32', pid: 4}, /http\.sys/, /netsh http show servicestate/],
    [{platform: 'win32', pid: 0}, /idle/, /wait/],
    [
      {platform: 'win32', name: 'svchost.exe', user: 'NT AUTHORITY\\SYSTEM'},
      /services/,
      /tasklist \/svc \/FI "PID eq 4711"/,
    ],
    [{platform: 'win32', name: 'LSASS.EXE'}, /Windows itself/, /another port/],
    [{platform: 'win32', name: 'wslrelay.exe'}, /WSL/, /wsl -- ss -ltnp/],
    [{platform: 'win32', name: 'com.docker.backend.exe'}, /Docker Desktop/, /publish=8080/],
    [{platform: 'win32', name: 'postgres.exe', user: 'NT-AUTORITÄT\\NETZWERKDIENST'}, /PostgreSQL/, /sc\.exe/],
    [{platform: 'win32', name: 'w3wp.exe', user: 'IIS APPPOOL\\shop'}, /IIS/, /iisreset/],
  ])('%j', (holder, what, instead) => {
    const found = ask(holder);
    expect(found?.what).toMatch(what);
    expect(found?.instead).toMatch(instead);
  });

  it.each<Partial<Holder>>([
    {name: 'node', command: 'node server.js', user: 'ops'},
    {name: 'python3'},
    {},
    {name: 'postgres', user: 'ops', command: 'postgres -D ./data'}, // a developer's own
    {name: 'postgres'}, // nobody told whose
    {name: 'redis-server', user: 'root'},
    {name: 'nginx', user: 'root', command: 'nginx: master process nginx -p . -c nginx.conf'},
    {name: 'svchost'}, // no such thing on Linux
    {platform: 'win32', name: 'systemd'},
    {platform: 'win32', pid: 1}, // no number means anything there but 0 and 4
    {platform: 'darwin', name: 'Python', command: '/System/Library/Frameworks/Python.framework/Versions/2.7/Python'},
    {platform: 'win32', name: 'ssh.exe', command: 'C:\\Windows\\System32\\OpenSSH\\ssh.exe -L 8080:db:5432 jump'},
    {platform: 'win32', name: 'postgres.exe', user: 'PLANT-NT\\ops'},
    {name: 'master', user: 'root', command: './master --port 8080'},
    {name: 'systemd-resolvx'},
    {platform: 'darwin', name: 'docker-proxy'},
  ])('knows nothing of %j', (holder) => expect(ask(holder)).toBeNull());

  it('tells who holds ports for others', () => {
    for (const name of ['docker-proxy', 'systemd', 'launchd', 'wslrelay.exe', 'com.docker.backend', 'conmon', 'vpnkit'])
      expect([name, holdsForOthers(name)]).toEqual([name, true]);
    expect(holdsForOthers('com.docker.back')).toBe(true); // 15 bytes of it
    for (const name of ['node', 'sshd', 'nginx', '']) expect([name, holdsForOthers(name)]).toEqual([name, false]);
  });

  it('says both in words that fit into a sentence', () => {
    for (const {what, instead} of systemServices)
      for (const text of [what, instead({pid: 1, port: 2})]) {
        expect(text).toMatch(/^[a-zMWDI]/);
        expect(text).not.toMatch(/\.$|undefined|\n/);
      }
  });
});
