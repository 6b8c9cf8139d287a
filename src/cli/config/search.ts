import {homedir} from 'node:os';
import {basename, dirname, join, resolve} from 'node:path';
import {cosmiconfig} from 'cosmiconfig';
import {configPlaces, endings} from '../locate.js';
import {type ConfigFiles, realFiles} from './config-files.js';

export interface Found {
  readonly file: string;
  /** Other configurations in the same folder, which are not read. */
  readonly others: readonly string[];
}

/**
 * The nearest configuration: `from`, then the folders above it, up to the home folder (or the root when `from` lies
 * elsewhere). cosmiconfig decides per folder what is a configuration; reading is ours, because it passes over folders and
 * unreadable files of that name without a word, and knows no lines.
 */
export async function findConfig(
  from: string,
  {home = homeFolder(), files = realFiles}: {home?: string | null; files?: ConfigFiles} = {},
): Promise<Found | null> {
  const asText = (_file: string, content: string): unknown => content;
  const explorer = cosmiconfig('erp', {
    searchPlaces: [...configPlaces],
    searchStrategy: 'none',
    ignoreEmptySearchPlaces: false,
    cache: false,
    loaders: {
      noExt: asText,
      ...Object.fromEntries(endings.map((ending) => [`.${ending}`, asText])),
      // Of package.json only the key `erp` counts, so this one has to be looked into.
      '.json': (file: string, content: string): unknown =>
        basename(file) === 'package.json' ? parsed(content) : content,
    },
  });
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const present = await presentIn(folder, files);
    const unreadable = present.find((place) => place !== 'package.json');
    const result = await explorer.search(folder).catch((error: unknown) => {
      // A link that leads to itself, a disk that fails: `readText` says so in words.
      if (unreadable === undefined) throw error;
      return null;
    });
    const file = result === null ? (unreadable === undefined ? null : join(folder, unreadable)) : result.filepath;
    // A folder or an unreadable file that stands before what cosmiconfig found was meant to be the configuration.
    const first = unreadable === undefined ? file : firstOf(join(folder, unreadable), file, folder);
    if (first !== null) {
      return {
        file: first,
        others: present
          .map((place) => join(folder, place))
          .filter((other) => other !== first && basename(other) !== 'package.json'),
      };
    }
    if (folder === home || dirname(folder) === folder) return null;
  }
}

function homeFolder(): string | null {
  try {
    return homedir();
  } catch {
    return null; // no HOME and no entry in the passwd file: the search goes on to the root
  }
}

function firstOf(a: string, b: string | null, folder: string): string {
  if (b === null) return a;
  const rank = (file: string) => configPlaces.findIndex((place) => join(folder, place) === file);
  return rank(a) < rank(b) ? a : b;
}

async function presentIn(folder: string, files: ConfigFiles): Promise<string[]> {
  const list = async (path: string) => await files.list(path).catch(() => [] as string[]);
  const names = new Set(await list(folder));
  for (const inner of ['config', '.config']) {
    if (names.has(inner)) for (const name of await list(join(folder, inner))) names.add(`${inner}/${name}`);
  }
  return configPlaces.filter((place) => names.has(place));
}

/** A broken package.json is npm's business, not ours. */
function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return {};
  }
}
