import {execFileSync} from 'node:child_process';
import {existsSync, realpathSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Tool} from '../tools.js';

/** Those whose port-forwards differ: SPDY, and SPDY in a WebSocket. */
export const keptVersions = ['1.30', '1.33'] as const;

/** `kubectl.1.30`: in KUBECTL_DIR, or beside the real file behind `kubectl`; null: not there. */
export function kubectlOf(version: string): string | null {
  const folder = process.env['KUBECTL_DIR'] ?? folderOfKubectl();
  const file = folder === null ? null : join(folder, `kubectl.${version}`);
  return file !== null && existsSync(file) ? file : null;
}

/** As something that a test may need. */
export function kubectlTool(version: string): Tool {
  const missing = kubectlOf(version) === null ? `put kubectl.${version} beside kubectl, or into KUBECTL_DIR` : null;
  return {name: `kubectl ${version}`, missing};
}

function folderOfKubectl(): string | null {
  try {
    return dirname(realpathSync(execFileSync('/bin/sh', ['-c', 'command -v kubectl'], {encoding: 'utf8'}).trim()));
  } catch {
    return null;
  }
}
