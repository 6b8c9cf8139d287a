import {join} from 'node:path';

/**
 * Brings the supervisor back at once when it ends without wanting to. A shell, because it costs 1 MB and 1.5 ms where a
 * Node process costs 41 MB; and as pid 1 of a container it reaps orphans, which Node does not.
 *
 *   sh -c SCRIPT erp-guardian NODE SUPERVISOR SPEC NOTE CRASH [PID]
 *
 * - The supervisor means it: 0, 2 to 10 (`exit-codes.ts`), 130. Then the guardian ends with the same code.
 * - Everything else (1 and 70, a defect; 126 and 127, it can't be run; signals) is started again. A supervisor that had
 *   come up, its pid stands in NOTE, and was then killed by somebody (SIGKILL) costs 1 of 300, an end of its own 60; a
 *   life of a minute gives all back. Beyond 300 there are pauses: 1, 2, 4, 8, 16, then 30 s. The guardian never gives up,
 *   unless none has come up ever: then it ends with the code at once (1, 126, 127) or at the sixth death. While it rests,
 *   its pid stands in NOTE.resting: whoever starts another supervisor meanwhile ends it first. ADR 0017.
 * - The next one is told how the last one ended, `ERP_LAST_EXIT="STATUS WHEN"`, in hundredths of a second of
 *   /proc/uptime, which costs no fork, else of the epoch. What Node says when it dies goes into CRASH.
 * - With PID it stands in for a guardian that was killed: it waits, without a timer, until the other end of its stdin is
 *   closed by the death of that supervisor. A number read from there is an end that was meant.
 * - With ERP_GROUP, the folder of a control group (control-group.ts), it enters that first: all that it and the
 *   supervisor ever start is born in it. At the end it steps out, also of the groups of projects that started this one,
 *   and removes what is empty.
 * - TERM and INT go to the supervisor; whatever it ends with afterwards is deliberate. HUP is ignored: the terminal that
 *   started us may go.
 * - `wait` is cut short by a trapped signal and then gives 128 and more although the supervisor lives. A second `wait`
 *   tells: 127 means that the shell has already handed out the true status. dash cuts `read` short too.
 */
export const guardianScript = `
trap '' HUP
group=\${ERP_GROUP:-}
enter() { { echo $$ >"$1/cgroup.procs"; } 2>/dev/null; }
end() {
  outer=\${group%/*}
  while :; do
    case \${outer##*/} in erp-*) outer=\${outer%/*} ;; *) break ;; esac
  done
  if [ -n "$group" ] && enter "$outer"; then
    while [ "$group" != "$outer" ] && rmdir "$group" 2>/dev/null; do group=\${group%/*}; done
  fi
  exit "$1"
}
[ -z "$group" ] || enter "$group" || group=
child= asked= signalled= proven= after=
debt=0 pause=0 lives=0
pass() {
  asked=1 signalled=1
  [ -z "$child" ] || kill -"$1" "$child" 2>/dev/null
}
trap 'pass TERM' TERM
trap 'pass INT' INT
clock() {
  if { read -r at idle </proc/uptime; } 2>/dev/null; then at=$((\${at%.*} * 100 + 1\${at#*.} - 100))
  else at=$(date +%s)00; fi
}
ended() {
  status=
  while :; do
    signalled=
    wait "$child"
    code=$?
    [ "$code" -eq 127 ] && [ -n "$status" ] || status=$code
    [ -n "$signalled" ] && [ "$code" -gt 128 ] || break
  done
}
rest() {
  pause=$((pause * 2))
  [ "$pause" -ge 1 ] || pause=1
  [ "$pause" -le 30 ] || pause=30
  { echo "$$" >"$4.resting"; } 2>/dev/null
  sleep "$pause" &
  child=$! code=$status
  wait "$child"
  { true >"$4.resting"; } 2>/dev/null
  [ -z "$asked" ] || { kill -TERM "$child" 2>/dev/null; end "$code"; }
}
clock
born=$at
if [ -n "$6" ]; then
  child=$6 proven=1
  while :; do
    signalled= code=
    read -r code
    [ -n "$signalled" ] && [ -z "$code" ] || break
  done
  [ -z "$code" ] || end "$code"
  [ -z "$asked" ] || end 143
  clock
  debt=1 after="unknown $at"
fi
while :; do
  crash=/dev/null
  { true >>"$5"; } 2>/dev/null && crash=$5
  ERP_GUARDIAN=$$ ERP_LAST_EXIT=$after "$1" "$2" "$3" </dev/null >/dev/null 2>>"$crash" &
  child=$! lives=$((lives + 1))
  [ -z "$asked" ] || kill -TERM "$child" 2>/dev/null
  clock
  born=$at
  ended
  last=$child child=
  [ -z "$asked" ] || end "$status"
  case $status in
    0|[2-9]|10|130) end "$status" ;;
  esac
  clock
  after="$status $at" up=
  { read -r up others <"$4"; } 2>/dev/null
  [ "$up" != "$last" ] || proven=1
  [ $((at - born)) -lt 6000 ] || debt=0 pause=0
  if [ "$status" -eq 137 ] && [ "$up" = "$last" ]; then debt=$((debt + 1)); else debt=$((debt + 60)); fi
  if [ -z "$proven" ]; then
    case $status in
      1|126|127) end "$status" ;;
    esac
    [ "$debt" -le 300 ] || end "$status"
  fi
  [ "$debt" -le 300 ] || rest "$@"
done
`;

/** Ends that the supervisor means; the guardian ends with them. */
export const isMeant = (code: number): boolean => code === 130 || (code >= 0 && code <= 10 && code !== 1);

/** The supervisor met a defect of its own; 1 is what Node ends with before anything of ours could act. */
export const defectExitCode = 70;

/**
 * For the supervisor's Node, as `NODE_OPTIONS`. Memory that a process has to itself is copied, page table by page table,
 * with each spawn: 0.09 ms a megabyte. V8 would let its nursery grow by up to 48 of them, and each of its threads has
 * some more.
 */
export const supervisorOptions = '--max-semi-space-size=2 --v8-pool-size=1';

/** Files of one guardian, by the words it is given. */
export interface GuardianFiles {
  readonly program: string;
  readonly spec: string;
  /** In the runtime folder: pid of the supervisor that came up last, and what the next one is to know. */
  readonly note: string;
  /** In the state folder: what Node said when a supervisor died. */
  readonly crash: string;
}

/** The words after `/bin/sh`. @param standInFor pid of a supervisor that has lost its guardian */
export function guardianArguments({program, spec, note, crash}: GuardianFiles, standInFor?: number): string[] {
  const words = ['-c', guardianScript, 'erp-guardian', process.execPath, program, spec, note, crash];
  return standInFor === undefined ? words : [...words, String(standInFor)];
}

/** @param program the supervisor's own copy of its code @param spec what it is started with */
export const guardianFiles = (
  {stateDir, runtimeDir}: {readonly stateDir: string; readonly runtimeDir: string},
  program: string,
  spec: string,
): GuardianFiles => ({
  program,
  spec,
  note: join(runtimeDir, 'guardian'),
  crash: join(stateDir, 'supervisor-crash.txt'),
});
