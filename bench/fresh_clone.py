"""From a fresh clone to the first record on the screen."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_BOUND_S = 180.0


def report() -> Iterator[str]:
    """Yield the time of clone, set-up and first record, and what the set-up brought."""
    source = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory(prefix="filmgauge-clone-") as folder:
        clone = Path(folder) / "filmgauge"
        began_s = time.monotonic()
        subprocess.run(["git", "clone", "--quiet", str(source), str(clone)], check=True)
        with subprocess.Popen(
            ["make", "run"], cwd=clone, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            found = any(" seq 0 " in line for line in process.stdout or ())
            first_s = time.monotonic() - began_s
            process.terminate()
        if not found:
            yield "no record came: try make run in a fresh clone"
            return
        packages = len(list((clone / ".venv").glob("lib/python*/site-packages/*.dist-info")))
        used = subprocess.run(["du", "-sm", ".venv"], cwd=clone, capture_output=True, text=True)
        yield f"first record after {first_s:.0f} s (bound {_BOUND_S:.0f} s)"
        yield f"virtual environment: {packages} packages, {used.stdout.split()[0]} MB unpacked"
