"""What a language model wrote, read: weights, patterns and diagnoses, or the kind of thing that is wrong with the text.

Tolerant of what models commonly add and that leaves the meaning certain: code fences, a sentence before or after,
spaces, numbers as -.5 or +1., commas before a closing bracket. Strict on all else. Nothing of a text is executed.
"""

import re
from collections.abc import Sequence

import numpy as np

from subject_zoo.base.json_text import RepeatedName, distinct_names, parse_json
from subject_zoo.base.lines import one_line
from subject_zoo.base.terms import COMPLETION_FAULTS, NO_PATTERN
from subject_zoo.examples.region import Region
from subject_zoo.networks.model import StoredModel, Weights
from subject_zoo.networks.rounding import round_to_precision
from subject_zoo.patterns.definitions import PATTERNS
from subject_zoo.patterns.space import PatternSpace
from subject_zoo.records.diagnosis import Diagnosis
from subject_zoo.records.patch import WrongPatch, patched

LARGEST = 1e6  # the largest magnitude of a weight that is taken for one
CHARACTERS_A_NUMBER = 40  # of a text, at most, for each number that is asked for: what is longer is not read
SPARE_CHARACTERS = 100_000  # for what is said around it
_MOST_OBJECTS = 1000  # that are counted

_STARTS_WITH_POINT = re.compile(r"(?<![\w.])([+-]?)\.(?=\d)")
_ENDS_WITH_POINT = re.compile(r"(?<![\w.])([+-]?\d+)\.(?=[\s,\]])")
_PLUS = re.compile(r"(?<=[\[,\s])\+(?=\d)")
_LAST_COMMA = re.compile(r",(?=\s*[\]}])")
_NOT_FINITE = re.compile(r"(?<![\w\"])[+-]?(?:NaN|nan|Infinity|inf|Inf)(?![\w\"])")
_FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z]\w*")
_POSITIONS = re.compile(r"positions?\s+(\d{1,4}(?:\s*(?:,|and|&)\s*\d{1,4})*)", re.IGNORECASE)
_SENTENCE_AFTER = re.compile(r"(?<=[A-Z])[\"'`*]*(?:\.(?=\s)|[ \t]*\n\s*\n)(.*)", re.DOTALL)
_DENYING = {"not", "cannot", "no", "none", "neither", "nor", "never", "except", "without", "false", "t"}  # don't, isn't
_WORDS_THEMSELVES = {"A", "I"}  # of the letters that sequences have


class WrongAnswer(Exception):  # noqa: N818
    """A completion that cannot be judged: `kind` is one of COMPLETION_FAULTS, the text says what is wrong."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        assert kind in COMPLETION_FAULTS
        self.kind = kind


def read_weights(text: str, degraded: StoredModel, form: str) -> Weights:
    """The weights that a modification's completion describes, float32 arrays at the degraded network's precision.

    The text holds one JSON object, or one under the key "weights": nested lists by tensor, or a patch of the degraded
    network (records/patch.py). `form`, "full" or "patch", was asked for; the other is read where its meaning is
    certain: a patch that names rows, and lists for all tensors. Raises WrongAnswer.
    """
    architecture = degraded.architecture
    if not text.strip():
        raise WrongAnswer("empty", "the completion is empty")
    if len(text) > SPARE_CHARACTERS + CHARACTERS_A_NUMBER * architecture.parameter_count:
        raise WrongAnswer("too_long", f"{len(text):,} characters for {architecture.parameter_count:,} numbers")
    found = _objects(text)
    if len(found) != 1:
        raise WrongAnswer("no_json" if not found else "ambiguous", f"{len(found)} JSON objects instead of one")
    tensors = found[0]
    inside = tensors.get("weights")
    if set(tensors) <= {"weights", "config"} and isinstance(inside, dict):
        tensors = inside
    shapes = dict(architecture.tensor_shapes)
    names_rows = any(isinstance(part, dict) for part in tensors.values())
    if names_rows or (form == "patch" and set(tensors) != set(shapes)):
        try:
            return patched(tensors, degraded.weights, architecture.precision, LARGEST)
        except WrongPatch as error:
            raise WrongAnswer(error.kind, error.what) from None
    if unknown := [name for name in tensors if name not in shapes]:
        raise WrongAnswer("unknown_tensor", f"there is no tensor {unknown[0][:40]!r}")
    if missing := [name for name in shapes if name not in tensors]:
        raise WrongAnswer("missing_tensor", f"{missing[0]} is missing")
    return {name: _array(name, tensors[name], shape, architecture.precision) for name, shape in shapes.items()}


def _objects(text: str) -> list[dict[str, object]]:
    """The outermost JSON objects of a text, in order. Raises WrongAnswer for one that is not whole."""
    objects, start = [], text.find("{")
    while start >= 0:
        end = _closing(text, start)
        if end is None:
            raise WrongAnswer("cut_off", f"the JSON object that begins at character {start} does not end")
        body = text[start:end]
        if _NOT_FINITE.search(body):
            raise WrongAnswer("not_finite", "a number is NaN or infinite")
        plain = _LAST_COMMA.sub("", body)
        plain = _ENDS_WITH_POINT.sub(r"\1.0", _STARTS_WITH_POINT.sub(r"\g<1>0.", plain))
        plain = _PLUS.sub("", plain)
        try:
            value = parse_json(plain, distinct_names)
        except RepeatedName as error:
            raise WrongAnswer("ambiguous", str(error)) from None
        except ValueError as error:
            raise WrongAnswer("no_json", f"not JSON ({one_line(error)})") from None
        objects.append(value)
        if len(objects) > _MOST_OBJECTS:
            raise WrongAnswer("ambiguous", f"more than {_MOST_OBJECTS} JSON objects instead of one")
        start = text.find("{", end)
    return objects


def _closing(text: str, start: int) -> int | None:
    """Where the object that begins at `start` ends; None where it does not. Names hold no braces."""
    depth = 0
    for match in re.compile(r"[{}]").finditer(text, start):
        depth += 1 if match.group() == "{" else -1
        if depth == 0:
            return match.end()
    return None


def _array(name: str, rows: object, shape: tuple[int, ...], precision: str) -> np.ndarray:
    try:
        array = np.array(rows)
    except ValueError:  # rows of unequal lengths
        raise WrongAnswer("wrong_shape", f"{name} has rows of unequal lengths") from None
    if array.dtype.kind not in "iuf":
        raise WrongAnswer("no_json", f"{name} is not an array of numbers")
    if array.shape != shape:
        raise WrongAnswer("wrong_shape", f"{name} is {list(array.shape)} instead of {list(shape)}")
    if not np.isfinite(array).all():
        raise WrongAnswer("not_finite", f"{name} holds a number that is infinite")
    if np.abs(array).max() > LARGEST:
        raise WrongAnswer("too_large", f"{name} holds {float(np.abs(array).max()):g}")
    with np.errstate(over="ignore"):
        rounded = round_to_precision(array, precision)
    if not np.isfinite(rounded).all():
        raise WrongAnswer("not_finite", f"{name} holds a number that is infinite at {precision}")
    return rounded


def read_patterns(text: str, enabled: Sequence[str]) -> set[str]:
    """The patterns that a classification's completion names.

    They stand together, in small letters or capitals, with commas, line ends, "and", bullets, brackets or quotes
    between them; words may stand before and after, but none that deny. Raises WrongAnswer.
    """
    if not text.strip():
        raise WrongAnswer("empty", "the completion is empty")
    if len(text) > SPARE_CHARACTERS:
        raise WrongAnswer("too_long", f"{len(text):,} characters for {len(enabled)} names")
    words = [word for word in _words(_FENCE.sub("", text)) if word != "and"]
    places = [place for place, word in enumerate(words) if word in enabled]
    if not places:
        raise WrongAnswer("no_names", "no pattern is named")
    first, last = places[0], places[-1]
    if strangers := [word for word in words[first : last + 1] if word not in enabled]:
        raise WrongAnswer("unclear", f"among the names stands {strangers[0][:40]!r}")
    _check_all_listed(words, enabled)
    if denied := [word for word in (*words[:first], *words[last + 1 :]) if word in _DENYING]:
        raise WrongAnswer("unclear", f"beside the names stands {denied[0]!r}")
    return {words[place] for place in places}


def _check_all_listed(words: Sequence[str], enabled: Sequence[str]) -> None:
    """Raise WrongAnswer for a pattern that there is, but not among those that were asked about."""
    if foreign := [word for word in words if word in PATTERNS and word not in enabled]:
        raise WrongAnswer("unclear", f"{foreign[0]} is none of the patterns that were listed")


def _words(text: str) -> list[str]:
    """The words of a text, in small letters, but single ones as they are: those that sequences have are capitals."""
    return [word if len(word) == 1 else word.lower() for word in _WORD.findall(text)]


def read_diagnosis(text: str, enabled: Sequence[str], space: PatternSpace) -> Diagnosis:
    """What a diagnosis' completion says: the pattern and the region, or that there is none.

    Of a region without letters, or none at all, the positions alone are read, or nothing; the letters are as in a true
    completion, whatever the spaces and the line ends, and positions may stand in either order. Raises WrongAnswer.
    """
    if not text.strip():
        raise WrongAnswer("empty", "the completion is empty")
    if len(text) > SPARE_CHARACTERS:
        raise WrongAnswer("too_long", f"{len(text):,} characters for a name and a region")
    plain = _FENCE.sub("", text)
    words = _words(plain)
    _check_all_listed(words, enabled)
    named = {word for word in words if word in enabled}
    says_none = NO_PATTERN in words
    if len(named) + says_none != 1:
        kind = "unclear" if named else "no_names"
        raise WrongAnswer(kind, f"{len(named)} patterns are named{', and none' if says_none else ''}")
    if says_none:
        return Diagnosis(None, None)
    if denied := [word for word in words if word in _DENYING]:
        raise WrongAnswer("unclear", f"beside the name stands {denied[0]!r}")
    (pattern,) = named
    found = _POSITIONS.findall(plain)
    if len(found) > 1:
        raise WrongAnswer("unclear", "positions are named more than once")
    if not found:
        return Diagnosis(pattern, None)
    positions = [int(number) - 1 for number in re.findall(r"\d+", found[0])]
    if not all(0 <= position < space.sequence_length for position in positions):
        raise WrongAnswer("unknown_place", f"there is no position {found[0]}")
    if len(positions) > 2 or len(set(positions)) < len(positions):
        raise WrongAnswer("unclear", f"positions {found[0]}, instead of one or two")
    combinations = _combinations(_POSITIONS.split(plain)[2], len(positions), space.letters)
    if positions != sorted(positions):
        positions, combinations = sorted(positions), [combination[::-1] for combination in combinations]
    return Diagnosis(pattern, Region.of_combinations(positions, combinations, space.vocab_size))


def _combinations(text: str, positions: int, letters: str) -> list[str]:
    """The letters, as words of one or two, that stand behind the positions: "are A and B, C; D and A". Raises
    WrongAnswer."""
    listed = re.sub(r"^\W*(?:(?:is|are)\b\W*)?", "", text, flags=re.IGNORECASE)
    if after := _SENTENCE_AFTER.search(listed):
        if more := [word for word in _words(after[1]) if word in letters and word not in _WORDS_THEMSELVES]:
            raise WrongAnswer("unclear", f"behind the letters stands {more[0]!r}")
        listed = listed[: after.start()]
    listed = listed.strip(" \t\r\n.'\"`*")
    groups = [part.strip() for part in listed.split(";") if part.strip()]
    grammar = rf"[{letters}](?:\s*,\s*[{letters}])*"
    if positions == 1:
        groups, grammar = [listed] if listed else [], rf"()({grammar})"
    else:
        grammar = rf"([{letters}])\s+and\s+({grammar})"
    combinations = []
    for group in groups:
        if (match := re.fullmatch(grammar, group)) is None:
            raise WrongAnswer("unclear", f"among the letters stands {group[:40]!r}")
        combinations += [match[1] + letter for letter in re.findall(r"\w", match[2])]
    return combinations
