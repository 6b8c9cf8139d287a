/**
 * What log messages of programs and of their supervisors mean, in English and German. A message may mean several things:
 * `worker exited with signal SIGKILL (out of memory), restart 3 in 4 s` is an exit, a lack of memory and a restart.
 */
export type Meaning =
  | 'supervisor-start'
  | 'start'
  | 'started'
  | 'ready'
  | 'stop'
  | 'exit'
  | 'kill'
  | 'restart'
  | 'gave-up'
  | 'health-ok'
  | 'health-failed'
  | 'not-responding'
  | 'out-of-memory'
  | 'memory-limit'
  | 'port-taken'
  | 'refused'
  | 'offline'
  | 'name-unknown'
  | 'exhausted'
  | 'disk-full'
  | 'timeout'
  | 'exception'
  | 'slow'
  | 'failed-request';

interface Row {
  readonly meaning: Meaning;
  readonly says: RegExp;
  /** Looks alike and means something else. */
  readonly unless?: RegExp;
  /** Messages that mean it; they are this table's tests. */
  readonly examples: readonly string[];
}

/** In templates a number may stand as `<*>`. */
export const meanings: readonly Row[] = [
  {
    meaning: 'supervisor-start',
    says: /\b(?:watchdog|supervisor|supervisord|process manager)\b.{0,30}\b(?:started|starting|gestartet|startet)\b|\bPM2 (?:has been|daemon)/i,
    unless: /\b(?:by|from|of) the (?:watchdog|supervisor)\b|neu gestartet/i,
    examples: ['Watchdog mit Logger gestartet. Log-Datei: w.log', 'supervisord started with pid <*>'],
  },
  {
    meaning: 'start',
    says: /(?:^|[\s[:"])(?:starting|spawning|launching|starte|wird gestartet)\b(?! (?:a |new |neue )?(?:transaction|job|task|sync|request|import|export|backup|scan|batch|download|upload|neu\b))/i,
    unless: /\bhttp request\b/i,
    examples: ['Starte Backend-Server...', 'Starting worker', 'Finance-Microservice wird gestartet...'],
  },
  {
    meaning: 'started',
    says: /\b(?:process|prozess|server process|worker|container|service|dienst)\b.{0,30}\b(?:started|gestartet|spawned|forked)\b|\b(?:started|gestartet|spawned|booting worker|started server process)\b.{0,40}\bpid\b|\bStarted (?:server process|[\w@.-]+\.service)|\bApp \[[^\]]+\] online|\bspawned:/i,
    unless: /neu gestartet|\b(?:not|never) started\b/i,
    examples: ['Backend-Prozess gestartet mit PID: <*>', 'Booting worker with pid: <*>', "spawned: 'api' with pid <*>"],
  },
  {
    meaning: 'ready',
    says: /\blistening (?:on|at|for)\b|\bready to accept\b|\baccepting (?:new )?connections\b|\bstartup complete\b|\brunning on https?:|\b(?:is|now) ready\b|\bready (?:on|after|in|at) |\bist bereit\b|\bentered RUNNING state\b|\bStarted \w+ in \S+ seconds\b|\blauscht auf\b|\bserver is (?:up|running)\b/i,
    unless: /\bnot (?:yet )?(?:ready|accepting|listening)\b|\bno longer\b|stopped listening/i,
    examples: ['Application startup complete.', 'Finance-Microservice ist bereit', 'Server listening on port <*>'],
  },
  {
    meaning: 'stop',
    says: /\bshutting down\b|\bshutdown (?:complete|requested)\b|\bgraceful(?:ly)?\b|\bfinished server process\b|\bDeactivated successfully\b|\bStopp(?:ed|ing) [\w@.-]+|\bexit(?:ed)?\b.{0,20}\b(?:code|status)[ =:]*[[(]?0\b|\b(?:exited|terminated|killed|signal)\b.{0,20}\bSIG(?:TERM|INT)\b|\bordnungsgemäß beendet\b|\bwird (?:heruntergefahren|beendet)\b|\b(?:received|got) (?:signal )?SIGTERM\b|\bdeploy(?:ing|ment)?\b.{0,40}\b(?:started|release|version)\b/i,
    unless: /unexpected/i,
    examples: ['Shutting down', 'api exited with code 0', 'worker wird heruntergefahren'],
  },
  {
    meaning: 'exit',
    says: /\b(?:exited|crashed|died)\b|\bexit(?:ing)? (?:with )?(?:code|status)\b|\bterminated (?:by|with) (?:signal|code|exit)|\bstopped unexpectedly\b|\bprocess ended\b|\babgestürzt\b|\bunerwartet beendet\b|\bmit (?:exit-?)?code \S+ beendet\b|\bcore dumped\b|\bMain process exited\b/i,
    unless: /\b(?:code|status)[ =:]*[[(]?0\b|\bexited (?:cleanly|normally|gracefully)\b|; expected\)/i,
    examples: [
      'worker (pid <*>) exited with signal SIGKILL',
      'App [api:0] exited with code [1]',
      'Prozess unerwartet beendet',
    ],
  },
  {
    meaning: 'kill',
    says: /\bbeende\b.{0,40}\bprozess\b|\bkill(?:ing|ed)\b.{0,30}\b(?:process|pid|worker|child|container|service)\b|\bsent SIGKILL\b|\bwas sent SIG|\bsignal 9\b|\bSIGKILL\b/i,
    examples: ['Beende nicht reagierenden Prozess (PID: <*>)', 'Killed process <*> (node)'],
  },
  {
    meaning: 'restart',
    says: /\brestart(?:ed|ing)?\b|\bneu gestartet\b|\bneustart\b|\bstarte neu\b|\brespawn/i,
    unless:
      /\b(?:max|no more|restarts?[ -](?:policy|budget|limit))\b|maximale anzahl|maximum number|too many|\bneustart in\b.{0,30}\bwenn\b|restart in \S+ unless|\bis full\b/i,
    examples: ['Backend neu gestartet (Neustart <*> von <*>)', 'Scheduled restart job, restart counter is at <*>.'],
  },
  {
    meaning: 'gave-up',
    says: /\bmax(?:imum|imale)?\b.{0,30}\b(?:restarts?|neustarts?|retries)\b.{0,30}(?:\breached|\bexceeded|\berreicht|überschritten)|\bg(?:ave|iving) up\b|\bgibt auf\b|\bstart request repeated too quickly\b|\btoo many (?:restarts|start retries)\b|\bcrash ?loop|\bentered FATAL state\b|\b\S+ of \S+ restarts used\b/i,
    examples: ['Maximale Anzahl von Neustarts (<*>) erreicht. Beende Watchdog.', 'Start request repeated too quickly.'],
  },
  {
    meaning: 'health-ok',
    says: /\b(?:health|liveness|readiness)(?:[ -]?(?:check|probe|prüfung))?\b.{0,50}?\b(?:ok|passed|succeeded|healthy|erfolgreich)\b|\b(?:is|are|now|services) healthy\b|\bwieder (?:erreichbar|gesund|online)\b|\b(?:is )?back online\b|\bhas recovered\b/i,
    unless: /\bnot (?:ok|healthy)\b|\bunhealthy\b|\bfailed\b|\bnicht erfolgreich\b|\bHTTP\/\d/i,
    examples: ['health check <*> ok in <*> ms', 'all <*> services healthy, uptime <*>'],
  },
  {
    meaning: 'health-failed',
    says: /\b(?:health|liveness|readiness)(?:[ -]?(?:check|probe|prüfung))?\b.{0,60}?(?:\bfail|fehlgeschlagen|\btimed? ?out|\brefused|\berror\b|nicht erfolgreich)|\bunhealthy\b/i,
    unless: /\b0 unhealthy\b|\bno longer unhealthy\b|\bHTTP\/\d/i,
    examples: [
      'Health-Check fehlgeschlagen: …',
      'health check postgres failed: connect ECONNREFUSED',
      'Liveness probe failed',
    ],
  },
  {
    meaning: 'not-responding',
    says: /\b(?:not|n't|stopped) respond|\bunresponsive\b|\breagiert nicht\b|\bhung\b|\bhang detected\b|\bWORKER TIMEOUT\b|\bblocked for more than\b|\bkeine reaktion\b/,
    examples: ['Backend reagiert nicht seit <*> Sekunden. Starte neu...', 'WORKER TIMEOUT (pid:<*>)'],
  },
  {
    meaning: 'out-of-memory',
    says: /\bout of memory\b|\bOOM\b|OutOfMemory|\bMemoryError\b|\bcannot allocate memory\b|\bENOMEM\b|\boom-kill|nicht genügend (?:arbeits)?speicher|\bspeicher erschöpft\b/i,
    examples: ['JavaScript heap out of memory', 'Out of memory: Killed process <*> (node)'],
  },
  {
    meaning: 'memory-limit',
    says: /\b(?:memory|rss|heap|ram|(?:arbeits)?speicher)\b.{0,40}(?:\babove\b|\bover\b|\bexceed|überschr| über (?:der|dem)\b)/i,
    unless: /\bnot exceed/i,
    examples: ['worker rss <*> MB above limit <*> MB', 'Speicher überschreitet die Grenze von <*> MB'],
  },
  {
    meaning: 'port-taken',
    says: /\bEADDRINUSE\b|\baddress already in use\b|\bWinError 10048\b|\bonly one usage of each socket\b|\bport\b.{0,20}\b(?:already |is )?(?:in use|taken)\b|\bport\b.{0,30}\b(?:bereits )?(?:belegt|verwendet|vergeben)\b/i,
    unless: /\bno longer in use\b/i,
    examples: ['listen EADDRINUSE: address already in use :::<*>', 'Port <*> ist bereits belegt'],
  },
  {
    meaning: 'refused',
    says: /\bECONNREFUSED\b|\bconnection refused\b|\brefused (?:the )?connections?\b|\bverbindung(?:en)? verweigert|\bverbindung verweigerte\b|\bWinError 10061\b|\bactively refused\b|\bECONNRESET\b|\bconnection reset\b|\b(?:could not|can(?:'|no)t|unable to|failed to) connect\b|\bfailed to establish a (?:new )?connection\b|\bverbindung\b.{0,40}\b(?:kann|konnte) nicht hergestellt\b|\bno route to host\b|\bE(?:HOST|NET)UNREACH\b|\bserver closed the connection\b/i,
    examples: ['connect ECONNREFUSED <*>', 'Die Verbindung mit dem Remoteserver kann nicht hergestellt werden.'],
  },
  {
    meaning: 'offline',
    says: /\b(?:is|ist|went) (?:offline|down|unreachable|unavailable)\b|\bnicht erreichbar\b|\bunreachable\b|\bservice unavailable\b/i,
    unless: /\bHTTP\/\d/i,
    examples: ['Service theme_service ist offline oder antwortet nicht korrekt', 'broker is unreachable'],
  },
  {
    meaning: 'name-unknown',
    says: /\bENOTFOUND\b|\bEAI_AGAIN\b|\bgetaddrinfo\b|\bname or service not known\b|\bcould not (?:resolve|translate) host|\bno such host\b/i,
    examples: ['getaddrinfo ENOTFOUND db.internal'],
  },
  {
    meaning: 'exhausted',
    says: /\bpool\b.{0,20}\bexhausted\b|\bQueuePool limit\b|\btoo many (?:connections|clients|open files)\b|\bEMFILE\b|\bremaining connection slots\b|\bmax(?:imum)? (?:number of )?(?:connections|clients) reached\b|\bverbindungspool\b.{0,20}\berschöpft\b/i,
    examples: ['connection pool exhausted: <*> of <*> connections in use', 'sorry, too many clients already'],
  },
  {
    meaning: 'disk-full',
    says: /\bENOSPC\b|\bno space left\b|\bdisk (?:is )?full\b|\bdisk quota exceeded\b|\bnicht genügend speicherplatz\b|\bdatenträger(?: ist)? voll\b/i,
    examples: ['write: No space left on device'],
  },
  {
    meaning: 'timeout',
    says: /\btimed? ?out\b|TimeoutError|\bETIMEDOUT\b|\bdeadline exceeded\b|\bzeitüberschreitung\b|\bzeitlimit\b/i,
    unless: /\btimeout (?:von|of|set|is|=)\b/i,
    examples: ['Read timed out.', 'Zeitüberschreitung beim Lesen'],
  },
  {
    meaning: 'exception',
    says: /⏎ [\w.$:\\]+(?:: |$| ⏎)|\b[A-Z]\w*(?:Error|Exception)\b|\bpanic:|\bfatal error\b|\b(?:unhandled|uncaught)\b|\bsegmentation fault\b|\btraceback\b/,
    examples: [
      "Exception in ASGI application ⏎ AttributeError: 'NoneType' object has no attribute 'x'",
      'panic: runtime error',
    ],
  },
  {
    meaning: 'slow',
    says: /\bslow(?:er|ly)?\b|\b(?:high |hohe )?laten(?:cy|z)\b|\blangsam/i,
    examples: ['Hohe Latenz bei backend: <*>', 'health check <*> slow: <*> ms'],
  },
  {
    meaning: 'failed-request',
    says: /\bHTTP\/\d(?:\.\d)?"? 5\d\d\b|\bstatus[=: ]+5\d\d\b/i,
    examples: ['"GET /api/orders HTTP/1.1" 503 Service Unavailable'],
  },
];

/** One look spares most messages the table: no row can match without one of its letters' sequences. */
const vocabulary =
  /watchdog|supervis|process|pm2|start|spawn|launch|boot|online|listen|ready|accept|complete|running|bereit|lauscht|server is|shut|stop|grace|finish|deactiv|exit|beend|heruntergef|sig|deploy|crash|died|terminat|ended|abgest|core dump|kill|respawn|neustart|neu gestartet|max|g(?:ave|iving) up|gibt auf|repeated|too many|fatal|restarts|health|alive|liveness|recover|wieder|probe|unresponsive|respon|reag|reakt|hung|hang|timeout|timed? out|blocked|memory|oom|enomem|speicher|rss|heap|ram\b|eaddr|address|winerror|usage|port|econn|refused|reset|connect|verbindung|hergestellt|route|unreach|offline|down|unavail|erreichbar|enotfound|eai_|getaddr|name or|host|pool|emfile|slots|clients|enospc|space|disk|datentr|etimed|deadline|zeit|⏎|error|exception|panic|unhandled|uncaught|segmentation|traceback|slow|laten|langsam|http|status/i;

const askedToStop = /\b(?:code|status)[ =:]*[[(]?0\b|\bSIG(?:TERM|INT)\b/;
const none: ReadonlySet<Meaning> = new Set();

/** What a message means; empty for the many that tell nothing about starting, ending and failing. */
export function meaningsOf(text: string): ReadonlySet<Meaning> {
  const line = text.length > 2000 ? `${text.slice(0, 1500)} ${text.slice(-500)}` : text;
  if (!vocabulary.test(line)) return none;
  const found = new Set<Meaning>();
  for (const {meaning, says, unless} of meanings) {
    if (says.test(line) && !(unless?.test(line) ?? false)) found.add(meaning);
  }
  // `exited with code 0` is the plain end of a job, whatever else the line says about it.
  // Who is asked to stop by SIGTERM did not crash.
  if (found.has('stop') && askedToStop.test(line)) found.delete('exit');
  return found;
}
