// The floor of "the supervisor may die": a service's output is a FIFO that the service itself holds open read-write, so a
// dead reader is neither EPIPE nor a lost line (64 KiB of buffer, then back-pressure). A restarted supervisor opens the
// FIFO again and takes over the recorded pid. Rotation by rename. argv: services as JSON, bytes of a file, files to keep.
import {execFileSync, spawn} from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';

const [, , file, maxBytes, keep] = process.argv;
const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

function rotate(log) {
  for (let n = Number(keep) - 1; n > 0; n -= 1) {
    if (fs.existsSync(`${log}.${n}`)) fs.renameSync(`${log}.${n}`, `${log}.${n + 1}`);
  }
  fs.renameSync(log, `${log}.1`);
}

for (const {argv, env, log} of JSON.parse(fs.readFileSync(file, 'utf8'))) {
  const fifo = `${log}.fifo`;
  const pidFile = `${log}.pid`;
  if (!fs.existsSync(fifo)) execFileSync('mkfifo', [fifo]);
  const keeper = fs.openSync(fifo, 'r+'); // never end-of-file while no service is up
  const fd = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  let out = fs.openSync(log, 'a');
  let size = fs.fstatSync(out).size;
  new net.Socket({fd, readable: true, writable: false}).on('data', (data) => {
    if (size + data.length > Number(maxBytes)) {
      const cut = data.lastIndexOf(10) + 1; // the line is finished in the old file
      fs.writeSync(out, data, 0, cut);
      data = data.subarray(cut);
      fs.closeSync(out);
      rotate(log);
      out = fs.openSync(log, 'a');
      size = 0;
    }
    if (data.length > 0) fs.writeSync(out, data);
    size += data.length;
  });
  const up = () => {
    const child = spawn(argv[0], argv.slice(1), {
      env: {...process.env, ...env},
      stdio: ['ignore', keeper, keeper],
      detached: true,
    });
    fs.writeFileSync(pidFile, String(child.pid));
    child.on('exit', up);
  };
  const former = fs.existsSync(pidFile) ? Number(fs.readFileSync(pidFile, 'utf8')) : 0;
  if (former === 0 || !isAlive(former)) up();
  else {
    const timer = setInterval(() => {
      if (isAlive(former)) return;
      clearInterval(timer);
      up();
    }, 50);
  }
}
