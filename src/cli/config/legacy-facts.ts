import {isAbsolute} from 'node:path';
import type {LegacyFacts} from '../../lib/core/config/legacy-facts.js';
import {isFields, type LegacyFields} from '../../lib/core/config/legacy-keys.js';
import {Folder} from './init/folder.js';
import {findCelery, findPythonApp} from './init/python.js';

/** What the folder says about things that the old configuration leaves open. */
export function legacyFacts(
  old: LegacyFields,
  folderOfFile: string,
  platform: string = process.platform,
): {facts: LegacyFacts; projectDir: string; looked: readonly string[]} {
  const section = (name: string): LegacyFields => (isFields(old[name]) ? old[name] : {});
  const root = section('System')['WorkspaceRoot'];
  const workspace = typeof root === 'string' && isAbsolute(root) ? new Folder(root) : null;
  const projectDir = workspace?.isFolder('.') === true ? workspace.path : folderOfFile;
  const folder = new Folder(projectDir);
  const redis = section('Services')['Redis'];
  const redisConfig = isFields(redis) ? redis['ConfigPath'] : undefined;
  const facts = {
    workspaceFound: workspace !== null && projectDir === workspace.path,
    redisConfigFound: typeof redisConfig === 'string' && folder.has(redisConfig.replaceAll('\\', '/')),
    api: findPythonApp(folder, platform),
    celery: findCelery(folder, platform),
  };
  return {facts, projectDir, looked: [...(workspace?.looked ?? []), ...folder.looked]};
}
