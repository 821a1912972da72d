"""Spaces so small that all of their sequences can be listed."""

from subject_zoo.patterns.space import PatternSpace

SMALL_SPACES = [
    PatternSpace(5, 4),
    PatternSpace(5, 5, starts_with=4, ends_with=0),
    PatternSpace(6, 5, starts_with=2, ends_with=2),
    PatternSpace(5, 6),
    PatternSpace(7, 4, starts_with=6, ends_with=3),
]
