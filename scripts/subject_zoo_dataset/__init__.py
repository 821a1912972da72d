"""The records of a dataset, under the name by which verifiers finds them: vf-eval subject-zoo-dataset"""

from subject_zoo.integrations.verifiers import ClosedBook, ClosedBookEnv, DatasetTaskset

__all__ = ["ClosedBook", "ClosedBookEnv", "DatasetTaskset"]
