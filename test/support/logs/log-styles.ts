import {randomOf} from './service-log.js';

/** Lines in the style of one program, with the true template of each. */
export interface StyledLog {
  readonly lines: readonly string[];
  readonly templates: readonly string[];
}

export interface LogStyle {
  readonly name: string;
  readonly header: (draw: Draw, at: number) => string;
  /** How often, and what: `{kind}` is a value. */
  readonly messages: readonly (readonly [number, string])[];
}

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

const pad = (value: number, digits = 2): string => String(value).padStart(digits, '0');
const clock = (at: number): string =>
  `${pad(Math.floor(at / 3600) % 24)}:${pad(Math.floor(at / 60) % 60)}:${pad(at % 60)}`;
const among = (draw: Draw, list: readonly string[]): string =>
  list[Number.parseInt(draw('hex7').slice(0, 4), 16) % list.length] as string;

/** Writes a log of a style. Each message comes at least once: rare templates count, too. */
export function styledLog(style: LogStyle, seed: number, size = 1500): StyledLog {
  const random = randomOf(seed);
  const draw = drawer(random);
  const total = style.messages.reduce((sum, [weight]) => sum + weight, 0);
  const picks = style.messages.map((_, index) => index);
  while (picks.length < size) {
    let left = random() * total;
    picks.push(
      Math.max(
        0,
        style.messages.findIndex(([weight]) => (left -= weight) < 0),
      ),
    );
  }
  for (let i = picks.length - 1; i > 0; i -= 1) {
    const other = Math.floor(random() * (i + 1));
    [picks[i], picks[other]] = [picks[other] as number, picks[i] as number];
  }
  const lines: string[] = [];
  const templates: string[] = [];
  for (const [at, pick] of picks.entries()) {
    const message = (style.messages[pick] as readonly [number, string])[1];
    lines.push(style.header(draw, 36_000 + at) + message.replaceAll(/\{(\w+)\}/g, (_, kind: string) => draw(kind)));
    templates.push(message.replaceAll(/\{\w+\}/g, '<*>'));
  }
  return {lines, templates};
}

export const logStyles: readonly LogStyle[] = [
  {
    name: 'FileSystem',
    header: (draw, at) =>
      `081109 ${clock(at).replaceAll(':', '')} ${draw('n')} ${among(draw, ['INFO', 'INFO', 'INFO', 'WARN'])} dfs.${among(draw, ['DataNode$Receiver', 'FSNamesystem', 'DataNode$Responder', 'DataBlockScanner', 'DataNode'])}: `,
    messages: [
      [300, 'Receiving block {blk} src: {addr} dest: {addr}'],
      [300, 'Responder {small} for block {blk} terminating'],
      [300, 'BLOCK* NameSystem.addStored: map updated: {ipport} is added to {blk} size {big}'],
      [90, 'BLOCK* NameSystem.allocate: {path}. {blk}'],
      [90, 'Received block {blk} of size {big} from {addr}'],
      [60, 'Verification succeeded for {blk}'],
      [60, 'BLOCK* ask {ipport} to delete {blks}'],
      [40, 'BLOCK* ask {ipport} to replicate {blk} to datanode(s) {nodes}'],
      [30, '{ipport} Served block {blk} to {addr}'],
      [30, '{ipport}:Got exception while serving {blk} to {addr}:'],
      [20, 'Deleting block {blk} file {path}'],
      [10, 'Unexpected error trying to delete block {blk}. BlockInfo not found in volumeMap.'],
      [5, 'Exception in receiveBlock for block {blk} java.io.IOException: Connection reset by peer'],
      [3, 'Exception in receiveBlock for block {blk} java.io.IOException: Broken pipe'],
      [2, 'Starting thread to transfer block {blk} to {nodes}'],
    ],
  },
  {
    name: 'Executor',
    header: (draw, at) =>
      `17/06/09 ${clock(at)} INFO ${among(draw, ['executor.Executor', 'storage.BlockManager', 'spark.SecurityManager', 'memory.MemoryStore', 'util.Utils'])}: `,
    messages: [
      [300, 'Running task {float} in stage {float} (TID {n})'],
      [300, 'Finished task {float} in stage {float} (TID {n}). {n} bytes result sent to driver'],
      [200, 'Block broadcast_{small}_piece{small} stored as bytes in memory (estimated size {size}, free {size})'],
      [200, 'Block rdd_{small}_{n} stored as values in memory (estimated size {size}, free {size})'],
      [100, 'Found block rdd_{small}_{n} locally'],
      [90, 'Started reading broadcast variable {small}'],
      [90, 'Reading broadcast variable {small} took {n} ms'],
      [90, 'Getting {small} non-empty blocks out of {small} blocks'],
      [60, 'Started {small} remote fetches in {small} ms'],
      [40, 'Input split: hdfs://{ipport}{path}:{n}+{n}'],
      [20, 'Changing view acls to: {user},{user}'],
      [20, 'Changing modify acls to: {user},{user}'],
      [5, 'Successfully registered with driver'],
      [3, 'Created local directory at {path}'],
      [2, 'Registered signal handlers for [TERM, HUP, INT]'],
      [1, 'mapred.tip.id is deprecated. Instead, use mapreduce.task.id'],
      [1, 'mapred.task.partition is deprecated. Instead, use mapreduce.task.partition'],
      [1, 'Remoting shut down'],
      [1, 'Shutdown hook called'],
      [
        1,
        'SecurityManager: authentication disabled; ui acls disabled; users with view permissions: Set({user}, {user}); users with modify permissions: Set({user}, {user})',
      ],
    ],
  },
  {
    name: 'Quorum',
    header: (draw, at) =>
      `2015-07-29 ${clock(at)},${draw('n').padStart(3, '0').slice(-3)} - ${among(draw, ['INFO ', 'WARN ', 'ERROR'])} [${among(draw, [`NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxn@${draw('n')}`, `QuorumPeer[myid=${draw('small')}]/0:0:0:0:0:0:0:0:2181:FastElection@${draw('n')}`, `${draw('addr')}:CnxManager$Listener@493`, `SendWorker:${draw('big')}:CnxManager$SendWorker@${draw('n')}`, `main:QuorumPeerConfig@${draw('n')}`, `SyncThread:0:FileTxnLog@${draw('n')}`])}] - `,
    messages: [
      [300, 'Accepted socket connection from {addr}'],
      [300, 'Closed socket connection for client {addr} which had sessionid {0x}'],
      [200, 'Closed socket connection for client {addr} (no session established for client)'],
      [200, 'Notification time out: {n}'],
      [200, 'Received connection request {addr}'],
      [200, 'Interrupting SendWorker'],
      [200, 'Interrupted while waiting for message on queue'],
      [100, 'Connection broken for id {big}, my id = {small}, error ='],
      [100, 'Client attempting to renew session {0x} at {addr}'],
      [80, 'Established session {0x} with negotiated timeout {n} for client {addr}'],
      [60, 'Expiring session {0x}, timeout of {n}ms exceeded'],
      [60, 'Cannot open channel to {small} at election address {addr}'],
      [
        40,
        'Notification: {small} (n.leader), {0x} (n.zxid), {0x} (n.round), LOOKING (n.state), {small} (n.sid), {0x} (n.peerEPoch), LOOKING (my state)',
      ],
      [20, 'Snapshotting: {0x} to {path}'],
      [5, 'Exception causing close of session {0x} due to java.io.IOException: server not running'],
      [3, 'Reading snapshot {path}'],
      [3, 'LOOKING'],
      [3, 'LEADING'],
      [3, 'FOLLOWING'],
      [1, 'Server environment:java.io.tmpdir=/tmp'],
      [1, 'Server environment:user.name=zookeeper'],
      [1, 'Server environment:os.arch=amd64'],
      [1, 'Server environment:java.compiler=<NA>'],
      [1, 'Defaulting to majority quorums'],
      [1, 'autopurge.snapRetainCount set to {small}'],
      [1, 'autopurge.purgeInterval set to {small}'],
    ],
  },
  {
    name: 'Racks',
    header: (draw, at) => {
      const rack = draw('rack');
      const label = among(draw, ['-', '-', '-', '-', '-', '-', 'KERNDTLB', 'APPSEV', 'KERNSTOR']);
      return `${label} ${1_117_838_570 + at} 2005.06.03 ${rack} 2005-06-03-${clock(at).replaceAll(':', '.')}.675872 ${rack} RAS ${among(draw, ['KERNEL', 'APP', 'DISCOVERY'])} ${among(draw, ['INFO', 'FATAL', 'WARNING', 'SEVERE'])} `;
    },
    messages: [
      [300, 'generating {core}'],
      [200, 'instruction cache parity error corrected'],
      [200, 'CE sym {small}, at {0x}, mask 0x{hex7}'],
      [200, '{small} ddr errors(s) detected and corrected on rank {small}, symbol {small}, bit {small}'],
      [200, 'iar {hex} dear {hex}'],
      [120, 'ciod: Error reading message prefix after LOGIN on CioStream socket to {ipport}: Link has been severed'],
      [100, 'ciod: failed to read message prefix on control stream (CioStream socket to {ipport}'],
      [80, 'lr:{hex} cr:{hex} xer:{hex} ctr:{hex}'],
      [80, 'data TLB error interrupt'],
      [80, 'floating point instr. enabled.....{small}'],
      [80, 'byte ordering exception.....{small}'],
      [80, 'data address space.....{small}'],
      [40, 'ciod: LOGIN chdir({dir}) failed: No such file or directory'],
      [40, 'ciod: LOGIN chdir({dir}) failed: Input/output error'],
      [30, 'total of {small} ddr error(s) detected and corrected'],
      [20, 'rts: kernel terminated for reason {n}'],
      [10, 'Node card VPD check: missing {hex} node, VPD ecid {hex} in processor card slot J{small}'],
      [3, 'machine check interrupt'],
      [3, 'data storage interrupt'],
      [2, 'program interrupt: privileged instruction'],
      [2, 'program interrupt: illegal instruction'],
      [1, 'rts panic! - stopping execution'],
      [1, 'shutdown complete'],
    ],
  },
  {
    name: 'Cluster',
    header: (draw, at) => {
      const host = among(draw, [draw('dn'), draw('dn'), 'tbird-admin1', 'en257', 'badmin2']);
      return `- ${1_131_566_461 + at} 2005.11.09 ${host} Nov 9 ${clock(at)} ${host}/${host} ${among(draw, [`crond(pam_unix)[${draw('n')}]`, `crond[${draw('n')}]`, 'kernel', 'ntpd', `sshd[${draw('n')}]`, 'dhcpd', `postfix/smtpd[${draw('n')}]`, 'ib_sm.x[24904]'])}: `;
    },
    messages: [
      [300, 'session closed for user {user}'],
      [300, 'session opened for user {user} by (uid={small})'],
      [200, '(root) CMD (run-parts /etc/cron.hourly)'],
      [200, 'DHCPDISCOVER from {mac} via eth1: network A_net: no free leases'],
      [200, 'data_thread() got not answer from any [Grid_{n}] datasource'],
      [100, 'synchronized to {ip}, stratum {small}'],
      [100, '[ib_sm_sweep.c:{n}]: No topology change'],
      [60, 'connect from {ip}'],
      [60, 'disconnect from {ip}'],
      [40, 'Accepted publickey for {user} from {ip} port {port} ssh2'],
      [30, 'Connection from {ip} port {port}'],
      [30, 'to=<{user}@{host}>, relay=none, delay={n}, status=deferred (connect to {host}: Connection refused)'],
      [10, 'ACPI: LAPIC (acpi_id[0x{small}] lapic_id[0x{small}] enabled)'],
      [5, 'PCI: Using ACPI for IRQ routing'],
      [2, 'usb.c: registered new driver hub'],
      [2, 'Losing some ticks... checking if CPU frequency changed.'],
      [1, 'Freeing unused kernel memory: {n}k freed'],
      [1, 'audit: initializing netlink socket (disabled)'],
      [1, 'Intel MultiProcessor Specification v1.4'],
      [1, 'Dentry cache hash table entries: {n} (order: {small}, {n} bytes)'],
      [1, 'Inode-cache hash table entries: {n} (order: {small}, {n} bytes)'],
    ],
  },
  {
    name: 'Servicing',
    header: (draw, at) => `2016-09-28 ${clock(at)}, Info                  CBS    ${draw('n') === 'x' ? '' : ''}`,
    messages: [
      [300, 'SQM: Failed to start upload with file pattern: {winpath}, flags: {0x} [HRESULT = {0x} - E_FAIL]'],
      [200, 'Session: {small}_{big} initialized by client {word}.'],
      [200, 'Loaded Servicing Stack v{float}.7601 with Core: {winpath}'],
      [200, 'Warning: Unrecognized packageExtended attribute.'],
      [200, 'Expecting attribute name [HRESULT = {0x} - CBS_E_MANIFEST_INVALID_ITEM]'],
      [200, 'Failed to get next element [HRESULT = {0x} - CBS_E_MANIFEST_INVALID_ITEM]'],
      [150, 'Read out cached package applicability for package: {kb}, ApplicableState: {n}, CurrentState:{n}'],
      [80, 'Appl: detect Parent, Package: {kb}, Parent: {kb}, Disposition = Detect, VersionComp: EQ'],
      [60, 'Starting TrustedInstaller initialization.'],
      [60, 'Ending TrustedInstaller initialization.'],
      [60, 'Starting TrustedInstaller finalization.'],
      [60, 'Ending TrustedInstaller finalization.'],
      [30, 'Scavenge: Package store indicates there is no component to scavenge, skipping.'],
      [10, 'No startup processing required, service was not set as autostart'],
      [5, 'NonStart: Checking to ensure startup processing was not required.'],
      [3, 'SQM: Requesting upload of all unsent reports.'],
      [3, 'SQM: Queued {small} file(s) for upload with pattern: {winpath}, flags: {0x}'],
      [2, 'Startup processing thread terminated normally'],
      [1, 'TrustedInstaller service starts successfully.'],
      [1, 'Reboot mark refs: {small}'],
      [1, 'Idle processing thread terminated normally'],
    ],
  },
  {
    name: 'Phone',
    header: (draw, at) =>
      `03-17 ${clock(at)}.${pad(at % 1000, 3)}  ${1000 + Number(draw('small'))}  ${2000 + Number(draw('small'))} ${among(draw, ['D', 'V', 'I', 'W'])} ${among(draw, ['WindowManager', 'PowerService', 'ActivityManager', 'StatusBar', 'AudioTrack'])}: `,
    messages: [
      [300, 'acquire lock={big}, flags={0x}, tag={tag}, name={app}, ws={ws}, uid={n}, pid={n}'],
      [300, 'release lock={big} [{tag}], flags={0x}, total_time={n}ms'],
      [
        200,
        'opening app wtoken = AppToken{{hex7} token=Token{{hex7} {record}}}, allDrawn= {bool}, displayed =  {bool}, moved = {bool}',
      ],
      [200, 'Skipping AppToken{{hex7} token=Token{{hex7} {record}}} -- going to hide'],
      [200, 'setSystemUi vis={n} mask={small} oldVal={hex} newVal={hex} diff={n}'],
      [150, 'getRunning: caller {n} does not hold REAL_TASKS; limiting output'],
      [150, 'userActivity: event={small} flags={0x} uid={n}'],
      [90, 'interceptKey keycode={small} interactive={bool} keyguardActive={bool} policyFlags={hex}'],
      [90, 'Process {app} (pid {n}) has died'],
      [90, 'Start proc {n}:{app}/u0a{n} for service {activity}'],
      [60, 'onReceive action: {action}'],
      [40, 'visible is {bool}'],
      [30, 'Ready=true'],
      [20, 'Ready=true,policy=wakeUp'],
      [20, 'setVolume({float}, {float})'],
      [10, 'Screen turned on'],
      [10, 'Screen turned off'],
      [10, 'Going to sleep due to timeout (uid {n})'],
      [2, 'VM Started'],
      [2, 'VM Paused'],
    ],
  },
  {
    name: 'Steps',
    header: (draw, at) =>
      `20171223-${clock(at)}:${draw('n')}|${among(draw, ['Step_LSC', 'Step_SPUtils', 'Step_StandStepCounter', 'HiH_HiSync'])}|30002312|`,
    messages: [
      [300, 'onStandStepChanged {n}'],
      [300, 'onExtend:{big} {small} {small} {small}'],
      [300, 'getTodayDetailSteps = {hashes}'],
      [200, 'setTodayDetailSteps={hashes}'],
      [200, 'calculateCalories totalCalories={n}'],
      [200, 'calculateAltitude totalAltitude={n}'],
      [100, 'REPORT : {n} {n} {n} {n}'],
      [100, 'processHandleBroadcast action:{action}'],
      [60, 'flush sensor data'],
      [30, 'getScreenBright: is screen on? {bool}'],
      [10, 'upLoadHealthData() no data'],
      [5, 'checkInsertStatus stepSum={n} calorieSum={n}'],
      [5, 'saveHealthDetailData() size = {n},totalTime={n}'],
      [2, 'initDataPrivacy the dataPrivacy is {bool}'],
      [1, 'new date ={n}, type={n},{float},old={float}'],
      [1, 'try to sync'],
    ],
  },
  {
    name: 'Shell',
    header: (draw, at) => `Dec 10 ${clock(at)} LabSZ sshd[${20_000 + Number(draw('n'))}]: `,
    messages: [
      [300, 'Failed password for {user} from {ip} port {port} ssh2'],
      [150, 'Failed password for invalid user {user} from {ip} port {port} ssh2'],
      [150, 'Invalid user {user} from {ip}'],
      [150, 'input_userauth_request: invalid user {user} [preauth]'],
      [
        250,
        'pam_unix(sshd:auth): authentication failure; logname= uid={small} euid={small} tty=ssh ruser= rhost={ip}  user={user}',
      ],
      [90, 'pam_unix(sshd:auth): authentication failure; logname= uid={small} euid={small} tty=ssh ruser= rhost={ip} '],
      [120, 'pam_unix(sshd:auth): check pass; user unknown'],
      [200, 'Received disconnect from {ip}: {small}: Bye Bye [preauth]'],
      [60, 'Connection closed by {ip} [preauth]'],
      [60, 'reverse mapping checking getaddrinfo for {host} [{ip}] failed - POSSIBLE BREAK-IN ATTEMPT!'],
      [40, 'message repeated {small} times: [ Failed password for {user} from {ip} port {port} ssh2]'],
      [30, 'error: Received disconnect from {ip}: {small}: No more user authentication methods available. [preauth]'],
      [
        20,
        'PAM {small} more authentication failures; logname= uid={small} euid={small} tty=ssh ruser= rhost={ip}  user={user}',
      ],
      [10, 'Disconnecting: Too many authentication failures for {user} [preauth]'],
      [5, 'Did not receive identification string from {ip}'],
      [3, 'Accepted password for {user} from {ip} port {port} ssh2'],
      [2, 'pam_unix(sshd:session): session opened for user {user} by (uid={small})'],
      [2, 'pam_unix(sshd:session): session closed for user {user}'],
      [1, 'Server listening on {ip} port {small}.'],
    ],
  },
  {
    name: 'Tunnel',
    header: (draw, at) => `[10.30 ${clock(at)}] ${draw('exe')} - `,
    messages: [
      [300, '{hostport} open through proxy {hostport} HTTPS'],
      [300, '{hostport} close, {n} bytes{unit} sent, {n} bytes{unit} received, lifetime {lifetime}'],
      [100, '{hostport} open directly'],
      [
        60,
        '{hostport} error : Could not connect through proxy {hostport} - Proxy server cannot establish a connection with the target, status code {n}',
      ],
      [20, '{hostport} error : Could not connect to proxy {hostport} - connection attempt failed with error {n}'],
      [5, '{hostport} error : A connection request was canceled before the completion.'],
      [3, '{hostport} open through proxy {hostport} SOCKS5'],
    ],
  },
  {
    name: 'Deutsch',
    header: (draw, at) =>
      `22.11.2026 ${clock(at)} [${among(draw, ['main', 'worker-1', 'worker-2'])}] ${among(draw, ['INFO', 'FEHLER', 'WARNUNG'])} `,
    messages: [
      [300, 'Auftrag {n} für Kunde {n} angelegt'],
      [200, 'Sitzung von Benutzer {user} geöffnet'],
      [200, 'Sitzung von Benutzer {user} geschlossen'],
      [200, 'Beleg {name} gedruckt in {n} ms'],
      [100, 'Datei {path} nicht gefunden'],
      [60, 'Verbindung zu {ipport} fehlgeschlagen: Zeitüberschreitung nach {n} s'],
      [60, 'Verbindung zu {ipport} fehlgeschlagen: Verbindung verweigert'],
      [30, 'Lagerbestand von Artikel {n} unter {n} Stück'],
      [20, 'Nachtlauf gestartet'],
      [20, 'Nachtlauf beendet'],
      [5, 'Größe der Warteschlange: {n} Einträge ({size})'],
      [1, 'Dienst wird beendet'],
    ],
  },
  {
    name: 'Web',
    header: (draw, at) =>
      `2026/11/22 ${clock(at)} [${among(draw, ['error', 'warn', 'notice'])}] ${draw('n')}#${draw('n')}: *${draw('n')} `,
    messages: [
      [
        200,
        'connect() failed (111: Connection refused) while connecting to upstream, client: {ip}, server: {host}, request: "GET {path} HTTP/1.1", upstream: "http://{ipport}{path}", host: "{host}"',
      ],
      [
        200,
        'open() "{path}" failed (2: No such file or directory), client: {ip}, server: {host}, request: "GET {path} HTTP/1.1", host: "{host}"',
      ],
      [
        100,
        'upstream timed out (110: Connection timed out) while reading response header from upstream, client: {ip}, server: {host}, request: "GET {path} HTTP/1.1", upstream: "http://{ipport}{path}", host: "{host}"',
      ],
      [60, 'client {ip} closed keepalive connection'],
      [30, 'signal process started'],
      [20, 'worker process {n} exited with code {small}'],
      [3, 'gracefully shutting down'],
      [1, 'using the "epoll" event method'],
    ],
  },
  {
    name: 'Database',
    header: (draw, at) =>
      `2026-11-22 ${clock(at)}.123 UTC [${draw('n')}] ${among(draw, ['LOG', 'ERROR', 'STATEMENT', 'DETAIL'])}:  `,
    messages: [
      [200, 'duration: {float} ms  statement: SELECT * FROM {table} WHERE id = {n}'],
      [200, 'connection received: host={ip} port={port}'],
      [200, 'connection authorized: user={user} database={word}'],
      [100, 'duplicate key value violates unique constraint "{table}_pkey"'],
      [100, 'Key (id)=({n}) already exists.'],
      [100, 'checkpoint starting: time'],
      [
        100,
        'checkpoint complete: wrote {n} buffers ({float}%); {small} WAL file(s) added, {small} removed; write={float} s, sync={float} s',
      ],
      [60, 'relation "{table}" does not exist at character {n}'],
      [60, 'process {n} still waiting for ShareLock on transaction {n} after {float} ms'],
      [30, 'deadlock detected'],
      [10, 'database system is ready to accept connections'],
      [10, 'database system was shut down at {iso} UTC'],
      [3, 'received fast shutdown request'],
      [3, 'received smart shutdown request'],
      [1, 'aborting any active transactions'],
    ],
  },
  {
    name: 'Api',
    header: (draw, at) =>
      `2026-11-22T${clock(at)}.${pad(at % 1000, 3)}Z ${among(draw, ['INFO', 'WARN', 'ERROR'])} ${among(draw, ['api.orders', 'api.users', 'billing.worker', 'jobs'])} - `,
    messages: [
      [300, 'request id={uuid} method=GET path={path} status={status} took={ms}'],
      [200, 'user {user} logged in from {ip}'],
      [200, 'user {user} logged out'],
      [150, 'job {name} started'],
      [150, 'job {name} finished in {ms}'],
      [100, 'cache miss for key {quoted}'],
      [100, 'Retrying {url} (attempt {small} of {small})'],
      [60, 'payment {uuid} declined: insufficient funds'],
      [60, 'payment {uuid} declined: card expired'],
      [40, 'rows affected: [{commas}]'],
      [20, 'VM Started'],
      [20, 'VM Paused'],
      [20, 'VM Resumed'],
      [10, 'Mail to {user}@{host} bounced: mailbox full'],
      [3, 'uploaded {spaced} ({size})'],
      [1, 'config loaded from {path}'],
      [1, 'listening on {ip}:{port}'],
    ],
  },
  {
    name: 'Orchestrator',
    header: (draw, at) =>
      `${among(draw, ['I', 'W', 'E'])}1122 ${clock(at)}.${pad(at % 1000, 3)}456 ${String(1000 + Number(draw('small'))).padStart(7)} ${among(draw, ['kubelet.go:1234', 'reconciler.go:221', 'proxier.go:55', 'controller.go:114'])}] `,
    messages: [
      [300, 'Starting reconcile for pod "{word}-{hex7}" in namespace "{word}"'],
      [200, 'pod "{word}-{hex7}" status is now Running'],
      [200, 'pod "{word}-{hex7}" status is now Failed'],
      [100, 'MountVolume succeeded for volume "{word}-token" (UniqueName: "{path}") pod "{word}" (UID: "{uuid}")'],
      [100, 'Container {word} failed liveness probe, will be restarted'],
      [60, 'Back-off {n}s restarting failed container={word} pod={word}-{hex7}'],
      [30, 'Image {host}/{word}:{float} already present'],
      [5, 'Node {node} became not ready'],
      [5, 'Node {node} became ready'],
      [1, 'Stopping kubelet'],
      [1, 'Starting kubelet'],
    ],
  },
];
