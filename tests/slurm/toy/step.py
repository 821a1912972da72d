"""One step of the toy chain: write a digest of the inputs, and misbehave if a file asks for it.

step.py RULE EXAMPLES MEM_MB OUTPUT [INPUT ...]

faults/RULE.EXAMPLES may hold one word:
    fail      exit with an error, the first time
    hang      do not end within ten minutes, the first time
    slow      take 20 seconds, every time
    hungry    need one and a half times the memory that the first attempt was given, every time
The number of the SLURM job that met the fault is appended to faults/RULE.EXAMPLES.jobs.
"""

import hashlib
import os
import sys
import time
from pathlib import Path

rule, examples, mem_mb, output, *inputs = sys.argv[1:]
fault_file = Path("faults") / f"{rule}.{examples}"
jobs_file = fault_file.with_name(fault_file.name + ".jobs")

if fault_file.exists():
    first_time = not jobs_file.exists()
    with jobs_file.open("a") as file:
        file.write(f"{os.environ['SLURM_JOB_ID']} {mem_mb}\n")
    fault = fault_file.read_text().strip()
    if fault == "fail" and first_time:
        sys.exit("the fault that was asked for")
    elif fault == "hang" and first_time:
        time.sleep(600)
    elif fault == "slow":
        time.sleep(20)
    elif fault == "hungry":
        first_mem_mb = int(jobs_file.read_text().split()[1])
        ballast = b"x" * (first_mem_mb * 1_500_000)
        time.sleep(5)  # SLURM looks every second

digest = hashlib.sha256(f"{rule} {examples}".encode())
for path in inputs:
    digest.update(Path(path).read_bytes())
partial = Path(output + ".partial")
partial.write_text(digest.hexdigest() + "\n")
partial.replace(output)
