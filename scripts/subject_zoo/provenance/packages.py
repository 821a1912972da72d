"""The packages that are installed here, of those that the workflow's jobs need: told without loading any."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from subject_zoo.base.errors import UserError

# What jobs import, as it is called there and by pip, without what Snakemake itself brings.
NEEDED = {
    "numpy": "numpy",
    "orjson": "orjson",
    "safetensors": "safetensors",
    "pyarrow": "pyarrow",
    "pandas": "pandas",
    "matplotlib": "matplotlib",
}


def version_of(package: str) -> str:
    """The installed version, or "none"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def check_installed() -> None:
    """Raise UserError for packages that jobs need and that are not there."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        raise UserError(f"not installed: {', '.join(missing)}; pip install -r requirements.txt")
