"""Short names: fewer of them, and the program does what it did."""

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from filmgauge_sim.board.firmware_image import FIRMWARE, firmware_sources, shortened
from filmgauge_sim.board.short_names import shorten
from filmgauge_sim.board.syntax import module_of
from filmgauge_sim.score import gauge_server

BASE = """\
def const(value):
    return value


WIDTH = const(4)
DEPTH = const(WIDTH * 2)
TABLE = const((1, 2))
FACTOR = 2.5
_OWN = const(-3)


class Base:
    def __init__(self, length, height=WIDTH):
        self._length = length
        self._height = height

    def area(self, scale, offset=0):
        return self._scaled(scale) + offset + _OWN

    def _scaled(self, scale):
        return self._length * self._height * scale
"""
DERIVED = """\
from box import base
from box.base import DEPTH, FACTOR, Base


class Derived(Base):
    def __init__(self, length):
        super().__init__(length)
        self._depth = DEPTH
        self.named = 1
        for name in ("_kept",):
            setattr(self, name, 5)

    def volume(self, scale):
        kept = self._kept
        return self.area(scale, offset=1) * self._depth * FACTOR + base.WIDTH + kept
"""
OTHER = """\
class Other:
    def __init__(self, wall):
        self._wall = wall

    def doubled(self):
        return _wide(self.sums() + counted())

    def sums(self):
        scale = [self._wall * item for item in (1, 1)]
        return sum(scale)


def _wide(total):
    return total


wakes = 0
for _ in range(3):
    wakes += 1
LIMIT = 9


def counted():
    LIMIT = wakes
    return LIMIT
"""
SOURCES = {
    "box/__init__.py": "",
    "box/base.py": BASE,
    "box/derived.py": DERIVED,
    "box/other.py": OTHER,
}
USER = "Derived(3).volume(2), Base(2, 7).area(1), Other(6).doubled()"  # as `results` does


def loaded(sources: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Return the modules of such sources by their names, in the order in which they import."""
    modules = {}
    for path, text in sources.items():
        name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        module = ModuleType(name)
        module.__path__ = []  # type: ignore[attr-defined]
        monkeypatch.setitem(__import__("sys").modules, name, module)
        exec(compile(text, path, "exec"), module.__dict__)
        if "." in name:
            setattr(modules["box"], name.partition(".")[2], module)
        modules[name] = module
    return modules


def results(sources: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[object]:
    with monkeypatch.context() as patch:
        modules = loaded(sources, patch)
        derived = modules["box.derived"].Derived(3)
        return [
            derived.volume(2),
            derived.area(5),
            modules["box.base"].Base(2, 7).area(1),
            modules["box.other"].Other(6).doubled(),
        ]


def test_the_program_does_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    short = shorten(SOURCES, [USER])
    assert results(short, monkeypatch) == results(SOURCES, monkeypatch)
    assert short != SOURCES


def test_integers_that_nobody_names_any_more_have_gone() -> None:
    short = shorten(SOURCES, [USER])
    assert "DEPTH" not in short["box/derived.py"] + short["box/base.py"]
    assert "WIDTH" not in "".join(short.values())
    assert "FACTOR" in short["box/base.py"]  # no integer
    assert "TABLE" in short["box/base.py"]


def test_a_user_of_the_package_finds_what_it_names() -> None:
    short = shorten(SOURCES, ["from box.base import DEPTH\nBase(length=3)._wall"])
    assert "DEPTH = " in short["box/base.py"]
    assert "length" in short["box/base.py"]
    assert "_wall" in short["box/other.py"]


def test_what_a_class_sets_and_names_within_itself_is_short_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = (
        "class Own:\n    waiting_time = 3\n\n    def elapsed_time(self):\n"
        "        return self.waiting_time\n\n    passing_time = elapsed_time\n\n\n"
        "def result():\n    return Own().passing_time()\n"
    )
    sources = {"box/__init__.py": "", "box/own.py": text}
    short = shorten(sources)
    assert not {"waiting_time", "elapsed_time", "passing_time"} & names(short)
    with monkeypatch.context() as patch:
        assert loaded(short, patch)["box.own"].result() == 3


def test_families_share_no_short_name_and_others_do() -> None:
    short = shorten(SOURCES, [USER])
    attributes = {
        path: {
            node.attr
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Attribute) and len(node.attr) == 2
        }
        for path, text in short.items()
    }
    base, derived, other = (attributes[f"box/{name}.py"] for name in ("base", "derived", "other"))
    assert len(base) == 3  # two attributes and a method
    assert derived
    assert not base & derived  # a class and its base are one object
    assert other <= base | derived


def test_what_another_file_calls_is_none_of_its_own_attributes() -> None:
    """`fathomed` is only called from a file whose own attributes get short names, too."""
    caller = (
        "class Caller:\n    def __init__(self, gauge):\n        self._first = 1\n"
        "        self._gauge = gauge\n        self._second = self._gauge.fathomed()\n"
    )
    called = (
        "class Called:\n    def fathomed(self):\n        self._own = 2\n        return self._own\n"
    )
    short = shorten({"box/caller.py": caller, "box/called.py": called})
    own, others = (
        {node.attr for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)}
        for text in (short["box/caller.py"], short["box/called.py"])
    )
    method = next(
        node.name
        for node in ast.walk(ast.parse(short["box/called.py"]))
        if isinstance(node, ast.FunctionDef)
    )
    assert method != "fathomed"
    assert len(own) == 4  # three attributes, and the method by its new name
    assert method in own
    assert method not in others


@pytest.mark.parametrize("name", ["append", "read", "active", "spoken"])
def test_names_of_others_and_in_texts_stay(name: str) -> None:
    """Of a built-in type, a file, a radio; and one that somebody asks for by a text."""
    text = f"class Own:\n    def {name}(self):\n        return getattr(self, 'spoken')\n"
    assert f"def {name}(" in shorten({"box/own.py": text})["box/own.py"]


@pytest.mark.parametrize("spoken", ["'a measured one'", "b'a measured one'"])
def test_a_name_among_others_in_a_text_or_in_bytes_stays(spoken: str) -> None:
    text = (
        "class Own:\n    def measured(self):\n        return 1\n\n"
        "    def fathomed(self):\n        return self.measured()\n\n"
        f"\ndef read(own):\n    return own.fathomed(), {spoken}.split()\n"
    )
    short = shorten({"box/own.py": text})["box/own.py"]
    assert "def measured(" in short
    assert "fathomed" not in short


def test_functions_texts_and_what_is_asked_for_by_name_stay() -> None:
    short = shorten(SOURCES, [USER])
    assert "def area(" in short["box/base.py"]
    assert "def _scaled(" not in short["box/base.py"]
    assert "_wide(" in short["box/other.py"]
    assert "self._kept" in short["box/derived.py"]
    assert "offset=1" in short["box/derived.py"]
    assert "offset=0" in short["box/base.py"]


def test_the_firmware_has_a_quarter_fewer_names(short_firmware: dict[str, str]) -> None:
    before, after = names(firmware_sources()), names(short_firmware)
    assert len(after) < 0.75 * len(before)


def names(sources: dict[str, str]) -> set[str]:
    """Return the names that bytecode has: of attributes, globals, functions and parameters."""
    found: set[str] = set()
    for text in sources.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.arg):
                found.add(node.arg)
            elif isinstance(node, ast.Assign) and node.col_offset == 0:
                found.update(each.id for each in node.targets if isinstance(each, ast.Name))
    return found


DIAGNOSIS = [path.read_text() for path in sorted((FIRMWARE / "diagnosis").glob("*.py"))]
GAUGE_SERVER = Path(gauge_server.__file__).read_text()
GAUGE = ("filmgauge/gauge/", "filmgauge/charge/", "filmgauge/sensors/", "filmgauge/state")


def test_the_diagnosis_finds_the_names_of_the_firmware(short_firmware: dict[str, str]) -> None:
    """It is always among the users."""
    assert_found(short_firmware, DIAGNOSIS, 100)


def test_the_gauge_server_finds_the_names_of_the_firmware() -> None:
    parts = {path: text for path, text in firmware_sources().items() if path.startswith(GAUGE)}
    assert_found(shortened(parts, [GAUGE_SERVER]), [GAUGE_SERVER], 40)


def assert_found(short: dict[str, str], users: list[str], least: int) -> None:
    """Its own modules too: some are loaded where no run of a test comes."""
    tops = {
        module(path): {name for each in ast.parse(text).body for name in bound(each)}
        for path, text in short.items()
    }
    asked = [name for text in (*short.values(), *users) for name in named(ast.parse(text), tops)]
    assert len(asked) > least
    for place, name in asked:
        assert name in tops[place] or f"{place}.{name}" in tops, (place, name)


def module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def named(tree: ast.Module, modules: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of what a file imports from these modules or asks of one."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in modules:
            for alias in node.names:
                yield node.module, alias.name
                if f"{node.module}.{alias.name}" in modules:
                    known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        owner = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id in known:
            yield known[owner.id], node.attr  # type: ignore[attr-defined]


def bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {each.id for each in node.targets if isinstance(each, ast.Name)}
    if isinstance(node, ast.Try):
        return {name for each in node.body for name in bound(each)}
    return set()


def test_what_the_firmware_imports_of_itself_is_there(short_firmware: dict[str, str]) -> None:
    """Names and modules that are left out, joined or renamed are so for all who import them."""
    trees = {module_of(path): ast.parse(text) for path, text in short_firmware.items()}
    bound = {
        module: {name for node in tree.body for name in _bound_by(node)}
        for module, tree in trees.items()
    }
    imports = [
        (module, node.module or "", alias.name)
        for module, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    own = [each for each in imports if each[1].startswith("filmgauge")]
    assert len(own) > 200
    missing = [
        each
        for each in own
        if f"{each[1]}.{each[2]}" not in trees and each[2] not in bound.get(each[1], ())
    ]
    assert not missing


def _bound_by(node: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds at the top of its module."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _bound_by(child)
