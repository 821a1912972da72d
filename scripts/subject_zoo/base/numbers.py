"""Numbers as text of equal width, so that the length of a text tells nothing of the numbers in it.

With d decimals a number takes d + 3 characters: a minus where it is negative, d + 1 digits, a point among them, and
spaces to the end, as in "-0.52", "0.52 ", "-12.3", "123  ". So below 10 it has d decimals, and one less for each digit
more; an integer has no point, and d = 0 has integers alone. A table with an integer of more than d + 2 digits is
wider, all of it.

JSON allows spaces between a number and what follows it. They stand behind because tokenizers of language models have
" ," as one token, where a space before a digit is one more.
"""

import math

import numpy as np

_POWERS = np.array([float(10**exponent) for exponent in range(11)])  # of 10; np.power's last bit is not certain
_EXPONENTS_FROM = 1e16  # soon after, integers are too large for the int64 that readers of JSON make of them


def round_to_width(values: np.ndarray, decimals: int) -> np.ndarray:
    """The values, float64 [...], as they are written: each at as many of 0 to 9 `decimals` as its width leaves.

    To nearest, ties to even; 9.996 at two decimals is 10.0. Rounding twice changes nothing, the text of a rounded
    value parses to that very float64, and no zero is negative. NaN and infinity stay.
    """
    whole, places = _in_units(values, decimals)
    return _signed(whole, places, values)


def number_cells(values: np.ndarray, decimals: int) -> np.ndarray:
    """The characters of a table of values, float64 [...], as `round_to_width` rounds them.

    Returns ASCII codes, uint8 [..., width + 1]: a number's characters and a comma. The width is that of the table's
    widest number as if it were negative, and `decimals` + 3 or more. NaN and infinity, which JSON lacks, are null.
    """
    numbers = values.ravel()
    whole, places = _in_units(numbers, decimals)
    if (whole < _POWERS[decimals + 1]).all():
        cells = _narrow_cells(whole, places, numbers < 0, decimals)
    else:
        cells = _wide_cells(_signed(whole, places, numbers), places, decimals)
    return cells.reshape(*values.shape, -1 if numbers.size else decimals + 4)


def joined(cells: np.ndarray) -> str:
    """The numbers of `number_cells`, any shape, in one line, with commas between them."""
    return cells.tobytes()[:-1].decode()


def _in_units(values: np.ndarray, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    """(whole, places): magnitudes as whole numbers, float64, of units 10 ** -places, places of `decimals` down to 0."""
    magnitudes, limit = np.abs(values), _POWERS[decimals + 1]
    whole, places = np.rint(magnitudes * _POWERS[decimals]), np.full(values.shape, decimals, np.int8)
    for fewer in reversed(range(decimals)):
        long = whole >= limit
        if not long.any():
            break
        whole[long], places[long] = np.rint(magnitudes[long] * _POWERS[fewer]), fewer
    return whole, places


def _signed(whole: np.ndarray, places: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.copysign(whole / _POWERS[places], values) + 0.0


def _narrow_cells(whole: np.ndarray, places: np.ndarray, negative: np.ndarray, decimals: int) -> np.ndarray:
    """Cells uint8 [n, decimals + 4] of numbers with decimals + 1 digits: they differ in where the point stands.

    Characters are computed place by place, for all numbers at once. A number without a sign is one with it, shifted.
    """
    rest = whole.astype(np.min_scalar_type(10 ** (decimals + 1)))
    digits = np.empty((decimals + 1, len(whole)), np.uint8)
    for place in reversed(range(decimals + 1)):
        tenth = rest // 10
        digits[place] = rest - 10 * tenth + ord("0")
        rest = tenth
    with_sign = np.full((decimals + 4, len(whole)), ord(" "), np.uint8)
    with_sign[0] = ord("-")
    body = with_sign[1:-1]
    body[:] = np.insert(digits, 1, ord("." if decimals else " "), axis=0)
    for before in range(2, decimals + 2):  # digits before the point
        (which,) = np.nonzero(places == decimals + 1 - before)
        if len(which):
            body[:, which] = np.insert(digits[:, which], before, ord("." if before <= decimals else " "), axis=0)
    shown = (negative & (whole > 0)).astype(np.uint8)
    cells = np.empty((len(whole), decimals + 4), np.uint8)
    for place in range(decimals + 3):  # as np.where and a transposed copy, which take ten times as long
        cells[:, place] = with_sign[place + 1] + shown * (with_sign[place] - with_sign[place + 1])
    cells[:, -1] = ord(",")
    return cells


def _wide_cells(rounded: np.ndarray, places: np.ndarray, decimals: int) -> np.ndarray:
    """Cells uint8 [n, width + 1] of any numbers, one at a time: so large ones are rare in networks that learn."""
    texts = [_any_number(number, place) for number, place in zip(rounded.tolist(), places.tolist(), strict=True)]
    width = max(decimals + 3, 1 + max(len(text.removeprefix("-")) for text in texts))
    return np.frombuffer("".join(f"{text:<{width}}," for text in texts).encode(), np.uint8).reshape(len(texts), -1)


def _any_number(number: float, places: int) -> str:
    if not math.isfinite(number):
        return "null"
    return repr(number) if abs(number) >= _EXPONENTS_FROM else f"{number:.{places}f}"
