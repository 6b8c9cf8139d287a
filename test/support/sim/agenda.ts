/** One thing that is due. `owner` 0 is the universe itself, others are supervisors: what a dead one awaits never comes. */
export interface Due {
  at: number;
  seq: number;
  readonly owner: number;
  /** A timer of its owner (true), or news from the world. */
  readonly timer: boolean;
  run: (() => void) | null;
}

/** What will happen when: a binary heap, ordered by time and, at the same time, by who asked first. */
export class Agenda {
  #heap: Due[] = [];
  #seq = 0;

  add(at: number, owner: number, timer: boolean, run: () => void): Due {
    this.#seq += 1;
    const due = {at, seq: this.#seq, owner, timer, run};
    this.#push(due);
    return due;
  }

  /** The next thing due at or before `until`; null: nothing. */
  take(until: number): Due | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > until) return null;
      this.#pop();
      if (first.run !== null) return first;
    }
  }

  /** Takes all out that is due by `until` and owned by a supervisor; the universe goes on meanwhile. */
  takeOwned(until: number): Due[] {
    const taken = this.#heap.filter((due) => due.run !== null && due.owner !== 0 && due.at <= until);
    this.#rebuild(this.#heap.filter((due) => due.run !== null && (due.owner === 0 || due.at > until)));
    return taken.sort(before);
  }

  putBack(due: Due, at: number): void {
    this.#seq += 1;
    this.#push(Object.assign(due, {at, seq: this.#seq}));
  }

  /** Everything of the universe happens later: its processes slept as well. */
  shiftUniverse(ms: number): void {
    for (const due of this.#heap) if (due.owner === 0) due.at += ms;
    this.#rebuild(this.#heap);
  }

  #rebuild(all: Due[]): void {
    this.#heap = all.sort(before);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(due);
    while (i > 0) {
      const up = (i - 1) >> 1;
      const parent = heap[up] as Due;
      if (before(parent, due) <= 0) break;
      heap[i] = parent;
      i = up;
    }
    heap[i] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Due;
    const size = heap.length;
    if (size === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1] as Due, heap[child] as Due) < 0) child += 1;
      const smaller = heap[child] as Due;
      if (before(last, smaller) <= 0) break;
      heap[i] = smaller;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Due, b: Due): number {
  return a.at - b.at || a.seq - b.seq;
}
