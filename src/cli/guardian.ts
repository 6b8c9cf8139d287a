/**
 * Brings the supervisor back at once when it ends without wanting to. A shell, because it costs 1 MB and 1.5 ms where a
 * Node process costs 41 MB; and as pid 1 of a container it reaps orphans, which Node does not.
 *
 *   sh -c SCRIPT erp-guardian NODE SUPERVISOR SPEC [GROUP]
 *
 * - The supervisor means it: 0, 2 to 10 (`exit-codes.ts`), 130. Then the guardian ends with the same code.
 * - 1 (what Node ends with when nobody caught an exception), 11 and above, signals: started again, at most five times in
 *   a minute; the sixth time the guardian gives up and passes the code on.
 * - With GROUP, the folder of a control group (control-group.ts), it enters that first: all that it and the supervisor ever
 *   start is born in it. At the end it steps out, also of the groups of
 *   projects that started this one, and removes what is empty.
 * - TERM and INT go to the supervisor; whatever it ends with afterwards is deliberate. HUP is ignored: the terminal that
 *   started us may go.
 * - `wait` is cut short by a trapped signal and then gives 128 and more although the supervisor lives. A second `wait`
 *   tells: 127 means that the shell has already handed out the true status.
 */
export const guardianScript = `
trap '' HUP
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
child= asked= signalled=
pass() {
  asked=1 signalled=1
  [ -z "$child" ] || kill -"$1" "$child" 2>/dev/null
}
trap 'pass TERM' TERM
trap 'pass INT' INT
group=\${4:-}
[ -z "$group" ] || enter "$group" || group=
count=0 since=0
while :; do
  "$1" "$2" "$3" </dev/null >/dev/null 2>&1 &
  child=$!
  [ -z "$asked" ] || kill -TERM "$child" 2>/dev/null
  status=
  while :; do
    signalled=
    wait "$child"
    code=$?
    [ "$code" -eq 127 ] && [ -n "$status" ] || status=$code
    [ -n "$signalled" ] && [ "$code" -gt 128 ] || break
  done
  child=
  [ -z "$asked" ] || end "$status"
  case $status in
    0|[2-9]|10|130) end "$status" ;;
  esac
  now=$(date +%s)
  if [ $((now - since)) -ge 60 ] || [ "$now" -lt "$since" ]; then since=$now count=0; fi
  count=$((count + 1))
  [ "$count" -le 5 ] && [ -z "$asked" ] || end "$status"
done
`;
