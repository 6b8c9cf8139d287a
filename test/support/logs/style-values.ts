/** Draws a value of a kind. */
export type Draw = (kind: string) => string;

const users = 'root admin oracle test guest webmaster anna pgsql nagios ftpuser deploy mueller ubuntu git backup'.split(
  ' ',
);
const hosts =
  'mail.example.org proxy.corp.example cdn.example.net www.example.com update.example.com ns.wallner.test api.shop.test img.paper.test'.split(
    ' ',
  );
const apps =
  'com.shop.app com.android.systemui com.chat.client com.example.maps com.video.player com.bank.mobile'.split(' ');
const actions =
  'SCREEN_ON SCREEN_OFF TIME_TICK USER_PRESENT TIMEZONE_CHANGED BATTERY_LOW DATE_CHANGED LOCALE_CHANGED'.split(' ');
const words =
  'engine gasket valve lantern harbour willow meadow copper granite falcon ember cobalt orchid saffron'.split(' ');

export function drawer(random: () => number): Draw {
  const whole = (below: number): number => Math.floor(random() * below);
  const one = (list: readonly string[]): string => list[whole(list.length)] as string;
  const hex = (digits: number): string => Array.from({length: digits}, () => whole(16).toString(16)).join('');
  const ip = (): string => `10.${whole(250)}.${whole(250)}.${whole(250)}`;
  const two = (below: number): string => String(whole(below)).padStart(2, '0');
  const size = (): string =>
    one([`${whole(900) + 1}.0 B`, `${(random() * 900 + 1).toFixed(1)} KB`, `${(random() * 90 + 1).toFixed(1)} MB`]);
  const kinds: Readonly<Record<string, () => string>> = {
    n: () => String(whole(10 ** (1 + whole(5)))),
    small: () => String(whole(12)),
    big: () => String(1_000_000_000 + whole(900_000_000)),
    float: () => (random() * 100).toFixed(1),
    hex: () => hex(8),
    hex7: () => hex(7),
    '0x': () => `0x${hex(8 + whole(8))}`,
    ip,
    ipport: () => `${ip()}:${1024 + whole(60_000)}`,
    addr: () => `/${ip()}:${1024 + whole(60_000)}`,
    port: () => String(1024 + whole(60_000)),
    mac: () => Array.from({length: 6}, () => hex(2)).join(':'),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`,
    blk: () => `blk_${random() < 0.5 ? '-' : ''}${whole(9e15)}`,
    blks: () => Array.from({length: 1 + whole(5)}, () => `blk_${whole(9e15)}`).join(' '),
    nodes: () => Array.from({length: 1 + whole(3)}, () => `${ip()}:50010`).join(', '),
    job: () => `job_${whole(9e12)}_${String(whole(9999)).padStart(4, '0')}`,
    attempt: () => `attempt_${whole(9e12)}_0001_${one(['m', 'r'])}_00000${whole(9)}_0`,
    path: () => `/${one(words)}/${one(words)}/part-0000${whole(9)}`,
    dir: () => `/var/${one(words)}/${one(words)}`,
    file: () => `${one(words)}.${one(['txt', 'dat', 'cfg'])}`,
    winpath: () => `C:\\Windows\\${one(words)}\\amd64_${one(words)}_${hex(8)}\\${one(words)}.dll`,
    spaced: () => `C:\\Program Files\\${one(words)}\\${one(words)}.exe`,
    url: () => `https://${one(hosts)}/${one(words)}/${whole(900)}`,
    user: () => one(users),
    username: () => one(users),
    emptyuser: () => (random() < 0.7 ? '' : one(users)),
    host: () => one(hosts),
    hostport: () => `${one(hosts)}:${one(['80', '443', '8080'])}`,
    node: () => `node-${whole(256)}`,
    dn: () => `dn${whole(999)}`,
    rack: () => `R${two(80)}-M${whole(2)}-N${one(['0', '1', '4', '8', 'c', 'f'])}-C:J${two(18)}-U${two(12)}`,
    app: () => one(apps),
    activity: () =>
      `${one(apps)}/.${one(['ui', 'main', 'detail'])}.${one(['Home', 'Detail', 'Login', 'Cart'])}Activity`,
    record: () => `ActivityRecord{${hex(7)} u0 ${one(apps)}/.ui.${one(['Home', 'Detail'])}Activity t${whole(900)}}`,
    bool: () => one(['true', 'false']),
    ws: () => (random() < 0.6 ? 'null' : `WorkSource{${10_000 + whole(200)}}`),
    tag: () =>
      one(['"View Lock"', '"*launch*"', '"RIL_ACK"', '"NetworkStats"', '"AudioMix"', '"*alarm*"', '"Job run"']),
    action: () => `android.intent.action.${one(actions)}`,
    hashes: () => Array.from({length: 6}, () => whole(99_999)).join('##'),
    several: () => Array.from({length: 1 + whole(5)}, () => whole(9999)).join(' '),
    commas: () => Array.from({length: 1 + whole(4)}, () => whole(9999)).join(', '),
    size,
    unit: () => (random() < 0.5 ? '' : ` (${(random() * 90 + 1).toFixed(1)} ${one(['KB', 'MB'])})`),
    lifetime: () => (random() < 0.4 ? '<1 sec' : `${two(3)}:${two(60)}`),
    ms: () => `${whole(900)}${one(['ms', 'us'])}`,
    word: () => one(words),
    name: () => `${one(words)}${whole(90)}`,
    wordy: () => (random() < 0.5 ? one(words) : `${one(words)} ${one(words)}`),
    quoted: () => `"${one(words)}${random() < 0.5 ? '' : ` ${one(words)}`}"`,
    exe: () =>
      one(['chrome.exe', 'outlook.exe', 'Dropbox.exe', 'chrome.exe *64', 'git-remote-https.exe', 'SogouCloud.exe']),
    kb: () => `Package_for_KB${2_000_000 + whole(1_000_000)}~31bf3856ad364e35~amd64~~6.1.1.${whole(9)}`,
    core: () => `core.${whole(9999)}`,
    method: () => one(['GET', 'POST', 'PUT']),
    status: () => one(['200', '201', '404', '500']),
    table: () => one(['orders', 'customers', 'items', 'invoices', 'stock', 'users', 'prices', 'events']),
    iso: () => `2026-${two(11)}-${two(28)} ${two(24)}:${two(60)}:${two(60)}`,
  };
  return (kind) => {
    const value = kinds[kind];
    if (value === undefined) throw new Error(`no kind of value ${kind}`);
    return value();
  };
}
