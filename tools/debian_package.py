"""Installs a package of Debian, with sudo when not root; with a PROGRAM, if that is missing."""

import os
import shutil
import subprocess
import sys


def install(package: str) -> None:
    """Install it without asking or starting services. SystemExit when it cannot be had."""
    if shutil.which("apt-get") is None:
        raise SystemExit(f"{package} is missing and there is no apt-get: install it and retry")
    print(f"installing {package}", file=sys.stderr, flush=True)
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", package]):
        command = [*prefix, "apt-get", "-qq", *words]
        done = subprocess.run(command, env=environment, stdout=sys.stderr)
    if done.returncode:  # of the second: an old list may do
        raise SystemExit(f"apt-get could not install {package}: install it and retry")


if __name__ == "__main__":
    if shutil.which(sys.argv[1], path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") is None:
        install(sys.argv[1])
