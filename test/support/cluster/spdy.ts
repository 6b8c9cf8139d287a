import {EventEmitter} from 'node:events';
import zlib from 'node:zlib';

/** Header compression dictionary of SPDY/3 (a constant of the protocol): length-prefixed words, then free text. */
const words =
  `options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow
authorization cache-control connection content-base content-encoding content-language content-length content-location
content-md5 content-range content-type date etag expect expires from host if-match if-modified-since if-none-match if-range
if-unmodified-since last-modified location max-forwards pragma proxy-authenticate proxy-authorization range referer
retry-after server te trailer transfer-encoding upgrade user-agent vary via warning www-authenticate method get status 200_OK
version HTTP/1.1 url public set-cookie keep-alive origin`
    .split(/\s+/)
    .map((word) => word.replace('_', ' '));
const tail =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found' +
  '500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,' +
  'publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';

const prefixed = (word: string): Buffer => Buffer.concat([uint32(word.length), Buffer.from(word, 'latin1')]);
const dictionary = Buffer.concat([...words.map(prefixed), Buffer.from(tail, 'latin1')]);

const synStream = 1;
const synReply = 2;
const rstStream = 3;
const ping = 6;
const goAway = 7;
const cancelled = 5;

function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

/** One compression context per connection, used at once: the public way of doing that closes it after one call. */
function flushed(codec: unknown, input: Buffer): Buffer {
  const {_handle: handle, _writeState: state} = codec as {
    readonly _handle: {writeSync: (...args: unknown[]) => void};
    readonly _writeState: Uint32Array;
  };
  const out: Buffer[] = [];
  let left = input.length;
  for (;;) {
    const chunk = Buffer.allocUnsafe(16_384);
    handle.writeSync(zlib.constants.Z_SYNC_FLUSH, input, input.length - left, left, chunk, 0, chunk.length);
    const [availableOut = 0, availableIn = 0] = state;
    out.push(chunk.subarray(0, chunk.length - availableOut));
    left = availableIn;
    if (availableOut !== 0) return Buffer.concat(out);
  }
}

interface StreamEvents {
  data: [Buffer];
  end: [];
  reset: [];
}

export class SpdyStream extends EventEmitter<StreamEvents> {
  readonly id: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly #session: SpdySession;
  isLocalEnd = false;
  isRemoteEnd = false;
  isDead = false;

  constructor(session: SpdySession, id: number, headers: Readonly<Record<string, string>>) {
    super();
    this.#session = session;
    this.id = id;
    this.headers = headers;
  }

  /** @returns false: wait for the connection to drain */
  write(data: Buffer): boolean {
    return this.isDead || this.isLocalEnd ? true : this.#session.sendData(this.id, data, false);
  }

  end(): void {
    if (this.isDead || this.isLocalEnd) return;
    this.isLocalEnd = true;
    this.#session.sendData(this.id, Buffer.alloc(0), true);
    this.#session.forgetWhenOver(this);
  }

  reset(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#session.sendReset(this.id);
  }
}

/** The server's side of SPDY/3.1 over any channel of bytes: as much of it as port-forwards use. */
export class SpdySession extends EventEmitter<{stream: [SpdyStream]; close: []}> {
  /** false: pings stay unanswered. */
  answersPings = true;
  pings = 0;
  readonly #write: (data: Buffer) => boolean;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #inflate = zlib.createInflate({dictionary});
  readonly #deflate = zlib.createDeflate({dictionary});
  #chunks: Buffer[] = [];
  #have = 0;
  #need = 8;
  #isClosed = false;

  /** @param write false: the channel is full */
  constructor(write: (data: Buffer) => boolean) {
    super();
    this.#write = write;
  }

  feed(data: Buffer): void {
    if (this.#isClosed) return;
    this.#chunks.push(data);
    this.#have += data.length;
    if (this.#have < this.#need) return;
    let buffer = this.#chunks.length === 1 ? data : Buffer.concat(this.#chunks);
    this.#need = 8;
    while (buffer.length >= 8) {
      const size = 8 + buffer.readUIntBE(5, 3);
      if (buffer.length < size) {
        this.#need = size;
        break;
      }
      this.#onFrame(buffer.readUInt32BE(0), buffer.readUInt8(4), buffer.subarray(8, size));
      if (this.#closed) return;
      buffer = buffer.subarray(size);
    }
    this.#chunks = buffer.length === 0 ? [] : [buffer];
    this.#have = buffer.length;
  }

  /** A frame may close the session while it is read. */
  get #closed(): boolean {
    return this.#isClosed;
  }

  #onFrame(head: number, flags: number, body: Buffer): void {
    const isLast = (flags & 1) !== 0;
    if (head >= 0x8000_0000) this.#onControl(head & 0xffff, isLast, body);
    else this.#onData(head, isLast, body);
  }

  #onControl(type: number, isLast: boolean, body: Buffer): void {
    if (type === synStream) {
      const stream = new SpdyStream(this, body.readUInt32BE(0) & 0x7fff_ffff, this.#readHeaders(body.subarray(10)));
      stream.isRemoteEnd = isLast;
      this.#streams.set(stream.id, stream);
      this.emit('stream', stream);
    } else if (type === rstStream) {
      const id = body.readUInt32BE(0) & 0x7fff_ffff;
      const stream = this.#streams.get(id);
      if (stream === undefined) return;
      stream.isDead = true;
      this.#streams.delete(id);
      stream.emit('reset');
    } else if (type === ping) {
      this.pings += 1;
      if (this.answersPings) this.#sendControl(ping, Buffer.from(body));
    }
  }

  #onData(id: number, isLast: boolean, body: Buffer): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (body.length > 0) stream.emit('data', Buffer.from(body));
    if (!isLast) return;
    stream.isRemoteEnd = true;
    stream.emit('end');
    this.forgetWhenOver(stream);
  }

  #readHeaders(block: Buffer): Record<string, string> {
    const raw = flushed(this.#inflate, Buffer.from(block));
    const headers: Record<string, string> = {};
    let at = 4;
    const text = (): string => {
      const length = raw.readUInt32BE(at);
      at += 4 + length;
      return raw.toString('utf8', at - length, at);
    };
    for (let count = raw.readUInt32BE(0); count > 0; count -= 1) {
      const name = text().toLowerCase();
      [headers[name] = ''] = text().split('\0');
    }
    return headers;
  }

  reply(stream: SpdyStream): void {
    this.#sendControl(synReply, Buffer.concat([uint32(stream.id), flushed(this.#deflate, uint32(0))]));
  }

  sendData(id: number, data: Buffer, isLast: boolean): boolean {
    return this.#sendFrame(id, isLast ? 1 : 0, data);
  }

  sendReset(id: number): void {
    this.#sendControl(rstStream, uint32(id, cancelled));
    this.#streams.delete(id);
  }

  goAway(): void {
    this.#sendControl(goAway, uint32(0, 0));
  }

  forgetWhenOver(stream: SpdyStream): void {
    if (stream.isLocalEnd && stream.isRemoteEnd) this.#streams.delete(stream.id);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of this.#streams.values()) {
      stream.isDead = true;
      stream.emit('reset');
    }
    this.#streams.clear();
    this.emit('close');
  }

  #sendControl(type: number, body: Buffer): void {
    this.#sendFrame((0x8003_0000 | type) >>> 0, 0, body);
  }

  #sendFrame(head: number, flags: number, body: Buffer): boolean {
    if (this.#isClosed) return true;
    return this.#write(Buffer.concat([uint32(head, flags * 0x100_0000 + body.length), body]));
  }
}
