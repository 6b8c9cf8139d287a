import type {Socket} from 'node:net';
import type {Speech} from './description.js';

type Speaker = (socket: Socket) => void;

/** The first words of servers that are no web servers, as the real ones say them. */
export const speakers: Readonly<Record<Exclude<Speech, 'http'>, Speaker>> = {
  /** SSLRequest is answered with one letter; whoever wants to log in is turned away. */
  postgres: (socket) =>
    void socket.on('data', (data) => {
      const isSslRequest = data.length >= 8 && data.readUInt32BE(4) === 80_877_103;
      if (isSslRequest) socket.write('N');
      else socket.end(postgresError('no pg_hba.conf entry for host "127.0.0.1"'));
    }),
  /** Commands inline, or as an array of one word. */
  redis: (socket) =>
    void socket.on('data', (data) => {
      const isPing = /^(?:\*1\r\n\$4\r\n)?PING\r\n/i.test(data.toString('latin1'));
      socket.write(isPing ? '+PONG\r\n' : '-ERR unknown command\r\n');
    }),
  /** Speaks first. */
  mysql: (socket) => {
    const greeting = Buffer.concat([
      Buffer.from([0x0a]),
      Buffer.from('8.0.36\0', 'latin1'),
      Buffer.from([0x08, 0, 0, 0]),
      Buffer.from('abcdefgh\0', 'latin1'),
      Buffer.from([0xff, 0xf7, 0xff, 0x02, 0, 0xff, 0xdf, 21]),
      Buffer.alloc(10),
      Buffer.from('abcdefghijkl\0caching_sha2_password\0', 'latin1'),
    ]);
    socket.write(Buffer.concat([Buffer.from([greeting.length & 255, greeting.length >> 8, 0, 0]), greeting]));
  },
};

function postgresError(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C28000\0M${message}\0\0`, 'latin1');
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeUInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
