/** Fills in what is known of the case in hand. */
export interface Case {
  readonly pid: number;
  readonly port: number;
}

export interface SystemService {
  readonly names: readonly string[];
  readonly platforms: readonly NodeJS.Platform[];
  /** Only when it runs as one of these accounts (lower case): everybody else's is a program like any other. */
  readonly users?: readonly string[];
  /** Only with such a command line. */
  readonly command?: RegExp;
  /** Who really answers on its ports is another one. */
  readonly holdsForOthers?: true;
  readonly what: string;
  readonly instead: (known: Case) => string;
}

const linux: readonly NodeJS.Platform[] = ['linux'];
const macos: readonly NodeJS.Platform[] = ['darwin'];
const windows: readonly NodeJS.Platform[] = ['win32'];
const unix: readonly NodeJS.Platform[] = ['linux', 'darwin'];
const all: readonly NodeJS.Platform[] = ['linux', 'darwin', 'win32'];

const unit = (name: string) => (): string => `if it is not needed: sudo systemctl stop ${name}`;
const windowsService = (name: string) => (): string => `if it is not needed: sc.exe stop ${name}, as administrator`;
const leaveIt = (): string => 'leave it alone and give the service another port';
const stopContainer = ({port}: Case): string =>
  `stop the container: docker ps --filter publish=${port}, then docker stop NAME`;

const init: readonly SystemService[] = [
  {
    names: ['systemd'],
    platforms: linux,
    command: /--user/,
    holdsForOthers: true,
    what: 'the systemd of a user, which holds the socket for a service that it starts on demand',
    instead: ({port}) =>
      `see whose socket it is: systemctl --user list-sockets | grep ${port}; then systemctl --user stop NAME.socket`,
  },
  {
    names: ['systemd'],
    platforms: linux,
    holdsForOthers: true,
    what: 'systemd, which holds the socket for a service that it starts on demand',
    instead: ({port}) =>
      `see whose socket it is: systemctl list-sockets | grep ${port}; then sudo systemctl stop NAME.socket`,
  },
  {
    names: ['init', 'runit', 's6-svscan', 'openrc-init', 'xinetd', 'inetd'],
    platforms: linux,
    what: 'an init or super-server, which starts and holds the services of this system',
    instead: () => 'stop the service that it starts, by its own command (rc-service, sv, s6-svc, /etc/xinetd.d)',
  },
  {
    names: ['launchd'],
    platforms: macos,
    holdsForOthers: true,
    what: 'launchd, which holds the socket for a service that it starts on demand',
    instead: ({port}) =>
      `see who else has it open: sudo lsof -nP -iTCP:${port}; then sudo launchctl bootout system/LABEL`,
  },
];

const linuxServices: readonly SystemService[] = [
  {
    names: ['sshd', 'sshd-session', 'dropbear'],
    platforms: unix,
    what: 'the SSH server: whoever is logged in from afar may be cut off (it also holds the ports of ssh -R)',
    instead: ({pid}) => `see whether it is a tunnel (ps -o args= -p ${pid}) and end that ssh -R at its other end`,
  },
  {
    names: ['dbus-daemon', 'dbus-broker', 'dbus-broker-launch'],
    platforms: linux,
    what: 'the message bus of the system or of a desktop session, which does not survive without it',
    instead: leaveIt,
  },
  {
    names: ['NetworkManager', 'systemd-networkd', 'wpa_supplicant', 'dhclient', 'dhcpcd'],
    platforms: linux,
    what: "what keeps this machine's network up",
    instead: leaveIt,
  },
  {
    names: ['systemd-resolved'],
    platforms: linux,
    what: 'the resolver of this machine: without it names are no longer found',
    instead: () =>
      'for port 53 set DNSStubListener=no in /etc/systemd/resolved.conf, for 5355 LLMNR=no; then sudo systemctl restart systemd-resolved',
  },
  {
    names: ['dnsmasq'],
    platforms: linux,
    what: 'a DNS and DHCP server, mostly that of libvirt, LXD or NetworkManager for virtual machines',
    instead: () => 'see who started it: systemctl status dnsmasq, virsh net-list, lxc network list',
  },
  {
    names: ['avahi-daemon'],
    platforms: linux,
    what: 'the service discovery (mDNS) of this machine',
    instead: unit('avahi-daemon.socket avahi-daemon'),
  },
  {
    names: ['cupsd', 'cups-browsed'],
    platforms: linux,
    what: 'the printing system, which is started again on demand',
    instead: unit('cups.socket cups.path cups'),
  },
  {
    names: ['cupsd'],
    platforms: macos,
    what: 'the printing system, which is started again on demand',
    instead: () => 'if it is not needed: sudo launchctl bootout system/org.cups.cupsd',
  },
  {
    names: ['rpcbind', 'rpc.statd', 'rpc.mountd'],
    platforms: linux,
    what: 'a part of NFS: mounted folders may hang without it',
    instead: unit('rpcbind.socket rpcbind'),
  },
  {
    names: ['chronyd', 'ntpd', 'systemd-timesyncd'],
    platforms: linux,
    what: "what keeps this machine's clock right",
    instead: leaveIt,
  },
  {
    names: ['master', 'exim4', 'sendmail'],
    platforms: linux,
    users: ['root', 'postfix', 'debian-exim', 'smmsp', 'mail'],
    what: "this machine's mail server",
    instead: ({pid}) => `see its unit: systemctl status ${pid}; then sudo systemctl stop postfix (or exim4, sendmail)`,
  },
  {
    names: [
      'cockpit-ws',
      'cockpit-tls',
      'snapd',
      'polkitd',
      'accounts-daemon',
      'gdm',
      'Xorg',
      'Xwayland',
      'gnome-remote-desktop-daemon',
      'xrdp',
    ],
    platforms: linux,
    what: 'a part of the system or of its desktop',
    instead: ({pid}) => `see its unit: systemctl status ${pid}; then sudo systemctl stop UNIT`,
  },
  {
    names: ['tailscaled', 'openvpn', 'zerotier-one'],
    platforms: all,
    what: 'a VPN: whoever is connected through it is cut off',
    instead: leaveIt,
  },
];

const webServer = {
  what: "this machine's web server",
  instead: ({pid}: Case): string =>
    `see its unit: systemctl status ${pid}; then sudo systemctl stop UNIT (macOS: sudo apachectl stop)`,
};

/** As a service of the machine; a copy that a developer started is a program like any other. */
const serviceAccounts: readonly SystemService[] = [
  {
    names: ['postgres', 'postmaster'],
    platforms: unix,
    users: ['postgres', '_postgres'],
    what: "this machine's PostgreSQL server, which other programs may use",
    instead: () =>
      'use it (external: true), or stop it properly: sudo systemctl stop postgresql, macOS: brew services stop postgresql',
  },
  {
    names: ['postgres'],
    platforms: windows,
    users: ['nt authority\\networkservice', 'nt authority\\network service', 'nt authority\\system'],
    what: "this machine's PostgreSQL server, which other programs may use",
    instead: () =>
      'use it (external: true), or stop it properly: sc.exe query | findstr /i postgres, then sc.exe stop NAME',
  },
  {
    names: ['mysqld', 'mariadbd'],
    platforms: unix,
    users: ['mysql', '_mysql'],
    what: "this machine's MySQL or MariaDB server, which other programs may use",
    instead: () => 'use it (external: true), or stop it properly: sudo systemctl stop mysql (or mariadb)',
  },
  {
    names: ['redis-server', 'valkey-server'],
    platforms: linux,
    users: ['redis', 'valkey'],
    what: "this machine's Redis server, which other programs may use",
    instead: () => 'use it (external: true), or stop it properly: sudo systemctl stop redis-server (or redis, valkey)',
  },
  {
    names: ['mongod', 'beam.smp', 'memcached'],
    platforms: linux,
    users: ['mongodb', 'mongod', 'rabbitmq', 'memcache', 'memcached'],
    what: 'a server of this machine, which other programs may use',
    instead: ({pid}) =>
      `use it (external: true), or see its unit: systemctl status ${pid}; then sudo systemctl stop UNIT`,
  },
  {
    names: ['nginx', 'apache2', 'httpd', 'caddy', 'haproxy', 'lighttpd'],
    platforms: unix,
    users: ['www-data', 'nginx', 'apache', 'http', '_www', 'caddy', 'haproxy'],
    ...webServer,
  },
  {
    names: ['nginx', 'apache2', 'httpd', 'caddy', 'haproxy', 'lighttpd'],
    platforms: unix,
    users: ['root'],
    // Containers for development run everything as root: what a project started has no path of the system.
    command: /\/usr\/sbin\/| \/etc\//,
    ...webServer,
  },
];

const containers: readonly SystemService[] = [
  {
    names: ['docker-proxy'],
    platforms: linux,
    holdsForOthers: true,
    what: 'the published port of a Docker container',
    instead: stopContainer,
  },
  {
    names: [
      'com.docker.backend',
      'com.docker.vpnkit',
      'vpnkit',
      'vpnkit-bridge',
      'com.docker.service',
      'Docker Desktop',
    ],
    platforms: all,
    holdsForOthers: true,
    what: 'Docker Desktop, which holds the published ports of all containers',
    instead: stopContainer,
  },
  {
    names: ['OrbStack Helper', 'OrbStack', 'limactl', 'colima', 'gvproxy', 'qemu-system-aarch64', 'qemu-system-x86_64'],
    platforms: unix,
    holdsForOthers: true,
    what: 'a virtual machine, mostly one that runs containers (OrbStack, Lima, Colima, Podman)',
    instead: stopContainer,
  },
  {
    names: ['dockerd', 'containerd', 'containerd-shim', 'containerd-shim-runc-v2', 'crio', 'podman'],
    platforms: all,
    what: 'what runs the containers of this machine',
    instead: stopContainer,
  },
  {
    names: ['rootlesskit', 'rootlessport', 'slirp4netns', 'pasta', 'pasta.avx2', 'conmon'],
    platforms: linux,
    holdsForOthers: true,
    what: 'the published port of a container without root (Podman, rootless Docker)',
    instead: ({port}) => `stop the container: podman ps --filter publish=${port} (or docker ps), then podman stop NAME`,
  },
  {
    names: [
      'kubelet',
      'kube-apiserver',
      'kube-controller-manager',
      'kube-scheduler',
      'kube-proxy',
      'etcd',
      'k3s',
      'k3s-server',
      'k3s-agent',
      'microk8s',
      'kubelite',
    ],
    platforms: linux,
    users: ['root', 'etcd'],
    what: 'a part of Kubernetes, which starts it again',
    instead: () =>
      'stop what uses the port with kubectl, or the whole of it: sudo systemctl stop kubelet (or k3s, snap.microk8s.daemon-kubelite)',
  },
  {
    names: ['wslrelay', 'wslhost', 'wslservice'],
    platforms: windows,
    holdsForOthers: true,
    what: 'the relay of WSL: a program inside the Linux there listens',
    instead: ({port}) =>
      `end it inside WSL: wsl -- ss -ltnp "sport = :${port}"; or stop that Linux: wsl --terminate DISTRIBUTION`,
  },
  {
    names: ['vmcompute', 'vmms', 'vmwp', 'vmmem', 'vmmemWSL', 'hns'],
    platforms: windows,
    what: 'a part of Hyper-V: virtual machines, WSL or containers depend on it',
    instead: () => 'stop the virtual machine that uses the port: Get-VM, Stop-VM NAME; or wsl --shutdown',
  },
];

const macosServices: readonly SystemService[] = [
  {
    names: ['ControlCenter', 'ControlCe'],
    platforms: macos,
    what: 'the AirPlay receiver of macOS (ports 5000 and 7000), which is started again at once',
    instead: () =>
      'switch it off: System Settings > General > AirDrop & Handoff > AirPlay Receiver; or give the service another port',
  },
  {
    names: ['AirPlayXPCHelper', 'rapportd', 'sharingd', 'identityservicesd'],
    platforms: macos,
    what: 'what lets Apple devices nearby work together (Handoff, AirDrop, AirPlay), and is started again at once',
    instead: () => 'switch it off: System Settings > General > AirDrop & Handoff; or give the service another port',
  },
  {
    names: ['mDNSResponder', 'mDNSResponderHelper'],
    platforms: macos,
    what: 'the resolver of macOS: without it names are no longer found',
    instead: leaveIt,
  },
  {
    names: ['screensharingd', 'ARDAgent', 'smbd', 'AppleFileServer', 'remotepairingdeviced', 'remoted', 'netbiosd'],
    platforms: macos,
    what: 'a sharing service of macOS',
    instead: () => 'switch it off: System Settings > General > Sharing',
  },
  {
    names: [
      'kernel_task',
      'WindowServer',
      'loginwindow',
      'configd',
      'opendirectoryd',
      'syslogd',
      'trustd',
      'usbmuxd',
      'apsd',
      'nesessionmanager',
    ],
    platforms: macos,
    what: 'a part of macOS',
    instead: leaveIt,
  },
];

const windowsServices: readonly SystemService[] = [
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
    users: [
      'nt authority\\system',
      'nt authority\\networkservice',
      'nt authority\\network service',
      'iis apppool\\defaultapppool',
    ],
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
];

/** First match wins. Names as the systems show them; case and `.exe` do not count. */
export const systemServices: readonly SystemService[] = [
  ...init,
  ...linuxServices,
  ...serviceAccounts,
  ...containers,
  ...macosServices,
  ...windowsServices,
];
