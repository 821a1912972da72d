"""What a run may use besides this machine: a cluster, the Hugging Face Hub, what `datasets` keeps; and its locale.

Nothing is asked over a network.
"""

import json
import locale
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from subject_zoo.base.errors import UserError
from subject_zoo.base.lines import one_line, size_in_words
from subject_zoo.doctor.asked import Asked
from subject_zoo.doctor.disk import MOST_FILES, size_of
from subject_zoo.doctor.finding import Finding, fail, ok, warn
from subject_zoo.hub.environment import hub_environment
from subject_zoo.provenance.cluster import OF_SLURM, missing_programs

_LOG_IN = "hf auth login, or set HF_TOKEN"
_INSTALL = "pip install '.[pipeline]', or make run, in a clone"
_TOKENS = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
_OURS = {"example_id", "selected_patterns"}  # columns of every table of ours
_LARGEST = 1_000_000  # bytes of a description in it


def slurm(_: Asked) -> Iterator[Finding]:
    """Whether a run could submit jobs from here."""
    missing = missing_programs()
    if not missing:
        yield ok("SLURM", f"{', '.join(OF_SLURM)} are here: snakemake --profile profiles/slurm")
    elif len(missing) == len(OF_SLURM):
        yield ok("SLURM", "none here: a run works on this machine alone")
    else:
        yield warn("SLURM", f"no {', '.join(missing)} here", "start on a login node of the cluster")


def hub_login(asked: Asked) -> Iterator[Finding]:
    """Whether there is a token to publish with. Nothing of it is told."""
    wanted = None if asked.config is None else asked.config["publish"]["repo_id"]
    without = fail if wanted else ok
    if find_spec("huggingface_hub") is None or find_spec("httpx2") is None:
        yield without("Hub", "huggingface_hub and httpx2 are not both installed, which publishing needs", _INSTALL)
        return
    os.environ.update(hub_environment() | os.environ)
    from subject_zoo.hub.client import check_token

    try:
        check_token()
    except UserError:
        said = f"no token, and publish.repo_id is {wanted}" if wanted else "no token, which publishing alone needs"
        yield without("Hub", said, _LOG_IN)
    else:
        where = (
            "in the environment" if any(os.environ.get(name) for name in _TOKENS) else "in a file, as a login leaves it"
        )
        yield ok("Hub", f"a token is there, {where}; whether the Hub takes it was not asked")


def datasets_cache(_: Asked) -> Iterator[Finding]:
    """Where `datasets` keeps what it has loaded, and how much of that are earlier states of our datasets."""
    place = datasets_folder()
    if not place.is_dir():
        yield ok("datasets", f"nothing loaded yet ({one_line(place)})")
        return
    size, files = size_of(place)
    more = "more than " if files >= MOST_FILES else ""
    copies = list(_copies_of_ours(place))
    old = len(copies) - len(set(copies))
    said = f"{more}{size_in_words(size)} in {one_line(place)}, tables of Subject Zoo loaded: {len(copies)}"
    if not old:
        yield ok("datasets", said)
    else:
        names = sorted({copy.parent.name for copy in copies if copies.count(copy) > 1})
        folders = ", ".join(one_line(place / name) for name in names[:3])
        yield ok("datasets", f"{said}, {old} of an earlier state", f"to make room, delete {folders}")


def datasets_folder() -> Path:
    """As the package has it."""
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(os.environ.get("HF_DATASETS_CACHE") or os.path.join(home, "datasets")).expanduser()


def _copies_of_ours(place: Path) -> Iterator[Path]:
    """For each loaded state of a table of ours, the folder of that table's states."""
    for info in place.glob("*/*/*/*/dataset_info.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(info.read_text(encoding="utf-8")) if info.stat().st_size < _LARGEST else {}
            if set(known["features"]) >= _OURS:
                yield info.parents[2]


def text(_: Asked) -> Iterator[Finding]:
    """Whether files and the terminal take any letter."""
    encodings = {
        "of files": locale.getencoding(),
        "of their names": sys.getfilesystemencoding(),
        "of the terminal": sys.stdout.encoding or "none",
    }
    other = [f"{what} {name}" for what, name in encodings.items() if name.lower().replace("-", "") != "utf8"]
    if other:
        yield warn("locale", f"not UTF-8: the encoding {', '.join(other)}", "export LC_ALL=C.UTF-8")
    else:
        yield ok("locale", "UTF-8")
