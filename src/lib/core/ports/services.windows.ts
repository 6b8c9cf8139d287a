import {leaveIt, windows, type SystemService} from './system-service.js';

const windowsService = (name: string) => (): string => `if it is not needed: sc.exe stop ${name}, as administrator`;

/** `NT AUTHORITY\SYSTEM`, which is translated: `NT-AUTORITÄT\NETZWERKDIENST`, `AUTORITE NT\SERVICE RÉSEAU`. */
const systemAccount = /^nt[ -]|^\p{Letter}+ nt\\|^iis apppool\\/iu;

export const windowsServices: readonly SystemService[] = [
  {
    names: ['svchost'],
    platforms: windows,
    what: 'a host of one or more Windows services',
    instead: ({pid}) => `see which: tasklist /svc /FI "PID eq ${pid}"; then sc.exe stop NAME, as administrator`,
  },
  {
    names: [
      'lsass',
      'lsm',
      'services',
      'wininit',
      'winlogon',
      'csrss',
      'smss',
      'Registry',
      'Secure System',
      'LsaIso',
      'fontdrvhost',
      'dwm',
    ],
    platforms: windows,
    what: 'a part of Windows itself: without it the machine stops or starts again',
    instead: leaveIt,
  },
  {
    names: ['spoolsv'],
    platforms: windows,
    what: 'the printing system of Windows',
    instead: windowsService('Spooler'),
  },
  {
    names: ['MsMpEng', 'NisSrv', 'SecurityHealthService', 'MpDefenderCoreService'],
    platforms: windows,
    what: 'Microsoft Defender, which can not be ended',
    instead: leaveIt,
  },
  {
    names: ['w3wp', 'inetinfo'],
    platforms: windows,
    users: systemAccount,
    what: 'IIS, which starts its workers again',
    instead: () => 'stop the site: iisreset /stop, or appcmd list site and appcmd stop site NAME',
  },
  {
    names: ['sqlservr', 'sqlbrowser'],
    platforms: windows,
    what: "this machine's SQL Server, which other programs may use",
    instead: () => 'stop it properly: sc.exe query | findstr SQL, then sc.exe stop MSSQLSERVER (or MSSQL$NAME)',
  },
  {
    names: ['sshd'],
    platforms: windows,
    what: 'the SSH server: whoever is logged in from afar may be cut off',
    instead: windowsService('sshd'),
  },
  {
    names: ['vmware-authd', 'vmware-hostd', 'VBoxSVC', 'VBoxHeadless'],
    platforms: windows,
    what: 'what runs the virtual machines of VMware or VirtualBox',
    instead: () => 'stop the virtual machine, or its forwarding of the port',
  },
  {
    names: ['postgres'],
    platforms: windows,
    users: systemAccount,
    what: "this machine's PostgreSQL server, which other programs may use",
    instead: () =>
      'use it (external: true), or stop it properly: sc.exe query | findstr /i postgres, then sc.exe stop NAME',
  },
];
