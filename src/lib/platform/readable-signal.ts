import {Socket} from 'node:net';
import type {SocketConstructorOpts, TcpNetConnectOpts} from 'node:net';

/** Without a signal (see below) a pipe is looked at this often. */
const lookEveryMs = 100;

/** While armed, tells again and again that a pipe can be read; nothing is read. Closing it closes the descriptor. */
export interface ReadableSignal {
  arm(): void;
  disarm(): void;
  close(): void;
}

/** What of a stream's handle we use; not documented, but the same since Node 12. */
interface StreamHandle {
  onread: () => void;
  readStart(): number;
  readStop(): number;
}

/**
 * Node reads a pipe by itself and hands out what it has read; a process that is killed in between has lost it. Given a
 * buffer without room, libuv polls and reads nothing, and its complaint about the buffer is our signal. Should a future
 * Node do otherwise, the pipe is looked at ten times a second: later, but nothing is lost by it.
 * @param fd      non-blocking, ours from here on
 * @param onLost  the descriptor was closed by somebody else than us
 */
export function readableSignal(fd: number, onReadable: () => void, onLost: () => void): ReadableSignal {
  let closed = false;
  const options: SocketConstructorOpts & Pick<TcpNetConnectOpts, 'onread'> = {
    fd,
    readable: true,
    writable: false,
    onread: {buffer: Buffer.alloc(0), callback: () => true},
  };
  const socket = new Socket(options);
  socket.on('error', () => undefined);
  socket.on('close', () => {
    if (!closed) onLost();
    closed = true;
  });
  const handle = handleOf(socket);
  const close = (): void => {
    closed = true;
    socket.destroy();
  };
  if (handle === null) {
    let timer: NodeJS.Timeout | undefined;
    const disarm = (): void => {
      clearInterval(timer);
      timer = undefined;
    };
    return {
      arm: () => (timer ??= setInterval(onReadable, lookEveryMs)),
      disarm,
      close: () => {
        disarm();
        close();
      },
    };
  }
  handle.onread = onReadable;
  handle.readStop();
  return {
    arm: () => {
      if (!closed) handle.readStart();
    },
    disarm: () => {
      if (!closed) handle.readStop();
    },
    close,
  };
}

function handleOf(socket: Socket): StreamHandle | null {
  const handle = (socket as unknown as {readonly _handle?: Partial<StreamHandle> | null})._handle;
  return typeof handle?.readStart === 'function' && typeof handle.readStop === 'function' && 'onread' in handle
    ? (handle as StreamHandle)
    : null;
}
