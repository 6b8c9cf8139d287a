/**
 * Brings the supervisor back at once when it ends without wanting to. A shell, because it costs 1 MB and 1.5 ms where a
 * Node process costs 41 MB; and as pid 1 of a container it reaps orphans, which Node does not.
 *
 *   sh -c SCRIPT erp-guardian NODE SUPERVISOR SPEC
 *
 * - The supervisor means it: 0, 2 to 10 (`exit-codes.ts`), 130. Then the guardian ends with the same code.
 * - 1 (what Node ends with when nobody caught an exception), 11 and above, signals: started again, at most five times in
 *   a minute; the sixth time the guardian gives up and passes the code on.
 * - TERM and INT go to the supervisor; whatever it ends with afterwards is deliberate. HUP is ignored: the terminal that
 *   started us may go.
 * - `wait` is cut short by a trapped signal and then gives 128 and more although the supervisor lives. A second `wait`
 *   tells: 127 means that the shell has already handed out the true status.
 */
export const guardianScript = `
trap '' HUP
child= asked= signalled=
pass() {
  asked=1 signalled=1
  [ -z "$child" ] || kill -"$1" "$child" 2>/dev/null
}
trap 'pass TERM' TERM
trap 'pass INT' INT
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
  [ -z "$asked" ] || exit "$status"
  case $status in
    0|[2-9]|10|130) exit "$status" ;;
  esac
  now=$(date +%s)
  if [ $((now - since)) -ge 60 ] || [ "$now" -lt "$since" ]; then since=$now count=0; fi
  count=$((count + 1))
  [ "$count" -le 5 ] && [ -z "$asked" ] || exit "$status"
done
`;
