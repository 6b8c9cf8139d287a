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
): {facts: LegacyFacts; projectDir: string} {
  const section = (name: string): LegacyFields => (isFields(old[name]) ? old[name] : {});
  const root = section('System')['WorkspaceRoot'];
  const workspaceFound = typeof root === 'string' && isAbsolute(root) && new Folder(root).isFolder('.');
  const projectDir = workspaceFound ? root : folderOfFile;
  const folder = new Folder(projectDir);
  const redis = section('Services')['Redis'];
  const redisConfig = isFields(redis) ? redis['ConfigPath'] : undefined;
  return {
    facts: {
      workspaceFound,
      redisConfigFound: typeof redisConfig === 'string' && folder.has(redisConfig.replaceAll('\\', '/')),
      api: findPythonApp(folder, platform),
      celery: findCelery(folder, platform),
    },
    projectDir,
  };
}
