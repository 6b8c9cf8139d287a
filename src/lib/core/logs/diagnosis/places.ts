import type {Context, Subject} from './rule.js';

/** The innermost place in somebody's own code. */
export function placeIn(line: string, {block, near}: Pick<Context, 'block' | 'near'>): Subject {
  const texts = [...block, line, ...near];
  const found: {file: string; line: number}[] = [];
  for (const text of texts) {
    const match =
      /File "([^"]{1,300})", line (\d+)/.exec(text) ??
      /\(?((?:file:\/\/)?(?:[A-Za-z]:)?[/\\][^\s():]{1,300}\.(?:[cm]?[jt]sx?|vue|rb|php|go|py|rs|pl|lua)):(\d+)/.exec(
        text,
      ) ??
      /\bin ((?:[A-Za-z]:)?[/\\][^\s:]{1,300}\.\w{1,5})(?:\((\d+)\)|:(\d+)| on line (\d+))/.exec(text) ??
      /^\s*at [\w.$<>/]+\(([\w$]+\.(?:java|kt|scala)):(\d+)\)/.exec(text) ??
      /^\s*at .{1,200} in ([^\s].{1,200}\.cs):line (\d+)/.exec(text) ??
      /(?:^|\s)([\w./\\-]+\.(?:[cm]?[jt]sx?|py|rb|php|go|java|c|cc|cpp|h|rs|pl|sh|lua|sql)):(\d+)(?::\d+)?/.exec(
        text,
      ) ??
      /\bat ([\w./-]+\.(?:pl|pm)) line (\d+)/.exec(text);
    if (match !== null)
      found.push({
        file: (match[1] as string).replace(/^file:\/\//, ''),
        line: Number(match[2] ?? match[3] ?? match[4]),
      });
  }
  const own = found.filter(
    ({file}) =>
      !/site-packages|dist-packages|\.(?:pyx|pxi)$|node_modules|^node:|internal\/|\/usr\/lib\/|\/lib\/python|<frozen|runtime\/|\/usr\/local\/go|\/usr\/share\/|gems\/|vendor\/|\.cargo/.test(
        file,
      ),
  );
  const isPython = texts.some((text) => /^\s+File "/.test(text));
  const best = isPython ? own.at(-1) : own[0];
  return best === undefined ? {} : {file: best.file, line: best.line};
}

/** Where it does not parse: the last file that is named, which is not the one that imports it. */
export function sourcePlace(line: string, context: Context): Subject {
  const head = context.near
    .slice(0, Math.max(0, context.near.indexOf(line)))
    .map((text) => /^(?:file:\/\/)?((?:[A-Za-z]:)?[\\/][^\s:]{1,300}):(\d+)$/.exec(text))
    .findLast((match) => match !== null);
  // Node shows the place above the message.
  if (head !== undefined) return {file: head[1] as string, line: Number(head[2])};
  const texts = [line, ...context.block.toReversed(), ...context.near.toReversed()];
  for (const text of texts) {
    const match =
      /File "([^"]{1,300})", line (\d+)/.exec(text) ??
      /^ERROR in ([^\s:]{1,300}) (\d+):\d+/.exec(text) ??
      /^\s*[,╭][-─]\[([^\s:\]]{1,300}):(\d+):\d+\]/.exec(text) ??
      /^\s*(?:file:\/\/)?((?:[A-Za-z]:)?[^\s:()'"]{1,300}\.(?:[cm]?[jt]sx?|vue|py|rb|php|go|java|c|cc|cpp|h|rs|pl|lua|sh|ts|sql|css|scss|html)):(\d+)/.exec(
        text,
      ) ??
      /\bin (?:file )?((?:[A-Za-z]:)?[^\s:]{1,300}\.\w{1,5})(?: on line |:)(\d+)/.exec(text) ??
      /([\w./-]+\.(?:sh|bash|[cm]?[jt]sx?|py|rb|pl|pm|php|go|rs|c|java))(?::| line | at line |: line |\()(\d+)/.exec(
        text,
      );
    if (match !== null && !/node:internal|node_modules\/(?!\.)|site-packages|<frozen/.test(match[1] as string))
      return {file: match[1] as string, line: Number(match[2])};
  }
  return {};
}
