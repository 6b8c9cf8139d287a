/** Which service has which port now. */
export class PortBook {
  readonly #byService: Record<string, number> = {};
  readonly #byPort = new Map<number, Set<string>>();

  get byService(): Readonly<Record<string, number>> {
    return this.#byService;
  }

  /** @param port null: it has none */
  note(service: string, port: number | null): void {
    const before = this.#byService[service] ?? null;
    if (before === port) return;
    if (before !== null) this.#byPort.get(before)?.delete(service);
    if (port === null) {
      Reflect.deleteProperty(this.#byService, service);
      return;
    }
    this.#byService[service] = port;
    const holders = this.#byPort.get(port);
    if (holders === undefined) this.#byPort.set(port, new Set([service]));
    else holders.add(service);
  }

  /** Nobody but this service has it. */
  isFree(port: number, service: string): boolean {
    const holders = this.#byPort.get(port);
    return holders === undefined || holders.size === 0 || (holders.size === 1 && holders.has(service));
  }
}
