// The floor of any Node supervisor: spawn, again on `exit`, output into a file. argv[2]: services as JSON.
import {spawn} from 'node:child_process';
import fs from 'node:fs';

for (const service of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
  const log = fs.createWriteStream(service.log, {flags: 'a'});
  const up = () => {
    const child = spawn(service.argv[0], service.argv.slice(1), {
      env: {...process.env, ...service.env},
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, {end: false});
    child.stderr.pipe(log, {end: false});
    child.on('exit', up);
  };
  up();
}
