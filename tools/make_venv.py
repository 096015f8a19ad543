"""Make a virtual environment, installing Debian's python3-venv when it is missing."""

import os
import subprocess
import sys
from importlib.util import find_spec

from debian_package import install


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  the machine's own Python may be older
        raise SystemExit("filmgauge needs Python 3.11 or newer: make PYTHON=python3.11 ...")
    target = sys.argv[1]
    if os.access(os.path.join(target, "bin", "python"), os.X_OK):
        return  # pip brings it up to date
    if find_spec("ensurepip") is None:
        install("python3-venv")
    print(f"setting up {target} (once; downloads the packages of requirements.lock)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", target], check=True)


if __name__ == "__main__":
    main()
