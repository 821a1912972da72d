#!/usr/bin/env bash
# Stop the SLURM that start.sh started, and nothing else; remove its state and its configuration.
# The logs stay in $SLURM_TEST_ROOT/log until the next start. Nothing to stop is not an error.
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/common.sh"

# While the controller lives, so that no job's process is left behind.
cancel_jobs() {
    local active="--noheader --states=PENDING,RUNNING,SUSPENDED,COMPLETING,CONFIGURING --format=%i" second
    # shellcheck disable=SC2086  # the words of $active are options
    timeout 20 squeue $active | timeout 20 xargs --no-run-if-empty scancel
    for second in $(seq 30); do
        # shellcheck disable=SC2086
        [ -n "$(timeout 10 squeue $active)" ] || return 0
        sleep 1
    done
    say "some jobs did not end within $second s"
}

stop_daemon() {
    local pid tenth
    pid=$(daemon_pid "$1") || return 0
    kill "$pid" 2>/dev/null
    for tenth in $(seq 100); do
        daemon_pid "$1" >/dev/null || return 0
        sleep 0.1
    done
    say "$1 ignored SIGTERM for $((tenth / 10)) s: killed"
    kill -9 "$pid" 2>/dev/null
}

if ! configuration_is_ours; then
    say "$CONF belongs to another SLURM: nothing is stopped"
    exit 0
fi
if [ -e "$CONF" ] && daemon_pid slurmctld >/dev/null; then cancel_jobs; fi
stop_daemon slurmd
stop_daemon slurmctld
stop_daemon munged
rm -f "$CONF" "$GRES_CONF"
rm -rf "$ROOT"/{munge,run,state,spool}
say "stopped"
