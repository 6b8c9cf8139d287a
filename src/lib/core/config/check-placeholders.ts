import type {Checking} from './check-report.js';
import {editDistance, nearest} from './nearest.js';
import {placeholdersIn, serviceOfPlaceholder} from './placeholders.js';
import type {ConfigPath} from './problems.js';

/** Places whose braces can mean nothing else: an unknown word there is a mistake. */
const strict = new Set(['health', 'probe', 'liveness', 'readiness', 'http', 'tcp', 'url']);

/** Read before there is a port, or handed over as they are. */
const withoutPorts = new Set(['cwd', 'envFile', 'headers']);

/** @param constants names that `resolve.ts` replaces for good: node, and demo in the built-in demo */
export function checkPlaceholders(checks: Checking, constants: readonly string[]): void {
  for (const [name, service] of checks.services) {
    for (const [path, text] of textsOf(service, ['services', name])) {
      // `log:` is a regular expression: {3} and {n} are quantifiers there.
      if (path.at(-1) === 'log') continue;
      for (const placeholder of placeholdersIn(text)) {
        const said = judge(checks, name, placeholder, {
          constants,
          isStrict: path.some((part) => strict.has(String(part))),
          ports: !path.some((part) => withoutPorts.has(String(part))),
        });
        if (said !== null) {
          checks.report(path, said.sentence, {
            nearest: said.nearest,
            allowed: '{port}, {services.NAME.port}, {portForwards.NAME.port}, {node}; {{word}} for the text {word}',
          });
        }
      }
    }
  }
}

interface Judgement {
  readonly sentence: string;
  readonly nearest: string | null;
}

function judge(
  checks: Checking,
  own: string,
  placeholder: string,
  {constants, isStrict, ports}: {constants: readonly string[]; isStrict: boolean; ports: boolean},
): Judgement | null {
  const all = checks.config.services ?? {};
  const withPort = Object.keys(all).filter((name) => all[name]?.port !== undefined);
  if (!ports && (placeholder === 'port' || serviceOfPlaceholder(placeholder) !== null)) {
    return {sentence: `{${placeholder}} can't stand here: ports are not filled in at this place`, nearest: null};
  }
  if (placeholder === 'port') {
    return all[own]?.port === undefined ? {sentence: `{port}: ${own} has no port`, nearest: null} : null;
  }
  if (constants.includes(placeholder)) return null;
  if (placeholder === 'demo') return {sentence: '{demo} is known in the built-in demo only', nearest: null};
  const forwards = Object.keys(checks.config.portForwards ?? {});
  const other = serviceOfPlaceholder(placeholder);
  if (other !== null) return judgeOther(placeholder, other, {services: Object.keys(all), withPort, forwards});
  const known = ['port', ...constants];
  const wanted = [
    ...known,
    ...withPort.map((name) => `services.${name}.port`),
    ...forwards.map((name) => `portForwards.${name}.port`),
  ];
  const near = nearest(placeholder, wanted);
  // In commands and variables a word in braces may be meant for the program (`awk {print}`): only a slip of the keys counts.
  const slip =
    /^(services?|portForwards?)\./.test(placeholder) ||
    known.some((word) => word.length > 3 && editDistance(word, placeholder.toLowerCase()) <= 1);
  if (!isStrict && !slip) return null;
  return {sentence: `{${placeholder}} is no placeholder`, nearest: near === null ? null : `{${near}}`};
}

/** Of `services.NAME.port` and `portForwards.NAME.port`. */
function judgeOther(
  placeholder: string,
  name: string,
  {services, withPort, forwards}: Readonly<Record<'services' | 'withPort' | 'forwards', readonly string[]>>,
): Judgement | null {
  const ofForward = placeholder.startsWith('portForwards.');
  const [group, names, otherGroup, otherNames] = ofForward
    ? (['portForwards', forwards, 'services', withPort] as const)
    : (['services', withPort, 'portForwards', forwards] as const);
  if (names.includes(name)) return null;
  if (otherNames.includes(name)) {
    const kind = ofForward ? 'service' : 'port-forward';
    return {sentence: `{${placeholder}}: ${name} is a ${kind}`, nearest: `{${otherGroup}.${name}.port}`};
  }
  const near = nearest(name, names);
  const kind = ofForward ? 'port-forward' : 'service';
  return {
    sentence:
      !ofForward && services.includes(name)
        ? `{${placeholder}}: ${name} has no port`
        : `{${placeholder}}: no ${kind} ${name}`,
    nearest: near === null ? null : `{${group}.${near}.port}`,
  };
}

function* textsOf(value: unknown, path: ConfigPath): Generator<[ConfigPath, string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) for (const [index, inner] of value.entries()) yield* textsOf(inner, [...path, index]);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* textsOf(inner, [...path, key]);
  }
}
