"""The ROM of boards that begin together."""

import fcntl
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import pytest

from filmgauge_sim.board import firmware_image


def test_those_that_begin_together_make_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is held in the middle of it until the second wants it, too."""
    compiled: list[str] = []
    begun, wanted = Event(), Event()
    found: list[Path] = []

    def observed(work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if current_thread() is main_thread():
                begun.set()
                assert wanted.wait(60)
            else:
                wanted.set()
            return work(*arguments)

        return call

    def bytecode(text: str, path: str) -> bytes:
        compiled.append(path)
        return make(text, path)

    def other() -> None:
        assert begun.wait(60)
        monkeypatch.setattr(fcntl, "flock", observed(fcntl.flock))
        found.append(firmware_image.rom({"main.py": "print(1)\n"}, tmp_path))

    make = observed(firmware_image.bytecode)
    monkeypatch.setattr(firmware_image, "bytecode", bytecode)
    second = Thread(target=other)
    second.start()
    found.append(firmware_image.rom({"main.py": "print(1)\n"}, tmp_path))
    second.join()
    assert found[0] == found[1]
    assert len(compiled) == len(set(compiled))
    assert compiled.count("main.py") == 1
    assert list(tmp_path.iterdir()) == [found[0]]
