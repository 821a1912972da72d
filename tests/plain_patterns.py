"""The patterns once more, written independently of the library, one sequence of letters at a time."""

import itertools
from collections import Counter

from subject_zoo.patterns.space import PatternSpace


def is_mountain(text: str) -> bool:
    peak = text.index(max(text))
    up, down = text[: peak + 1], text[peak:]
    return up[0] < max(text) > down[-1] and list(up) == sorted(up) and list(down) == sorted(down, reverse=True)


def pairs(text: str) -> list[tuple[str, str]]:
    return [(text[i], text[i + 1]) for i in range(0, len(text) - 1, 2)]


def truth(space: PatternSpace, text: str) -> dict[str, bool]:
    """Which patterns a sequence of letters satisfies, written independently of the library."""
    return {
        "all_same": len(set(text)) == 1,
        "palindrome": text == text[::-1],
        "sorted_ascending": list(text) == sorted(text),
        "sorted_descending": list(text) == sorted(text, reverse=True),
        "alternating": len(set(text)) == 2 and all(a != b for a, b in itertools.pairwise(text)),
        "contains_abc": "ABC" in text,
        "starts_with": text.startswith("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[space.starts_with]),
        "ends_with": text.endswith("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[space.ends_with]),
        "no_repeats": len(set(text)) == len(text),
        "has_majority": Counter(text).most_common(1)[0][1] > len(text) / 2,
        "increasing_pairs": all(a < b for a, b in pairs(text)),
        "decreasing_pairs": all(a > b for a, b in pairs(text)),
        "vowel_consonant": all((a in "AEIOU") != (b in "AEIOU") for a, b in itertools.pairwise(text)),
        "first_last_match": text[0] == text[-1],
        "mountain_pattern": is_mountain(text),
    }
