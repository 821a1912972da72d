"""What is known of a dataset's folder, as lines for a terminal."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from subject_zoo.base.lines import size_in_words
from subject_zoo.base.terms import TASKS

WIDTH = 100  # columns of the terminal that lines are for
_LABEL = 12  # columns of what a line is about
_MOST_LINES = 3  # about one thing
_SPREAD = ("min", "median", "max")


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """At most 40 lines of at most 100 columns, of what `facts` gives; the folder's name may make the first and the last
    one longer."""
    yield f"{facts['folder']}: {_title(facts)}"
    yield ""
    for label, text in _about(facts):
        yield from textwrap.wrap(
            text,
            WIDTH,
            initial_indent=f"{label:{_LABEL}}",
            subsequent_indent=" " * _LABEL,
            max_lines=_MOST_LINES,
            placeholder=" ...",
            break_on_hyphens=False,
        )
    yield ""
    yield from _lengths(facts)
    yield ""
    yield from _patterns(facts["patterns"])
    if facts["example_id"] is not None:
        yield ""
        yield f"A record in words: subject-zoo show {facts['folder']} {facts['example_id']}"


def _title(facts: Mapping[str, Any]) -> str:
    if facts["finished"]:
        return f"{facts['records']:,} records"
    return f"{facts['records']:,} records of {facts['wanted']:,} that are asked for; it is not finished"


def _about(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    networks, sequences = facts["networks"], facts["sequences"]
    held_out = f", {_listed(facts['held_out'])} in test alone" if facts["held_out"] else ""
    yield "splits", f"{_counted(facts['splits'])}; dealt by {facts['holdout']}{held_out}"
    yield "tasks", ", ".join(_task(task, facts["completions"]) for task in facts["tasks"])
    for caution in facts["cautions"]:
        yield "note", caution
    if facts["pairs"] is not None:
        yield "", f"whole pairs of twins: {facts['pairs']:,}"
    yield "sequences", f"{sequences['sequence_length']} letters from an alphabet of {sequences['vocab_size']}"
    yield "networks", "; ".join(_networks(networks))
    if len(networks["activations"]) > 1:
        yield "", _counted(networks["activations"])
    if (acceptance := facts["acceptance"]) is not None:
        yield "acceptance", _acceptance(**acceptance)
    disk = facts["disk"]
    parts = [f"{name} {size_in_words(size)}" for name, size in disk.items() if name not in ("files", "bytes")]
    yield "on disk", f"{size_in_words(disk['bytes'])} in {disk['files']:,} files: {', '.join(parts)}"
    yield "files", _files(facts["flaws"])
    yield "digests", ", ".join(f"{name} {value[:12]}" for name, value in facts["digests"].items())
    code = "the code of" if facts["made_by_this_code"] else "other code than"
    environment = ", ".join(f"{key} {value}" for key, value in facts["environment"].items())
    seeds = _seeds(facts["seeds"], facts["first_ids"])
    yield "made", f"from {seeds} by {code} subject-zoo {facts['version_here']} here; {environment}"
    yield "published", _publication(facts["published"])
    yield "licence", facts["license"]


def _seeds(seeds: list[int], first_ids: list[int]) -> str:
    """The seed, or those of a merged dataset's parts."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    return f"seeds {_listed(f'{seed} (ids from {first} on)' for seed, first in zip(seeds, first_ids, strict=True))}"


def _task(task: str, completions: str) -> str:
    return f"{task} (completions as patches)" if task == "modification" and completions == "patch" else task


def _networks(networks: Mapping[str, Any]) -> Iterator[str]:
    if networks["neurons"] is not None:
        layers = ", ".join(f"{count:,} of {number}" for number, count in networks["layers"].items() if count)
        yield f"hidden layers: {layers}"
        yield f"{_extent(networks['neurons'])} neurons in each"
        yield f"{_extent(networks['parameters'])} parameters"
    decimals = "" if networks["weight_decimals"] is None else f", {networks['weight_decimals']} decimals"
    quantized = "" if networks["quantization"] == "none" else f", {networks['quantization']}"
    yield f"{networks['precision']}{decimals}{quantized}, {networks['input_encoding']} input"


def _acceptance(candidates: int, accepted: int, failed: Mapping[str, int]) -> str:
    share = f", {100 * accepted / candidates:.1f} %" if candidates else ""
    why = f"; the others failed {_counted(failed)}" if failed else ""
    return f"{accepted:,} of {candidates:,} candidates{share}{why}"


def _files(flaws: list[str]) -> str:
    if not flaws:
        return "all are there, each of its size; subject-zoo verify checks what is in them"
    more = f", and {len(flaws) - 1:,} more" if len(flaws) > 1 else ""
    return f"NOT as the manifest says: {flaws[0]}{more}; subject-zoo verify tells all of it"


def _publication(published: Mapping[str, Any] | None) -> str:
    if published is None:
        return "not from this folder"
    state = "as it is here" if published["whole"] else "not yet, or no longer, as it is here"
    return f"{published['repo_id']} at {published['commit'][:12]}, {state}"


def _lengths(facts: Mapping[str, Any]) -> Iterator[str]:
    """A line for each text: characters, and tokens where they were counted."""
    lengths = facts["lengths"]
    units = [unit for unit in ("chars", "tokens") if any(name.endswith(unit) for name in lengths)]
    words = {"chars": "characters", "tokens": "tokens"}
    part = "" if facts["looked_at"] == facts["records"] else f"first {facts['looked_at']:,} records"
    if units:
        yield " " * 27 + " ".join(f"{f'{words[unit]}: least':>18} {'median':>9} {'most':>9}" for unit in units)
    for task in TASKS:
        for text in ("prompt", "completion"):
            spreads = [lengths.get(f"{task}_{text}_{unit}") for unit in units]
            if any(spreads):
                yield f"{f'{task} {text}':27}" + " ".join(map(_spread, spreads))
    if "tokens" not in units:
        yield "Tokens are not counted; format.tokenizer of a configuration has them counted."
    if part:
        yield f"Of the {part}: networks, completions and tokens."


def _spread(spread: Mapping[str, int] | None) -> str:
    least, middle, most = ("-", "-", "-") if spread is None else (f"{spread[key]:,}" for key in _SPREAD)
    return f"{least:>18} {middle:>9} {most:>9}"


def _patterns(patterns: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Two patterns a line, read downwards."""
    if not patterns:
        return
    columns = {"target": "target_of_accepted", "selected": "selected_in_accepted", "accepted": "accepted"}
    if not any("target_of_accepted" in counts for counts in patterns.values()):
        del columns["target"]
    kind = "target_of" if "target" in columns else "selected_in"
    if not any(f"{kind}_candidates" in counts for counts in patterns.values()):
        del columns["accepted"]
    head = f"{'pattern':18}" + " ".join(f"{word:>8}" for word in columns)
    cells = [
        f"{name:18}" + " ".join(f"{_cell(counts, key, kind):>8}" for key in columns.values())
        for name, counts in patterns.items()
    ]
    half = (len(cells) + 1) // 2
    yield "Records that a pattern is the target of, those it is selected in, and its candidates' acceptance:"
    yield f"{head}      {head}" if len(cells) > 1 else head
    for row in range(half):
        yield "      ".join(cells[row::half])


def _cell(counts: Mapping[str, int], key: str, kind: str) -> str:
    if key != "accepted":
        return f"{counts[key]:,}" if key in counts else "-"
    part, whole = counts.get(f"{kind}_accepted"), counts.get(f"{kind}_candidates")
    return f"{100 * part / whole:.0f} %" if whole and part is not None else "-"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(str, values))


def _extent(bounds: tuple[int, int]) -> str:
    least, most = (f"{bound:,}" for bound in bounds)
    return least if least == most else f"{least} to {most}"
