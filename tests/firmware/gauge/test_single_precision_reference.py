"""The single-precision transform against numpy.float32, bit for bit; CPython only."""

import math
import operator
import random
import struct
from types import CodeType
from typing import Any

import numpy as np
import pytest

from filmgauge_sim.board.single_precision import (
    NotTransformable,
    importable,
    load_single_precision,
    single_precision,
)

OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def compiled(source: str) -> CodeType:
    return compile(single_precision(source), "transformed", "exec")


def evaluate(source: str, **names: Any) -> dict[str, Any]:
    exec(compiled(source), names)
    return names


def bits(value: float) -> bytes:
    """Return the bits of a value that must be a single-precision number already."""
    assert type(value) is float
    assert math.isnan(value) or float(np.float32(value)) == value
    return struct.pack("<f", value)


def singles(count: int, seed: int) -> list[float]:
    """Return random finite single-precision numbers of every exponent, subnormal ones too."""
    generator = random.Random(seed)
    numbers: list[float] = []
    while len(numbers) < count:
        number = struct.unpack("<f", generator.randbytes(4))[0]
        if math.isfinite(number):
            numbers.append(number)
    return numbers


def near_one(count: int, seed: int) -> list[float]:
    generator = random.Random(seed)
    return [float(np.float32(generator.uniform(-1000, 1000))) for _ in range(count)]


@pytest.mark.parametrize("sign", ["+", "-", "*", "/"])
@pytest.mark.parametrize("numbers", [singles, near_one])
def test_arithmetic_is_that_of_numpy(sign: str, numbers: Any) -> None:
    code = compiled(f"c = a {sign} b")
    with np.errstate(all="ignore"):
        for a, b in zip(numbers(4000, 1), numbers(4000, 2), strict=True):
            if sign == "/" and b == 0:
                continue
            names = {"a": a, "b": b}
            exec(code, names)
            expected = OPERATORS[sign](np.float32(a), np.float32(b))
            assert bits(names["c"]) == expected.tobytes(), (a, sign, b)


@pytest.mark.parametrize("sign", ["//", "%"])
def test_whole_division_is_that_of_numpy(sign: str) -> None:
    code = compiled(f"c = a {sign} b")
    for a, b in zip(near_one(4000, 3), near_one(4000, 4), strict=True):
        names = {"a": a, "b": b}
        exec(code, names)
        expected = OPERATORS[sign](np.float32(a), np.float32(b))
        assert bits(names["c"]) == expected.tobytes(), (a, sign, b)


@pytest.mark.parametrize("sign", ["+", "-", "*", "/"])
def test_integers_become_single_before_they_meet_a_float(sign: str) -> None:
    code = compiled(f"c = a {sign} b\nd = b {sign} a")
    generator = random.Random(5)
    for a in near_one(500, 6):
        b = generator.randrange(1, 2**31)
        names = {"a": a, "b": b}
        exec(code, names)
        function = OPERATORS[sign]
        assert bits(names["c"]) == function(np.float32(a), np.float32(b)).tobytes()
        assert bits(names["d"]) == function(np.float32(b), np.float32(a)).tobytes()


def test_division_of_integers_rounds_both() -> None:
    generator = random.Random(7)
    code = compiled("c = a / b")
    for _ in range(1000):
        names = {"a": generator.randrange(2**31), "b": generator.randrange(1, 2**31)}
        exec(code, names)
        expected = np.float32(names["a"]) / np.float32(names["b"])
        assert bits(names["c"]) == expected.tobytes()


def test_integer_arithmetic_stays_exact() -> None:
    names = evaluate("c = (a * b + 7) // 3 - a % 5\nd = a ** 3", a=2**61 + 1, b=-(10**30))
    a, b = 2**61 + 1, -(10**30)
    assert names["c"] == (a * b + 7) // 3 - a % 5
    assert names["d"] == a**3


@pytest.mark.parametrize("text", ["0.1", "9.8696", "96485.33", "3.6e6", "1e-40", "16777217.0"])
def test_constants(text: str) -> None:
    assert bits(evaluate(f"c = {text}")["c"]) == np.float32(text).tobytes()


def test_constants_beyond_the_range_are_infinite() -> None:
    assert evaluate("c = 1e39")["c"] == math.inf
    assert evaluate("c = a * 10.0", a=3e38)["c"] == math.inf
    assert evaluate("c = a * 1.0", a=-(10**400))["c"] == -math.inf


def test_every_step_of_a_sum_is_rounded() -> None:
    numbers = near_one(300, 8)
    total = np.float32(0)
    for number in numbers:
        total += np.float32(number)
    assert bits(evaluate("c = sum(a)", a=numbers)["c"]) == total.tobytes()
    assert bits(evaluate("c = sum(a, 0.5)", a=[1, 0.1])["c"]) == np.float32(1.6).tobytes()
    assert evaluate("c = sum(a)", a=[2**60, 1])["c"] == 2**60 + 1


def test_augmented_assignment_to_names_attributes_and_items() -> None:
    source = "x += 0.1\ny[0] *= 0.3\ny[n - 1] /= 7\nz.imaginary -= 0.7"

    class Holder:
        imaginary = 2.5

    names = evaluate(source, x=1, y=[2.0, 5], n=2, z=Holder)
    single = np.float32
    assert bits(names["x"]) == (single(1) + single(0.1)).tobytes()
    assert bits(names["y"][0]) == (single(2) * single(0.3)).tobytes()
    assert bits(names["y"][1]) == (single(5) / single(7)).tobytes()
    assert bits(Holder.imaginary) == (single(2.5) - single(0.7)).tobytes()


def test_augmented_assignment_keeps_lists_in_place() -> None:
    names = evaluate("a = b = [1]\na += [2]\nc = 'x' + 'y' * 2 + '%.1f' % 0.25")
    assert names["a"] is names["b"]
    assert names["b"] == [1, 2]
    assert names["c"] == "xyy0.2"


def test_conversions() -> None:
    names = evaluate(
        "c = float(a)\nd = float('0.1')\ne = -float(a)\nf = round(0.15, 1)", a=16777217
    )
    assert names["c"] == 16777216.0
    assert bits(names["d"]) == np.float32(0.1).tobytes()
    assert names["e"] == -16777216.0
    assert bits(names["f"]) == np.float32(0.2).tobytes()
    assert type(evaluate("c = round(2.5)")["c"]) is int


@pytest.mark.parametrize("function", ["exp", "log", "sqrt", "sin", "expm1", "asinh"])
def test_functions_take_and_give_single_precision(function: str) -> None:
    code = compiled(f"import math\nc = math.{function}(a)")
    for number in near_one(400, 9):
        # 0.1 has more digits than a single: the argument is rounded first
        names: dict[str, Any] = {"a": abs(number) / 20 + 0.1}
        exec(code, names)
        expected = getattr(math, function)(float(np.float32(names["a"])))
        assert bits(names["c"]) == np.float32(expected).tobytes()


def test_square_root_is_that_of_numpy() -> None:
    code = compiled("import math\nc = math.sqrt(a)\nd = a ** 0.5")
    for number in singles(2000, 10):
        names = {"a": abs(number)}
        exec(code, names)
        expected = np.sqrt(np.float32(abs(number))).tobytes()
        assert bits(names["c"]) == expected
        assert bits(names["d"]) == expected


def test_functions_refuse_what_a_board_refuses() -> None:
    for source in ("math.exp(89.0)", "math.exp(1000)", "math.log(0)", "math.sqrt(-1.0)"):
        with pytest.raises(ValueError, match="math domain error"):
            evaluate(f"import math\nc = {source}")
    assert evaluate("import math\nc = math.sqrt(a)", a=math.inf)["c"] == math.inf
    assert type(evaluate("import math\nc = math.floor(2.5)")["c"]) is int
    assert bits(evaluate("import math\nc = math.pi")["c"]) == np.float32(math.pi).tobytes()


def test_power_beyond_the_range_is_infinite() -> None:
    assert evaluate("c = a ** 20", a=1e30)["c"] == math.inf
    assert bits(evaluate("c = a ** -1", a=3)["c"]) == np.float32(1 / 3).tobytes()


@pytest.mark.parametrize(
    "source",
    [
        "from math import exp",
        "import math as m",
        "f()[0] += 1",
        "c = pow(2.0, 3)",
        "divmod(1.5, 1)",
    ],
)
def test_what_would_be_missed_is_refused(source: str) -> None:
    with pytest.raises(NotTransformable, match="line 1"):
        single_precision(source)


def test_the_text_is_a_module_of_its_own() -> None:
    text = single_precision('"""Doc."""\nfrom __future__ import annotations\nx: float = 0.5 + 1')
    names: dict[str, Any] = {}
    exec(compile(text, "text", "exec"), names)
    assert names["__doc__"] == "Doc."
    assert names["x"] == 1.5


def test_loading_leaves_the_double_precision_modules_alone() -> None:
    from filmgauge.gauge import diffusion as film
    from filmgauge.gauge import estimator
    from filmgauge.gauge import voltage_model as branches

    modules = load_single_precision("filmgauge.gauge")
    single = modules["filmgauge.gauge.diffusion"]
    rounded = modules["filmgauge.gauge.voltage_model"]
    assert vars(branches)["_GAS"] == 8.314463
    assert bits(vars(rounded)["_GAS"]) == np.float32(8.314463).tobytes()
    with importable(modules):
        from filmgauge.gauge import diffusion as seen
        from filmgauge.gauge.estimator import Estimator

        assert seen is single
        assert Estimator is vars(modules["filmgauge.gauge.estimator"])["Estimator"]
    from filmgauge.gauge import diffusion as after

    assert after is film
    assert Estimator is not estimator.Estimator
    assert vars(modules["filmgauge.gauge.fuel_gauge"])["diffusion"] is single


def test_what_is_no_package_is_refused() -> None:
    with pytest.raises(ImportError, match="not a package"):
        load_single_precision("filmgauge.state")
