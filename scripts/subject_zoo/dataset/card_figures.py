"""The figures of a dataset in the words and tables of its card, from validity.json and a merged dataset's parts."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from subject_zoo.base.lines import counted
from subject_zoo.dataset.parts import Part
from subject_zoo.records.shuffle import SHOWN_EXAMPLE

_MEASURED = {  # of accepted records, by name in the figures
    "accuracy of the target before": "target_accuracy_before",
    "rise of the target's accuracy": "target_improvement",
    "change of the others' accuracy, either way": "change_of_others",
    "positive rate of patterns that a completion lists": "positive_rate_of_listed_patterns",
    "positive rate of all other patterns": "positive_rate_of_other_patterns",
}


def validity_section(validity: Mapping[str, Any], figures: Sequence[str]) -> str:
    """How true the records are, with the pictures at the paths `figures`."""
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


def exact_section(exact: Mapping[str, Any], mends: bool) -> str:
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


def diagnoses_in_words(counts: Mapping[str, int]) -> str:
    """How many diagnoses show which network."""
    return f": here {counts['degraded']:,} show the degraded one, and {counts['improved']:,} the mended one"


def merged_section(parts: Sequence[Part]) -> str:
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
    named = "twin" if config["dataset"]["twins"] else None if config["format"]["shuffle"] == "none" else SHOWN_EXAMPLE
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
