import {
  backOffJitter,
  connectionDefaults,
  type Default,
  explainDefaults,
  forwardDefaults,
  ifRunningDefault,
  jobDefaults,
  loggingDefaults,
  machineDefaults,
  onPermanentDefault,
  policyDefaults,
  probeDefaults,
  projectDefaults,
  serviceDefaults,
  watchdogDefaults,
} from './defaults.js';
import {keyHelp} from './key-help.js';

type Defaults = Readonly<Record<string, Default<unknown>>>;

const sections: readonly {title: string; help: Readonly<Record<string, string>>; defaults: Defaults}[] = [
  {title: 'Top level', help: keyHelp.project, defaults: projectDefaults},
  {title: '`services.NAME`', help: keyHelp.service, defaults: {...serviceDefaults, ifRunning: ifRunningDefault}},
  {title: '`services.NAME` and `defaults`', help: keyHelp.policy, defaults: policyDefaults},
  {title: '`port`', help: keyHelp.port, defaults: {any: serviceDefaults.any, addresses: serviceDefaults.addresses}},
  {title: '`probe`, `health`, `liveness`, `readiness`', help: keyHelp.probe, defaults: probeDefaults},
  {
    title: '`hooks`',
    help: keyHelp.hooks,
    defaults: {timeout: serviceDefaults['hooks.timeout'], onCrash: serviceDefaults['hooks.onCrash']},
  },
  {title: '`stop`', help: keyHelp.stop, defaults: {signal: serviceDefaults.stop}},
  {title: '`logging`', help: keyHelp.logging, defaults: loggingDefaults},
  {title: '`machine`', help: keyHelp.machine, defaults: machineDefaults},
  {title: '`explain`', help: keyHelp.explain, defaults: explainDefaults},
  {title: '`portForwards.NAME`', help: keyHelp.forward, defaults: forwardDefaults},
  {title: '`connection`', help: keyHelp.connection, defaults: connectionDefaults},
];

/** Every key with its default and the reason for it, as Markdown: the generated part of docs/reference/configuration.md. */
export function referenceTables(): string {
  const tables = sections.map(({title, help, defaults}) =>
    [
      `### ${title}`,
      '',
      '| key | meaning | default | because |',
      '| --- | --- | --- | --- |',
      ...Object.entries(help).map(([key, meaning]) => {
        const known = defaults[key];
        return `| \`${key}\` | ${cell(meaning)} | ${known === undefined ? '–' : `\`${shown(known.value)}\``} | ${known === undefined ? '' : cell(known.reason)} |`;
      }),
    ].join('\n'),
  );
  const others = [
    `- \`kind: job\`: \`restart\` is \`${jobDefaults.restart.value}\`, because ${jobDefaults.restart.reason}.`,
    `- \`erp watchdog\`: \`afterBudget\` is \`${watchdogDefaults.afterBudget.value}\`, because ${watchdogDefaults.afterBudget.reason}.`,
    `- \`restart: {onPermanent}\` is \`${onPermanentDefault.value}\`, because ${onPermanentDefault.reason}.`,
    `- \`backOff\` spreads by ±${backOffJitter.value * 100} %, because ${backOffJitter.reason}.`,
  ];
  return `${tables.join('\n\n')}\n\n### Where defaults differ\n\n${others.join('\n')}\n`;
}

const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
const shown = (value: unknown): string =>
  Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : typeof value === 'string' ? value : JSON.stringify(value);
