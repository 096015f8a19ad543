"""On a terminal that cannot move its cursor, what goes on is said line by line."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher
from patience import PATIENCE_S, until

from filmgauge_host.terminal.screen import can_draw

_ESCAPES = "\x1b["
_MODULE = ("-m", "filmgauge_host.cli.app")
DUMB = pytest.mark.parametrize("term", [None, "", "dumb", "unknown"])


class Terminal:
    """A program on a terminal of a kind. shown: what it has written there."""

    def __init__(self, term: str | None, arguments: Sequence[str]) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "TERM"}
        if term is not None:
            environment["TERM"] = term
        self.shown = ""
        self._master, slave = pty.openpty()
        command = [sys.executable, *_MODULE, *arguments]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while piece := os.read(self._master, 65536):
                self.shown += piece.decode(errors="replace")
        except OSError:  # the other end is closed
            return

    def end(self) -> int:
        """Return the exit code, once all is read."""
        code = self.process.wait(PATIENCE_S)
        self._thread.join(PATIENCE_S)
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join(PATIENCE_S)
        os.close(self._master)


@contextmanager
def on_terminal(term: str | None, *arguments: str) -> Iterator[Terminal]:
    made = Terminal(term, arguments)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("term", [None, "dumb"])
def test_the_monitor_prints_lines(broker: Mosquitto, tmp_path: Path, term: str | None) -> None:
    publisher = Publisher(broker.url)
    store = str(tmp_path / "r.sqlite")
    with on_terminal(term, "monitor", "--broker", broker.url, "--store", store) as terminal:
        numbers = count()

        def prints() -> bool:
            publisher.records("shelf", [next(numbers)])
            return "shelf" in terminal.shown

        until(prints)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == 0
        assert _ESCAPES not in terminal.shown
    publisher.close()


def test_a_run_prints_lines_and_does_not_keep_to_the_speed_of_a_screen() -> None:
    arguments = ("run", "bench", "--runtime", "cpython", "--for", "10min", "--no-web")
    with on_terminal(None, *arguments) as terminal:
        assert terminal.end() == 0
        assert _ESCAPES not in terminal.shown
        assert "bench" in terminal.shown


@DUMB
def test_a_terminal_without_a_cursor_is_no_screen(
    term: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TERM", raising=False)
    if term is not None:
        monkeypatch.setenv("TERM", term)
    master, slave = pty.openpty()
    with os.fdopen(master, "rb"), os.fdopen(slave, "w") as stream:
        assert not can_draw(stream)
        monkeypatch.setenv("TERM", "vt100")
        assert can_draw(stream)


def test_a_file_is_no_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "vt100")
    with (tmp_path / "out").open("w") as stream:
        assert not can_draw(stream)
