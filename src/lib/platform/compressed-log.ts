import {close, createReadStream, createWriteStream, fsync, open, renameSync, rmSync, statSync} from 'node:fs';
import {pipeline, Writable} from 'node:stream';

type Done = (error: Error | null) => void;

/**
 * Replaces a log by `<log>.gz`. The original goes when the compressed file was read back, is as long as it, and is on
 * the disk: who is killed or loses power in between finds the original, or both, never none. In the background: zlib
 * works in a thread, some 64 KiB are in memory.
 */
export function compressLog(path: string, done: Done): void {
  const part = `${path}.gz.part`;
  rmSync(part, {force: true});
  const fail = (error: Error): void => {
    rmSync(part, {force: true});
    done(error);
  };
  // Level 1: a third of the processor time of the default for a tenth more bytes. Loaded late: most runs never rotate.
  const gzip = process.getBuiltinModule('node:zlib').createGzip({level: 1});
  pipeline(createReadStream(path), gzip, createWriteStream(part, {mode: 0o640, flags: 'wx'}), (error) => {
    if (error) fail(error);
    else
      toDisk(part, (problem) => {
        if (problem !== null) fail(problem);
        else isCompressed(path, part, (same) => (same ? replace() : fail(new Error('it changed meanwhile'))));
      });
  });
  function replace(): void {
    try {
      renameSync(part, `${path}.gz`);
      rmSync(path);
      done(null);
    } catch (error) {
      fail(error as Error);
    }
  }
}

/** Can this be unpacked (gzip has a checksum), and is it as long as the file is now? */
export function isCompressed(path: string, packed: string, answer: (isSo: boolean) => void): void {
  let bytes = 0;
  const count = new Writable({
    write(chunk: Buffer, _encoding, next) {
      bytes += chunk.length;
      next();
    },
  });
  const gunzip = process.getBuiltinModule('node:zlib').createGunzip();
  pipeline(createReadStream(packed), gunzip, count, (error) =>
    answer(!error && bytes === statSync(path, {throwIfNoEntry: false})?.size),
  );
}

function toDisk(path: string, done: Done): void {
  open(path, 'r+', (error, fd) => {
    if (error) done(error);
    else fsync(fd, (problem) => close(fd, () => done(problem)));
  });
}
