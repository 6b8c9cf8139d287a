interface Node {
  readonly next: Map<number, Node>;
  fallback: Node | null;
  /** What ends here, and what ends here as the end of it. */
  ends: readonly number[];
}

const fewLines = 200;

const newNode = (): Node => ({next: new Map(), fallback: null, ends: []});

/**
 * Finds many texts in one pass over a line (Aho and Corasick, 1975): the time does not depend on how many there are.
 * Upper and lower case count as the same.
 */
export class Needles {
  readonly #entries: readonly (readonly [text: string, number: number])[];
  #root: Node | null = null;
  #lines = 0;

  /** @param entries texts in lower case with the number that each stands for */
  constructor(entries: Iterable<readonly [text: string, number: number]>) {
    this.#entries = [...entries];
  }

  /** Adds the numbers of all texts that the line holds. */
  collect(line: string, found: Set<number>): void {
    const text = line.toLowerCase();
    this.#lines += 1;
    // To build it takes as long as to look through the few lines of most failures.
    if (this.#root === null && this.#lines <= fewLines) {
      for (const [part, number] of this.#entries) if (text.includes(part)) found.add(number);
      return;
    }
    this.#root ??= this.#build();
    const root = this.#root;
    let node = root;
    for (let i = 0; i < text.length; i += 1) {
      const character = text.charCodeAt(i);
      let next = node.next.get(character);
      while (next === undefined && node.fallback !== null) {
        node = node.fallback;
        next = node.next.get(character);
      }
      node = next ?? root;
      for (const number of node.ends) found.add(number);
    }
  }

  #build(): Node {
    const root = newNode();
    for (const [text, number] of this.#entries) {
      let node = root;
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
    this.#link(root);
    return root;
  }

  #link(root: Node): void {
    const queue: Node[] = [...root.next.values()];
    for (const node of queue) node.fallback = root;
    for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
      for (const [character, child] of node.next) {
        let fallback = node.fallback;
        while (fallback !== null && !fallback.next.has(character)) fallback = fallback.fallback;
        child.fallback = fallback?.next.get(character) ?? root;
        child.ends = [...new Set([...child.ends, ...child.fallback.ends])];
        queue.push(child);
      }
    }
  }
}

const codes = (text: string): number[] => Array.from({length: text.length}, (_, i) => text.charCodeAt(i));
