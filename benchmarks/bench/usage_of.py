"""Run a command; the last line of output is JSON: `wall` and `cpu` seconds and `mib`, its largest process's peak.

    python benchmarks/bench/usage_of.py COMMAND ...

A process of its own, because Linux counts to a process the memory of the one that started it.
"""

import json
import resource
import subprocess
import sys
import time

start = time.perf_counter()
status = subprocess.run(sys.argv[1:], check=False).returncode
wall = time.perf_counter() - start
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mib": usage.ru_maxrss / 1024}), flush=True)
sys.exit(status)
