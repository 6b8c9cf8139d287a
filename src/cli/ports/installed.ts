import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {signatureOf} from './plan-cache.js';

/** Names this very installation: what another build has written down is not believed. */
export function installedProgram(root: string): string {
  const {version} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {version: string};
  return `${version} ${signatureOf(join(root, 'dist', 'main.js'))}`;
}
