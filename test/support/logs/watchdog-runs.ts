/**
 * What the watchdog of the original ERP wrote on 2025-05-22 (repository JochenWeerda/AI_driven_ERP), rebuilt: in each run
 * six lives that never answer, then it gives up.
 * @param starts times of day at which it was started
 */
export function watchdogRuns(starts: readonly string[]): string {
  const lines: string[] = [];
  let pid = 20_000;
  for (const start of starts) {
    let now = Date.parse(`2025-05-22T${start}Z`);
    const say = (level: string, text: string) =>
      lines.push(`[${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}] [${level}] ${text}`);
    say('WARNING', 'Watchdog gestartet. Überwache Backend mit Timeout von 45 Sekunden.');
    for (let life = 0; life <= 5; life += 1) {
      pid += 137;
      say('INFO', 'Starte Backend-Server...');
      say('INFO', `Backend-Prozess gestartet mit PID: ${pid}`);
      if (life > 0) say('WARNING', `Backend neu gestartet (Neustart ${life} von 5)`);
      else say('DEBUG', `Prozessüberwachung (PID: ${pid}): CPU=0s, RAM=2.94MB, Threads=1`);
      for (const threads of [life === 0 ? 24 : 18, 14]) {
        now += 6000;
        say('ERROR', 'Health-Check fehlgeschlagen: Die Verbindung mit dem Remoteserver kann nicht hergestellt werden.');
        say('WARNING', 'Backend reagiert nicht. Neustart in 39 Sekunden, wenn keine Reaktion erfolgt.');
        now += 15_000;
        say('DEBUG', `Prozessüberwachung (PID: ${pid}): CPU=0.5s, RAM=85.${life}MB, Threads=${threads}`);
      }
      now += 6000;
      say('ERROR', 'Health-Check fehlgeschlagen: Die Verbindung mit dem Remoteserver kann nicht hergestellt werden.');
      say('ERROR', 'Backend reagiert nicht seit 48.5417717 Sekunden. Starte neu...');
      say('WARNING', `Beende nicht reagierenden Prozess (PID: ${pid})`);
    }
    now += 1000;
    say('ERROR', 'Maximale Anzahl von Neustarts (5) erreicht. Beende Watchdog.');
  }
  return `${lines.join('\n')}\n`;
}
