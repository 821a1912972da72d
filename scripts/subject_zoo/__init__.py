"""Subject Zoo: small neural networks, degraded and mended, as training data for interpreter models.

What is named here is loaded when it is first used, so importing the package costs nothing and needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from subject_zoo.base.errors import UserError
    from subject_zoo.chain import make_examples
    from subject_zoo.networks.torch_module import SubjectModel
    from subject_zoo.project import Project
    from subject_zoo.records.parser import apply_patch
    from subject_zoo.verification.verify import verify

__version__ = "0.1.0"
__all__ = ["Project", "SubjectModel", "UserError", "__version__", "apply_patch", "make_examples", "verify"]

_HOMES = {
    "Project": "project",
    "SubjectModel": "networks.torch_module",
    "UserError": "base.errors",
    "apply_patch": "records.parser",
    "make_examples": "chain",
    "verify": "verification.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
