import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {type PreparedProject, type PrepareOptions, prepareProject} from '../../src/cli/config/prepare.js';

/** A folder with files, gone at the end of the test. */
export class ConfigProject implements Disposable {
  readonly dir: string;

  constructor(files: Readonly<Record<string, string>>) {
    this.dir = realpathSync(mkdtempSync(join(tmpdir(), 'erp-config-')));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  write(name: string, text: string): void {
    const file = join(this.dir, name);
    mkdirSync(dirname(file), {recursive: true});
    writeFileSync(file, text);
  }

  async prepare(options: Partial<PrepareOptions> = {}): Promise<PreparedProject> {
    return await prepareProject({
      cwd: this.dir,
      env: {},
      mode: 'start',
      runtimeDirOf: () => '/run/erp/x',
      home: this.dir,
      platform: 'linux',
      ...options,
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, {recursive: true, force: true});
  }
}
