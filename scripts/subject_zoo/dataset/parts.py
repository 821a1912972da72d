"""The datasets that a merged one is made of, and which ones may be: equal in all but the seed.

An example of a part keeps its record, and has a number of its own in the merged dataset: its own one, raised by the
part's `first_example_id`; so have shards. The first part's are raised by nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from subject_zoo.base.errors import UserError
from subject_zoo.base.ids import MAX_ID
from subject_zoo.config.sections import differences
from subject_zoo.config.seeds import shared_seed
from subject_zoo.dataset.layout import shard_of
from subject_zoo.dataset.shard_plan import Windows
from subject_zoo.dataset.validity import summarise
from subject_zoo.examples.plan import draw_plan

_FREE = {"seed": 0, "shared_seed": None, "device": "cpu"}  # what may differ
_ROUND = 1_000_000, 1_000  # ids and shards of a part, at least: so that a person sees the own number in the raised one


@dataclass(frozen=True)
class Part:
    """A dataset as a part of a merged one, or by itself: `facts` are its manifest, which may lack the files."""

    facts: Mapping[str, Any]
    first_example_id: int = 0
    first_shard: int = 0

    @property
    def config(self) -> dict[str, Any]:
        """The configuration that made it."""
        config: dict[str, Any] = self.facts["config"]
        return config

    @cached_property
    def _windows(self) -> Windows:
        return Windows.of(self.config)

    def ids_of(self, shard: str) -> range:
        """The candidates that a shard is of, by their numbers in the whole dataset."""
        own = self._windows.ids(int(shard) - self.first_shard)
        return range(own.start + self.first_example_id, own.stop + self.first_example_id)

    def entry(self) -> dict[str, Any]:
        """What the whole dataset's manifest says of it."""
        facts = {key: value for key, value in self.facts.items() if key != "files"}
        return {"first_example_id": self.first_example_id, "first_shard": self.first_shard, "manifest": facts}


def parts_of(manifest: Mapping[str, Any]) -> list[Part]:
    """The parts of a manifest's dataset: the dataset itself where it was not merged."""
    if "parts" not in manifest:
        return [Part(manifest)]
    return [Part(one["manifest"], one["first_example_id"], one["first_shard"]) for one in manifest["parts"]]


def code_in_words(digests: Mapping[str, str], parts: Sequence[Part]) -> str:
    """The beginnings of the digests of the code that made a dataset's records: its own, or those of its parts."""
    codes = dict.fromkeys(part.facts["code_sha256"] for part in parts) or [digests["code_sha256"]]
    return " and ".join(code[:12] for code in codes)


def shards_of_parts(parts: Sequence[Part], shards: Sequence[str]) -> list[list[str]]:
    """The shards of each part, among those of the whole dataset."""
    ends = [part.first_shard for part in parts[1:]] + [10**9]
    return [
        [shard for shard in shards if part.first_shard <= int(shard) < end]
        for part, end in zip(parts, ends, strict=True)
    ]


def arrange(manifests: Sequence[Mapping[str, Any]]) -> list[Part]:
    """The manifests of datasets as parts of one, in that order. Raises UserError where that needs too long ids."""
    shards = [max(shard for name in one["files"] if (shard := shard_of(name)) is not None) for one in manifests]
    ids = [Part(one).ids_of(shard).stop for one, shard in zip(manifests, shards, strict=True)]
    id_step, shard_step = _round_above(max(ids), _ROUND[0]), _round_above(max(map(int, shards)) + 1, _ROUND[1])
    if len(manifests) * id_step - 1 > MAX_ID:
        raise UserError(
            f"{len(manifests)} datasets of up to {max(ids):,} candidates are too many: "
            f"{(MAX_ID + 1) // id_step} may be merged, or ids get more than nine digits"
        )
    return [Part(one, place * id_step, place * shard_step) for place, one in enumerate(manifests)]


def _round_above(number: int, least: int) -> int:
    """The least power of ten that is no less than both."""
    step = least
    while step < number:
        step *= 10
    return step


def clash(one: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Why the datasets of two manifests cannot be parts of one, in words; None where they can."""
    first, second = one["config"], other["config"]
    differing = differences({**first, **_FREE}, {**second, **_FREE})
    differing += [key for key in ("benchmark", "splits") if first[key] != second[key]]
    shared = shared_seed(first)
    if differing:
        return f"they differ in {differing[0]}: parts of one dataset may differ in their seeds alone"
    if shared != shared_seed(second):
        return (
            f"other sequences are held out in each, those of seed {shared} and of {shared_seed(second)}; "
            f"make one of them with shared_seed as in the other: --config shared_seed={shared}"
        )
    if one["signature_dataset_sha256"] != other["signature_dataset_sha256"]:
        return "their signature_dataset.json differ, and so what a signature means"
    if first["seed"] == second["seed"]:
        return f"both are of seed {first['seed']}, so that examples would stand there twice"
    if one["license"] != other["license"]:
        return f"their licences are {one['license']} and {other['license']}"
    return None


def merged_config(parts: Sequence[Part]) -> dict[str, Any]:
    """The configuration of all parts but for their seeds; `seed` is the first one's."""
    first = parts[0].config
    count = sum(part.facts["num_examples"] for part in parts)
    return {
        **first,
        "shared_seed": shared_seed(first),
        "num_examples": count,
        "max_candidates": max(count, first["max_candidates"]),
    }


def figures_of(
    verdicts: Sequence[tuple[Part, Mapping[int, Mapping[str, Any]]]], config: Mapping[str, Any]
) -> dict[str, Any]:
    """What `summarise` gives of a dataset's records, by the verdicts on those of each part, by their own ids.

    Rejected candidates are drawn again from configuration and seed; the gates that they failed are not known, so none
    fails one here.
    """
    members = [part.first_example_id + own_id for part, own in verdicts for own_id in sorted(own)]
    return summarise(list(_candidates(verdicts)), members, config)


def _candidates(
    verdicts: Sequence[tuple[Part, Mapping[int, Mapping[str, Any]]]],
) -> Iterator[dict[str, Any]]:
    for part, own in verdicts:
        for own_id in range(max(own, default=-1) + 1):
            known = own.get(own_id)
            if known is None:
                plan = draw_plan(part.config["seed"], own_id, part.config)
                known = {**plan.to_dict(), "accepted": False, "reasons": []}
            raised: dict[str, Any] = {"example_id": part.first_example_id + own_id}
            if (twin := known.get("twin")) is not None:
                raised["twin"] = {**twin, "example_id": part.first_example_id + twin["example_id"]}
            yield {**known, **raised}
