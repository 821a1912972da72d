"""What the tests of docs/ share: a finished dataset."""

from tests.finished_dataset import finished

__all__ = ["finished"]
