import type {PreparedProject} from './prepare.js';

/** What `config validate --json` prints when all is well; problems are an error document with `facts.problems`. */
export interface ValidateReport {
  readonly valid: true;
  readonly file: string;
  readonly projectDir: string;
  readonly name: string;
  readonly services: readonly {readonly name: string; readonly kind: string; readonly observed: string | null}[];
  readonly portForwards: readonly string[];
  readonly notices: readonly string[];
}

export function validateReport({spec, loaded, notices}: PreparedProject): ValidateReport {
  return {
    valid: true,
    file: loaded.file,
    projectDir: spec.projectDir,
    name: spec.name,
    services: spec.services.map(({name, kind, observed}) => ({name, kind, observed})),
    portForwards: Object.keys(loaded.config?.portForwards ?? {}),
    notices,
  };
}

export const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
