"""A command whose extra is not installed says which one it needs, in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from filmgauge_host.errors import MissingPackageError, needs

WITHOUT = """
import sys
for name in sys.argv.pop(1).split(","):
    sys.modules[name] = None  # its import raises ModuleNotFoundError
from filmgauge_host.cli.app import main
main(sys.argv[1:])
"""
SIM = "bumble,littlefs"
LAB = "matplotlib,numpy,scipy"


@pytest.mark.parametrize(
    ("without", "arguments", "package", "extra"),
    [
        (SIM, "run bench --runtime cpython", "littlefs", "sim"),
        (SIM, "ble scan --air virtual", "bumble", "sim"),
        (SIM, "score --scenario bench --runtime cpython", "littlefs", "sim"),
        (LAB, "lab discharge --plot picture.png", "matplotlib", "lab"),
        ("pyarrow", "export all.parquet", "pyarrow", "parquet"),
        ("psycopg", "export --db postgresql://localhost/x -", "psycopg", "postgresql"),
        ("psycopg", "monitor --db postgresql://localhost/x", "psycopg", "postgresql"),
        (LAB, "score cold-boot --seeds 1 --plot pictures", "numpy", "lab"),
    ],
)
def test_a_missing_package_is_one_sentence(
    tmp_path: Path, without: str, arguments: str, package: str, extra: str
) -> None:
    command = [sys.executable, "-c", WITHOUT, without, *arguments.split()]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    sentence = f"this needs {package}, which is not installed: pip install 'filmgauge[{extra}]'"
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"filmgauge: {sentence}\n"


@pytest.mark.parametrize("arguments", ["--help", "monitor --for never", "ble bridge --broker x"])
def test_what_needs_no_extra_does_without(arguments: str) -> None:
    command = [sys.executable, "-c", WITHOUT, f"{SIM},{LAB}", *arguments.split()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert "this needs" not in done.stderr
    assert done.returncode == (0 if arguments == "--help" else 2)
    assert "Traceback" not in done.stderr


def test_a_missing_module_of_our_own_is_a_fault() -> None:
    with pytest.raises(ModuleNotFoundError, match="nowhere"), needs("sim"):
        import filmgauge_sim.nowhere  # type: ignore[import-not-found]  # noqa: F401
    with pytest.raises(MissingPackageError), needs("sim"):
        import nowhere  # type: ignore[import-not-found]  # noqa: F401
