const bodyLimitBytes = 64 * 1024;
const headLimitBytes = 32 * 1024;

/** The answer of a server as it comes in; enough of HTTP/1.x for a probe. */
export class HttpAnswer {
  state: 'head' | 'body' | 'complete' | 'garbage' = 'head';
  status: number | null = null;
  #bytes: Buffer = Buffer.alloc(0);
  #headers = new Map<string, string>();
  /** null: until the connection is closed. */
  #bodyBytes: number | null = null;
  #isChunked = false;
  readonly #isBodiless: boolean;

  /** @param isBodiless it answers HEAD: whatever length it tells, no body follows */
  constructor(isBodiless = false) {
    this.#isBodiless = isBodiless;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  push(bytes: Buffer): void {
    if (this.state === 'complete' || this.state === 'garbage') return;
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#bytes, bytes]);
    while (this.state === 'head' && this.#readHead());
    if (this.state === 'body') this.#readBody();
  }

  /** The server has closed its side. */
  end(): void {
    if (this.state === 'body' && this.#bodyBytes === null && !this.#isChunked) this.state = 'complete';
  }

  body(): string {
    if (this.state === 'head' || this.state === 'garbage') return '';
    const bytes = this.#isChunked ? (dechunk(this.#bytes)?.body ?? Buffer.alloc(0)) : this.#bytes;
    return bytes.toString('utf8', 0, Math.min(this.#bodyBytes ?? bodyLimitBytes, bodyLimitBytes));
  }

  location(): string | null {
    return this.#headers.get('location') ?? null;
  }

  firstBytes(): string {
    const shown = this.#bytes.toString('latin1', 0, 40).replace(/[^\x20-\x7e]/g, '.');
    return this.#bytes.length > 40 ? `"${shown}…"` : `"${shown}"`;
  }

  /** Reads one head. True: it was an interim answer (100, 103), another head follows. */
  #readHead(): boolean {
    const start = this.#bytes.toString('latin1', 0, 16);
    if (!'HTTP/1.'.startsWith(start.slice(0, 7)) || (start.length >= 12 && !/^HTTP\/1\.\d [1-9]\d\d/.test(start))) {
      this.state = 'garbage';
      return false;
    }
    const end = endOfHead(this.#bytes);
    if (end === null) {
      if (this.#bytes.length > headLimitBytes) this.state = 'garbage';
      return false;
    }
    const head = this.#bytes.toString('latin1', 0, end);
    const status = Number(/^HTTP\/1\.\d ([1-9]\d\d)/.exec(head)?.[1]);
    this.#bytes = this.#bytes.subarray(end);
    if (status >= 100 && status < 200 && status !== 101) return true;
    this.status = status;
    for (const line of head.split(/\r?\n/).slice(1)) {
      const colon = line.indexOf(':');
      if (colon > 0) this.#headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
    }
    this.#isChunked = /\bchunked\b/i.test(this.#headers.get('transfer-encoding') ?? '');
    const length = this.#headers.get('content-length');
    this.#bodyBytes = this.#isChunked || length === undefined || !/^\d+$/.test(length) ? null : Number(length);
    if (this.#isBodiless || status === 204 || status === 304 || status === 101) {
      this.#bodyBytes = 0;
      this.#isChunked = false;
    }
    this.state = 'body';
    return false;
  }

  #readBody(): void {
    const isWhole = this.#isChunked
      ? dechunk(this.#bytes)?.ended !== false
      : this.#bodyBytes !== null && this.#bytes.length >= this.#bodyBytes;
    // Enough is as good as all: nobody's health needs more than this.
    if (isWhole || this.#bytes.length >= bodyLimitBytes) this.state = 'complete';
  }
}

function endOfHead(bytes: Buffer): number | null {
  const end = bytes.indexOf('\r\n\r\n');
  if (end !== -1) return end + 4;
  const bare = bytes.indexOf('\n\n'); // home-made servers
  return bare === -1 ? null : bare + 2;
}

/** null: not chunked at all, whatever the header says. */
function dechunk(bytes: Buffer): {readonly body: Buffer; readonly ended: boolean} | null {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) break;
    const size = /^\s*([0-9a-f]{1,8})\s*(?:;.*)?$/i.exec(bytes.toString('latin1', at, end))?.[1];
    if (size === undefined) return null;
    const length = Number.parseInt(size, 16);
    if (length === 0) return {body: Buffer.concat(pieces), ended: true};
    pieces.push(bytes.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
  return {body: Buffer.concat(pieces), ended: false};
}
