"""Virtual nodes whose firmware fails where a file on their flash says so."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from reporting_node import make_node

from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.firmware_image import firmware_sources
from filmgauge_sim.board.inprocess import InProcessRuntime
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.littlefs_outside import FlashAccess, install, mounted
from filmgauge_sim.nodes import virtual_node as nodes
from filmgauge_sim.nodes.virtual_node import VirtualNode

_NODE = "filmgauge/node.py"
_SAMPLE = "        self._charge.sample(elapsed_ms)\n"
_FAILS = """\
        from filmgauge.compat import exists
        if exists("/fails"):
            raise KeyError("planted")
"""
_AT_IMPORT = """
try:
    open("/fails-{number}").close()
except OSError:
    pass
else:
    raise {error}("planted")
"""


def sources_that_fail(places: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the firmware with modules that raise as they are imported: path and exception of the
    first where there is a file /fails-0, and so on."""
    sources = dict(firmware_sources())
    for number, (path, error) in enumerate(places):
        sources[path] += _AT_IMPORT.format(number=number, error=error)
    return sources


def sources_that_fail_to_sample() -> dict[str, str]:
    """Return the firmware with a wake that fails as it samples where there is a file /fails."""
    sources = dict(firmware_sources())
    assert sources[_NODE].count(_SAMPLE) == 1
    sources[_NODE] = sources[_NODE].replace(_SAMPLE, _FAILS + _SAMPLE)
    return sources


def failing_node(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    url: str,
    text: str,
    sources: dict[str, str],
    runtime: RuntimeName = "micropython",
) -> VirtualNode:
    """Return the node of a scenario with such a firmware."""
    run_sources(monkeypatch, sources)
    return make_node(folder, url, runtime, text, real_wait_ms=2000)


def run_sources(monkeypatch: pytest.MonkeyPatch, sources: dict[str, str]) -> None:
    """Let nodes that are made from now on run another firmware."""

    def on_interpreter(
        image: Path, console: Path, heap: str, _: None, runtime: RuntimeName
    ) -> MicroPythonRuntime:
        return MicroPythonRuntime(image, console, heap, sources, runtime=runtime)

    def in_process(console: Path, _: None) -> InProcessRuntime:
        return InProcessRuntime(console, sources)

    monkeypatch.setattr(nodes, "MicroPythonRuntime", on_interpreter)
    monkeypatch.setattr(nodes, "InProcessRuntime", in_process)


def break_it(node: VirtualNode, number: int) -> None:
    """Let the firmware fail from now on."""
    install(node.flash, {f"/fails-{number}": b""})


def mend(node: VirtualNode, *paths: str) -> None:
    """Remove files from its flash."""
    file_system = mounted(FlashAccess(node.flash), node.flash)
    for path in paths:
        file_system.remove(path)
    file_system.unmount()
