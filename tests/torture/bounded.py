"""Subject Zoo's command line, which fails where it takes more memory than allowed:

python -m tests.torture.bounded MEBIBYTES verify FOLDER
"""

import resource
import sys

from subject_zoo.cli import main


def bounded() -> int:
    """The command's status; 3, with a word, where it took too much, even for a moment."""
    most = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_DATA, (3 * most << 20, 3 * most << 20))  # the machine is not this one's alone
    status = main(sys.argv[2:])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if peak > most:
        print(f"took {peak} MiB of memory")
        return 3
    return status


if __name__ == "__main__":
    sys.exit(bounded())
