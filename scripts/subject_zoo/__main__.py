"""`python -m subject_zoo` is the command `subject-zoo`."""

import sys

from subject_zoo.cli import main

sys.exit(main())
