#!/bin/sh
# erp-init COMMAND [ARGUMENT…]: the first process of a container.
#
#   ENTRYPOINT ["erp-init"]
#   CMD ["erp", "start"]
#
# Orphans of a container are given to its first process, and Node reaps only its own children: the dead would pile up.
# A shell reaps whatever ends while it waits. Signals are passed on; the exit code is the command's.
[ $# -gt 0 ] || {
  echo 'usage: erp-init COMMAND [ARGUMENT…], e.g. erp-init erp start' >&2
  exit 2
}
child='' early='' cut=''
pass() {
  cut=1
  if [ -n "$child" ]; then kill -s "$1" "$child" 2>/dev/null; else early="$early $1"; fi
}
for signal in TERM HUP USR1 USR2; do
  # shellcheck disable=SC2064 # the name of now is meant
  trap "pass $signal" "$signal"
done
if [ -t 0 ]; then
  # Ctrl-C in a terminal reaches the command by itself; a second one would mean "kill what is left".
  trap cut=1 INT QUIT
else
  trap 'pass INT' INT
  trap 'pass QUIT' QUIT
fi
# A background command would get /dev/null as its input.
exec 3<&0
"$@" <&3 3<&- &
child=$!
exec 3<&-
# What came before there was anybody to pass it to.
for signal in $early; do kill -s "$signal" "$child" 2>/dev/null; done
# A trapped signal cuts wait short: 128 and more, although the command lives. The second wait tells; 127 means that the
# shell has handed out the true status already.
status=''
while :; do
  cut=''
  wait "$child"
  code=$?
  [ "$code" -eq 127 ] && [ -n "$status" ] || status=$code
  [ -n "$cut" ] && [ "$code" -gt 128 ] || break
done
exit "$status"
