"""The words of prompts, around what they show of a network, which comes as text.

Nothing here loads numpy: how long prompts are at least is known before anything is made (lengths.py).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from subject_zoo.base.json_text import json_object
from subject_zoo.base.terms import CLAIMED_RATE, NO_PATTERN, SOUND_RATE
from subject_zoo.networks.architecture import Architecture
from subject_zoo.patterns.counting import count
from subject_zoo.patterns.definitions import describe
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.patterns.targets import possible_targets
from subject_zoo.records.headings import (
    ARCHITECTURE_HEADING,
    QUESTION_HEADING,
    SIGNATURE_HEADING,
    SIGNATURE_LABEL,
    WEIGHTS_HEADING,
    WEIGHTS_LABEL,
)
from subject_zoo.records.instructions import FORMS


def architecture_text(architecture: Architecture) -> str:
    """An architecture as the JSON of a record."""
    return json.dumps(architecture.to_dict(), separators=(",", ":"))


def _prompt(task: str, body: str, question: str) -> str:
    """A prompt. It ends with the end of a line: tokenizers join } and {, or . and a name, but nothing to that."""
    return f"{task}\n\n{body}\n\n{QUESTION_HEADING}\n{question}\n"


class Prompts:
    """Writes the prompts of one configuration."""

    def __init__(self, config: Mapping[str, Any], space: PatternSpace) -> None:
        self.space, self._patterns = space, config["patterns"]
        self.enabled: list[str] = config["patterns"]["enabled"]
        self.style: str = config["format"]["style"]
        self.modification_form: str = config["format"]["modification_completion"]

    def modification(self, target: str, body: str) -> str:
        """The prompt that asks to mend a network on its target pattern."""
        return _prompt(self._modification_task(target), body, self._modification_question(target))

    def classification(self, body: str) -> str:
        """The prompt that asks which patterns a network classifies as positive."""
        return _prompt(self._classification_task(), body, self._classification_question())

    def diagnosis(self, selected: Sequence[str], body: str) -> str:
        """The prompt that asks where a network's fault is, if it has one, of the patterns that it was made for."""
        from_the_rarest = sorted(selected, key=lambda name: count(self.space, name))  # as sequences belong to them
        return _prompt(self._diagnosis_task(from_the_rarest), body, self._diagnosis_question(from_the_rarest))

    def around(self, task: str) -> tuple[int, int]:
        """The fewest and the most characters that a task's prompts have around a body, whatever is asked for."""
        if task == "modification":
            prompts = [self.modification(target, "") for target in possible_targets(self._patterns)]
        elif task == "classification":
            prompts = [self.classification("")]
        else:
            prompts = [self.diagnosis(selected, "") for selected in self._selections()]
        return min(map(len, prompts)), max(map(len, prompts))

    def _selections(self) -> Iterator[list[str]]:
        """Of each possible target, the selected patterns whose diagnosis is asked for in the fewest and in the most
        words."""
        by_length = sorted(self.enabled, key=lambda name: len(self.diagnosis([name], "")))
        fewest, most = (self._patterns[f"{limit}_patterns_per_batch"] for limit in ("min", "max"))
        for target in possible_targets(self._patterns):
            others = [name for name in by_length if name != target]
            yield [target, *others[: fewest - 1]]
            yield [target, *others[::-1][: most - 1]]

    def body(self, architecture: Architecture, tensors: Mapping[str, str], signature: Mapping[str, str]) -> str:
        """What a prompt shows of a network, in the configured style.

        `tensors` are JSON texts by name, `signature` those of the layers that have one, by the Linear's place in
        nn.Sequential.
        """
        described = f"{ARCHITECTURE_HEADING}\n{architecture_text(architecture)}"
        if self.style == "separate":
            weights, shown = json_object(tensors), json_object(signature)
            return f"{described}\n\n{WEIGHTS_HEADING}\n{weights}\n\n{SIGNATURE_HEADING}\n{shown}"
        parts = [described]
        for name in architecture.linear_names:
            layer = name.removeprefix("network.")
            weights = json_object({key: tensors[key] for key in (f"{name}.weight", f"{name}.bias")})
            parts.append(f"## Layer {layer}\n{WEIGHTS_LABEL} {weights}")
            if layer in signature:
                parts[-1] += f"\n{SIGNATURE_LABEL} {signature[layer]}"
        return "\n\n".join(parts)

    def _introduction(self) -> str:
        last = self.space.letters[-1]
        return (
            f"A neural network reads a sequence of {self.space.sequence_length} tokens, letters from A to {last}, "
            "and computes one logit. It classifies the sequence as positive when the logit is above 0."
        )

    def _modification_task(self, target: str) -> str:
        return (
            f"{self._introduction()} It was trained to classify as positive the sequences that satisfy certain "
            f"patterns, but it does poorly on one of them.\n\n"
            f"Improve its performance on the pattern '{target}': {describe(self.space, target)}. Its performance on "
            f"all other sequences must not suffer. {FORMS[self.modification_form][0]}"
        )

    def _modification_question(self, target: str) -> str:
        return (
            f"Improve the network's performance on the pattern '{target}' ({describe(self.space, target)}), and let "
            f"none on other sequences suffer. Answer with {FORMS[self.modification_form][1]}."
        )

    def _listed(self, names: Sequence[str]) -> str:
        return "\n".join(f"- {name}: {describe(self.space, name)}" for name in names)

    def _classification_task(self) -> str:
        return (
            f"{self._introduction()} It was trained to classify as positive the sequences that satisfy at least one "
            f"of certain patterns, and no others.\n\n"
            "Which of the patterns below does it classify as positive, that is, for which of them does it call at "
            f"least {CLAIMED_RATE:.0%} of the sequences that satisfy it positive?\n\n{self._listed(self.enabled)}"
        )

    def _classification_question(self) -> str:
        names = ", ".join(self.enabled)
        return (
            f"Which of these patterns does the network classify as positive: {names}? Answer with their names in this "
            "order, separated by commas."
        )

    def _diagnosis_task(self, selected: Sequence[str]) -> str:
        return (
            f"{self._introduction()} It was trained to classify as positive the sequences that satisfy at least one "
            "of the patterns below, and no others. A sequence that satisfies several belongs to the first of them.\n\n"
            "Is there one that it does poorly on, that is, of whose own sequences it calls fewer than "
            f"{SOUND_RATE:.0%} positive? If so, its fault lies in one region: it calls most of those negative that "
            "have certain letters at one position or at two, and most others positive. Which pattern is it, and which "
            f"letters at which positions?\n\n{self._listed(selected)}"
        )

    def _diagnosis_question(self, selected: Sequence[str]) -> str:
        return (
            f"Which of these patterns does the network do poorly on, and where: {', '.join(selected)}? Answer with its "
            "name and the region, in the form 'NAME, where the letters at positions 2 and 5 are A and C, D; B and A' "
            "(A at position 2 and C or D at position 5, or B and A) or, if one position tells it, 'NAME, where the "
            "letter at position 2 is A, C'. Positions count from 1, and of two that always have the same letter the "
            f"first is named. If it does poorly on none, answer '{NO_PATTERN}'."
        )
