import type {ServiceConfig} from '../../../lib/core/config/schema.js';

/** A service that `init` proposes: what goes into the file and what is said about it. */
export interface Proposal {
  readonly name: string;
  /** Where it was found: `Procfile:2`. */
  readonly source: string;
  readonly service: ServiceConfig;
  /** What could not be taken over, or what to look at; become comments. */
  readonly notes: readonly string[];
}

/** A name that the configuration accepts and nobody has yet. */
export function freeName(wanted: string, taken: Iterable<string>): string {
  const base =
    wanted
      .replace(/^@[^/]*\//, '')
      .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '')
      .slice(0, 60)
      .replace(/-+$/, '') || 'app';
  const lower = new Set([...taken].map((name) => name.toLowerCase()));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? base : `${base}-${number}`;
    if (!lower.has(name.toLowerCase())) return name;
  }
}

/** Gives every proposal a name of its own and returns the renaming that `dependsOn` has to follow. */
export function renamed(proposals: readonly Proposal[]): Proposal[] {
  const names = new Map<string, string>();
  for (const {name} of proposals) names.set(name, freeName(name, names.values()));
  const follow = (other: string) => names.get(other) ?? other;
  return proposals.map((proposal) => {
    const {dependsOn} = proposal.service;
    return {
      ...proposal,
      name: follow(proposal.name),
      service:
        dependsOn === undefined ? proposal.service : {...proposal.service, dependsOn: [dependsOn].flat().map(follow)},
    };
  });
}

/** `PORT=3000`, `--port 3000`, `--port=3000`, `-p 3000`, `:3000` */
export function portIn(text: string): number | null {
  const match =
    /(?:^|\s)PORT=(\d{2,5})\b|--(?:http-)?port[= ](\d{2,5})\b|\s-p[= ]?(\d{2,5})\b|(?:0\.0\.0\.0|127\.0\.0\.1|localhost):(\d{2,5})\b/.exec(
      text,
    );
  const port = Number(match?.slice(1).find(Boolean) ?? 0);
  return port >= 1 && port <= 65_535 ? port : null;
}
