/** What became of a pod, from the lines of `kubectl get pods --watch --no-headers --output-watch-events`. */
export class PodWatch {
  readonly #ready = new Set<string>();

  /** @returns the pod that has become ready with this line, else null */
  read(line: string): string | null {
    const [, event, pod, ready = '', status] = /^([A-Z]+)\s+(\S+)\s+(\d+\/\d+)\s+(\S+)/.exec(line) ?? [];
    if (pod === undefined) return null;
    const [up = '', all] = ready.split('/');
    const isReady = event !== 'DELETED' && status === 'Running' && up === all && up !== '0';
    const isNews = isReady && !this.#ready.has(pod);
    if (isReady) this.#ready.add(pod);
    else this.#ready.delete(pod);
    return isNews ? pod : null;
  }
}
