/** How `kubectl get pods --watch` is to print a pod. Tables would be shorter, but not every server makes them of events. */
export const podWatchOutput =
  'jsonpath={.metadata.name}{"|"}{.metadata.deletionTimestamp}{"|"}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}';

/** Tells from the lines of such a watch which pod has become ready. */
export class PodWatch {
  readonly #ready = new Set<string>();

  /** @returns the pod that has become ready with this line, else null */
  read(line: string): string | null {
    const [pod = '', deletedAt, ready] = line.split('|').map((field) => field.trim());
    if (ready === undefined) return null;
    const isReady = deletedAt === '' && ready === 'True';
    const isNews = isReady && !this.#ready.has(pod);
    if (isReady) this.#ready.add(pod);
    else this.#ready.delete(pod);
    return isNews ? pod : null;
  }
}
