"""Check the finished dataset: files, records, figures, and the training of some of its models."""

from pathlib import Path

from adapter import rule_log

from subject_zoo.base.errors import UserError
from subject_zoo.base.files import atomic_write
from subject_zoo.verification.verify import verify

with rule_log(snakemake) as log:
    told: list[str] = []
    folder = Path(snakemake.input[0]).parent
    problems = [str(problem) for problem in verify(folder, told.append, trusted=True, processes=snakemake.threads)]
    for line in (*told, *problems):
        log.info("%s", line)
    if problems:
        raise UserError(f"{folder}: {len(problems)} problems, listed in {snakemake.log[0]}; the first: {problems[0]}")
    atomic_write(snakemake.output[0], "".join(f"{line}\n" for line in (*told, f"{folder}: no problem")).encode())
