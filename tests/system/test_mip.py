"""The other ways onto a board: mpremote mip with firmware/package.json, and a frozen build."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from flashed_board import SPEED, Heard, configuration, make_board
from mqtt_brokers import Broker

from filmgauge_host.serial import node_settings
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.nodes.boards import BOARDS

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
TOOL = str(ROOT / "tools" / "firmware_package.py")


def test_the_package_lists_the_firmware() -> None:
    tool = runpy.run_path(TOOL)
    assert tool["PACKAGE"].read_text() == tool["package"]()


@pytest.mark.parametrize(("kind", "heap_kb"), [("source", 128), ("bytecode", 80)])
def test_mip_installs_a_node_that_runs(
    embedded: Broker, tmp_path: Path, kind: str, heap_kb: int
) -> None:
    heard = Heard(embedded.url)
    config = node_settings.config_bytes(
        configuration("esp32-c3", embedded.url), BOARDS["esp32-c3"], "test"
    )
    package = FIRMWARE / "package.json"
    if kind == "bytecode":
        package = tmp_path / "mip" / "package.json"
        runpy.run_path(TOOL)["write_bytecode"](package.parent)
    # Compiling source takes more than what bytecode needs.
    with make_board("esp32-c3", tmp_path, SerialOptions(speed=SPEED, heap_kb=heap_kb)) as board:
        base = [sys.executable, "-m", "mpremote", "connect", str(board.port.path)]
        done = subprocess.run(
            [*base, "mip", "install", str(package)], capture_output=True, text=True, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
        board.pull()
        flash = board.board.flash
        name = "node.py" if kind == "source" else "node.mpy"
        expected = (package.parent / "filmgauge" / name).read_bytes()
        assert fetch(flash, f"/lib/filmgauge/{name}") == expected
        install(
            flash,
            {
                "/config.json": config,
                "/profile.bin": node_settings.compile_cell("evp-li", 1.0).to_bytes(),
                "/main.py": (FIRMWARE / "main.py").read_bytes(),
            },
        )
        heard.forget()
        board.plug()
        heard.await_record()
    heard.close()
    assert b"MemoryError" not in board.log


class _Manifest:
    """Reads a manifest as the build does, far enough to know what it freezes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.included: list[str] = []
        self.frozen: set[str] = set()

    def include(self, path: str) -> None:
        self.included.append(path)

    def package(self, name: str, base_path: str = ".") -> None:
        base = self.folder / base_path
        paths = (base / name).rglob("*.py")
        self.frozen |= {path.relative_to(base).as_posix() for path in paths}

    def module(self, name: str, base_path: str = ".") -> None:
        assert (self.folder / base_path / name).is_file()
        self.frozen.add(name)


def test_the_manifest_freezes_the_whole_firmware() -> None:
    manifest = _Manifest(FIRMWARE)
    names = {name: getattr(manifest, name) for name in ("include", "package", "module")}
    exec((FIRMWARE / "manifest.py").read_text(), names)
    paths = (FIRMWARE / "filmgauge").rglob("*.py")
    wanted = {path.relative_to(FIRMWARE).as_posix() for path in paths}
    assert manifest.frozen == wanted | {"launch.py", "update.py", "crash.py", "safe.py", "main.py"}
    assert manifest.included == ["$(PORT_DIR)/boards/manifest.py"]
