"""Diagnosis as questions, one for each pattern that a network was made for: does it do poorly on that, and where?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from subject_zoo.examples.region import Region
from subject_zoo.judge.cases import Case
from subject_zoo.judge.material import Accepted, Networks, metadata_of, stack_networks
from subject_zoo.project import Project
from subject_zoo.records.diagnosis import Diagnosis
from subject_zoo.signatures.choice import prompt_methods

_LIKELY = 0.5  # a fault, to be named
_SECOND = 0.5  # times as likely as the first position is the second one, to be named


@dataclass(frozen=True)
class Questions:
    """q questions about the networks that n records show.

    networks  these, with the signatures that diagnosis prompts show
    records   int64 [q], the places of the records
    patterns  int64 [q], the places of the patterns among the P enabled ones
    asked     float32 [q, 2 P]: the pattern, and all that the network was made for
    metadata  float64 [q, d]: the same, and what is known of the network beside its weights
    labels    bool [q, 1 + T]: whether it does poorly on the pattern, and of each position whether it is the region's
    """

    networks: Networks
    records: np.ndarray
    patterns: np.ndarray
    asked: np.ndarray
    metadata: np.ndarray
    labels: np.ndarray

    @classmethod
    def about(cls, records: Sequence[Accepted], project: Project) -> "Questions":
        """The questions of accepted examples of a project."""
        config, cases = project.config, [one.case for one in records]
        names, length = config["patterns"]["enabled"], config["patterns"]["sequence_length"]
        made_for = np.array([[name in case.selected_patterns for name in names] for case in cases])
        places, patterns = np.nonzero(made_for)
        asked = np.hstack([np.eye(len(names))[patterns], made_for[places]]).astype(np.float32)
        known = np.array([metadata_of(one) for one in records], np.float64)
        return cls(
            _stacked(records, project),
            places,
            patterns,
            asked,
            np.hstack([known[places], asked]),
            np.array([_label(cases[place], names[name], length) for place, name in zip(places, patterns, strict=True)]),
        )

    def answers(self, likely: np.ndarray, names: Sequence[str], vocab_size: int) -> Iterator[Diagnosis]:
        """Of each record the diagnosis that is likely, by float64 [q, 1 + T], the probabilities of what `labels` has.

        The letters of a region are not asked for, so none are named.
        """
        for place in range(len(self.networks)):
            own = np.flatnonzero(self.records == place)
            question = own[likely[own, 0].argmax()]
            if likely[question, 0] <= _LIKELY:
                yield Diagnosis(None, None)
                continue
            first, second = np.argsort(-likely[question, 1:], kind="stable")[:2].tolist()
            is_second = likely[question, 1 + second] >= _SECOND * likely[question, 1 + first]
            positions = sorted([first, second]) if is_second else [first]
            yield Diagnosis(names[self.patterns[question]], Region.of_combinations(positions, [], vocab_size))


def _stacked(records: Sequence[Accepted], project: Project) -> Networks:
    model = project.config["model"]
    columns = project.extractor.columns(prompt_methods(project.config)["diagnosis"])
    stages = ["degraded" if one.case.diagnosed.pattern else "improved" for one in records]
    signatures = [one.signatures[stage][:, columns] for one, stage in zip(records, stages, strict=True)]
    shown = [one.case.shown for one in records]
    return stack_networks(shown, signatures, model["num_layers"][1], model["neurons_per_layer"][1])


def _label(case: Case, pattern: str, length: int) -> list[bool]:
    true = case.diagnosed
    if true.pattern != pattern or true.region is None:
        return [False] * (1 + length)
    return [True, *(place in true.region.positions for place in range(length))]
