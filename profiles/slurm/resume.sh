#!/usr/bin/env bash
# Go on with a run on SLURM whose Snakemake was killed (a reboot, a lost connection, kill -9).
#
#   profiles/slurm/resume.sh [arguments of snakemake]      from the folder where the run was started
#
# The jobs of a dead Snakemake run on, and nothing would collect what they write. So: cancel them, wait until they
# are gone, take away the lock that the dead one left, and run again; whatever was finished is kept.
# Cancelled are only jobs of this user with the profile's name prefix that were started in this folder.
#
#   SNAKEMAKE       the program to run      (default: snakemake)
#   SNAKEMAKE_PYTHON  instead of it, the Python to run Snakemake by
#   RESUME_TIMEOUT  seconds to wait for SLURM, for the cancelled jobs, for the unlocking   (default: 300)
set -euo pipefail
PROFILE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ -n "${SNAKEMAKE_PYTHON:-}" ]; then RUN=("$SNAKEMAKE_PYTHON" -m snakemake); else RUN=("${SNAKEMAKE:-snakemake}"); fi
RESUME_TIMEOUT=${RESUME_TIMEOUT:-300}
PREFIX=$(sed -n 's/^slurm-jobname-prefix: *//p' "$PROFILE/config.yaml")
FOLDER=$(pwd -P)

say() { echo "resume.sh: $*" >&2; }
die() { say "error: $*"; exit 1; }

# The main process of a run in this folder, if there is one. The processes that Snakemake starts inside jobs
# look the same (on a cluster of one machine they are here too) but for their --mode.
living_snakemake() {
    local pid words i
    for pid in $(pgrep -u "$(id -u)" -f snakemake); do
        [ "$(readlink "/proc/$pid/cwd")" = "$FOLDER" ] || continue
        { mapfile -d '' -t words < "/proc/$pid/cmdline"; } 2>/dev/null || continue
        # Word by word: folders have spaces. A Python: the shell in which `make resume-slurm` calls this names it too.
        [[ ${words[0]:-} =~ (^|/)python[^/]*$ && " ${words[*]} " != *' --mode remote '* ]] || continue
        for ((i = 1; i < ${#words[@]}; i++)); do
            [[ ${words[i]} == -* && ${words[i]} != -m ]] || break
        done
        [[ ${words[i]:-} != -m ]] || i=$((i + 1))
        [[ ${words[i]:-} =~ (^|/)snakemake$ ]] || continue
        echo "$pid"
        return
    done
}

# Prints the ids of our jobs that have not ended. %Z is the folder where a job was submitted.
orphans() {
    timeout 60 squeue --user="$(id -u)" --noheader --format='%i|%j|%Z' \
        | PREFIX="${PREFIX}_" FOLDER="$FOLDER" awk -F'|' '  # from the environment: -v would read backslashes in a name
            { folder = $0; sub(/^[^|]*[|][^|]*[|]/, "", folder) }
            index($2, ENVIRON["PREFIX"]) == 1 && folder == ENVIRON["FOLDER"] { print $1 }'
}

[ -n "$PREFIX" ] || die "no slurm-jobname-prefix in $PROFILE/config.yaml"
pid=$(living_snakemake)
[ -z "$pid" ] || die "Snakemake still runs here: stop it first (kill -INT $pid; it cancels its jobs)"

deadline=$((SECONDS + RESUME_TIMEOUT))
until ids=$(orphans); do
    [ $SECONDS -lt $deadline ] || die "SLURM does not answer"
    sleep 5
done
if [ -n "$ids" ]; then
    say "cancelling" $ids
    echo "$ids" | xargs --max-args=500 timeout 60 scancel || say "scancel failed for some; looking again"
    while ids=$(orphans) && [ -n "$ids" ]; do
        [ $SECONDS -lt $deadline ] || die "still there after $RESUME_TIMEOUT s:" $ids
        sleep 2
    done
fi
say "no jobs are left; unlocking"
timeout "$RESUME_TIMEOUT" "${RUN[@]}" --workflow-profile "$PROFILE" --unlock "$@"
exec "${RUN[@]}" --workflow-profile "$PROFILE" --rerun-incomplete "$@"
