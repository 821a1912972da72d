"""How many sequences satisfy a pattern, exactly, in integers: by its automaton, without numpy."""

from collections import Counter
from functools import cache

from subject_zoo.patterns.definitions import definition
from subject_zoo.patterns.languages import State
from subject_zoo.patterns.space import PatternSpace


@cache
def count(space: PatternSpace, name: str) -> int:
    """The exact number of sequences that satisfy the pattern, 0 where it cannot occur.

    Raises UserError for an unknown pattern.
    """
    language = definition(name).language(space)
    ways: Counter[State] = Counter({language.start: 1})  # of reaching each state, by the words so far
    for _ in range(language.length):
        reached: Counter[State] = Counter()
        for state, number in ways.items():
            for digit in range(language.base):
                if (following := language.step(state, digit)) is not None:
                    reached[following] += number
        ways = reached
    return sum(number for state, number in ways.items() if language.accepts(state))
