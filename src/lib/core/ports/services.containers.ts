import {all, linux, stopContainer, unix, windows, type SystemService} from './system-service.js';

export const containers: readonly SystemService[] = [
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
    users: /^(root|etcd)$/,
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
