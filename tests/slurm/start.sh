#!/usr/bin/env bash
# Start a real SLURM on this one machine, for the tests. Needs Debian 12 or a relative of it, and root.
#
# Installs munge and SLURM from Debian's packages where they are missing, writes /etc/slurm/slurm.conf, starts
# munged, slurmctld and slurmd, and returns once a job has run. Without cgroups, without an accounting
# database, without systemd. Daemons that run already are left alone, and one that died is started again
# with its jobs remembered, so it can be called at any time. stop.sh undoes it.
#
#   SLURM_TEST_ROOT    where state and logs go                      (default: $TMPDIR/subject-zoo-slurm)
#   SLURM_TEST_CPUS    CPUs to offer; may be more than there are    (default: three for each that there is)
#   SLURM_TEST_MEMORY  megabytes to offer                           (default: 80 % of what is free)
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$HERE/common.sh"

CPUS=${SLURM_TEST_CPUS:-$((3 * $(nproc)))}
MEMORY=${SLURM_TEST_MEMORY:-$(awk '/^MemAvailable/ { print int($2 / 1024 * 0.8) }' /proc/meminfo)}
HOST=$(hostname -s)

die() {
    say "error: $*"
    tail -n 20 "$ROOT"/log/*.log >&2 2>/dev/null || true
    exit 1
}

install_packages() {
    local packages=() policy=/usr/sbin/policy-rc.d made_policy=false log status=0
    command -v munged >/dev/null || packages+=(munge)
    command -v slurmctld >/dev/null || packages+=(slurmctld)
    command -v slurmd >/dev/null || packages+=(slurmd)
    command -v sbatch >/dev/null || packages+=(slurm-client)
    [ ${#packages[@]} -gt 0 ] || return 0

    say "installing ${packages[*]}"
    command -v apt-get >/dev/null || die "no apt-get here: install ${packages[*]} by hand"
    # Packages start their daemons when they are installed, with a configuration that is not ours, unless
    # this file forbids it.
    if [ ! -e "$policy" ]; then
        made_policy=true
        printf '#!/bin/sh\nexit 101\n' > "$policy"
        chmod 755 "$policy"
    fi
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    {
        timeout 120 apt-get -q update \
            && timeout 300 apt-get -q -y -o DPkg::Lock::Timeout=60 install --no-install-recommends "${packages[@]}"
    } > "$log" 2>&1 || status=$?
    if $made_policy; then rm -f "$policy"; fi
    if [ $status -ne 0 ]; then tail -n 20 "$log" >&2; fi
    rm -f "$log"
    [ $status -eq 0 ] || die "apt-get failed or took too long (status $status)"
}

write_configuration() {
    # The daemons listen on the address that the host name stands for, so it must stand for one.
    local address
    address=$({ getent ahostsv4 "$HOST" || true; } | awk 'NR == 1 { print $1 }')
    [ -n "$address" ] || die "the host name $HOST has no address: add the line '127.0.0.1 $HOST' to /etc/hosts"
    mkdir -p "$(dirname "$CONF")"
    {
        echo "$MARK"
        sed -e "s|@HOST@|$HOST|g" -e "s|@ADDRESS@|$address|g" -e "s|@ROOT@|$ROOT|g" \
            -e "s|@CPUS@|$CPUS|g" -e "s|@MEMORY@|$MEMORY|g" "$HERE/slurm.conf.in"
    } > "$CONF.new"
    mv "$CONF.new" "$CONF"
    # No GPU's driver is asked: any two files do. Jobs get one each, by number.
    printf '%s\nNodeName=%s Name=gpu File=/dev/null,/dev/zero\n' "$MARK" "$HOST" > "$GRES_CONF"
    chmod 644 "$CONF" "$GRES_CONF"
}

start_munge() {
    # A key and a socket of our own: a munged of the system's is neither used nor disturbed.
    rm -f "$ROOT"/run/munge.socket*
    if [ ! -s "$ROOT/munge/key" ]; then
        (umask 077 && head -c 128 /dev/urandom > "$ROOT/munge/key")
    fi
    timeout 20 munged --key-file="$ROOT/munge/key" --seed-file="$ROOT/munge/seed" \
        --socket="$ROOT/run/munge.socket" --pid-file="$ROOT/run/munged.pid" \
        --log-file="$ROOT/log/munged.log" --origin=127.0.0.1 || die "munged did not start"
}

wait_until_ready() {
    local deadline=$((SECONDS + 60)) state=
    while [ $SECONDS -lt $deadline ]; do
        state=$(timeout 5 sinfo --noheader --nodes="$HOST" --partition=main --format=%t 2>/dev/null || true)
        case "$state" in
            idle | mix | alloc) return ;;
            # The state of a node survives in the state folder: a node that was down is called back.
            down* | drain*) timeout 5 scontrol update nodename="$HOST" state=resume 2>/dev/null || true ;;
        esac
        sleep 0.3
    done
    die "the node did not become ready within 60 s (its state is '$state')"
}

[ "$(id -u)" = 0 ] || die "must be run as root"
configuration_is_ours || die "$CONF belongs to another SLURM: it is not touched, and nothing is started"

install_packages
if daemon_pid munged >/dev/null && daemon_pid slurmctld >/dev/null && daemon_pid slurmd >/dev/null; then
    say "SLURM runs already"
else
    # A new cluster counts its jobs from 1 again, so the logs of an old one would only confuse.
    [ -d "$ROOT/state" ] || rm -rf "$ROOT/log"
    mkdir -p "$ROOT"/{munge,run,state,spool,log}
    # munged insists that no one but the owner can write along the path of its key.
    chmod 755 "$ROOT" "$ROOT/run" && chmod 700 "$ROOT/munge"
    [ -e "$CONF" ] || write_configuration
    daemon_pid munged >/dev/null || start_munge
    daemon_pid slurmctld >/dev/null || timeout 20 slurmctld || die "slurmctld did not start"
    daemon_pid slurmd >/dev/null || timeout 20 slurmd || die "slurmd did not start"
fi
wait_until_ready
timeout 60 srun --quiet --time=1 --mem=50 true || die "SLURM is up, but a first job did not run"
say "$(sinfo --version) is up: node $HOST, partitions main, short and gpu, logs in $ROOT/log"
