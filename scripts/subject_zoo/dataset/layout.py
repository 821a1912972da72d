"""What a dataset's folder holds and where: its tables, its shards' files, its pages.

A record's prompts and completions stand in a table for each task, under the names that trainers of language models
ask for, and all else in the table "data": so each task can be loaded as it is, and no text is stored twice.
"""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from subject_zoo.base.terms import DATA, SPLITS, TASKS
from subject_zoo.config.tasks import tasks_of

CARD = "README.md"
MANIFEST = "manifest.json"
VALIDITY = "validity.json"
CROISSANT = "croissant.json"
DATASHEET = "DATASHEET.md"
DESCRIPTIONS = (DATASHEET, CROISSANT)  # of a finished dataset, beside its card
SIGNATURE_DATASET = "signature_dataset.json"
BENCHMARK_DATASET = "benchmark_dataset.json"
SEQUENCE_FILES = (SIGNATURE_DATASET, BENCHMARK_DATASET)
PICTURES = "figures"  # the folder of pictures
SHARD_FOLDERS = (DATA, *TASKS, "weights", "signatures")

_NUMBER = "[0-9]{6,9}"  # of a shard
TABLE_FILE = rf"^({'|'.join((DATA, *TASKS))})/({'|'.join(SPLITS)})/{_NUMBER}\.parquet\Z"
WEIGHTS_FILE = rf"^weights/{_NUMBER}\.safetensors\Z"
SIGNATURES_FILE = rf"^signatures/{_NUMBER}\.npz\Z"
PICTURE_FILE = rf"^{PICTURES}/[a-z_]+\.png\Z"


def table_names(task_generation: Mapping[str, bool]) -> list[str]:
    """The tables there are under the config's section `task_generation`."""
    return [DATA, *tasks_of(task_generation)]


def picture_names(task_generation: Mapping[str, bool]) -> list[str]:
    """The pictures there are, as files are called before the dot; of positive rates where completions tell of them."""
    rates = ["positive_rates"] if "classification" in tasks_of(task_generation) else []
    return ["acceptance", "accuracy", *rates]


def table_of(column: str) -> str:
    """The table that holds a record's column, under another name where it is a task's."""
    return next((task for task in TASKS if column.startswith(f"{task}_")), DATA)


def shard_parts(task_generation: Mapping[str, bool]) -> list[str]:
    """What a shard consists of, as its files are called behind its number: "data.train.parquet" and so on."""
    tables = [f"{table}.{split}.parquet" for table in table_names(task_generation) for split in SPLITS]
    return [*tables, "weights.safetensors", "signatures.npz"]


def place_of(part: str, shard: str) -> str:
    """Where a part of a shard stands in the folder: "data/train/000123.parquet"."""
    *folders, suffix = part.split(".")
    return "/".join([*folders, f"{shard}.{suffix}"])


def table_file(table: str, split: str, shard: str) -> str:
    """Where the rows of a shard's examples in a split stand."""
    return place_of(f"{table}.{split}.parquet", shard)


def weights_file(shard: str) -> str:
    """Where a shard's models stand."""
    return place_of("weights.safetensors", shard)


def signatures_file(shard: str) -> str:
    """Where a shard's signatures stand."""
    return place_of("signatures.npz", shard)


def shards_in(files: Iterable[str]) -> list[str]:
    """The shards that have rows, in order, by the names of a folder's files."""
    return sorted({PurePosixPath(name).stem for name in files if name.startswith(f"{DATA}/")})


def shard_of(path: str) -> str | None:
    """The shard that a file in the folder is a part of; None where it is of none."""
    folder, _, inside = path.partition("/")
    return path.rpartition("/")[2].partition(".")[0] if folder in SHARD_FOLDERS and inside else None
