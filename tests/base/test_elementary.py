"""Functions that are the same on every machine: the nearest float64 to the true value, by arbitrary precision."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Float, Rational, cos, pi, sin
from sympy import exp as exact_exp
from sympy import log as exact_log

from subject_zoo.base.elementary import circle, exp, log, log2

DIGITS = 60


def nearest(value) -> float:
    return float(Float(value.evalf(DIGITS), DIGITS))


@given(st.floats(-300, 300))
def test_exp_is_the_nearest(x):
    assert exp(x) == nearest(exact_exp(Rational(x)))


@given(st.floats(1e-300, 1e300))
def test_logarithms_are_the_nearest(x):
    assert log(x) == nearest(exact_log(Rational(x)))
    assert log2(x) == nearest(exact_log(Rational(x)) / exact_log(2))


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 7, 8, 12, 97, 360])
def test_the_circle_is_the_nearest_all_around(parts):
    points = circle(parts)
    assert len(points) == parts
    for part, (cosine, sine) in enumerate(points):
        angle = 2 * pi * Rational(part, parts)
        assert (cosine, sine) == (nearest(cos(angle)), nearest(sin(angle))), part
        assert math.copysign(1, cosine or 1.0) == math.copysign(1, nearest(cos(angle)) or 1.0)
    assert not any(value == 0 and math.copysign(1, value) < 0 for point in points for value in point)
    assert circle(parts, 1) == points[:1] == [(1.0, 0.0)]
