"""What comes with an installation, and how long a fresh clone takes to its first record."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure

_ROOT = Path(__file__).resolve().parent.parent
_FIRST_RECORD_S, _BASE_MB = 180.0, 120


def report() -> Iterator[Figure]:
    """Yield the size of the base, the time of clone, set-up and first record, and its size."""
    with tempfile.TemporaryDirectory(prefix="filmgauge-install-") as folder:
        yield from _base(Path(folder) / "base")
        yield from _fresh_clone(Path(folder) / "clone")


def _base(environment: Path) -> Iterator[Figure]:
    lock = _ROOT / "requirements-base.lock"
    _run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    pip = [sys.executable, "-m", "pip", "--python", str(environment), "install", "--quiet"]
    _run(*pip, "--require-hashes", "-r", str(lock))
    _run(*pip, "--no-deps", str(_ROOT))
    yield Figure("`pip install .`, the base alone", _contents(environment), f"{_BASE_MB} MB")


def _fresh_clone(clone: Path) -> Iterator[Figure]:
    began_s = time.monotonic()
    _run("git", "clone", "--quiet", str(_ROOT), str(clone))
    with subprocess.Popen(
        ["make", "run"], cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        found = any(" seq 0 " in line for line in process.stdout or ())
        first_s = time.monotonic() - began_s
        process.terminate()
    if not found:
        raise RuntimeError("no record came: try make run in a fresh clone")
    bound = f"{_FIRST_RECORD_S:.0f} s"
    yield Figure("fresh clone, `make run`, to the first record", f"{first_s:.0f} s", bound)
    yield Figure("what `make run` installs, pip with it", _contents(clone / ".venv"))


def _contents(environment: Path) -> str:
    packages = len(list(environment.glob("lib/python*/site-packages/*.dist-info")))
    used = subprocess.run(["du", "-sm", str(environment)], capture_output=True, text=True)
    return f"{packages} packages, {used.stdout.split()[0]} MB"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
