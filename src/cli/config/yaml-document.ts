import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import type {ConfigPath, Position} from '../../lib/core/config/problems.js';
import {type ParsedDocument, type Place, placesToLookup, syntaxProblem, TextPlaces} from './document.js';

/** YAML 1.2 with merge keys (`<<: *shared`): anchors spare repetition where many services are alike. */
export function parseYaml(text: string): ParsedDocument {
  const places = new TextPlaces(text);
  const document = parseDocument(text, {prettyErrors: false, uniqueKeys: true, merge: true, version: '1.2'});
  const [error] = document.errors;
  if (error !== undefined) {
    const {message, allowed} = explain(error, text);
    return failed(message, places.at(...wordAt(text, error)), allowed);
  }
  try {
    // The limit stops documents that unfold to billions of elements.
    const data: unknown = document.toJS({maxAliasCount: 1000});
    return {data, problems: [], position: placesToLookup(placesOf(document), places)};
  } catch (cause) {
    return failed(lowerFirst(cause instanceof Error ? cause.message : String(cause)), null, null);
  }
}

const failed = (message: string, position: Position | null, allowed: string | null): ParsedDocument => ({
  data: undefined,
  problems: [syntaxProblem(message, position, allowed)],
  position: () => null,
});

/** What the parser's words mean for somebody who has never read the YAML specification. */
function explain(error: YAMLError, text: string): {message: string; allowed: string | null} {
  const line = text.slice(text.lastIndexOf('\n', error.pos[0] - 1) + 1, error.pos[0] + 1);
  if (error.code === 'TAB_AS_INDENT' || /^\s*\t/.test(line)) {
    return {message: 'a tab: YAML is indented with spaces only', allowed: 'two spaces for each level'};
  }
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return {message: 'this key stands here twice', allowed: 'each key once'};
    case 'BAD_INDENT':
      if (/end with a/.test(error.message)) return {message: 'a bracket above is not closed', allowed: null};
      return {message: 'the indentation fits no level above', allowed: 'the keys of a group begin in one column'};
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        message: 'the indentation is wrong, or a text with ": " in it lacks quotes',
        allowed: 'the keys of a group in one column; key: "text: with a colon"',
      };
    case 'MULTIPLE_DOCS':
      return {message: 'a second document begins (---)', allowed: 'one document in a file'};
    case 'BAD_ALIAS':
      return {
        message: 'an alias (*name) that no anchor (&name) defines',
        allowed: '&name before *name; "*" in quotes for the character',
      };
    case 'MISSING_CHAR':
      return {
        message: /closing|quote/i.test(error.message) ? 'a quote or bracket is not closed' : lowerFirst(error.message),
        allowed: null,
      };
    default:
      return {message: lowerFirst(error.message).replace(/\.$/, ''), allowed: null};
  }
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/** The parser often marks one character; a caret under the whole word is easier to find. */
function wordAt(text: string, {code, pos: [from, end]}: YAMLError): [number, number] {
  let start = from;
  // A wrong indentation is reported before its line begins.
  if (code === 'BAD_INDENT') while (/[ \n\r]/.test(text[start] ?? '')) start += 1;
  const word = /[\w$-]*/y;
  word.lastIndex = start;
  const length = word.exec(text)?.[0].length ?? 0;
  return [start, Math.max(end, start + length)];
}

function* placesOf(document: Document): Generator<Place> {
  const visit = function* (
    node: unknown,
    path: ConfigPath,
    key: readonly [number, number] | null,
    seen: readonly unknown[],
  ): Generator<Place> {
    const real = isAlias(node) ? node.resolve(document) : node;
    const range = rangeOf(node) ?? key;
    if (range !== null) yield {path, key, value: range};
    if (seen.includes(real)) return; // an anchor within itself
    if (isSeq(real)) {
      for (const [index, item] of real.items.entries()) yield* visit(item, [...path, index], null, [...seen, real]);
    } else if (isMap(real)) {
      const own = real.items.filter((pair) => !isMerge(pair));
      // What is merged in stands elsewhere; an own key of the same name hides it, so it comes later and wins.
      for (const pair of real.items.filter(isMerge)) {
        for (const source of isSeq(pair.value) ? pair.value.items : [pair.value])
          yield* visit(source, path, key, [...seen, real]);
      }
      if (range !== null && real.items.some(isMerge)) yield {path, key, value: range};
      for (const pair of own) {
        yield* visit(pair.value, [...path, keyText(pair)], rangeOf(pair.key), [...seen, real]);
      }
    }
  };
  yield* visit(document.contents, [], null, []);
}

/** The library marks a merge key with a symbol of that name. */
const isMerge = ({key}: Pair) =>
  isScalar(key) && (typeof key.value === 'symbol' ? key.value.description === '<<' : key.value === '<<');
const keyText = (pair: Pair) => String(isScalar(pair.key) ? pair.key.value : pair.key);

function rangeOf(node: unknown): [number, number] | null {
  const range = (node as Node | null | undefined)?.range;
  return range == null || range[1] <= range[0] ? null : [range[0], range[1]];
}
