import {all, leaveIt, linux, macos, unix, type Case, type SystemService} from './system-service.js';

const unit = (name: string) => (): string => `if it is not needed: sudo systemctl stop ${name}`;

export const init: readonly SystemService[] = [
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

export const linuxServices: readonly SystemService[] = [
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
    command: /postfix|exim|sendmail/,
    users: /^(root|postfix|debian-exim|smmsp|mail)$/,
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
export const serviceAccounts: readonly SystemService[] = [
  {
    names: ['postgres', 'postmaster'],
    platforms: unix,
    users: /^(postgres|_postgres)$/,
    what: "this machine's PostgreSQL server, which other programs may use",
    instead: () =>
      'use it (external: true), or stop it properly: sudo systemctl stop postgresql, macOS: brew services stop postgresql',
  },
  {
    names: ['mysqld', 'mariadbd'],
    platforms: unix,
    users: /^(mysql|_mysql)$/,
    what: "this machine's MySQL or MariaDB server, which other programs may use",
    instead: () => 'use it (external: true), or stop it properly: sudo systemctl stop mysql (or mariadb)',
  },
  {
    names: ['redis-server', 'valkey-server'],
    platforms: linux,
    users: /^(redis|valkey)$/,
    what: "this machine's Redis server, which other programs may use",
    instead: () => 'use it (external: true), or stop it properly: sudo systemctl stop redis-server (or redis, valkey)',
  },
  {
    names: ['mongod', 'beam.smp', 'memcached'],
    platforms: linux,
    users: /^(mongodb|mongod|rabbitmq|memcache|memcached)$/,
    what: 'a server of this machine, which other programs may use',
    instead: ({pid}) =>
      `use it (external: true), or see its unit: systemctl status ${pid}; then sudo systemctl stop UNIT`,
  },
  {
    names: ['nginx', 'apache2', 'httpd', 'caddy', 'haproxy', 'lighttpd'],
    platforms: unix,
    users: /^(www-data|nginx|apache|http|_www|caddy|haproxy)$/,
    ...webServer,
  },
  {
    names: ['nginx', 'apache2', 'httpd', 'caddy', 'haproxy', 'lighttpd'],
    platforms: unix,
    users: /^root$/,
    // Containers for development run everything as root: what a project started has no path of the system.
    command: /\/usr\/sbin\/| \/etc\//,
    ...webServer,
  },
];

export const macosServices: readonly SystemService[] = [
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
