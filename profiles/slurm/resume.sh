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

# The run that lives in this folder, if there is one: it holds a share of the lock, and beside it lies who it is.
living_run() {
    local runs=.snakemake/subject-zoo status=0
    [ -e $runs/lock ] || return 0
    flock --nonblock --conflict-exit-code 9 $runs/lock true || status=$?
    [ $status -ne 9 ] || sed -n 's/.*"pid": \([0-9]*\), "host": "\([^"]*\)".*"ended": false.*/process \1 on \2/p' $runs/*.json | tail -1
    [ $status -eq 0 ] || [ $status -eq 9 ] || say "no locks here ($runs/lock), so a run that still lives is not seen"
}

# Prints the ids of our jobs that have not ended. %Z is the folder where a job was submitted.
orphans() {
    timeout 60 squeue --user="$(id -u)" --noheader --format='%i|%j|%Z' \
        | PREFIX="${PREFIX}_" FOLDER="$FOLDER" awk -F'|' '  # from the environment: -v would read backslashes in a name
            { folder = $0; sub(/^[^|]*[|][^|]*[|]/, "", folder) }
            index($2, ENVIRON["PREFIX"]) == 1 && folder == ENVIRON["FOLDER"] { print $1 }'
}

for program in squeue scancel sbatch; do
    command -v "$program" > /dev/null || die "no $program here; go on where the run was started, on a login node of the cluster"
done
[ -n "$PREFIX" ] || die "no slurm-jobname-prefix in $PROFILE/config.yaml"
run=$(living_run)
[ -z "$run" ] || die "Snakemake still runs here, $run: stop it first with Ctrl-C there, which cancels its jobs"

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
