"""What single-precision source calls: `single_precision` makes it. CPython and MicroPython."""

import math
from array import array

_cell = array("f", (0.0,))


def rounded(value):
    """Return a float rounded to single precision, anything else as it is."""
    if type(value) is float:
        _cell[0] = value
        return _cell[0]
    return value


def calculate(operation, left, right):
    """Return `left operation right` as a single-precision machine does."""
    division = operation is truediv or operation is itruediv
    if division or type(left) is float or type(right) is float:
        left, right = _operand(left), _operand(right)
    try:
        return rounded(operation(left, right))
    except OverflowError:  # only powers leave the range of a double
        return math.inf


def call(function, *arguments):
    """Return function(*arguments) of the module math; ValueError where the board raises it."""
    arguments = [_operand(argument) for argument in arguments]
    try:
        result = rounded(function(*arguments))
    except OverflowError:
        result = math.inf
    if type(result) is float and math.isinf(result):
        for argument in arguments:
            if math.isinf(argument):
                return result
        raise ValueError("math domain error")
    return result


def to_float(*arguments):
    """Stand in for `float`."""
    return _operand(float(*arguments))


def total(values, start=0):
    """Stand in for `sum`: every step is rounded."""
    for value in values:
        start = calculate(add, start, value)
    return start


def to_round(value, *digits):
    """Stand in for `round`."""
    return rounded(round(value, *digits))


def _operand(value):
    if type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    return rounded(value)


# MicroPython has no module operator.


def add(left, right):
    return left + right


def sub(left, right):
    return left - right


def mul(left, right):
    return left * right


def truediv(left, right):
    return left / right


def floordiv(left, right):
    return left // right


def mod(left, right):
    return left % right


def pow(left, right):
    return left**right


def iadd(left, right):
    left += right
    return left


def isub(left, right):
    left -= right
    return left


def imul(left, right):
    left *= right
    return left


itruediv = truediv
ifloordiv = floordiv
imod = mod
ipow = pow
