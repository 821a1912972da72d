"""The dataset card: what a person reads before they use the dataset, and how `datasets` loads it."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import yaml

from subject_zoo.base.lines import counted
from subject_zoo.base.terms import CLAIMED_RATE, DATA, SOUND_RATE, TASKS
from subject_zoo.config.tasks import tasks_of
from subject_zoo.dataset.edited_card import whole_card
from subject_zoo.dataset.layout import table_names
from subject_zoo.dataset.parts import Part, code_in_words
from subject_zoo.dataset.splits import empty_splits, splits_in_words
from subject_zoo.records.shuffle import SHOWN
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
_MEASURED = {  # of accepted records, by name in the figures
    "accuracy of the target before": "target_accuracy_before",
    "rise of the target's accuracy": "target_improvement",
    "change of the others' accuracy, either way": "change_of_others",
    "positive rate of patterns that a completion lists": "positive_rate_of_listed_patterns",
    "positive rate of all other patterns": "positive_rate_of_other_patterns",
}
_DESCRIBED = """
[DATASHEET.md](DATASHEET.md) answers what who uses a dataset asks, and `croissant.json` tells programs the same.
"""
CC0 = "cc0-1.0"
TOKENS_A_CHARACTER = 0.55, 0.85  # GPT-4's, Llama 3's and Qwen 3's tokenizers on records of all presets
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
    parts: Sequence[Part] = (),
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
        **{f"{task}_length": _length(validity, task, config) for task in TASKS},
        context=_context(validity),
        split=next((split for split, count in rows.items() if count), "train"),
        sequence=letters,
        claimed=f"{100 * CLAIMED_RATE:.0f} %",
        sound=f"{100 * SOUND_RATE:.0f} %",
        diagnosed=_diagnosed(validity["diagnosed"]) if validity and "diagnosed" in validity else "",
        exact=_exact(validity["exact"], "modification" in tasks) if validity and validity["exact"] else "",
        validity=_validity(validity, figures) if validity else "",
        described=_DESCRIBED if validity else "",
        config=shown_config(config),
        layers=_span(model["num_layers"]),
        neurons=_span(model["neurons_per_layer"]),
        length=patterns["sequence_length"],
        vocab=patterns["vocab_size"],
        min_holdout=config["dataset"]["min_holdout"],
        config_digest=digests["config_sha256"][:12],
        code_digest=code_in_words(digests, parts),
        seed=" and ".join(str(part.config["seed"]) for part in parts) or config["seed"],
        merged=_merged(parts) if len(parts) > 1 else "",
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


def _length(validity: Mapping[str, Any] | None, task: str, config: Mapping[str, Any]) -> str:
    """Of a task's prompt and completion together: in tokens, where they were counted, or in characters."""
    if not validity or not (chars := validity["chars"].get(task)):
        return "told when the dataset is whole"
    if tokens := validity["tokens"].get(task):
        tokenizer = Path(config["format"]["tokenizer"]).name
        return f"{tokens['median']:,.0f} tokens at the median, {tokens['max']:,.0f} at most (by {tokenizer})"
    few, many = (round(share * chars["max"], -2) for share in TOKENS_A_CHARACTER)
    return (
        f"{chars['median']:,.0f} characters at the median, {chars['max']:,.0f} at most, which are about {few:,.0f} to "
        f"{many:,.0f} tokens"
    )


def _context(validity: Mapping[str, Any] | None) -> int:
    """A length that trainers are told, a power of two: all samples are surely within it, if their lengths are known."""
    if not validity or not validity["chars"]:
        return 32_768
    longest = max(
        validity["tokens"].get(task, {"max": TOKENS_A_CHARACTER[1] * chars["max"]})["max"]
        for task, chars in validity["chars"].items()
    )
    return 1 << math.ceil(math.log2(longest))


def _span(bounds: Sequence[int]) -> str:
    return str(bounds[0]) if bounds[0] == bounds[1] else f"{bounds[0]} to {bounds[1]}"


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


def _exact(exact: Mapping[str, Any], mends: bool) -> str:
    """What was measured on all sequences, of the improved networks."""
    spreads = {
        "precision over the whole space": exact["precision"],
        "precision on the balanced test": exact["balanced_precision"],
        "recall over the whole space": exact["recall"],
    }
    true = exact.get("records_of_true_lists")
    lists = (
        ""
        if true is None
        else f""" By all sequences of each pattern, {true} of
{exact["records"]} networks classify as positive exactly the patterns that their completion lists."""
    )
    measured = "Both networks of each record were" if mends else "The network of each record was"
    return f"""{measured} put to all {exact["sequences"]:,} sequences (`exact` in `metadata`).
{"Of the mended ones:" if mends else "Of all of them:"}

{_spreads(spreads)}

Precision is the share of the sequences called positive that satisfy a selected pattern; recall the share called
positive of those that satisfy one.{lists}
"""


def _diagnosed(counts: Mapping[str, int]) -> str:
    """How many diagnoses show which network."""
    return f": here {counts['degraded']:,} show the degraded one, and {counts['improved']:,} the mended one"


def _validity(validity: Mapping[str, Any], figures: Sequence[str]) -> str:
    accepted, sequences = validity["accepted"], validity["sequences"]
    mends = validity["beside_the_target"] is not None
    measured = {
        f"accuracy{' after' if mends else ''}, selected patterns and background": accepted["accuracy_after"],
        **{words: accepted[key] for words, key in _MEASURED.items() if key in accepted},
        **{
            f"{words} of {task}'s prompt and completion": spread
            for unit, words in (("chars", "characters"), ("tokens", "tokens"))
            for task, spread in validity[unit].items()
        },
    }
    pictures = "\n\n".join(f"![{Path(name).stem.replace('_', ' ')}]({name})" for name in figures)
    return f"""## How true the records are

{_funnel(validity["funnel"])}

{_spreads(measured)}

{_patterns(validity["by_pattern"], mends)}

The records are of {counted(validity["combinations"], "combination")} of patterns;
{validity["duplicates"]} of them hold the model of another. In the networks' datasets
{_percent(sequences["copies"], sequences["rows"])} of the rows repeat a sequence (a pattern with few sequences is
repeated to fill its share), {sequences["on_both_sides"]} sequences are on both sides
of an early-stopping split, and {sequences["shared_of_held_out"]} in the test set, but for those of the patterns
that are not held out.

{" ".join(_remarks(validity))}

{pictures}
"""


def _merged(parts: Sequence[Part]) -> str:
    """What a merged dataset was merged of."""
    head = ["seed", "records", "their `example_id`", "in its own dataset", "whose digest begins with"]
    rows = []
    for part in parts:
        first, facts = part.first_example_id, part.facts
        raised = f"`example_id` - {first}" if first else "the same"
        rows.append(
            [str(facts["seed"]), facts["num_examples"], f"from {first} on", raised, f"`{facts['facts_sha256'][:12]}`"]
        )
    config = parts[0].config
    named = "twin" if config["dataset"]["twins"] else None if config["format"]["shuffle"] == "none" else SHOWN
    others = f" `{named}` there has the other record's number as it was, too, to be raised as its own." if named else ""
    return f"""It was merged of {len(parts)} datasets, which hold out and probe with the same sequences, and differ in
their seeds alone. Numbers were raised, so that each stands for one record; `provenance` in `metadata` has the seed and
the number as they were.{others} Each record is in the split that it was in.

{_table(head, rows)}

"""


def _remarks(validity: Mapping[str, Any]) -> Iterator[str]:
    """On the completions, and on the degraded networks, where there are any."""
    if (implied := validity["implied"]) is not None:
        yield f"""\
Patterns imply one another, so completions list more of them than were selected: {implied["mean_listed"]:.1f} on average
where {implied["mean_selected"]:.1f} were selected, and more than were selected in {100 * implied["list_more"]:.1f} % of
the records."""
    if (beside := validity["beside_the_target"]) is not None:
        yield f"""\
The degraded network falls short of an accuracy of {beside["min_accuracy"]:g} on something besides its
target, another selected pattern or the background, in {100 * beside["degraded_below"]:.1f} % of the records."""


def _funnel(funnel: Mapping[str, Any]) -> str:
    rows = [
        [gate, passing, funnel["fail_gate"][gate]] for gate, passing in funnel["pass_gate_and_those_before"].items()
    ]
    were = "was" if funnel["accepted"] == 1 else "were"
    of_candidates = f"Of {counted(funnel['candidates'], 'candidate')} {funnel['accepted']:,} {were} accepted."
    return f"{of_candidates}\n\n{_table(['gate', 'candidates that pass it and those before it', 'that fail it'], rows)}"


def _patterns(by_pattern: Mapping[str, Mapping[str, Any]], mends: bool) -> str:
    columns = {
        "target of": "target_of_accepted",
        "selected in": "selected_in_accepted",
        "accepted as target": "acceptance_as_target",
        "before, as target": "target_accuracy_before",
        "after": "accuracy_after",
        "held out": "held_out",
    }
    if not mends:
        columns = {
            "selected in": "selected_in_accepted",
            "accepted": "acceptance_as_selected",
            "accuracy": "accuracy_after",
            "held out": "held_out",
        }
    rows = [[name, *(row[key] for key in columns.values())] for name, row in by_pattern.items()]
    return _table(["pattern", *columns], rows)


def _spreads(measured: Mapping[str, Mapping[str, float] | None]) -> str:
    """A row for each spread by name; none for one of no records."""
    columns = ("min", "p10", "median", "p90", "max")
    rows = [[name, *(spread[column] for column in columns)] for name, spread in measured.items() if spread]
    return _table(["over all records", *columns], rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *(map(cell, row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(value: Any) -> str:
    """A figure as tables show it: shares with three decimals, lengths and counts without."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and abs(value) <= 1:
        return f"{value:.3f}"
    return value if isinstance(value, str) else f"{value:,.0f}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"
