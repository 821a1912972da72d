"""Tests against the packages that people train and judge with: in their own environment (make test-integrations), where
one that is missing is an error; elsewhere none is collected. Nothing is asked of the internet."""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("trl") else ["test_*.py"]
