"""Records made as they are asked for, under the name by which verifiers finds them: vf-eval subject-zoo-fresh"""

from subject_zoo.integrations.verifiers import ClosedBook, ClosedBookEnv, FreshTaskset

__all__ = ["ClosedBook", "ClosedBookEnv", "FreshTaskset"]
