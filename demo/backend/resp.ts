// Redis' protocol, RESP2, as far as strings and numbers need it. https://redis.io/docs/latest/develop/reference/protocol-spec/

/** The server understood us and said no: `NOAUTH …`, `READONLY …`. The connection is still good. */
export class RespError extends Error {
  override name = 'RespError';
}

export type RespValue = string | number | null | RespError | RespValue[];

const CR = 13;

export function encodeCommand(words: readonly string[]): string {
  const parts = words.map((word) => `$${String(Buffer.byteLength(word))}\r\n${word}\r\n`);
  return `*${String(words.length)}\r\n${parts.join('')}`;
}

/** Takes bytes as TCP delivers them, cut anywhere, and gives out whole replies. */
export class RespParser {
  #bytes: Buffer = Buffer.alloc(0);

  /** @throws Error when the other side does not speak RESP, or sends more than 16 MiB without an end */
  push(chunk: Buffer): RespValue[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    if (this.#bytes.length > 16 * 1024 * 1024) throw new Error('reply larger than 16 MiB');
    const replies: RespValue[] = [];
    let at = 0;
    for (let parsed = this.#parse(at); parsed !== undefined; parsed = this.#parse(at)) {
      replies.push(parsed.value);
      at = parsed.next;
    }
    this.#bytes = this.#bytes.subarray(at);
    return replies;
  }

  // undefined: the rest has not arrived yet.
  #parse(at: number): {value: RespValue; next: number} | undefined {
    const end = this.#bytes.indexOf('\r\n', at);
    if (end === -1) return undefined;
    const line = this.#bytes.toString('utf8', at + 1, end);
    const next = end + 2;
    switch (String.fromCharCode(this.#bytes[at] ?? 0)) {
      case '+':
        return {value: line, next};
      case '-':
        return {value: new RespError(line), next};
      case ':':
        return {value: number(line), next};
      case '$':
        return this.#bulk(number(line), next);
      case '*':
        return this.#list(number(line), next);
      default:
        throw new Error('no Redis: the answer is not RESP');
    }
  }

  #bulk(length: number, at: number): {value: RespValue; next: number} | undefined {
    if (length === -1) return {value: null, next: at};
    const end = at + length;
    if (this.#bytes.length < end + 2) return undefined;
    if (this.#bytes[end] !== CR) throw new Error('malformed reply: a string is longer than announced');
    return {value: this.#bytes.toString('utf8', at, end), next: end + 2};
  }

  #list(length: number, at: number): {value: RespValue; next: number} | undefined {
    if (length === -1) return {value: null, next: at};
    const value: RespValue[] = [];
    let next = at;
    for (let index = 0; index < length; index += 1) {
      const item = this.#parse(next);
      if (item === undefined) return undefined;
      value.push(item.value);
      next = item.next;
    }
    return {value, next};
  }
}

function number(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new Error('malformed reply: a number was expected');
  return Number(text);
}
