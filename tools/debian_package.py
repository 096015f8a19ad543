"""Installs packages of Debian whose programs are missing, with sudo when not root.

python tools/debian_package.py PACKAGE[=PROGRAM] ...     PROGRAM: named like the package
"""

import glob
import os
import shutil
import subprocess
import sys

# Where Debian puts programs that are not for everybody's PATH.
_FOLDERS = ("/usr/sbin", "/sbin", *glob.glob("/usr/lib/postgresql/*/bin"))


def install(*packages: str) -> None:
    """Install them without asking or starting services. SystemExit when they cannot be had."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None:
        raise SystemExit(f"{names} is missing and there is no apt-get: install it and retry")
    print(f"installing {names}", file=sys.stderr, flush=True)
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        command = [*prefix, "apt-get", "-qq", *words]
        done = subprocess.run(command, env=environment, stdout=sys.stderr)
    if done.returncode:  # of the second: an old list may do
        raise SystemExit(f"apt-get could not install {names}: install it and retry")


def missing(wanted: str) -> bool:
    """Return whether the program of PACKAGE[=PROGRAM] is on neither PATH nor Debian's folders."""
    package, _, program = wanted.partition("=")
    path = os.pathsep.join((os.environ.get("PATH", ""), *_FOLDERS))
    return shutil.which(program or package, path=path) is None


if __name__ == "__main__":
    absent = [wanted.partition("=")[0] for wanted in sys.argv[1:] if missing(wanted)]
    if absent:
        install(*absent)
