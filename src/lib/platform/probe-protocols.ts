import type {Socket} from 'node:net';
import type {WireProtocol} from '../core/spec.js';
import {closedWithoutAnswer, healthy, silent} from './probe-answers.js';
import type {ProbeAnswer} from './types.js';

type Answer = (result: ProbeAnswer) => void;
type Latency = () => number;

/** A server whose own back end is away accepts a connection and closes it at once; this long we wait to see that. */
const settleMs = 20;
/** A forward whose other end is away closes what it accepted after a round trip to the node. */
const heldMs = 300;

/** An accepted connection is an answer, unless it is dropped in the same breath. */
export const watchTcp = (socket: Socket, latency: Latency, answer: Answer): (() => ProbeAnswer) =>
  watchConnection(socket, settleMs, null, latency, answer);

/** Bytes prove that somebody is there; silence only that nobody has hung up. */
export const watchHeld = (socket: Socket, latency: Latency, answer: Answer): (() => ProbeAnswer) =>
  watchConnection(socket, heldMs, 'silent', latency, answer);

function watchConnection(
  socket: Socket,
  waitMs: number,
  silence: string | null,
  latency: Latency,
  answer: Answer,
): () => ProbeAnswer {
  const latencyMs = latency();
  const good = (detail: string | null): ProbeAnswer => healthy(detail, latencyMs);
  const dropped = silent('reset', 'the connection was accepted and closed at once');
  const timer = setTimeout(() => answer(good(silence)), waitMs);
  socket.on('data', () => answer(good(null))); // a greeting, as of a mail or database server
  socket.on('end', () => answer(dropped));
  socket.on('close', () => {
    clearTimeout(timer);
    answer(dropped);
  });
  return () => good(silence);
}

interface Protocol {
  /** What we say first; null: the server does. */
  readonly hello: Buffer | null;
  /** What came so far: an answer, with what is worth telling of it; `more`: not whole yet; `other`: somebody else. */
  read(bytes: Buffer): {readonly detail: string | null} | 'more' | 'other';
}

/** None of them logs in: what they ask is answered before that. */
const protocols: Readonly<Record<WireProtocol, Protocol>> = {
  /** SSLRequest; one letter says yes or no, and a server that is full or old says what is wrong. */
  postgres: {
    hello: Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]),
    read: (bytes) => {
      const [first = 0] = bytes;
      const letter = String.fromCharCode(first);
      if (letter === 'S' || letter === 'N') return {detail: null};
      if (letter !== 'E') return 'other';
      // An error packet carries its length; the error of a server before 7.4 is text up to a zero.
      if (bytes.length < 5) return 'more';
      const length = bytes.readUInt32BE(1);
      return length <= 16_384 && bytes.length < length + 1
        ? 'more'
        : {detail: `an error: ${readable(bytes.subarray(5))}`};
    },
  },
  /** RESP: a simple string or an error, such as that one has to log in first. */
  redis: {
    hello: Buffer.from('*1\r\n$4\r\nPING\r\n'),
    read: (bytes) => {
      const text = bytes.toString('latin1', 0, 256);
      if (!/^[-+]/.test(text)) return 'other';
      const end = text.indexOf('\r\n');
      if (end === -1) return text.length < 256 ? 'more' : 'other';
      return {detail: text.startsWith('-') ? readable(bytes.subarray(1, end)) : null};
    },
  },
  /**
   * The server greets; or says that it has no connection left, or that it knows this host too well. Servers count and
   * may log a client that goes away after the greeting; those of their own loopback, as a forward's are, they never block.
   */
  mysql: {
    hello: null,
    read: (bytes) => {
      if (bytes.length < 5) return 'more';
      const length = bytes.readUIntLE(0, 3);
      const kind = bytes[4];
      if (bytes[3] !== 0 || length === 0 || length > 4096 || (kind !== 9 && kind !== 10 && kind !== 0xff))
        return 'other';
      if (bytes.length < length + 4) return 'more';
      return {detail: kind === 0xff ? `an error: ${readable(bytes.subarray(7))}` : null};
    },
  },
};

/** Returns what can be said when time is up. */
export function askProtocol(
  socket: Socket,
  name: WireProtocol,
  latency: Latency,
  answer: Answer,
): () => ProbeAnswer | null {
  const protocol = protocols[name];
  let bytes: Buffer = Buffer.alloc(0);
  const other = (): ProbeAnswer => silent('garbage', `not an answer of ${name}: "${readable(bytes)}"`);
  const closed = (): void => answer(bytes.length === 0 ? closedWithoutAnswer : other());
  socket.on('data', (piece: Buffer) => {
    bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
    const read = protocol.read(bytes);
    if (read === 'other') answer(other());
    else if (read !== 'more') answer(healthy(read.detail, latency()));
  });
  socket.on('end', closed);
  socket.on('close', closed);
  if (protocol.hello !== null) socket.write(protocol.hello);
  return () => (bytes.length === 0 ? null : other());
}

const readable = (bytes: Buffer): string =>
  bytes
    .toString('latin1', 0, 80)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
