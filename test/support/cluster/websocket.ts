import {createHash} from 'node:crypto';

/** What the server answers to the client's `Sec-WebSocket-Key` (RFC 6455). */
export const acceptKey = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

const close = 8;
const ping = 9;
const pong = 10;
const binary = 2;

interface Frame {
  readonly opcode: number;
  readonly body: Buffer;
  /** Bytes that it takes in all. */
  readonly size: number;
}

/** The server's side of a WebSocket, without fragments and extensions: kubectl uses none. */
export class WebSocketChannel {
  readonly #send: (data: Buffer) => boolean;
  readonly #onMessage: (body: Buffer) => void;
  readonly #onClose: () => void;
  #chunks: Buffer[] = [];
  #have = 0;
  #need = 2;
  #isOver = false;

  constructor(send: (data: Buffer) => boolean, onMessage: (body: Buffer) => void, onClose: () => void) {
    this.#send = send;
    this.#onMessage = onMessage;
    this.#onClose = onClose;
  }

  feed(data: Buffer): void {
    this.#chunks.push(data);
    this.#have += data.length;
    if (this.#have < this.#need) return;
    let buffer = this.#chunks.length === 1 ? data : Buffer.concat(this.#chunks);
    for (;;) {
      const frame = readFrame(buffer);
      if (typeof frame === 'number') {
        this.#need = frame;
        break;
      }
      buffer = buffer.subarray(frame.size);
      this.#onFrame(frame);
      if (this.#over) return;
    }
    this.#chunks = buffer.length > 0 ? [Buffer.from(buffer)] : [];
    this.#have = buffer.length;
  }

  /** A frame may end the channel while it is read. */
  get #over(): boolean {
    return this.#isOver;
  }

  #onFrame({opcode, body}: Frame): void {
    if (opcode === close) {
      this.#sendFrame(close, body);
      this.#isOver = true;
      this.#onClose();
    } else if (opcode === ping) this.#sendFrame(pong, body);
    else if (opcode <= binary) this.#onMessage(body);
  }

  /** @returns false: wait for the connection to drain */
  write(data: Buffer): boolean {
    return this.#isOver ? true : this.#sendFrame(binary, data);
  }

  sayClose(): void {
    this.#sendFrame(close, Buffer.from([0x03, 0xe8]));
  }

  #sendFrame(opcode: number, body: Buffer): boolean {
    return this.#send(Buffer.concat([head(opcode, body.length), body]));
  }
}

function head(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | opcode, length]);
  const isShort = length < 65_536;
  const bytes = Buffer.alloc(isShort ? 4 : 10);
  bytes.writeUInt8(0x80 | opcode, 0);
  bytes.writeUInt8(isShort ? 126 : 127, 1);
  if (isShort) bytes.writeUInt16BE(length, 2);
  else bytes.writeBigUInt64BE(BigInt(length), 2);
  return bytes;
}

/** @returns the first frame, or how many bytes are needed until it can be told */
function readFrame(buffer: Buffer): Frame | number {
  if (buffer.length < 2) return 2;
  const short = buffer.readUInt8(1) & 0x7f;
  const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
  if (buffer.length < 2 + lengthBytes) return 2 + lengthBytes;
  const length =
    lengthBytes === 2 ? buffer.readUInt16BE(2) : lengthBytes === 8 ? Number(buffer.readBigUInt64BE(2)) : short;
  const maskAt = 2 + lengthBytes;
  const bodyAt = maskAt + ((buffer.readUInt8(1) & 0x80) === 0 ? 0 : 4);
  const size = bodyAt + length;
  if (buffer.length < size) return size;
  const body = Buffer.from(buffer.subarray(bodyAt, size));
  if (bodyAt > maskAt) unmask(body, buffer.subarray(maskAt, bodyAt));
  return {opcode: buffer.readUInt8(0) & 0x0f, body, size};
}

function unmask(body: Buffer, mask: Buffer): void {
  for (let index = 0; index < body.length; index += 1) body[index] = body[index]! ^ mask[index & 3]!;
}
