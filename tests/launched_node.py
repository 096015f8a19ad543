"""Virtual nodes whose firmware is an archive on their flash, started by the launcher as on a real
board."""

import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.archive import Archive
from filmgauge_sim.board.board_kind import Port
from filmgauge_sim.board.interpreter import MicroPythonRuntime
from filmgauge_sim.board.launcher import heap_for
from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.virtual_node import VirtualNode

# As a board that runs what is on its file system.
_MAIN = "import sys\n\nsys.path.insert(0, '')\nimport launch\n\nlaunch.start()\n"


@cache
def modules(port: Port) -> Mapping[str, bytes]:
    """Return the firmware's modules for a port, compiled once."""
    return firmware_build.modules_of_port(port)


@cache
def start_files() -> Mapping[str, bytes]:
    return firmware_build.start_files()


def version(
    name: str, changed: Mapping[str, str] | None = None, kind_name: str = "esp32-c3"
) -> Archive:
    """Return the firmware with another version's name, for a kind of board.

    changed: module (`charge/sampler`) -> its source text in this version.
    """
    first = firmware_build.modules(source=True)["filmgauge/__init__.py"].decode()
    texts = {"filmgauge/__init__": first.replace("0.1.0", name)}
    texts |= {f"filmgauge/{name}": text for name, text in (changed or {}).items()}
    port = board_kind(kind_name).port
    made = dict(modules(port))
    for path, text in texts.items():
        del made[f"{path}.mpy"]
        made[f"{path}.py"] = text.encode()
    return firmware_build.archive(port, made)


def launch_from_flash(node: VirtualNode, app: bytes, **more: Any) -> None:
    """Put launcher and archive onto the flash of a node that has not run yet, and more keys into
    its configuration; it boots from there."""
    config = json.loads(read(node, "/config.json") or b"") | more
    files = {**start_files(), "/app.bin": app, "/config.json": json.dumps(config).encode()}
    install(node.flash, {path: data for path, data in files.items() if path != "/main.py"})
    node.runtime.close()
    heap = heap_for(node.kind.heap_kb)
    node.runtime = MicroPythonRuntime(node.flash.path, node.console, heap, {"main.py": _MAIN})


def read(node: VirtualNode, path: str) -> bytes | None:
    """Return a file of the node, None where there is none."""
    with suppress(Exception):
        return fetch(node.flash, path)
    return None


def names(node: VirtualNode, path: str) -> set[str]:
    """Return the names in a directory of the node."""
    return set(listing(node.flash, path)) - {".", ".."}
