"""The dataset card: what a person reads before they use the dataset, and how `datasets` loads it."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import yaml

from subject_zoo.base.lines import counted, span_in_words
from subject_zoo.base.terms import CLAIMED_RATE, DATA, SOUND_RATE, TASKS
from subject_zoo.config.tasks import tasks_of
from subject_zoo.dataset.card_figures import diagnoses_in_words, exact_section, merged_section, validity_section
from subject_zoo.dataset.card_lengths import context_length, length_in_words
from subject_zoo.dataset.edited_card import whole_card
from subject_zoo.dataset.layout import table_names
from subject_zoo.dataset.parts import Part, code_in_words, seeds_of
from subject_zoo.dataset.splits import empty_splits, splits_in_words
from subject_zoo.signatures.leaks import given_away

_TEMPLATE = Path(__file__).with_name("card.md")
_COMPLETIONS = {  # of modifications, by `format.modification_completion`
    "full": "A modification's completion is the mended network's weights, JSON lists by tensor.",
    "patch": """A modification's completion is a patch, the numbers that change and no others: by tensor and row a list
of column, new value, column, new value and so on; rows and columns count from 0. With the repository installed,
`subject_zoo.apply_patch(prompt, completion)` gives the mended weights, bit for bit. So may a patch look:

```json
{"network.0.weight":{"3":[12,-0.41,30,0.52]},"network.2.bias":[5,0.10]}
```""",
}
_CONTROLS = {  # by `format.shuffle`
    "none": "",
    "networks": """

> **A control, not to be trained on as it is**: `format.shuffle` is `networks`. Each prompt shows the network of another
> record, the one before it in its split (`shown_example_id` in `metadata`), while completions, the table `default` and
> all figures are of the record itself. What an interpreter scores here it scores without reading; what it scores more
> on the same records unshuffled, it reads.""",
}
_TRUE_OF = {  # by `format.shuffle`: what a completion speaks of
    "none": "its prompt",
    "networks": "the table\n`default`, which its prompt does not show",
}
_STARTS = {  # by `training.maker`: how first weights are drawn
    "kernel": "within the bounds of He (relu, gelu, leaky_relu) or Glorot (tanh, sigmoid)",
    "torch": "from normal distributions with the variances of He (relu, gelu, leaky_relu) or Glorot (tanh, sigmoid), "
    "and trained by a plain loop of torch's, by SGD with momentum",
}
_ABLATION = (
    "| `ablation` | JSON: what silencing each hidden neuron, alone, takes from each accuracy, by stage and layer |\n"
)
_DESCRIBED = """
[DATASHEET.md](DATASHEET.md) answers what who uses a dataset asks, and `croissant.json` tells programs the same.
"""
CC0 = "cc0-1.0"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def dataset_card(
    config: Mapping[str, Any],
    digests: Mapping[str, str],
    rows: Mapping[str, int],
    tables: Mapping[str, str],
    validity: Mapping[str, Any] | None,
    figures: Sequence[str] = (),
    license_name: str = CC0,
    parts: Sequence[Part] = (),
) -> str:
    """README.md of the dataset folder: YAML for the Hub, then text.

    `rows` counts examples by split; `tables` has a digest of each table's files, by which the `datasets` package tells
    in its cache that they are others: of a folder it looks at the patterns of names alone. `digests` are `code_sha256`
    and `config_sha256`; `figures` the paths of pictures in the folder. `validity` is None where it is unfinished,
    and `parts` are those of a merged dataset, or it alone.
    """
    total = sum(rows.values())
    header = {
        "license": license_name,
        "pretty_name": "Subject Zoo",
        "tags": ["interpretability", "weight-space-learning", "synthetic", "neural-networks"],
        "task_categories": ["text-generation"],
        "size_categories": [next((label for limit, label in _SIZES if total < limit), "n>1M")],
        "configs": [
            {
                "config_name": "default" if table == DATA else table,
                "description": f"sha256 of its files: {tables[table]}",
                "data_files": [
                    {"split": split, "path": f"{table}/{split}/*.parquet"} for split, count in rows.items() if count
                ],
            }
            for table in table_names(config["task_generation"])
        ],
    }
    return whole_card(header, card_text(config, digests, rows, validity, figures, parts))


def card_text(
    config: Mapping[str, Any],
    digests: Mapping[str, str],
    rows: Mapping[str, int],
    validity: Mapping[str, Any] | None,
    figures: Sequence[str],
    parts: Sequence[Part],
) -> str:
    """The card below its YAML, from what `dataset_card` takes."""
    model, patterns = config["model"], config["patterns"]
    letters = "".join(chr(ord("A") + place % patterns["vocab_size"]) for place in range(patterns["sequence_length"]))
    tasks, twins = tasks_of(config["task_generation"]), config["dataset"]["twins"]
    shuffle = config["format"]["shuffle"]
    return Template(_template(tasks)).substitute(
        count=counted(sum(rows.values()), "record"),
        splits=", ".join(f"{count} {split}" for split, count in rows.items()),
        dealing=splits_in_words(**config["splits"]),
        starts="twins share a start, and no other records do" if twins else "no two records share a start",
        twins=_twins(validity) if twins else "",
        empty=_empty(empty_splits(rows, **config["splits"])) if validity else "",
        control=_CONTROLS[shuffle],
        true_of=_TRUE_OF[shuffle],
        left_out="" if shuffle == "none" else ", without the first of each split, which has none before it",
        labels=config["training"]["improvement_data"],
        drawn=_STARTS[config["training"]["maker"]],
        ablation=_ABLATION if config["validation"]["ablation"] else "",
        unfinished="" if validity else f" Unfinished: {config['num_examples']} are asked for.",
        task=tasks[-1],
        completion=_COMPLETIONS[config["format"]["modification_completion"]],
        **{f"{task}_length": length_in_words(validity, task, config) for task in TASKS},
        context=context_length(validity),
        split=next((split for split, count in rows.items() if count), "train"),
        sequence=letters,
        claimed=f"{100 * CLAIMED_RATE:.0f} %",
        sound=f"{100 * SOUND_RATE:.0f} %",
        diagnosed=diagnoses_in_words(validity["diagnosed"]) if validity and "diagnosed" in validity else "",
        exact=exact_section(validity["exact"], "modification" in tasks) if validity and validity["exact"] else "",
        validity=validity_section(validity, figures) if validity else "",
        described=_DESCRIBED if validity else "",
        config=shown_config(config),
        layers=span_in_words(model["num_layers"]),
        neurons=span_in_words(model["neurons_per_layer"]),
        length=patterns["sequence_length"],
        vocab=patterns["vocab_size"],
        min_holdout=config["dataset"]["min_holdout"],
        config_digest=digests["config_sha256"][:12],
        code_digest=code_in_words(digests, parts),
        seed=" and ".join(map(str, seeds_of(config, parts))),
        merged=merged_section(parts) if len(parts) > 1 else "",
        leak=f"\n- **The answer is given away**: {leak}." if (leak := given_away(config)) else "",
    )


def shown_config(config: Mapping[str, Any]) -> str:
    """A configuration as the card shows it, in YAML."""
    return yaml.safe_dump(dict(config), sort_keys=False).strip()


def _template(tasks: Sequence[str]) -> str:
    """The card's text for these tasks. A line of % and a name begins what is for them alone: a task's name, if it is
    one of them; such a name with "-alone", or "several"; "both" for the first two tasks, whether there is a third or
    not, and "modification-and-diagnosis"; "%end", or the next such line, ends it."""
    both = "both" if {"modification", "classification"} <= set(tasks) else "-and-".join(tasks)
    shown = {*tasks, "end", *(["several", both] if len(tasks) > 1 else [f"{tasks[0]}-alone"])}
    lines, is_shown = [], True
    for line in _TEMPLATE.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("%"):
            is_shown = line[1:].strip() in shown
        elif is_shown:
            lines.append(line)
    return "".join(lines)


def _empty(splits: Sequence[str]) -> str:
    """Of splits that were to have records and have none."""
    return f" No record fell to {' or '.join(splits)} here, so there is no such split to load." if splits else ""


def _twins(validity: Mapping[str, Any] | None) -> str:
    """A paragraph on pairs, after the one on splits."""
    text = """The candidates 2k and 2k + 1 are **twins**: one form of network, one start, one learning rate, one order
        of batches, and one dataset, but that one selected pattern has another in its place (`twin` in `metadata`). A
        pair is dealt as one record, by its lower number and by what either is, so that none stands in two splits."""
    if validity and (told := validity.get("twins")):
        apart = ", ".join(f"{name} {count}" for name, count in told["pairs_by_pattern"].items())
        text += f""" Whole pairs here: {told["pairs"]:,}; records whose twin failed a gate, or would come next:
            {told["records_without_twin"]:,}. By pattern, the whole pairs that it tells apart: {apart}."""
    return "\n\n" + textwrap.fill(" ".join(text.split()), 120)
