"""Classes and variables named as attributes are: the program does what it did."""

import ast
import sys
from types import ModuleType

import pytest

from filmgauge_sim.board.short_globals import shorten_globals

METER = """\
from box.errors import MeterError

LIMITS = {"high": 5}
UNITS = ("uA", "V")
SPOKEN = 3


class Counter:
    def __init__(self):
        self._a = 0

    def _b(self, count):
        self._a += count
        return self._a


class Meter:
    kind = Counter

    def __init__(self):
        self._c = self.kind()
        self._d = self._e = 0

    def read(self, count) -> "Counter":
        if count > LIMITS["high"]:
            raise MeterError(UNITS[0])
        return self._c._b(count) + globals()["SPOKEN"]
"""
ERRORS = "class MeterError(Exception):\n    pass\n"
READER = """\
from box import meter
from box.meter import Meter, UNITS


def read(count):
    return Meter().read(count), meter.Counter()._b(count), UNITS[1]
"""
SOURCES = {
    "box/__init__.py": "",
    "box/errors.py": ERRORS,
    "box/meter.py": METER,
    "box/reader.py": READER,
}


def read(sources: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Return what a reading of 4 says, and the type and text of the error of one of 6."""
    with monkeypatch.context() as patch:
        modules: dict[str, ModuleType] = {}
        for path, text in sources.items():
            name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            module = modules[name] = ModuleType(name)
            module.__path__ = []  # type: ignore[attr-defined]
            patch.setitem(sys.modules, name, module)
            exec(compile(text, path, "exec"), module.__dict__)
            if "." in name:
                setattr(modules["box"], name.partition(".")[2], module)
        reader = modules["box.reader"]
        with pytest.raises(Exception, match="uA") as raised:
            reader.read(6)
        return [reader.read(4), raised.type.__name__]


def tops(text: str) -> set[str]:
    """Return what a module names at its top."""
    return {
        name
        for node in ast.parse(text).body
        for name in (
            [node.name]
            if isinstance(node, ast.ClassDef | ast.FunctionDef)
            else [each.id for each in node.targets if isinstance(each, ast.Name)]
            if isinstance(node, ast.Assign)
            else []
        )
    }


def test_the_program_does_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(shorten_globals(SOURCES), monkeypatch) == read(SOURCES, monkeypatch)


def test_classes_and_variables_have_names_that_attributes_have() -> None:
    short = tops(shorten_globals(SOURCES)["box/meter.py"])
    assert len(short & {"_a", "_b", "_c", "_d", "_e"}) == 4
    assert not short & {"Counter", "Meter", "LIMITS", "UNITS"}


def test_exceptions_functions_and_what_a_text_names_stay() -> None:
    short = shorten_globals(SOURCES)
    assert tops(short["box/errors.py"]) == {"MeterError"}
    assert tops(short["box/reader.py"]) == {"read"}
    assert "SPOKEN" in tops(short["box/meter.py"])


def test_what_bytes_name_stays_as_well() -> None:
    table = METER + '\nASKED = b"UNITS 2"\n'
    short = tops(shorten_globals({**SOURCES, "box/meter.py": table})["box/meter.py"])
    assert "UNITS" in short
    assert "LIMITS" not in short


def test_no_class_has_the_name_of_a_method_in_a_file_that_uses_it() -> None:
    """Within a class its methods come before what the module has."""
    short = shorten_globals(SOURCES)["box/meter.py"]
    methods = {
        node.name
        for each in ast.parse(short).body
        if isinstance(each, ast.ClassDef)
        for node in each.body
        if isinstance(node, ast.FunctionDef)
    }
    assert not tops(short) & methods


def test_a_user_finds_what_it_names() -> None:
    short = shorten_globals(SOURCES, ["from box.meter import Meter, LIMITS"])
    assert {"Meter", "LIMITS"} <= tops(short["box/meter.py"])
