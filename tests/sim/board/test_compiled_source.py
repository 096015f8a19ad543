"""Code that another process has compiled, and what happens where there is none."""

from pathlib import Path
from typing import Any

import pytest

from filmgauge_sim.board.compiled_source import compiled


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def result(path: str, text: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compiled(path, text), names)
    return names


def entries(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_the_second_time_finds_what_the_first_has_made(cache: Path) -> None:
    first = compiled("a.py", "x = 1")
    (entry,) = entries(cache)
    made = entry.stat().st_mtime_ns
    assert compiled("a.py", "x = 1") == first
    assert entry.stat().st_mtime_ns == made


def test_each_text_and_each_path_has_its_own_code(cache: Path) -> None:
    assert result("a.py", "x = 1")["x"] == 1
    assert result("a.py", "x = 2")["x"] == 2
    assert compiled("b.py", "x = 1").co_filename == "b.py"
    assert compiled("a.py", "x = 1").co_filename == "a.py"
    assert len(entries(cache)) == 3


@pytest.mark.parametrize("content", [b"", b"spoilt", b"\xe3"])
def test_an_entry_that_cannot_be_read_is_made_anew(cache: Path, content: bytes) -> None:
    compiled("a.py", "x = 1")
    (entry,) = entries(cache)
    whole = entry.read_bytes()
    entry.write_bytes(content)
    assert result("a.py", "x = 1")["x"] == 1
    assert entry.read_bytes() == whole


def test_it_does_without_a_folder(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "file").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache / "file"))
    assert result("a.py", "x = 1")["x"] == 1


def test_what_is_no_python_is_not_kept(cache: Path) -> None:
    with pytest.raises(SyntaxError):
        compiled("a.py", "x = ")
    assert entries(cache) == []
