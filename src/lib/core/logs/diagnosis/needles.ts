interface Node {
  readonly next: Map<number, Node>;
  fallback: Node | null;
  /** What ends here, and what ends here as the end of it. */
  ends: readonly number[];
}

const newNode = (): Node => ({next: new Map(), fallback: null, ends: []});

/**
 * Finds many texts in one pass over a line (Aho and Corasick, 1975): the time does not depend on how many there are.
 * Upper and lower case count as the same.
 */
export class Needles {
  readonly #root = newNode();

  /** @param entries texts in lower case with the number that each stands for */
  constructor(entries: Iterable<readonly [text: string, number: number]>) {
    for (const [text, number] of entries) {
      let node = this.#root;
      for (const character of codes(text)) {
        let next = node.next.get(character);
        if (next === undefined) {
          next = newNode();
          node.next.set(character, next);
        }
        node = next;
      }
      node.ends = [...node.ends, number];
    }
    this.#link();
  }

  /** Adds the numbers of all texts that the line holds. */
  collect(line: string, found: Set<number>): void {
    const text = line.toLowerCase();
    let node = this.#root;
    for (let i = 0; i < text.length; i += 1) {
      const character = text.charCodeAt(i);
      let next = node.next.get(character);
      while (next === undefined && node.fallback !== null) {
        node = node.fallback;
        next = node.next.get(character);
      }
      node = next ?? this.#root;
      for (const number of node.ends) found.add(number);
    }
  }

  #link(): void {
    const queue: Node[] = [...this.#root.next.values()];
    for (const node of queue) node.fallback = this.#root;
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      for (const [character, child] of node.next) {
        let fallback = node.fallback;
        while (fallback !== null && !fallback.next.has(character)) fallback = fallback.fallback;
        child.fallback = fallback?.next.get(character) ?? this.#root;
        child.ends = [...new Set([...child.ends, ...child.fallback.ends])];
        queue.push(child);
      }
    }
  }
}

const codes = (text: string): number[] => Array.from({length: text.length}, (_, i) => text.charCodeAt(i));
