import type {Server} from 'node:http';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
export interface ControlSocket {
  release(): void;
}
export function bindControlSocket(server: Server, dir: string): Promise<ControlSocket> {
  const path = join(dir, 'socket');
  rmSync(path, {force: true});
  return new Promise((resolve) => server.listen(path, () => resolve({release: () => rmSync(path, {force: true})})));
}
