"""Whether a machine is ready for a run: a look at each thing that a run needs, with what to do where it is missing."""
