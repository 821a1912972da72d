# What start.sh and stop.sh share: names, and how to tell whether a daemon of ours lives.

# The daemons live here, which an ordinary user's PATH leaves out.
export PATH=$PATH:/usr/sbin:/sbin

# Everything that the test cluster writes, apart from its configuration file: keys, sockets, states, logs.
ROOT=${SLURM_TEST_ROOT:-${TMPDIR:-/tmp}/subject-zoo-slurm}

# SLURM also reads $SLURM_CONF, but the plugin's job step drops all SLURM_ variables before it calls srun,
# so only the standard place works. The mark tells our file from one that belongs to a real cluster.
CONF=/etc/slurm/slurm.conf
GRES_CONF=/etc/slurm/gres.conf
MARK="# Written by tests/slurm/start.sh: a test cluster of one machine."
unset SLURM_CONF

say() { echo "$(basename "$0"): $*" >&2; }

# daemon_pid NAME: print the process id of our daemon NAME; fail where it does not run.
# A pid file can outlive its process, and the number can pass on to a stranger: hence the look at the name.
# The state matters because a dead process whose parent has not collected it yet (Z) still has an entry.
daemon_pid() {
    local pid
    pid=$(cat "$ROOT/run/$1.pid" 2>/dev/null) && [ -n "$pid" ] || return 1
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] || return 1
    ! grep -qs '^State:[[:space:]]*Z' "/proc/$pid/status" || return 1
    echo "$pid"
}

# True where no configuration is there, or the one of start.sh.
configuration_is_ours() { [ ! -e "$CONF" ] && [ ! -e "$GRES_CONF" ] || grep -qxF "$MARK" "$CONF"; }
