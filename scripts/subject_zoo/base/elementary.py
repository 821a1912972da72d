"""Functions of real numbers whose every bit is the same on every machine.

What `math` and numpy give for them depends on the processor and the C library, in the last bit. Here they are computed
to 40 digits by decimal arithmetic, which is specified exactly, and rounded once: the nearest float64, but for numbers
that lie closer to the middle between two than any that was met. They take microseconds, so they are for tables.
"""

from decimal import Context, Decimal

_EXACT = Context(prec=40)
_PI = Decimal("3.141592653589793238462643383279502884197169399375106")


def exp(x: float) -> float:
    """e to the power of x."""
    return float(_EXACT.exp(Decimal(x)))


def log(x: float) -> float:
    """The natural logarithm of x > 0."""
    return float(_EXACT.ln(Decimal(x)))


def log2(x: float) -> float:
    """The logarithm of x > 0 to base 2."""
    return float(_EXACT.divide(_EXACT.ln(Decimal(x)), _EXACT.ln(Decimal(2))))


def circle(parts: int, count: int | None = None) -> list[tuple[float, float]]:
    """(cosine, sine) of the angles 2 pi k / parts, k = 0 ... `count` - 1, or all `parts` of them.

    By their Taylor series within an eighth of the circle, whose other parts mirror it.
    """
    return [_on_circle(part, parts) for part in range(parts if count is None else count)]


def _on_circle(part: int, parts: int) -> tuple[float, float]:
    turn, rest = divmod(8 * part, parts)  # eighths of the circle, and what is left of the next one, in 1 / (8 parts)
    if turn % 2:
        rest = parts - rest
    angle = _EXACT.divide(_EXACT.multiply(_PI, Decimal(rest)), Decimal(4 * parts))
    cosine, sine = float(_series(angle, 0)), float(_series(angle, 1))
    if turn in (1, 2, 5, 6):
        cosine, sine = sine, cosine
    return (cosine if turn in (0, 1, 6, 7) else 0.0 - cosine), (sine if turn < 4 else 0.0 - sine)


def _series(angle: Decimal, first: int) -> Decimal:
    """The sum of (-1)^k x^n / n! over n = first + 2k: the cosine's with first 0, the sine's with 1."""
    term = angle if first else Decimal(1)
    total, square = Decimal(0), _EXACT.multiply(angle, angle)
    for n in range(first, 60, 2):
        total = _EXACT.add(total, term)
        term = _EXACT.divide(_EXACT.multiply(term, -square), Decimal((n + 1) * (n + 2)))
    return total
