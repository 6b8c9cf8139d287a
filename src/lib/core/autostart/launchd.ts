import {type Autostart, type AutostartFacts, shellWord, unitName, words} from './facts.js';

/**
 * An agent of the user (or, for root, a daemon of the machine) that runs at login and each minute. launchd ends what is
 * left of a job's process group when its program ends: `AbandonProcessGroup` forbids that.
 */
export function launchdAgent(facts: AutostartFacts): Autostart {
  const name = unitName(facts);
  const folder = facts.isRoot ? '/Library/LaunchDaemons' : `${facts.home}/Library/LaunchAgents`;
  const path = `${folder}/${name}.plist`;
  const content = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    `  <key>Label</key><string>${xml(name)}</string>`,
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...words(facts, 'start', '--ensure').map((word) => `    <string>${xml(word)}</string>`),
    '  </array>',
    '  <key>EnvironmentVariables</key>',
    `  <dict><key>PATH</key><string>${xml(facts.path)}</string></dict>`,
    ...(facts.isRoot ? [`  <key>UserName</key><string>${xml(facts.user)}</string>`] : []),
    '  <key>RunAtLoad</key><true/>',
    '  <key>StartInterval</key><integer>60</integer>',
    '  <key>AbandonProcessGroup</key><true/>',
    '</dict>',
    '</plist>',
    '',
  ].join('\n');
  const domain = facts.isRoot ? 'system' : 'gui/$(id -u)';
  const text = [
    'set -e',
    `mkdir -p ${shellWord(folder)}`,
    `cat >${shellWord(path)} <<'EOF'`,
    `${content}EOF`,
    `launchctl bootstrap ${domain} ${shellWord(path)}`,
    '',
  ].join('\n');
  return {
    scheduler: 'launchd',
    name,
    files: [{path, content}],
    text,
    advice: ['put in place: erp autostart launchd | sh', `away again: launchctl bootout ${domain}/${name}`],
  };
}

const xml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
