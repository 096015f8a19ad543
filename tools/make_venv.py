"""Make a virtual environment, installing Debian's python3-venv when it is missing."""

import os
import shutil
import subprocess
import sys


def have_ensurepip() -> bool:
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        return False
    return True


def install_with_apt(package: str) -> None:
    """Install a Debian package, with sudo when not root; SystemExit when it cannot be had."""
    if shutil.which("apt-get") is None:
        raise SystemExit(f"{package} is missing and there is no apt-get: install it and retry")
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", package]):
        done = subprocess.run([*prefix, "apt-get", *arguments], env=env, stdout=sys.stderr)
        if done.returncode:
            raise SystemExit(f"apt-get could not install {package}: install it and retry")


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  the machine's own Python may be older
        raise SystemExit("filmgauge needs Python 3.11 or newer: make PYTHON=python3.11 ...")
    target = sys.argv[1]
    if os.access(os.path.join(target, "bin", "python"), os.X_OK):
        return  # pip brings it up to date
    if not have_ensurepip():
        install_with_apt("python3-venv")
    print(f"setting up {target} (once; downloads the packages of requirements.lock)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", target], check=True)


if __name__ == "__main__":
    main()
