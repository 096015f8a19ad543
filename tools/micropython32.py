"""Fetches a 32-bit MicroPython: Debian's for i386, unpacked into the build folder.

Prints the path of a script that starts it. Nothing of the system changes: apt gets a
configuration, lists and a cache of its own, and the packages are unpacked, not installed. Small
integers have 31 bits on it, objects 32, and `-X heapsize=64K` is true bytes, as on a board.

    MICROPYTHON=$(python tools/micropython32.py) filmgauge run bench
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = "trixie"  # the first Debian whose interpreter loads bytecode 6.3
PACKAGES = ("micropython", "libc6", "libffi8", "libmbedtls21", "libmbedx509-7", "libmbedcrypto16")
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
FOLDER = Path(__file__).resolve().parent.parent / "build" / "micropython32"
START = "micropython"
_SCRIPT = """\
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root
exec "$root/usr/lib/ld-linux.so.2" --library-path "$root/usr/lib/i386-linux-gnu:\
$root/lib/i386-linux-gnu" "$root/usr/bin/micropython" "$@"
"""


def fetch(folder: Path = FOLDER) -> Path:
    """Return the start script, fetching the packages unless they are there.

    The folder is whole or absent. Raises SystemExit, one sentence.
    """
    start = folder / START
    if start.exists():
        return start
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise SystemExit("a 32-bit micropython needs apt-get and dpkg: name your own MICROPYTHON")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        (made / "root").mkdir(parents=True)
        for package in _download(Path(scratch)):
            subprocess.run(["dpkg", "-x", str(package), str(made / "root")], check=True)
        (made / START).write_text(_SCRIPT)
        (made / START).chmod(0o755)
        _try(made / START)
        made.rename(folder)
    return start


def _mirror() -> str:
    """Return where this system's apt gets Debian from."""
    asked = ["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(RELEASE)"]
    for line in subprocess.run(asked, capture_output=True, text=True).stdout.splitlines():
        site, *words = line.split()
        if site.rstrip("/").endswith("/debian") and words:
            return site
    raise SystemExit("no source of Debian packages is configured for apt")


def _download(scratch: Path) -> list[Path]:
    """Return the package files, downloaded into `scratch`."""
    for name in ("lists/partial", "cache/archives/partial", "packages"):
        (scratch / name).mkdir(parents=True)
    (scratch / "status").touch()
    source = f"deb [arch=i386 signed-by={KEYRING}] {_mirror()} {SUITE} main\n"
    (scratch / "sources.list").write_text(source)
    settings = {
        "APT::Architecture": "i386",
        "APT::Architectures": "i386",
        "Dir::Etc::SourceList": scratch / "sources.list",
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::State::Lists": scratch / "lists",
        "Dir::State::Status": scratch / "status",
        "Dir::Cache": scratch / "cache",
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
    }
    options = [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]
    for command in (["update"], ["download", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-qq", *options, *command],
            cwd=scratch / "packages",
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(
                f"apt-get {command[0]} of a 32-bit micropython: {done.stderr.strip()}"
            )
    return sorted((scratch / "packages").glob("*.deb"))


def _try(start: Path) -> None:
    """Raise SystemExit unless the interpreter starts and has 31-bit small integers."""
    ask = "import sys; print(sys.maxsize, sys.implementation._mpy & 0xff)"
    done = subprocess.run([str(start), "-c", ask], capture_output=True, text=True)
    if done.stdout.split() != [str(2**31 - 1), "6"]:
        raise SystemExit(f"the 32-bit micropython does not run here: {done.stderr or done.stdout}")


if __name__ == "__main__":
    print(fetch())
    sys.stdout.flush()
