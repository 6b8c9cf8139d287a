import {formatShare} from '../../lib/core/report/format.js';

const afterMs = 300;
const everyMs = 200;

/** How far reading has come, on a terminal only, and not for what is done at once. */
export function progressLine(
  stream: NodeJS.WriteStream,
  isQuiet: boolean,
): {readonly show: (bytes: number, ofBytes: number) => void; readonly clear: () => void} {
  const isShown = stream.isTTY && !isQuiet && process.env['CI'] === undefined && process.env['TERM'] !== 'dumb';
  const begunAt = performance.now();
  let last = begunAt + afterMs - everyMs;
  let isDrawn = false;
  return {
    show: (bytes, ofBytes) => {
      const now = performance.now();
      if (!isShown || ofBytes === 0 || now - last < everyMs) return;
      last = now;
      isDrawn = true;
      stream.write(`\r\u001b[K${formatShare(Math.min(1, bytes / ofBytes))} read`);
    },
    clear: () => {
      if (isDrawn) stream.write('\r\u001b[K');
    },
  };
}
