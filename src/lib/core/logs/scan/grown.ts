/** Arrays of numbers that grow. */
export class Ints {
  #data: Int32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1024) {
    this.#data = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#data.length) {
      const next = new Int32Array(this.#data.length * 2);
      next.set(this.#data);
      this.#data = next;
    }
    this.#data[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#data[index] as number;
  }

  set(index: number, value: number): void {
    this.#data[index] = value;
  }

  push2(one: number, two: number): void {
    this.push(one);
    this.push(two);
  }

  /** @returns the sum */
  add(index: number, value: number): number {
    const sum = (this.#data[index] as number) + value;
    this.#data[index] = sum;
    return sum;
  }

  taken(): Int32Array<ArrayBuffer> {
    return this.#data.slice(0, this.length);
  }
}

export class Floats {
  #data: Float64Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1024) {
    this.#data = new Float64Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.#data.length) {
      const next = new Float64Array(this.#data.length * 2);
      next.set(this.#data);
      this.#data = next;
    }
    this.#data[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#data[index] as number;
  }

  set(index: number, value: number): void {
    this.#data[index] = value;
  }

  taken(): Float64Array<ArrayBuffer> {
    return this.#data.slice(0, this.length);
  }
}
