#!/bin/sh
# Runs a hook or an action in a window of the tmux session that "juju debug-hooks" has open on this machine.
#
#     debug-hook match FILE PATH    whether a session is open that wants the hook or action at PATH
#     debug-hook run FILE PATH      open the window and end as what runs in it ends
#
# FILE is what the client wrote and holds a lock on: a YAML map with "hooks", a list, and "debug-at".
set -u
command=$1 file=$2 path=$3
name=${path#*/}
session=$JUJU_UNIT_NAME

match() {
    [ -O "$file" ] && ! flock -n "$file" true || return 1
    wanted=$(sed -n 's/^ *- *//p' "$file" | tr -d "\"'")
    [ -z "$wanted" ] && return 0
    printf '%s\n' "$wanted" | grep -qxF -e "$name" -e '*'
}

# The client may still be at installing tmux, or about to make the session.
wait_for_session() {
    until tmux has-session -t "=$session" 2>/dev/null; do
        flock -n "$file" true && return 1
        sleep 0.2
    done
}

run() {
    wait_for_session || { echo 'the session of juju debug-hooks has ended' >&2; exec "$0" plain "$file" "$path"; }
    debug_at=$(sed -n 's/^debug-at: *//p' "$file" | tr -d "\"'")
    work=$(mktemp -d /tmp/juju-debug-hook-XXXXXX) || exit 1
    trap 'rm -rf "$work"' EXIT
    mkfifo "$work/end" || exit 1
    export JUJU_DEBUG="$work"
    [ -n "$debug_at" ] && export JUJU_DEBUG_AT="$debug_at"
    export -p >"$work/env.sh"
    printf '#!/bin/sh\n. %s/env.sh\ncd "$CHARM_DIR" && exec /run/pocket/debug-hook plain - %s\n' \
        "$work" "'$path'" >"$work/hook.sh"
    cat >"$work/init.sh" <<END
. $work/env.sh
cd "\$CHARM_DIR"
PS1='$session:$path % '
cat <<'TEXT'
This window stands for $path of $session, which waits for you.

    \$JUJU_DEBUG/hook.sh    runs what the charm has for it
    exit 0                 ends it as done: what was changed is kept
    exit 1                 ends it as failed

Hook tools work here. Detach (ctrl-b d) or exit the first window to end the session.
TEXT
END
    chmod 755 "$work/hook.sh"
    if [ -n "$debug_at" ]; then shell="$work/hook.sh"; else shell="bash --rcfile $work/init.sh -i"; fi
    # Only the window's own shell holds the end of the pipe: if it is killed, that is the end too.
    cat >"$work/window.sh" <<END
exec 9>"$work/end"
env -i TERM="\$TERM" HOME=/root $shell 9>&-
echo \$? >&9
END
    tmux new-window -t "=$session:" -n "$name" "sh $work/window.sh" || exit 1
    code=$(cat "$work/end")
    exit "${code:-1}"
}

plain() {
    [ -x dispatch ] && exec ./dispatch
    [ -e "$path" ] || { echo "the charm has no $path"; exit 0; }
    exec "./$path"
}

case $command in
match) match ;;
run) run ;;
plain) plain ;;
*) exit 2 ;;
esac
