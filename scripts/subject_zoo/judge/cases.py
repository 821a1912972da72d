"""The records of a dataset folder as a judge sees them: what was asked for, both networks, and the true answer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import format_id
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import DATA, SPLITS
from subject_zoo.config.tasks import published_stages, tasks_of
from subject_zoo.dataset.layout import shards_in, table_file, weights_file
from subject_zoo.dataset.received import Received
from subject_zoo.networks.model import StoredModel
from subject_zoo.records.diagnosis import Diagnosis


@dataclass(frozen=True)
class Case:
    """One record: `degraded` is what a modification starts from, `improved` the recorded one, `listed_patterns` the
    classification's true answer, `diagnosis` that task's.

    Of a dataset without modification `target_pattern` is None, and `degraded` the improved network itself; of one
    without classification nothing is listed, and of one without diagnosis that is None.
    """

    example_id: int
    selected_patterns: tuple[str, ...]
    target_pattern: str | None
    degraded: StoredModel
    improved: StoredModel
    listed_patterns: frozenset[str]
    diagnosis: Diagnosis | None = None

    @property
    def target(self) -> str:
        """The target pattern of a record that has a modification. Raises ValueError for one that has none."""
        if self.target_pattern is None:
            raise ValueError(f"record {self.example_id} has no modification")
        return self.target_pattern

    @property
    def diagnosed(self) -> Diagnosis:
        """The true answer of a record that has a diagnosis. Raises ValueError for one that has none."""
        if self.diagnosis is None:
            raise ValueError(f"record {self.example_id} has no diagnosis")
        return self.diagnosis

    @property
    def shown(self) -> StoredModel:
        """The network that is shown to be diagnosed."""
        return self.improved if self.diagnosed.pattern is None else self.degraded


def load_cases(folder: Received, manifest: Mapping[str, Any], split: str) -> Iterator[Case]:
    """The records of a split, in the order of their ids; `split` is one of SPLITS or "all".

    Raises UserError for another word, a split without records, and a folder whose records are not as its manifest says.
    """
    if split not in (*SPLITS, "all"):
        raise UserError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}, all")
    found = False
    for shard in shards_in(manifest["files"]):
        with _of_shard(folder, shard):
            for case in _cases_of(folder, manifest, shard, SPLITS if split == "all" else (split,)):
                found = True
                yield case
    if not found:
        raise UserError(f"{folder.path}: the split {split} has no record; choose another with --split")


def task_rows(folder: Received, manifest: Mapping[str, Any], split: str, task: str) -> Iterator[dict[str, Any]]:
    """`example_id`, `prompt` and `completion` of a split's records, shard by shard, in the order of their ids.

    Raises UserError for a folder whose records are not as its manifest says.
    """
    for shard in shards_in(manifest["files"]):
        if (name := table_file(task, split, shard)) in manifest["files"]:
            with _of_shard(folder, shard):
                for row in folder.rows(name, ["example_id", "prompt", "completion"]):
                    known, *texts = row.values()
                    if not (isinstance(known, int) and known >= 0 and all(isinstance(text, str) for text in texts)):
                        raise ValueError(f"example {known} has no id, or lacks a text")
                    yield row


@contextmanager
def _of_shard(folder: Received, shard: str) -> Iterator[None]:
    """Whatever is wrong with a shard's files is one line."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        why = one_line(getattr(error, "strerror", None) or error)
        raise UserError(
            f"{folder.path}: shard {shard} cannot be judged ({why}); subject-zoo verify tells what is wrong"
        ) from None


def _cases_of(folder: Received, manifest: Mapping[str, Any], shard: str, splits: Sequence[str]) -> Iterator[Case]:
    config = manifest["config"]
    tasks, rows = tasks_of(config["task_generation"]), []
    for part in splits:
        if table_file(DATA, part, shard) not in manifest["files"]:
            continue
        columns = ["example_id", "selected_patterns", *(["target_pattern"] if "modification" in tasks else [])]
        here = list(folder.rows(table_file(DATA, part, shard), columns))
        if "classification" in tasks:
            listed = folder.rows(table_file("classification", part, shard), ["listed_patterns"])
            here = [row | {"listed": one["listed_patterns"]} for row, one in zip(here, listed, strict=True)]
        if "diagnosis" in tasks:
            columns = ["poor_pattern", "region_positions", "region_letters"]
            diagnoses = folder.rows(table_file("diagnosis", part, shard), columns)
            vocab_size = config["patterns"]["vocab_size"]
            here = [
                row | {"diagnosis": Diagnosis.of_columns(one, vocab_size)}
                for row, one in zip(here, diagnoses, strict=True)
            ]
        rows += here
    models = folder.models(weights_file(shard)) if rows else {}
    for row in sorted(rows, key=lambda row: row["example_id"]):
        names = [f"{format_id(row['example_id'])}/{stage}" for stage in published_stages(config["task_generation"])]
        own = [models[name] for name in names]
        named = {*row["selected_patterns"], *row.get("listed", ()), row.get("target_pattern")} - {None}
        if strangers := named - {*config["patterns"]["enabled"]}:
            raise ValueError(f"example {row['example_id']} names {sorted(strangers)[0]!r}, which is not enabled")
        for model in own:
            _check_network(model, config)
        yield Case(
            example_id=row["example_id"],
            selected_patterns=tuple(row["selected_patterns"]),
            target_pattern=row.get("target_pattern"),
            degraded=own[0],
            improved=own[-1],
            listed_patterns=frozenset(row.get("listed", ())),
            diagnosis=_checked(row.get("diagnosis"), row, config),
        )


def _checked(diagnosis: Diagnosis | None, row: Mapping[str, Any], config: Mapping[str, Any]) -> Diagnosis | None:
    """A diagnosis. Raises ValueError for one that its record cannot have: the patterns' sequences are looked at."""
    if diagnosis is not None and diagnosis.region is not None:
        if diagnosis.pattern not in row["selected_patterns"]:
            raise ValueError(f"example {row['example_id']} has its fault in a pattern that it does not select")
        if max(diagnosis.region.positions) >= config["patterns"]["sequence_length"]:
            raise ValueError(f"example {row['example_id']} has a fault beyond its sequences")
    return diagnosis


def _check_network(model: StoredModel, config: Mapping[str, Any]) -> None:
    """Raise ValueError for a network that the configuration does not draw: it could take any time and memory to run."""
    drawn, network = config["model"], model.architecture
    layers, neurons = drawn["num_layers"], drawn["neurons_per_layer"]
    if not (
        layers[0] <= network.num_layers <= layers[1]
        and neurons[0] <= network.neurons_per_layer <= neurons[1]
        and network.activation_type in drawn["activation_types"]
        and (network.input_encoding, network.precision) == (drawn["input_encoding"], drawn["precision"])
        and (network.vocab_size, network.sequence_length)
        == (config["patterns"]["vocab_size"], config["patterns"]["sequence_length"])
    ):
        raise ValueError(f"a network is none of the configuration's: {network}")
