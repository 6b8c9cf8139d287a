import type {Checking} from './check-report.js';

/** Who stands behind built-in, or a second time, is never asked. */
export function checkExplain(checks: Checking): void {
  const providers = checks.config.explain?.providers ?? [];
  const builtIn = providers.indexOf('built-in');
  providers.forEach((provider, at) => {
    const path = ['explain', 'providers', at];
    if (providers.indexOf(provider) !== at) checks.report(path, `${provider} stands there twice`);
    else if (builtIn !== -1 && at > builtIn)
      checks.report(path, `${provider} is never asked: built-in stands before it and always answers`);
  });
}
