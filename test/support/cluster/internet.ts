import {createSocket, type Socket as UdpSocket} from 'node:dgram';
import {createServer as createHttpServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {createServer, type Server, type Socket} from 'node:net';
import type {InternetMode} from './faults.js';

/**
 * A stand-in for the internet: TCP 80, 443 and 53, DNS that knows every name as 1.1.1.1, and pages by which portals are
 * told. Only for the inside of a network namespace.
 */
export class Internet {
  mode: InternetMode = 'ok';
  readonly #servers: Server[] = [];
  readonly #dns: UdpSocket = createSocket('udp4');

  async start(): Promise<void> {
    const sites = createHttpServer((request, response) => this.#answer(request, response));
    await this.#listen(80, (socket) => void sites.emit('connection', socket));
    await this.#listen(443, (socket) => void socket.resume());
    await this.#listen(53, (socket) => void socket.resume());
    this.#dns.on('message', (question, {port, address}) => {
      if (this.mode !== 'no-dns' && this.mode !== 'down') this.#dns.send(dnsAnswer(question), port, address);
    });
    await new Promise<void>((resolve) => void this.#dns.bind(53, '0.0.0.0', resolve));
  }

  stop(): void {
    for (const server of this.#servers) server.close();
    this.#dns.close();
  }

  async #listen(port: number, onConnection: (socket: Socket) => void): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      if (this.mode === 'down') socket.destroy();
      else onConnection(socket);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '0.0.0.0', resolve);
    });
  }

  #answer({url = ''}: IncomingMessage, response: ServerResponse): void {
    if (this.mode === 'captive') response.writeHead(302, {location: 'http://login.portal.invalid/'}).end();
    else if (/generate_204|gen_204/.test(url)) response.writeHead(204).end();
    else response.end('ok\n');
  }
}

/** Every A question: 1.1.1.1, for a second. */
function dnsAnswer(question: Buffer): Buffer {
  let at = 12;
  while (question[at] !== undefined && question[at] !== 0) at += question[at]! + 1;
  const isAddress = question.readUInt16BE(at + 1) === 1;
  const id = question.subarray(0, 2);
  const head = Buffer.from([0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 1, 1, 1]);
  return Buffer.concat([id, head, question.subarray(12, at + 5), isAddress ? record : Buffer.alloc(0)]);
}
