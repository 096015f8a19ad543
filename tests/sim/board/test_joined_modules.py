"""Modules that become one: fewer of them, and the program does what it did."""

import sys
from pathlib import Path

import pytest

from filmgauge_sim.board.joined_modules import join

WHOLE = '''\
"""The whole."""

import struct
from box import first
from box.second import Second, doubled

_FORMAT = "<H"


def packed(number):
    return struct.pack(_FORMAT, number) + first.packed(number)


def size():
    lazily = first.SIZE
    return lazily + Second().size + doubled(first.total([1, 2]))
'''
FIRST = '''\
"""A part whose names mean something else in the whole."""

import struct

_FORMAT = ">I"
SIZE = 4


def packed(number):
    return struct.pack(_FORMAT, number)


def total(numbers):
    return sum(numbers)
'''
SECOND = """\
from box.shared import offset


class Second:
    def __init__(self):
        self.size = offset()


def doubled(number):
    return 2 * number
"""
SHARED = "def offset():\n    return 100\n"
USER = "from box.whole import packed, size\nfrom box.shared import offset\n"
SOURCES = {
    "box/__init__.py": "",
    "box/whole.py": WHOLE,
    "box/first.py": FIRST,
    "box/second.py": SECOND,
    "box/shared.py": SHARED,
    "use.py": USER,
}


def answers(
    sources: dict[str, str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[object]:
    """Return what the package answers, imported from a folder."""
    for path, text in sources.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    with monkeypatch.context() as patch:
        for name in [name for name in sys.modules if name.partition(".")[0] in ("box", "use")]:
            patch.delitem(sys.modules, name)
        patch.syspath_prepend(folder)
        space: dict[str, object] = {}
        exec("import use\nfound = [use.packed(7), use.size(), use.offset()]", space)
        for name in [name for name in sys.modules if name.partition(".")[0] in ("box", "use")]:
            del sys.modules[name]
    return space["found"]  # type: ignore[return-value]


def test_the_program_does_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    joined = join(SOURCES)
    assert set(joined) == {"box/__init__.py", "box/whole.py", "box/shared.py", "use.py"}
    found = answers(joined, tmp_path / "joined", monkeypatch)
    assert found == answers(SOURCES, tmp_path / "apart", monkeypatch)
    assert found == [b"\x07\x00\x00\x00\x00\x07", 4 + 100 + 6, 100]


def changed(path: str, before: str, after: str) -> dict[str, str]:
    assert SOURCES[path].count(before) == 1
    return {**SOURCES, path: SOURCES[path].replace(before, after)}


@pytest.mark.parametrize(
    "sources",
    [
        changed(
            "box/whole.py", "from box import first\n", "first = __import__('box.first').first\n"
        ),
        changed("box/whole.py", "    lazily =", "    from box import first\n    lazily ="),
        changed("box/whole.py", "    lazily =", "    kept = first\n    lazily ="),
        changed("box/whole.py", "    lazily =", "    first.SIZE = 5\n    lazily ="),
        changed("use.py", "offset\n", "offset\nGONE = ('box.first', 'struct')\n"),
        changed("use.py", "offset\n", "offset\nfrom box.first import total\n"),
        changed("box/whole.py", "def size():", "def sum(numbers):\n    return 0\n\n\ndef size():"),
    ],
    ids=["by text", "lazily", "as a value", "changed", "let go alone", "by another", "a built-in"],
)
def test_what_is_used_otherwise_stays_alone(sources: dict[str, str]) -> None:
    assert "box/first.py" in join(sources)


def test_what_goes_with_the_whole_or_is_used_from_outside() -> None:
    along = changed("use.py", "offset\n", "offset\nGONE = ('box.first', 'box.whole')\n")
    assert "box/first.py" not in join(along)
    assert "box/first.py" in join(SOURCES, ["from box.first import total"])
    assert "box/second.py" not in join(SOURCES, ["from box.first import total"])


def test_a_large_module_takes_no_parts() -> None:
    long = "".join(f"def long_{i}():\n    return {i}\n\n\n" for i in range(700))
    assert "box/first.py" in join({**SOURCES, "box/whole.py": WHOLE + long})
