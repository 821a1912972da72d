"""Diagnosis as questions, one for each pattern that a network was made for: does it do poorly on that, and where?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from subject_zoo.examples.region import Region
from subject_zoo.judge.material import Accepted, Networks, metadata_of, stack_networks
from subject_zoo.project import Project
from subject_zoo.records.diagnosis import Diagnosis
from subject_zoo.signatures.choice import prompt_methods

_SOUND = Diagnosis(None, None)
_LIKELY = 0.5  # a fault, to be named
_SECOND = 0.5  # times as likely as the first position is the second one, to be named


@dataclass(frozen=True)
class Questions:
    """q questions about n networks.

    networks  these, with the signatures that diagnosis prompts show
    of        int64 [q], the places of the networks
    patterns  int64 [q], the places of the patterns among the P enabled ones
    asked     float32 [q, 2 P]: the pattern, and all that the network was made for
    metadata  float64 [q, d]: the same, and what is known of the network beside its weights
    labels    bool [q, 1 + T]: whether it does poorly on the pattern, and of each position whether it is the region's
    """

    networks: Networks
    of: np.ndarray
    patterns: np.ndarray
    asked: np.ndarray
    metadata: np.ndarray
    labels: np.ndarray

    @classmethod
    def shown(cls, records: Sequence[Accepted], project: Project) -> "Questions":
        """About the networks that the diagnoses of accepted examples of a project show, in their order."""
        diagnoses = [one.case.diagnosed for one in records]
        return cls._about(list(zip(records, diagnoses, strict=True)), project)

    @classmethod
    def of_both(cls, records: Sequence[Accepted], project: Project) -> "Questions":
        """About both networks of each, as whoever has the table of networks can ask."""
        faults = [(one, one.fault) for one in records if one.fault is not None]
        return cls._about([pair for one, fault in faults for pair in ((one, fault), (one, _SOUND))], project)

    @classmethod
    def _about(cls, known: Sequence[tuple[Accepted, Diagnosis]], project: Project) -> "Questions":
        config = project.config
        names, length = config["patterns"]["enabled"], config["patterns"]["sequence_length"]
        made_for = np.array([[name in one.case.selected_patterns for name in names] for one, _ in known])
        of, patterns = np.nonzero(made_for)
        asked = np.hstack([np.eye(len(names))[patterns], made_for[of]]).astype(np.float32)
        metadata = np.array([metadata_of(one) for one, _ in known], np.float64)
        labels = [_label(known[row][1], names[name], length) for row, name in np.argwhere(made_for).tolist()]
        networks = _stacked(known, project)
        return cls(networks, of, patterns, asked, np.hstack([metadata[of], asked]), np.array(labels))

    def answers(self, likely: np.ndarray, names: Sequence[str], vocab_size: int) -> Iterator[Diagnosis]:
        """Of each network the diagnosis that is likely, by float64 [q, 1 + T], the probabilities of what `labels` has.

        The letters of a region are not asked for, so none are named.
        """
        for place in range(len(self.networks)):
            own = np.flatnonzero(self.of == place)
            question = own[likely[own, 0].argmax()]
            if likely[question, 0] <= _LIKELY:
                yield Diagnosis(None, None)
                continue
            first, second = np.argsort(-likely[question, 1:], kind="stable")[:2].tolist()
            is_second = likely[question, 1 + second] >= _SECOND * likely[question, 1 + first]
            positions = sorted([first, second]) if is_second else [first]
            yield Diagnosis(names[self.patterns[question]], Region.of_combinations(positions, [], vocab_size))


def _stacked(known: Sequence[tuple[Accepted, Diagnosis]], project: Project) -> Networks:
    """The networks that the diagnoses are of."""
    model = project.config["model"]
    columns = project.extractor.columns(prompt_methods(project.config)["diagnosis"])
    models, signatures = [], []
    for one, diagnosis in known:
        is_sound = diagnosis.pattern is None
        models.append(one.case.improved if is_sound else one.case.degraded)
        signatures.append(one.signatures["improved" if is_sound else "degraded"][:, columns])
    return stack_networks(models, signatures, model["num_layers"][1], model["neurons_per_layer"][1])


def _label(true: Diagnosis, pattern: str, length: int) -> list[bool]:
    if true.pattern != pattern or true.region is None:
        return [False] * (1 + length)
    return [True, *(place in true.region.positions for place in range(length))]
