import {type Autostart, type AutostartFacts, type AutostartFile, shellWord, unitName, words} from './facts.js';

/**
 * Three units. The service is a `oneshot` that remains: systemd starts nothing again and ends nothing by itself, that is
 * erp's work; it knows only how to bring up, how to look, and how to take down in order.
 *
 * - `KillMode=process`: whatever else lives in the unit's cgroup is services; a supervisor that dies, or a start of which
 *   one service fails, must not take the others along.
 * - A service that failed (4, 5) or is late (9) is no failure of the unit: erp goes on with it.
 * - The timer's look is a *reload* of that unit, because what a reload starts lives in the same cgroup; in a unit of its
 *   own systemd would end the new supervisor together with the look.
 * - `stop --for-now`: a shutdown, or `systemctl stop`, is no wish that services stay down after the next start.
 */
export function systemdUnits(facts: AutostartFacts): Autostart {
  const name = unitName(facts);
  const scope = facts.isRoot ? '' : '--user ';
  const folder = facts.isRoot ? '/etc/systemd/system' : `${facts.home}/.config/systemd/user`;
  const title = escaped(`${facts.name} (${facts.projectDir})`.replaceAll(/\p{Cc}/gu, ' '));
  const ensure = command(facts, 'start', '--ensure');
  const service = [
    '[Unit]',
    `Description=erp ${title}`,
    ...(facts.isRoot ? ['Wants=network-online.target', 'After=network-online.target'] : []),
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    ...(facts.isRoot ? [`User=${facts.user}`] : []),
    `Environment=${quoted(`PATH=${facts.path}`)}`,
    `ExecStart=${ensure}`,
    `ExecReload=-${ensure}`,
    `ExecStop=${command(facts, 'stop', '--for-now')}`,
    'SuccessExitStatus=4 5 9',
    'KillMode=process',
    'TimeoutStopSec=150',
    'LogLevelMax=notice',
    '',
    '[Install]',
    `WantedBy=${facts.isRoot ? 'multi-user.target' : 'default.target'}`,
    '',
  ];
  const look = [
    '[Unit]',
    `Description=erp ${title}: look after the supervisor`,
    '',
    '[Service]',
    'Type=oneshot',
    `ExecStart=systemctl ${scope}try-reload-or-restart ${name}.service`,
    'LogLevelMax=notice',
    '',
  ];
  const timer = [
    '[Unit]',
    `Description=erp ${title}: each minute`,
    '',
    '[Timer]',
    'OnActiveSec=1min',
    'OnUnitActiveSec=1min',
    'AccuracySec=10s',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ];
  const files: AutostartFile[] = [
    {path: `${folder}/${name}.service`, content: service.join('\n')},
    {path: `${folder}/${name}-look.service`, content: look.join('\n')},
    {path: `${folder}/${name}-look.timer`, content: timer.join('\n')},
  ];
  return {
    scheduler: 'systemd',
    name,
    files,
    text: script(facts, files, scope, name),
    advice: advice(facts, scope, name),
  };
}

/** A script that puts them in place: to be read, and then piped into a shell. */
function script({isRoot}: AutostartFacts, files: readonly AutostartFile[], scope: string, name: string): string {
  return [
    'set -e',
    `mkdir -p ${shellWord(folderOf(files))}`,
    ...files.flatMap(({path, content}) => [`cat >${shellWord(path)} <<'EOF'`, `${content}EOF`]),
    // Without it a user's units end with the last session and wait for the next login.
    ...(isRoot ? [] : ['loginctl enable-linger']),
    `systemctl ${scope}daemon-reload`,
    `systemctl ${scope}enable --now ${name}.service ${name}-look.timer`,
    '',
  ].join('\n');
}

const folderOf = (files: readonly AutostartFile[]): string => (files[0]?.path ?? '').replace(/\/[^/]*$/, '');

function advice({isRoot, user}: AutostartFacts, scope: string, name: string): string[] {
  return [
    'put in place: erp autostart systemd | sh',
    `then: systemctl ${scope}status ${name}; away again: systemctl ${scope}disable --now ${name}.service ${name}-look.timer`,
    ...(isRoot
      ? [`services run as ${user}, the owner of the project; without root it is a unit of that user alone`]
      : []),
  ];
}

const command = (facts: AutostartFacts, ...what: readonly string[]): string =>
  words(facts, ...what)
    .map((word) => quoted(word.replaceAll('$', '$$$$')))
    .join(' ');

/** A word of a unit file: C escapes, and `%` begins a specifier. */
function quoted(word: string): string {
  if (/^[A-Za-z0-9_@+=:,./-]+$/.test(word)) return word;
  return `"${escaped(word).replaceAll('"', String.raw`\"`)}"`;
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('%', '%%');
