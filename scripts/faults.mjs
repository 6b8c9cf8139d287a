// `npm run test:faults`: every fault of port-forwards, with real kubectl; takes an hour. Arguments go to jest:
// npm run test:faults -- -t 'black hole'.
import {spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// One after the other: what is measured are times.
const args = [join(root, 'scripts', 'test.mjs'), 'test/faults', '--runInBand', ...process.argv.slice(2)];
const env = {...process.env, ERP_TEST_FAULTS: '1'};
process.exit(spawnSync(process.execPath, args, {cwd: root, stdio: 'inherit', env}).status ?? 1);
