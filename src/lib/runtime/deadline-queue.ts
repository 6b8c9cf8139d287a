/** The earliest of many moments, each of which may change at any time: a binary heap that knows where each name stands. */
export class DeadlineQueue {
  readonly #heap: {readonly name: string; at: number}[] = [];
  readonly #places = new Map<string, number>();

  /** Infinity when nothing is due, ever. */
  get earliest(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  set(name: string, at: number): void {
    const place = this.#places.get(name);
    if (place === undefined) {
      this.#heap.push({name, at});
      this.#places.set(name, this.#heap.length - 1);
      this.#up(this.#heap.length - 1);
      return;
    }
    const entry = this.#heap[place];
    if (entry === undefined || entry.at === at) return;
    entry.at = at;
    this.#up(place);
    this.#down(this.#places.get(name) ?? place);
  }

  /** Names that are due by `now`; their moments stay as they are. */
  due(now: number): readonly string[] {
    const found: string[] = [];
    const look = (place: number): void => {
      const entry = this.#heap[place];
      if (entry === undefined || entry.at > now) return;
      found.push(entry.name);
      look(2 * place + 1);
      look(2 * place + 2);
    };
    look(0);
    return found;
  }

  #up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#at(parent) <= this.#at(place)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      const left = 2 * place + 1;
      const smaller = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(smaller) >= this.#at(place)) return;
      this.#swap(place, smaller);
      place = smaller;
    }
  }

  #at(place: number): number {
    return this.#heap[place]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
    this.#places.set(second.name, a);
    this.#places.set(first.name, b);
  }
}
