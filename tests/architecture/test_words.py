"""Doors that a reader can guess: words of the everyday that mean anything are no names."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from source_tree import PACKAGES, ROOT, tree

_BANNED = {
    *("look", "take", "tell", "told", "settle", "note", "see", "come", "heard"),
    *("desk", "courier"),
}
_BANNED_ALONE = {"known", "kept", "place"}  # sensor_known says what it is, known does not
_ALLOWED: set[str] = set()  # names that another package's interface demands, as "file: name"
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def _words(name: str) -> set[str]:
    """Return the words of an identifier: `_take_age` and `TakeAge` give take and age."""
    return {word.lower() for word in _WORD.findall(name)}


def _files() -> Iterator[Path]:
    for folder in PACKAGES.values():
        yield from sorted(folder.rglob("*.py"))
    yield from sorted((ROOT / "firmware").glob("*.py"))


def _names(path: Path) -> Iterator[str]:
    """Return what a file defines: itself, functions and classes."""
    yield path.stem
    yield path.parent.name
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name


def _attributes(path: Path) -> Iterator[str]:
    """Return fields of classes, and what is assigned to an object."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            for each in node.body:
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                    yield each.target.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def _is_vague(name: str) -> bool:
    return name.strip("_").lower() in _BANNED | _BANNED_ALONE


def test_names_say_what_they_are() -> None:
    found = set()
    for path in _files():
        names = {name for name in _names(path) if _words(name) & _BANNED or _is_vague(name)}
        names |= {name for name in _attributes(path) if _is_vague(name)}
        found |= {f"{path.relative_to(ROOT)}: {name}" for name in names}
    wrong = sorted(found - _ALLOWED)
    assert not wrong, "names to replace by a word of the field:\n" + "\n".join(wrong)
    assert not _ALLOWED - found, "exceptions that nobody needs any more"


def test_words_of_a_name() -> None:
    assert _words("_take_age") == {"take", "age"}
    assert _words("HeardNodes") == {"heard", "nodes"}
    assert _words("MQTTNote2") == {"mqtt", "note", "2"}
    assert "note" not in _words("denoted")
