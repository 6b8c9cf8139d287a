/** On this machine, or in a virtual machine or container of it: minikube, Docker Desktop, kind, k3d, k3s, microk8s. */
export const isLocalCluster = (host: string): boolean =>
  /^(127\.|0\.0\.0\.0$|localhost$|::1$|192\.168\.(49|39|59|64|99)\.|kubernetes\.docker\.internal$|control-plane\.minikube\.internal$)/.test(
    host,
  );

/** How a cluster of this machine is started, as far as its context tells which it is. */
export function startOfLocalCluster(context: string | null): string {
  if (context === 'minikube') return 'minikube start';
  if (context !== null && /minikube/i.test(context)) return `minikube start -p ${context}`;
  if (context !== null && /^docker-(desktop|for-desktop)$/.test(context)) return 'start Docker Desktop';
  if (context === 'rancher-desktop') return 'start Rancher Desktop';
  if (context === 'microk8s') return 'microk8s start';
  const [, kind, name] = /^(kind|k3d)-(.+)$/.exec(context ?? '') ?? [];
  if (kind === 'kind') return `docker start ${name}-control-plane`;
  if (kind === 'k3d') return `k3d cluster start ${name}`;
  return 'start the cluster: minikube start (or Docker Desktop, kind, k3s), or the tunnel to it';
}
