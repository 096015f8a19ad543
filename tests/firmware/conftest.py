"""Runs every test of this folder on both runtimes: an item a runtime for each function.

`[cpython]` runs in this process, `[micropython]` on the real interpreter with the heap of a
32-bit board (one process a file), `[float32]` in this process with the gauge in single precision
(for the tests in `gauge/`). The test files know nothing of this.
"""

import ast
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from interpreter import MicroPythonFailure, Results, run_file
from loader import import_test
from mqtt_peer import Peer

_HOST_ONLY = ("test_single_precision_reference.py",)
_SINGLE_PRECISION_TOO = "gauge"  # the folder
_PEER_PORT = "FILMGAUGE_MQTT_PEER"

_results: dict[Path, Results] = {}
_modules: dict[tuple[Path, str], Any] = {}
_peers: list[Peer] = []


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> "FirmwareFile | None":
    """Collect the test files of both runtimes; leave the others to pytest."""
    if module_path.name in _HOST_ONLY:
        return None
    return FirmwareFile.from_parent(parent, path=module_path)


def pytest_unconfigure() -> None:
    """Stop the peer of the MQTT tests."""
    while _peers:
        _peers.pop().close()


class FirmwareFile(pytest.File):
    """A test file that is not imported to find its tests."""

    def collect(self) -> Iterator[pytest.Item]:
        lines = test_functions(self.path)
        for function, line in lines.items():
            for runtime in _runtimes(self.path):
                item = FirmwareTest.from_parent(self, name=f"{function}[{runtime}]")
                item.function_name, item.runtime, item.line = function, runtime, line
                item.all_functions = tuple(lines)
                yield item


class FirmwareTest(pytest.Item):
    """One test function on one runtime."""

    function_name: str
    runtime: str
    line: int
    all_functions: tuple[str, ...]

    def runtest(self) -> None:
        if self.path.parent.name == "mqtt":
            _start_peer()
        if self.runtime == "micropython":
            self._on_micropython()
        else:
            self._in_this_process()

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, MicroPythonFailure):
            return str(excinfo.value)
        excinfo.traceback = excinfo.traceback.cut(path=self.path)
        return super().repr_failure(excinfo, style="long")

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line, self.name

    def _on_micropython(self) -> None:
        if self.path not in _results:
            _results[self.path] = run_file(self.path, self.all_functions)
        _results[self.path].check(self.function_name)

    def _in_this_process(self) -> None:
        key = (self.path, self.runtime)
        if key not in _modules:
            _modules[key] = import_test(self.path, single_precision=self.runtime == "float32")
        before = Path.cwd()
        with tempfile.TemporaryDirectory() as directory:
            os.chdir(directory)
            try:
                getattr(_modules[key], self.function_name)()
            finally:
                os.chdir(before)


def test_functions(path: Path) -> dict[str, int]:
    """Return the names of the test functions of a file and their lines, counted from 0."""
    tree = ast.parse(path.read_text(), str(path))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name: node.lineno - 1 for node in functions if node.name.startswith("test_")}


def _runtimes(path: Path) -> tuple[str, ...]:
    if path.parent.name == _SINGLE_PRECISION_TOO:
        return "cpython", "micropython", "float32"
    return "cpython", "micropython"


def _start_peer() -> None:
    if not _peers:
        _peers.append(Peer())
        os.environ[_PEER_PORT] = str(_peers[0].port)
