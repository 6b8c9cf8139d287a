import {installOf} from '../install.js';
import type {Rule, Subject} from '../rule.js';

/** `erp-ledger==4.2`, `erp-ledger (>=4.0)`: its name. */
const plainName = (subject: Subject): Subject => {
  const module = subject['module'];
  return module === undefined ? subject : {...subject, module: String(module).replace(/[[(<>=!~; ].*$/, '')};
};

const isAway =
  /connection broken by|NewConnectionError|Max retries exceeded|name resolution|Could not fetch URL|SSLError|Read timed out|ProxyError/i;

/** pip, Poetry, Pipenv, Bundler, Composer: what cannot be had, and what does not fit together. */
export const packaging: readonly Rule[] = [
  {
    id: 'no-distribution',
    cause: 'missing-module',
    when: [
      /No matching distribution found for (?<module>[\w.[\]-]+)/,
      /Could not find a version that satisfies the requirement (?<module>[\w.[\]-]+)/,
      /Could not find gem '(?<module>[\w-]+)/,
      /Root composer\.json requires (?:PHP extension )?(?<module>[\w./-]+).{0,80}(?:could not be found|it is missing from your system)/,
      /was not found in the package registry, because (?<module>[\w.-]+)/,
    ],
    // An index that nobody answers at is the cause, and stands above it.
    strength: 0.88,
    read: (subject, _, {near}) => (near.some((text) => isAway.test(text)) ? null : plainName(subject)),
    remedy: ({module}, platform) => installOf(String(module ?? ''), platform, 'python'),
    examples: [
      ['ERROR: No matching distribution found for erp-ledger==4.2', {module: 'erp-ledger'}],
      ["Could not find gem 'sinatra (~> 9.0)' in locally installed gems.", {module: 'sinatra'}],
    ],
  },
  {
    id: 'unsolvable',
    cause: 'version-mismatch',
    when: [
      /\bResolutionImpossible\b/,
      /(?:these package versions have|because of) conflicting dependenc/,
      /Cannot install (?<name>[\w.-]+)[ =<>\w.,-]{0,120} because these package versions/,
      /(?:So, )?[Bb]ecause (?<name>[\w.-]+)\b.{0,120}(?:version solving failed|requirements are unsatisfiable|is forbidden|is incompatible)/,
      /version solving failed\b/,
      /Your requirements could not be resolved to an installable set of packages/,
      /Bundler could not find compatible versions for gem "(?<name>[\w-]+)"/,
      /Could not find compatible versions/,
      /No solution found when resolving dependencies/,
      /^(?<name>[\w.-]+) [\w.]+ has requirement (?<required>\S+), but you (?:have|'ll have) \S+ (?<actual>\d[\w.]*)/,
    ],
    strength: 0.93,
    explain: ({name}) =>
      `The wanted versions of packages contradict each other${name === undefined ? '' : ` (${name})`}.`,
    remedy: () => 'loosen one of the contradicting versions, or pin versions that are known to fit (a lock file)',
    examples: [
      'ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/',
      [
        'ERROR: Cannot install erp-sales and erp-stock because these package versions have conflicting dependencies.',
        {name: 'erp-sales'},
      ],
      'Your requirements could not be resolved to an installable set of packages.',
    ],
  },
  {
    id: 'managed-elsewhere',
    cause: 'config-invalid',
    when: /error: (?<name>externally-managed-environment)/,
    strength: 0.9,
    explain: () => 'pip may not install into the Python of the system.',
    remedy: () => 'python3 -m venv .venv && .venv/bin/pip install …, or install the package of the distribution',
    examples: [['error: externally-managed-environment', {name: 'externally-managed-environment'}]],
  },
];
