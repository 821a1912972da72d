"""The dataset's datasheet: the questions of Gebru et al. (arXiv:1803.09010), answered with the run's own figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from subject_zoo.base.terms import DATA
from subject_zoo.config.tasks import tasks_of
from subject_zoo.dataset.layout import table_names
from subject_zoo.dataset.shards import table_schema
from subject_zoo.dataset.statements import Statements

_TEMPLATE = Path(__file__).with_name("datasheet.md")

_ALONE = "None has to do with another: each network starts from weights of its own."
_SHUFFLED = (
    "A record's prompts show the network of the one before it in its split (`shown_example_id` in `metadata`). Else "
    "none has to do with another: each network starts from weights of its own."
)
_TWINS = "Twins share a start and most of a dataset, and name one another (`twin` in `metadata`); others share nothing."


def datasheet(
    said: Statements,
    config: Mapping[str, Any],
    digests: Mapping[str, str],
    rows: Mapping[str, int],
    validity: Mapping[str, Any],
    license_name: str,
) -> str:
    """DATASHEET.md of a finished dataset: `rows` by split, `validity` its figures, `said` what follows from them."""
    asked, sequences = config["task_generation"], validity["sequences"]
    mends = asked["include_modification"]
    names = {
        table: ", ".join(f"`{field.name}`" for field in table_schema(table, asked, config["validation"]["ablation"]))
        for table in table_names(asked)
    }
    split, *preprocessing = reversed(said.preprocessing)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        instance=(
            f"A small neural network{', degraded and mended' if mends else ''}, with what was measured of it, an "
            f"activation signature, and a prompt and a completion for {' and '.join(tasks_of(asked))}."
        ),
        purpose=said.purpose,
        summary=said.summary,
        collection=said.collection[-1],
        columns=_listed([f"{_named(table)}: {columns}" for table, columns in names.items()]),
        labels=" ".join(said.labels),
        relations=_relations(config),
        duplicates=f"Records that hold the network of another one: {validity['duplicates']:,}.",
        rows=", ".join(f"{count:,} {name}" for name, count in rows.items()),
        splits=split,
        noise=(
            f"In the networks' own datasets {_share(sequences['copies'], sequences['rows'])} of the rows repeat a "
            f"sequence, {sequences['on_both_sides']:,} sequences are on both sides of an early-stopping split, and "
            f"{sequences['shared_of_held_out']:,} are in the test set, of patterns that are held out."
        ),
        personal=said.personal,
        acquired=" ".join(said.collection[:-1]),
        activity=f"{said.activity}. {said.repeatable}",
        preprocessing=" ".join(preprocessing),
        uses=" ".join(said.uses),
        limitations=_listed(said.limitations),
        biases=_listed(said.biases),
        misuses=" ".join(said.misuses),
        social_impact=said.social_impact,
        license=license_name,
        code=digests["code_sha256"],
        config=digests["config_sha256"],
        maintenance=said.maintenance,
    )


def _relations(config: Mapping[str, Any]) -> str:
    if config["dataset"]["twins"]:
        return _TWINS
    return _ALONE if config["format"]["shuffle"] == "none" else _SHUFFLED


def _named(table: str) -> str:
    return "the configuration `default`" if table == DATA else f"`{table}`"


def _listed(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
