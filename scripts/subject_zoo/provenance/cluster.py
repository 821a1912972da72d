"""What a run on a cluster needs of the machine that it is started on."""

import shutil

from subject_zoo.base.errors import UserError

OF_SLURM = ("sbatch", "squeue", "scancel")


def check_cluster(executor: str) -> None:
    """Raise UserError where the machine lacks a program that the executor calls: it would try for ever."""
    if missing := missing_programs() if executor == "slurm" else []:
        raise UserError(
            f"executor is slurm, and there is no {', '.join(missing)} here; start on a login node of the cluster, or "
            "leave out --profile, --workflow-profile and --executor to work on this machine"
        )


def missing_programs() -> list[str]:
    """Those of SLURM that the executor calls and that are not on the PATH."""
    return [program for program in OF_SLURM if shutil.which(program) is None]
