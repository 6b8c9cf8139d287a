import {type Command, Help} from '@oclif/core';
import {bold} from './render/colour.js';
import type {View} from './render/table.js';
import {hanging, indented} from './render/table.js';
import {cellWidth} from './render/width.js';
import {viewOf} from './terminal.js';

/** `erp --help`, `erp COMMAND --help`, `erp TOPIC --help`: one page each, in our own layout. */
export default class ErpHelp extends Help {
  // oclif calls these by their names.
  override async showRootHelp(): Promise<void> {
    this.#show(rootHelp(this.#view()));
  }

  override async showCommandHelp(command: Command.Loadable): Promise<void> {
    this.#show(commandHelp(command, this.#view()));
  }

  override async showTopicHelp(topic: {readonly name: string; readonly description?: string}): Promise<void> {
    const commands = this.sortedCommands.filter(({id}) => id.startsWith(`${topic.name}:`));
    this.#show(topicHelp(topic, commands, this.#view()));
  }

  #view(): View {
    const view = viewOf(process.stdout, undefined);
    return {...view, columns: Math.min(view.columns ?? 80, 100)};
  }

  #show(lines: readonly string[]): void {
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
}

const last = 'erp COMMAND --help has examples, exit codes and variables. Everywhere: --json';

/** What exists, by what one wants to do. A test holds it against the commands. */
export const commandGroups: readonly (readonly [string, readonly string[]])[] = [
  ['RUN', ['start', 'stop', 'restart', 'watchdog', 'attach', 'monitor-connection', 'supervisor']],
  ['LOOK', ['status', 'ports', 'port', 'url', 'logs', 'ls']],
  ['SET UP', ['config', 'autostart', 'demo']],
];

function rootHelp(view: View): string[] {
  return [
    'Keeps an ERP system running on this machine and says why when it does not.',
    '  $ erp start      start everything in order, watch it, restart it',
    '  $ erp status     what runs, what does not, and why',
    '',
    ...commandGroups.flatMap(([title, names]) => section(title, names.join(' '), view)),
    '',
    ...indented(last, 0, view.columns),
  ];
}

function topicHelp(
  {name, description}: {readonly name: string; readonly description?: string},
  commands: readonly Command.Loadable[],
  view: View,
): string[] {
  const rows = commands.map(({id, summary}): [string, string] => [`erp ${spaced(id)}`, summary ?? '']);
  return [
    ...indented(sentence(description ?? name), 0, view.columns),
    '',
    ...table(rows, view),
    '',
    ...indented(last, 0, view.columns),
  ];
}

type Flag = Command.Flag.Cached & {
  readonly type: 'boolean' | 'option';
  readonly allowNo?: boolean;
  readonly default?: unknown;
  readonly options?: readonly string[];
  readonly helpValue?: string | readonly string[];
};

export function commandHelp(command: Command.Loadable, view: View): string[] {
  const id = spaced(command.id);
  const {text, exits} = describedBy(command.description ?? '');
  const examples = (command.examples ?? []).filter((example) => typeof example === 'string');
  const flags = Object.values(command.flags as Readonly<Record<string, Flag>>).filter(({hidden}) => hidden !== true);
  const args = Object.values(command.args);
  return [
    ...indented(sentence(command.summary ?? ''), 0, view.columns),
    ...examples.flatMap((example) => hanging('  $ ', 4, filledIn(example, id), view.columns)),
    ...(text === '' ? [] : ['', ...indented(text, 0, view.columns)]),
    '',
    ...usageOf(command, id).flatMap((usage, index) => section(index === 0 ? 'USAGE' : '', usage, view)),
    ...(args.length === 0
      ? []
      : [
          '',
          ...table(
            args.map((arg): [string, string] => [arg.name.toUpperCase(), arg.description ?? '']),
            view,
          ),
        ]),
    ...groupsOf(flags).flatMap(([title, members]) => [
      '',
      view.paint(bold, title),
      ...table(
        members.map((flag): [string, string] => [labelOf(flag), explained(flag)]),
        view,
      ),
    ]),
    '',
    ...section('EXIT', exits ?? '', view),
    ...section('ENV', variablesOf(flags).join(' '), view),
  ];
}

/** The first name that a flag without a group has, then ours in their order. */
function groupsOf(flags: readonly Flag[]): [string, Flag[]][] {
  const everywhere = 'FLAGS OF EVERY COMMAND';
  const groups = new Map<string, Flag[]>();
  const titleOf = ({helpGroup}: Flag) =>
    helpGroup === undefined
      ? 'FLAGS'
      : helpGroup === 'PROJECT' || helpGroup === 'GLOBAL'
        ? everywhere
        : `FLAGS: ${helpGroup}`;
  for (const flag of flags) groups.set(titleOf(flag), [...(groups.get(titleOf(flag)) ?? []), flag]);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b));
}

const rank = (title: string) => (title === 'FLAGS' ? 0 : title.startsWith('FLAGS:') ? 1 : 2);

/** `-n, --lines N`, `--color, --no-color`, `--output text|jsonl` */
function labelOf({name, char, type, allowNo, helpValue, options}: Flag): string {
  const value = type === 'boolean' ? '' : ` ${options?.join('|') ?? [helpValue ?? 'VALUE'].flat().join(' ')}`;
  const both = allowNo === true ? `, --no-${name}` : '';
  return `${char === undefined ? '    ' : `-${char}, `}--${name}${both}${value}`;
}

function explained(flag: Flag): string {
  const {description = ''} = flag;
  const preset = flag.default as string | number | boolean | undefined;
  const text = flag.name === 'json' ? 'one JSON document on stdout, errors too' : description;
  const known = flag.type === 'boolean' || preset === undefined || text.includes('default');
  return known ? text : `${text} (default: ${String(preset)})`;
}

/** What can be said in the environment too; every flag of the policy has its variable (config/overrides.ts). */
export function variablesOf(flags: readonly Pick<Flag, 'name' | 'env' | 'helpGroup'>[]): string[] {
  return flags.flatMap(({name, env, helpGroup}) => {
    if (env !== undefined) return [env];
    return helpGroup === 'SUPERVISION' ? [`ERP_${name.replaceAll('-', '_').toUpperCase()}`] : [];
  });
}

function usageOf(command: Command.Loadable, id: string): string[] {
  const {args, strict} = command;
  const {usage} = command;
  if (usage !== undefined) return [usage].flat().map((line: string) => `erp ${line}`);
  const words = Object.values(args).map(({name, required}) => {
    const word = `${name.toUpperCase()}${strict === false ? '…' : ''}`;
    return required === true ? word : `[${word}]`;
  });
  return [['erp', id, ...words, '[FLAGS]'].join(' ')];
}

/** A description ends with its exit codes. */
function describedBy(description: string): {text: string; exits: string | null} {
  const flowing = (text: string) => text.replaceAll(/\s*\n\s*/g, ' ').trim();
  const [text = '', exits] = description.split(/Exit codes:|^EXIT /m);
  return {text: flowing(text), exits: exits === undefined ? null : flowing(exits).replace(/\.$/, '')};
}

function section(title: string, text: string, view: View): string[] {
  return text === '' ? [] : hanging(view.paint(bold, title.padEnd(8)), 8, text, view.columns);
}

/** Labels that are too long stand above their text. */
function table(rows: readonly (readonly [string, string])[], view: View): string[] {
  const widest = 34;
  const width = Math.max(...rows.map(([label]) => cellWidth(label)).filter((cells) => cells <= widest));
  return rows.flatMap(([label, text]) =>
    cellWidth(label) > width
      ? [`  ${label}`, ...hanging(' '.repeat(width + 4), width + 4, text, view.columns)]
      : hanging(`  ${label.padEnd(width)}  `, width + 4, text, view.columns),
  );
}

const spaced = (id: string) => id.replaceAll(':', ' ');

const filledIn = (example: string, id: string) =>
  example.replaceAll('<%= config.bin %>', 'erp').replaceAll('<%= command.id %>', id);

/** A summary in a list begins small and has no full stop; as the first line of a page it is a sentence. */
const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
