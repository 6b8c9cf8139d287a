import type {Folder} from './folder.js';
import type {Proposal} from './proposal.js';

/** `web: bundle exec …` lines. foreman gives the first one PORT 5000, the next 5100 and so on. */
export function procfileProposals(folder: Folder): Proposal[] {
  const file = folder.first('Procfile', 'Procfile.dev');
  const text = file === null ? null : folder.read(file);
  if (file === null || text === null) return [];
  const entries = text.split(/\r?\n/).flatMap((line, index) => {
    const match = /^([A-Za-z0-9_-]+):\s*(\S.*)$/.exec(line.trim());
    return match === null ? [] : [{name: match[1] ?? '', command: match[2] ?? '', line: index + 1}];
  });
  return entries.map(({name, command, line}, index) => {
    const usesPort = /\$\{?PORT\b/.test(command);
    const port = 5000 + 100 * index;
    return {
      name,
      source: `${file}:${line}`,
      service: {
        command,
        // Heroku runs `release` once before the others.
        ...(name === 'release' ? {kind: 'job' as const} : {}),
        ...(usesPort ? {port: {primary: port, alternatives: [port + 1, port + 2]}, env: {PORT: '{port}'}} : {}),
        ...(name !== 'release' && entries.some((other) => other.name === 'release') ? {dependsOn: ['release']} : {}),
      },
      notes: [],
    };
  });
}
