import {Document, isCollection, isMap, isScalar, type Pair, type Scalar, type YAMLMap} from 'yaml';

export interface YamlFile {
  /** Lines at the top, without `#`. */
  readonly header: readonly string[];
  readonly content: Readonly<Record<string, unknown>>;
  /** Comments before a key, by path: `services.backend`. */
  readonly comments: Readonly<Record<string, readonly string[]>>;
  /** Lines at the end, without `#`. */
  readonly footer?: readonly string[];
}

/** A configuration as a person would write it: commands and short lists on one line, a comment where something is to say. */
export function writeYaml({header, content, comments, footer = []}: YamlFile): string {
  const document = new Document(content, {version: '1.2'});
  visit(document.contents as unknown as YAMLMap, [], comments);
  const body = document.toString({lineWidth: 0, flowCollectionPadding: false});
  const comment = (lines: readonly string[]) =>
    lines
      .flatMap((line) => line.split('\n'))
      .map((line) => `# ${line}`.trimEnd() + '\n')
      .join('');
  return `${comment(header)}\n${body}${footer.length === 0 ? '' : `\n${comment(footer)}`}`;
}

const groups = new Set(['services', 'portForwards', 'connection', 'logging', 'machine', 'defaults']);

function visit(map: YAMLMap, path: readonly string[], comments: YamlFile['comments']): void {
  map.items.forEach((item, index) => {
    const pair = item as Pair<Scalar<string>>;
    const here = [...path, pair.key.value];
    const said = comments[here.join('.')];
    if (said !== undefined) pair.key.commentBefore = said.map((line) => ` ${line}`).join('\n');
    // Air between services, and between the groups of the file.
    if (index > 0 && path.length <= 1 && isCollection(pair.value)) pair.key.spaceBefore = true;
    const value = pair.value;
    if (!isCollection(value)) return;
    const isOpen = here.length <= 2 && groups.has(here[0] ?? '');
    const short = JSON.stringify(value.toJSON()).length <= 90;
    if (!isOpen && short && here.at(-1) !== 'env') value.flow = true;
    else if (isMap(value)) visit(value, here, comments);
    if (value.flow === true) quoteInFlow(value);
  });
}

/** `{port}` without quotes is a group of keys inside `[…]` and `{…}`. */
function quoteInFlow(collection: {items: unknown[]}): void {
  for (const item of collection.items) {
    const value = isScalar(item) ? item : (item as Pair).value;
    if (isScalar(value) && typeof value.value === 'string' && /[{}[\],]/.test(value.value)) value.type = 'QUOTE_DOUBLE';
    else if (isCollection(value)) quoteInFlow(value);
  }
}
