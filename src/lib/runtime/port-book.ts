/** Which service has which port now. */
export class PortBook {
  readonly #byService: Record<string, number> = {};
  /** The first one is under way. */
  readonly #tests: ((release: () => void) => void)[] = [];

  get byService(): Readonly<Record<string, number>> {
    return this.#byService;
  }

  /** @param port null: it has none */
  note(service: string, port: number | null): void {
    if (port === null) Reflect.deleteProperty(this.#byService, service);
    else this.#byService[service] = port;
  }

  /** Which service has it; null: none. */
  holder(port: number): string | null {
    return Object.entries(this.#byService).find(([, given]) => given === port)?.[0] ?? null;
  }

  /**
   * Runs a test of a port when no other one runs: two that bind the same port would take each other for its holder.
   * @param test calls `release` once, when the port has been given away or not
   */
  oneTestAtATime(test: (release: () => void) => void): void {
    this.#tests.push(test);
    if (this.#tests.length === 1) test(() => this.#nextTest());
  }

  #nextTest(): void {
    this.#tests.shift();
    this.#tests[0]?.(() => this.#nextTest());
  }
}
