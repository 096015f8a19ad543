"""Numbers of a notebook as those of Python: numpy and pandas have their own, which a description
refuses and random numbers cannot begin with."""

import operator
from collections.abc import Iterable
from typing import Any, SupportsFloat, SupportsIndex, TypeAlias

# One number is a range of one.
Numbers: TypeAlias = SupportsFloat | Iterable[SupportsFloat]


def number(name: str, value: SupportsFloat) -> float:
    """A number. Raises ValueError with its name for what is none."""
    try:
        if isinstance(value, str | bytes):  # float() reads them
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a number, not {value!r}") from None


def whole(name: str, value: SupportsIndex) -> int:
    """A whole number. Raises ValueError with its name for what is none."""
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise ValueError(f"{name} must be a whole number, not {value!r}") from None


def numbers(name: str, values: Numbers) -> list[float]:
    """Some numbers, or one. Raises ValueError with their name for what is none."""
    return [number(name, each) for each in _each(values)]


def whole_numbers(name: str, values: Numbers) -> list[int]:
    """Some numbers, or one, that are whole, as 90.0 is. Raises ValueError with their name for what
    is none."""
    found = numbers(name, values)
    for each in found:
        if not each.is_integer():
            raise ValueError(f"{name} must be whole numbers, not {each:g}")
    return [int(each) for each in found]


def _each(values: Any) -> Iterable[Any]:
    is_one = isinstance(values, str | bytes) or not hasattr(values, "__iter__")
    return [values] if is_one or getattr(values, "ndim", 1) == 0 else values
