import {readFileSync} from 'node:fs';
import {freePort} from './free-port.js';
import {type Rig, rootFile} from './rig.js';

/** The demo's own configuration on ports that nobody else uses: other tests run the demo too. */
export async function demoConfig(rig: Rig): Promise<{backend: number; frontend: number}> {
  const ports = {backend: await freePort(), frontend: await freePort()};
  const text = readFileSync(rootFile('demo', 'erp.config.yaml'), 'utf8')
    .replaceAll('{node}', process.execPath)
    .replaceAll('{demo}', rootFile('dist', 'demo'))
    .replace('primary: 8000', `primary: ${ports.backend}`)
    .replace('primary: 3000', `primary: ${ports.frontend}`)
    .replace('[8001,', `[${await freePort()},`)
    .replace('[3001,', `[${await freePort()},`);
  rig.write('erp.config.yaml', text);
  return ports;
}
