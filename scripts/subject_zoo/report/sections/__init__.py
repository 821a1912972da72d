"""The parts of the page, a file each: what is computed, and how it is shown. Each is None where there is nothing."""
